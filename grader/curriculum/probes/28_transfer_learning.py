"""Loads checkpoints, makes small models with a head, and watches how they are adapted and trained."""

import copy
import os
from collections import OrderedDict

import torch
from torch import nn

from grader.curriculum.preload.backwards import Backwards
from grader.curriculum.preload.files import write
from grader.curriculum.preload.on_cpu import OnCpu


def loaded(submission, path, device):
    """Load the checkpoint; return everything that the model holds.

    Told: `load_pretrained` from the checkpoint
    """
    model = submission.load_pretrained(path, device)
    return {"type": type(model).__name__, "state": dict(model.state_dict())}


def loaded_place(submission, path, device):
    """Return the devices of a loaded model's parameters; the file is read to the CPU, whatever it is asked for.

    Nothing can be copied out of the meta device, where `map_location=device` would put the weights.

    Told: `load_pretrained` from the checkpoint to another device
    """
    read = torch.load

    def to_cpu(file, *_, **__):
        return read(file, map_location="cpu", weights_only=True)

    torch.load = to_cpu
    try:
        model = submission.load_pretrained(path, device)
    finally:
        torch.load = read
    return sorted({parameter.device.type for parameter in model.parameters()})


def loads(submission, content, device):
    """Load a file with this content; return the number of classes of the model.

    Told: `load_pretrained` from a file of another kind
    """
    write("weights.pt", content)
    return submission.load_pretrained("weights.pt", device).fc.out_features


def ran(submission):
    """Tell whether code that was in a file has run.

    Told: a file that holds code, and then a look at whether that code ran
    """
    return os.path.isdir("code-ran")


class Small(nn.Module):
    """A few layers with batch norm and dropout, and a head."""

    def __init__(self, width, classes):
        super().__init__()
        self.stem = nn.Sequential(nn.Linear(6, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Dropout(0.5))
        self.fc = nn.Linear(width, classes)
        self.inputs, self.modes = [], []

    def forward(self, x):
        self.inputs.append(x.device.type)
        self.modes.append([self.stem[1].training, self.stem[3].training, self.fc.training])
        return self.fc(self.stem(x.to(self.fc.weight.device)))


def adapts(submission, width, classes, num_classes, device, training=True):
    """Adapt a small model with a parameter of its own; say what each is then, and what became of the rest.

    Told: `adapt` for {num_classes:count class}, with a model whose head has {classes:count class}, in {training:if
    train}{training:unless eval} mode
    """
    model = Small(width, classes).to(device).train(training)
    model.shift = nn.Parameter(torch.zeros(width, device=device))
    model.fc1 = nn.Linear(2, 2, device=device).train(not training)
    model.gate = nn.Sequential(OrderedDict(fc=nn.Linear(2, 2, device=device))).train(training)
    old_head, old_rows = model.fc, model.fc.weight.detach().clone()
    before = {key: value.clone() for key, value in model.state_dict().items() if not key.startswith("fc.")}
    submission.adapt(model, num_classes)
    after = model.state_dict()
    return {
        "requires_grad": {name: parameter.requires_grad for name, parameter in model.named_parameters()},
        "weight": getattr(model.fc, "weight", None), "bias": getattr(model.fc, "bias", None),
        "type": type(model.fc).__name__, "new": model.fc is not old_head,
        "out_features": getattr(model.fc, "out_features", None),
        "kept": all(device.type == "meta" or torch.equal(after[key], value) for key, value in before.items()),
        "training": [model.training, model.stem.training, model.fc1.training],
        "fresh": device.type == "meta" or not torch.equal(model.fc.weight[:1], old_rows[:1]),
    }  # fmt: skip


def _watched(model, lr):
    """Return a function that makes an optimizer, and what it was given, as names."""
    given = []

    def make_optimizer(parameters):
        parameters = list(parameters)
        names = {id(parameter): name for name, parameter in model.named_parameters()}
        given.append([names.get(id(parameter), "another") for parameter in parameters])
        return torch.optim.SGD(parameters, lr=lr, momentum=0.9)

    return make_optimizer, given


def _train(submission, model, inputs, labels, batch_size, epochs, lr, device, left=0.5):
    """Train the head of an adapted model from garbage gradients; return what a reference needs, and what happened."""
    pristine = copy.deepcopy(model).eval()
    pristine.fc = nn.Identity()
    with torch.no_grad():
        features = Features(pristine)(inputs)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    for parameter in model.parameters():
        parameter.grad = torch.full_like(parameter, left)
    loader = Turning(zip(inputs.cpu().split(batch_size), labels.cpu().split(batch_size), strict=True))
    called = []
    model.register_forward_pre_hook(lambda *_: called.append(True))
    make_optimizer, given = _watched(model, lr)
    arrived = []
    for parameter in model.fc.parameters():
        parameter.register_hook(lambda _: arrived.append(True))
    with Backwards() as mode:
        returned = submission.train_head(model, loader, nn.CrossEntropyLoss(), make_optimizer, device, epochs)
    after = model.state_dict()
    cleared = bool(arrived) and all(each.grad is None or not each.grad.any() for each in model.fc.parameters())
    changed = [key for key, value in before.items() if not key.startswith("fc.") and not torch.equal(after[key], value)]
    return {
        "features": features, "weights": [before["fc.weight"], before["fc.bias"]], "returned": returned,
        "after": [after["fc.weight"], after["fc.bias"]], "given": given, "changed": changed, "called": len(called),
        "cleared": cleared, "lost": bool(mode.calls) and not arrived,
    }  # fmt: skip


class Turning:
    """Yields its batches backwards in every other pass."""

    def __init__(self, batches):
        self.batches, self.passes = list(batches), 0

    def __len__(self):
        return len(self.batches)

    def __iter__(self):
        self.passes += 1
        return iter(self.batches if self.passes % 2 else self.batches[::-1])


class Features(nn.Module):
    """Calls a model whose head is gone, wherever its input is."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        return self.model.stem(x) if isinstance(self.model, Small) else self.model(x)


def trains(submission, inputs, labels, classes, batch_size, epochs, lr, training, device, left=0.5):
    """Train the head of a small adapted model, with `left` in every `.grad`.

    Told: `train_head` for {epochs:count epoch} on {inputs:count sample}, with a model in {training:if
    train}{training:unless eval} mode
    """
    model = Small(9, 4).to(device)
    with torch.no_grad():
        model.stem[1].running_mean.uniform_(-1, 1)
    submission.adapt(model, classes)
    model.train(training)
    seen = _train(submission, model, inputs, labels, batch_size, epochs, lr, device, left)
    return seen | {"modes": model.modes}


def trains_digits(submission, path, pixels, labels, batch_size, epochs, lr, device):
    """Train a new head for the loaded model on images of digits, doubled in size.

    Told: `train_head` on {labels:count digit} for {epochs:count epoch}
    """
    images = pixels.view(-1, 1, 28, 28).repeat_interleave(2, 2).repeat_interleave(2, 3).expand(-1, 3, -1, -1)
    model = submission.load_pretrained(path, device)
    submission.adapt(model, 5)
    return _train(submission, model, images, labels, batch_size, epochs, lr, device)


def trains_place(submission, device):
    """Say where everything is when a model on the CPU is trained on another device; the loss itself is on the CPU.

    Told: `train_head` to another device
    """
    model = Small(4, 3)
    submission.adapt(model, 5)
    places = {"targets": [], "at the optimizer": []}

    def loss_function(outputs, targets):
        places["targets"].append(targets.device.type)
        return OnCpu.apply(outputs)

    def make_optimizer(parameters):
        parameters = list(parameters)
        places["at the optimizer"] = [parameter.device.type for parameter in parameters]
        return torch.optim.SGD(parameters, lr=0.1)

    loader = [(torch.zeros(2, 6), torch.zeros(2, dtype=torch.int64))]
    submission.train_head(model, loader, loss_function, make_optimizer, device, 1)
    return places | {"inputs": model.inputs, "model": sorted({each.device.type for each in model.parameters()})}
