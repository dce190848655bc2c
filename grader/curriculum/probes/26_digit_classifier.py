"""Makes classifiers with known weights, and watches what becomes of them."""

import contextlib
import copy

import torch
from torch import nn

from grader.curriculum.preload.backwards import Backwards


class Stop(Exception):
    """Ends a call when everything that it was made for has been seen."""


def _made(submission, weights, device, lr, garbage=None):
    """Return a classifier with these weights, in eval mode, with garbage in every .grad."""
    classifier = submission.DigitClassifier(device, lr)
    with torch.no_grad():
        for index, (parameter, values) in enumerate(zip(classifier.parameters(), weights, strict=True)):
            parameter.copy_(values)
            if garbage is not None:
                parameter.grad = torch.full_like(parameter, garbage + index)
    return classifier


def _weights(module):
    return [parameter.detach() for parameter in module.parameters()]


def facts(submission, device, lr):
    """Say of a new classifier what can be seen without running it.

    Told: a new `DigitClassifier`, looked at
    """
    classifier = submission.DigitClassifier(device) if lr is None else submission.DigitClassifier(device, lr)
    mine = list(classifier.parameters())
    held = [parameter for group in classifier.optimizer.param_groups for parameter in group["params"]]
    return {
        "shapes": [tuple(parameter.shape) for parameter in mine],
        "devices": [parameter.device.type for parameter in mine],
        "held": _held(held, mine),
        "lr": classifier.optimizer.param_groups[0]["lr"],
        "counter": classifier.counter, "progress": classifier.progress, "training": classifier.training,
    }  # fmt: skip


def _held(held, mine):
    """Say whether an optimizer holds a module's own parameters."""
    if len(held) != len(mine):
        return f"{len(held)} of {len(mine)}"
    return "yes" if all(a is b for a, b in zip(held, mine, strict=True)) else "others"


def initial(submission, device):
    """Return the parameters of a new classifier.

    Told: a new `DigitClassifier`, and the parameters that it starts with
    """
    return _weights(submission.DigitClassifier(device))


def twins(submission, device):
    """Make two classifiers, let the first record a loss; say whether they are alike, and what the second recorded.

    Told: two `DigitClassifier`s, of which the first records a loss
    """
    first, second = (submission.DigitClassifier(device) for _ in range(2))
    alike = all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    first.progress.append(0.25)
    return {"alike": alike, "progress": list(second.progress)}


def scores(submission, weights, inputs, device):
    """Return what a classifier with these weights returns for inputs that do not lie in one piece.

    Told: a classifier with given weights, run on {inputs:count sample}
    """
    return _made(submission, weights, device, 0.1)(inputs.t().contiguous().t())


def modes(submission, device):
    """Switch a classifier, alone and inside another module; say what became of its mode.

    Told: a classifier switched to train and eval mode, alone and inside another module
    """
    classifier = submission.DigitClassifier(device)
    seen = {}
    around = nn.Sequential(classifier)
    for name, switch in {
        "eval()": classifier.eval, "train()": classifier.train,
        "eval() of a module around it": around.eval, "train(True) of a module around it": lambda: around.train(True),
    }.items():  # fmt: skip
        try:
            switch()
            seen[name] = all(each.training == ("train" in name) for each in classifier.modules())
        except (TypeError, AttributeError, RuntimeError) as error:
            seen[name] = type(error).__name__
    return seen


def learns(submission, weights, inputs, targets, lr, garbage, calls, device):
    """Learn the same few batches again and again; inputs and targets hold one batch in each row.

    Told: `learn` {calls:count time} on {inputs:count batch} in turn, with lr {lr} and old gradients left over
    """
    classifier = _made(submission, weights, device, lr, garbage)
    hooks, arrived = [], []
    classifier.register_forward_hook(lambda *_: hooks.append(1))
    for parameter in classifier.parameters():
        parameter.register_post_accumulate_grad_hook(lambda _: arrived.append(1))
    with Backwards() as mode:
        for call in range(calls):
            classifier.learn(inputs[call % len(inputs)].cpu(), targets[call % len(inputs)].cpu())
    moved = any(not torch.equal(a.cpu(), b.cpu()) for a, b in zip(classifier.parameters(), weights, strict=True))
    cleared = arrived and all(each.grad is None or not each.grad.any() for each in classifier.parameters())
    lost = "no, and backward came to none of the weights" if mode.calls and not arrived else "no"
    return {
        "weights": _weights(classifier), "counter": classifier.counter, "progress": classifier.progress,
        "hooks": len(hooks), "moved": "yes" if moved else "no, and no gradient is left" if cleared else lost,
    }  # fmt: skip


def learn_places(submission, device):
    """Say where a classifier on another device uses a batch from the CPU; its loss function is replaced.

    Told: `learn` with a batch on the CPU and a classifier on another device
    """
    classifier = submission.DigitClassifier(device)
    places = {"inputs": "not seen", "targets": "not seen"}

    def note(_, arguments):
        places["inputs"] = arguments[0].device.type

    class Noting(nn.Module):
        def forward(self, outputs, targets):
            places["targets"] = targets.device.type
            raise Stop

    classifier.register_forward_pre_hook(note)
    classifier.forward = lambda inputs: torch.zeros(len(inputs), 10, device=device, requires_grad=True)
    classifier.loss_function = Noting()
    with contextlib.suppress(Stop, RuntimeError, TypeError):
        classifier.learn(torch.zeros(2, 784), torch.zeros(2, 10))
    return places


def replaced(submission, weights, inputs, targets, device):
    """Learn once, with another loss function and another optimizer in their places.

    Told: `learn` with another loss function and another optimizer in their places
    """
    classifier = _made(submission, weights, device, 0.1)
    classifier.loss_function = nn.PoissonNLLLoss()
    classifier.optimizer = torch.optim.SGD(classifier.parameters(), lr=0.7, weight_decay=0.1)
    classifier.learn(inputs.cpu(), targets.cpu())
    return _weights(classifier)


def fits(submission, weights, labels, pixels, batch_size, lr, epochs, device):
    """Fit one of two equal classifiers; the other is there to be left alone.

    Told: `fit` on {labels:count sample} in batches of {batch_size}, for {epochs:count epoch}
    """
    classifier = _made(submission, weights, device, lr).eval()
    classifier.counter, classifier.progress = 3, [0.5]
    other = copy.deepcopy(classifier)
    modes = []
    classifier.register_forward_hook(lambda module, *_: modes.append(module.training))
    targets = torch.zeros(len(labels), 10).scatter_(1, labels.cpu()[:, None], 1.0)
    parts = (labels.cpu(), pixels.cpu(), targets)
    samples = list(zip(*(part.split(batch_size) for part in parts), strict=True))
    submission.fit(classifier, samples, epochs)
    return {"weights": _weights(classifier), "counter": classifier.counter, "modes": modes, "other": _weights(other),
            "progress": classifier.progress[:1]}  # fmt: skip


class Scores(nn.Module):
    """Returns the first ten pixels as scores, and notes how it was called."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(1.0))
        self.drop = nn.Dropout(0.5)
        self.notes = []

    def forward(self, pixels):
        self.notes.append([self.drop.training, torch.is_grad_enabled()])
        return self.drop(pixels[:, :10] * self.scale)


def counts(submission, labels, pixels, sizes, training, device, recording=True):
    """Measure the accuracy of a model whose scores are the first ten pixels, on samples that can be had once.

    Told: `accuracy` on {labels:count sample} in batches of {sizes:list}, with a model in {training:if
    train}{training:unless eval} mode
    """
    model = Scores().to(device).train(training)
    parts = (labels.cpu(), pixels.cpu(), nn.functional.one_hot(labels.cpu(), 10).float())
    samples = zip(*(part.split(sizes) for part in parts), strict=True)
    torch.set_grad_enabled(recording)
    answer = submission.accuracy(model, samples, device)
    return {
        "answer": answer, "training": [training for training, _ in model.notes],
        "recording": [recording for _, recording in model.notes], "after": model.drop.training,
        "grad mode after": torch.is_grad_enabled(),
    }  # fmt: skip


def accuracy_place(submission, device):
    """Say where a model on another device is given pixels from the CPU.

    Told: `accuracy` with pixels on the CPU and a model on another device
    """
    places = []

    class Stopping(nn.Module):
        def forward(self, pixels):
            places.append(pixels.device.type)
            raise Stop

    samples = [(torch.zeros(2, dtype=torch.int64), torch.zeros(2, 784), torch.zeros(2, 10))]
    with contextlib.suppress(Stop):
        submission.accuracy(Stopping(), samples, device)
    return places


def mixes_labels(submission, device):
    """Say whether scores from another device meet labels of the CPU; nothing can be counted there.

    Told: `accuracy` with labels on the CPU and a model on another device
    """

    class Elsewhere(nn.Module):
        def forward(self, pixels):
            return torch.zeros(len(pixels), 10, device=device)

    samples = [(torch.zeros(2, dtype=torch.int64), torch.zeros(2, 784), torch.zeros(2, 10))]
    try:
        submission.accuracy(Elsewhere(), samples, device)
    except Exception as error:
        return "same device" in str(error) or "expected device" in str(error)
    return False


def drawn(submission, progress, every):
    """Draw on the second of two axes; say what is on it, and what else was made.

    Told: `plot_progress` of {progress:count loss} with every={every}, on the second of two Axes
    """
    from matplotlib import pyplot as plt
    from matplotlib.figure import Figure

    plt.switch_backend("agg")
    plt.close("all")
    _, (left, right) = plt.subplots(1, 2)
    plt.sca(left)
    shown = []
    plt.show = Figure.show = lambda *_, **__: shown.append(True)
    returned = submission.plot_progress(progress, every, right)
    lines = right.get_lines()
    legend = right.get_legend()
    return {
        "returned": returned is right, "lines": len(lines), "left": len(left.get_lines()),
        "figures": len(plt.get_fignums()), "shown": len(shown), "bare": not right.has_data(),
        "x": [float(x) for line in lines for x in line.get_xdata()],
        "y": [float(y) for line in lines for y in line.get_ydata()],
        "marker": [str(line.get_marker()) for line in lines],
        "drawn": [str(line.get_linestyle()) not in ("None", "", " ") for line in lines],
        "ylim": [float(edge) for edge in right.get_ylim()],
        "legend": [text.get_text() for text in legend.get_texts()] if legend else [],
        "grid": any(line.get_visible() for line in right.get_ygridlines()),
        "progress": progress,
    }  # fmt: skip
