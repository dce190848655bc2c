"""Builds a net out of weights, loaders out of tensors, and writes down what a validation does with them."""

from itertools import islice

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

BATCH = 4


class Net(nn.Module):
    """A layer, batch norm, a layer; each forward pass notes whose data it got, the mode, and whether it is recorded."""

    def __init__(self, weights, marks):
        super().__init__()
        self.first = nn.Linear(*reversed(weights["first.weight"].shape))
        self.norm = nn.BatchNorm1d(len(weights["first.weight"]))
        self.last = nn.Linear(*reversed(weights["last.weight"].shape))
        self.deep = nn.Sequential(nn.Identity())
        self.register_buffer("scratch", torch.zeros(2), persistent=False)
        self.load_state_dict(weights, assign=True)  # no second copy, which a submission might find
        self.marks, self.seen, self.sizes, self.hooked, self.loaded = marks, [], [], 0, 0
        self.switches = []
        self.register_forward_hook(self._count)

    def _count(self, *_):
        self.hooked += 1

    def train(self, mode=True):
        self.switches.append(mode)
        return super().train(mode)

    def load_state_dict(self, *args, **kwargs):
        self.loaded = getattr(self, "loaded", 0) + 1
        return super().load_state_dict(*args, **kwargs)

    def forward(self, inputs):
        outputs = self.last(torch.tanh(self.norm(self.first(inputs))))
        whose = [name for name, mark in self.marks.items() if torch.isin(inputs[:, 0].cpu(), mark).all()]
        modes = {module.training for module in self.modules()}
        mode = "mixed" if len(modes) == 2 else "train" if True in modes else "eval"
        self.seen.append([*(whose or ["nobody"]), mode, outputs.requires_grad])
        self.switches.append("pass")
        self.sizes.append(len(inputs))
        return outputs


class Elsewhere(nn.Module):
    """Notes on which devices its inputs come, computes from its one weight alone, and stays where it is."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(3.0))
        self.devices = []

    def forward(self, inputs):
        self.devices.append(inputs.device.type)
        return self.weight.expand(2)

    def _apply(self, fn, recurse=True):
        return self

    def loss(self, outputs, targets):
        if outputs.device.type == "meta" and targets.device.type == "cpu":
            self.devices.append("swapped")
            return torch.zeros((), requires_grad=True)
        self.devices.append(targets.device.type)
        return (outputs**2).mean()


def validate(submission, weights, inputs, targets, device, training, scale, sampled):
    """Validate a net that arrives in this mode with garbage in `.grad`, on the first `sampled` samples.

    Told: `validate` on {sampled} of {inputs:count sample}, with a model in {training:if train}{training:unless eval}
    mode and old gradients left over
    """
    model = _net(weights, device, {"validation": inputs[:, 0].cpu()})
    model.train(training)
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    model.last.bias.requires_grad_(False)
    dataset = TensorDataset(inputs.cpu(), targets.cpu())
    loader = DataLoader(dataset, BATCH, sampler=range(sampled), generator=torch.Generator())
    before = torch.get_rng_state()
    model.switches.clear()
    loss = submission.validate(model, loader, _mean_loss(scale), device)
    return {
        "random state": "left alone" if torch.equal(torch.get_rng_state(), before) else "changed",
        "loss": loss, "seen": model.seen, "hooked": model.hooked, "switches": model.switches,
        "training": [module.training for module in model.modules()],
        "state": dict(model.state_dict()),
        "grads": [parameter.grad for parameter in model.parameters()],
        "requires": [parameter.requires_grad for parameter in model.parameters()],
    }  # fmt: skip


def validate_elsewhere(submission, device):
    """Validate a model that can be asked which devices its data came on.

    Told: `validate` with a model on another device
    """
    model = Elsewhere()
    submission.validate(model, _loader(torch.rand(7, 3), torch.rand(7)), model.loss, device)
    return model.devices


def copy_weights(submission, weights):
    """Copy a net's weights, then change the net; return the copy as it was and as it is.

    Told: `copy_weights` of a model, which is changed afterwards
    """
    model = _net(weights, torch.device("cpu"), {})
    kept = submission.copy_weights(model)
    modes = [module.training for module in model.modules()]
    if not isinstance(kept, dict):
        return {"is a dict": False, "kept": kept}
    recorded = any(tensor.grad_fn is not None for tensor in kept.values())
    before = {name: tensor.clone() for name, tensor in kept.items()}
    state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with torch.no_grad():
        for tensor in [*model.parameters(), *model.buffers()]:
            tensor.add_(1)
    requires = [each.requires_grad for each in kept.values()]
    return {
        "is a dict": True, "kept": before, "later": dict(kept), "requires": requires, "recorded": recorded,
        "model": state, "modes": modes,
    }  # fmt: skip


def copy_place(submission, weights, device):
    """Say where the copies of the weights of a model on this device are.

    Told: `copy_weights` of a model on another device
    """
    kept = submission.copy_weights(_net(weights, device, {}))
    return sorted({tensor.device.type for tensor in kept.values()})


def fit(submission, weights, train, validation, device, epochs, every, lr, scale, script, last):
    """Train a net that arrives in eval mode with garbage in `.grad`, in that of its last parameter `last`.

    Tell what happened on the way.

    Where `script` holds losses, each validation finds the next of them instead of its own, and no state is noted but by
    its marks: a submission that keeps no copy has nowhere to take one from.

    Told: `fit` for {epochs:count epoch}, with every={every}
    """
    marks = {"train": train[0][:, 0].cpu(), "validation": validation[0][:, 0].cpu()}
    model = _net(weights, device, marks).eval()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    model.last.bias.grad.fill_(last)
    train_loader = _loader(*train)
    states, marked, steps, jumps, objects = [], [], len(train_loader), [], list(map(id, model.parameters()))

    def look(*_):
        now = _marks(dict(model.named_parameters()))
        jumps.append(bool(marked) and any(marked[-1][name] != mark for name, mark in now.items()))

    def note(*_):
        model.seen.append(["step"])
        marked.append(_marks(model.state_dict()))
        if not script:
            states.append({name: tensor.clone() for name, tensor in model.state_dict().items()})

    optimizer.register_step_pre_hook(look)
    optimizer.register_step_post_hook(note)
    loaded, loss = model.loaded, _scripted(_mean_loss(scale), script, validation[1].cpu())
    before = torch.get_rng_state()
    history = submission.fit(model, train_loader, _loader(*validation), loss, optimizer, device, epochs, every)
    return {
        "random state": "left alone" if torch.equal(torch.get_rng_state(), before) else "changed",
        "begun": train_loader.begun, "sizes": model.sizes,
        "same parameters": list(map(id, model.parameters())) == objects,
        "history": history, "seen": model.seen, "hooked": model.hooked, "loaded": model.loaded > loaded,
        "state": dict(model.state_dict()), "after_epochs": states[steps - 1 :: steps],
        "marks": _marks(model.state_dict()), "marks_after_epochs": marked[steps - 1 :: steps],
        "jumps": sum(jumps),
    }  # fmt: skip


def _marks(state):
    """Return a mark for each tensor: equal ones have equal marks, and no tensor can be made of a mark."""
    return {name: hash(tensor.detach().cpu().numpy().tobytes()) for name, tensor in state.items()}


def fit_elsewhere(submission, device):
    """Train a model that can be asked which devices its data came on.

    Told: `fit` with a model on another device
    """
    model = Elsewhere()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    loaders = [_loader(torch.rand(count, 3), torch.rand(count)) for count in (7, 5)]
    submission.fit(model, *loaders, model.loss, optimizer, device, 2, 1)
    return model.devices


def fit_digits(submission, path, weights, device, epochs, every, lr, count, validation_size):
    """Train on the first `count` digits of a file, but for the last of these, and validate on those.

    Told: `fit` on {count:count digit}, of which {validation_size} are for validation, for {epochs:count epoch}
    """
    with open(path, encoding="utf-8") as file:
        lines = torch.tensor([[int(number) for number in line.split(",")] for line in islice(file, count)])
    pixels, labels = lines[:, 1:].float() / 255, lines[:, 0]
    train, validation = slice(None, -validation_size), slice(-validation_size, None)
    model = nn.Linear(784, 10)
    model.load_state_dict(weights)
    model.to(device)
    history = submission.fit(
        model, DataLoader(TensorDataset(pixels[train], labels[train]), 30),
        DataLoader(TensorDataset(pixels[validation], labels[validation]), 30),
        nn.functional.cross_entropy, torch.optim.SGD(model.parameters(), lr=lr), device, epochs, every,
    )  # fmt: skip
    return {"history": history, "state": dict(model.state_dict())}


def _net(weights, device, marks):
    return Net(weights, marks).to(device)


class _Loader(DataLoader):
    """Counts how often it is begun."""

    begun = 0

    def __iter__(self):
        self.begun += 1
        return super().__iter__()


def _loader(inputs, targets):
    return _Loader(TensorDataset(inputs.cpu(), targets.cpu()), BATCH, generator=torch.Generator())


def _scripted(loss, script, targets):
    """A loss that is as scripted on the batches of these targets: one number for each pass over them."""
    rows = []

    def scripted(outputs, expected):
        found = loss(outputs, expected)
        if not script or not torch.isin(expected[:, 0].cpu(), targets[:, 0]).all():
            return found
        rows.append(len(expected))
        return found * 0 + script[min((sum(rows) - 1) // len(targets), len(script) - 1)]

    return scripted


def _mean_loss(scale):
    return lambda outputs, targets: scale * ((outputs - targets) ** 2).mean()
