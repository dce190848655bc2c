"""Builds the parts of a ladder, and watches whole runs: what was read, which weights began, where they ended."""

import torch
from torch import nn
from torch.nn.modules import module as hooks
from torch.utils.data import TensorDataset


def _model(submission, settings, weights):
    """Return the model of these settings with these weights, in their order."""
    model = submission.build_model(submission.Settings(**settings))
    with torch.no_grad():
        for parameter, values in zip(model.parameters(), weights, strict=True):
            parameter.copy_(values)
    return model


def _weights(module):
    return [parameter.detach().cpu().clone() for parameter in module.parameters()]


def initial(submission, settings):
    """Return the parameters of a new model."""
    return _weights(submission.build_model(submission.Settings(**settings)))


def outputs(submission, settings, weights, inputs):
    """Return what a model with these weights returns."""
    return _model(submission, settings, [each.cpu() for each in weights])(inputs.cpu())


def made_twice(submission, settings, lr):
    """Make the training of two models; say whose parameters each optimizer holds, in order."""
    settings = submission.Settings(**settings)
    models = [submission.build_model(settings) for _ in range(2)]
    optimizers = [submission.build_training(model, settings, lr)[1] for model in models]

    def owner(parameter):
        return next((i for i, model in enumerate(models) if any(each is parameter for each in model.parameters())), -1)

    return [sorted({owner(p) for group in each.param_groups for p in group["params"]}) for each in optimizers]


def held(submission, settings, lr):
    """Return how many of a model's parameters the optimizer holds, and how many there are."""
    settings = submission.Settings(**settings)
    model = submission.build_model(settings)
    optimizer = submission.build_training(model, settings, lr)[1]
    return [len({id(p) for group in optimizer.param_groups for p in group["params"]}), len(list(model.parameters()))]


def loss(submission, settings, outputs, targets):
    """Return the loss of some outputs, and its gradient."""
    settings = submission.Settings(**settings)
    loss_function = submission.build_training(nn.Linear(2, 2), settings, 0.1)[0]
    outputs = outputs.clone().requires_grad_()
    value = loss_function(outputs, targets)
    value.backward()
    return {"module": isinstance(loss_function, nn.Module), "value": value.detach(), "grad": outputs.grad}


def stepped(submission, settings, weight, gradients, lr):
    """Return a weight after a step along each gradient."""
    model = nn.Linear(weight.shape[1], weight.shape[0], bias=False).to(weight.device)
    with torch.no_grad():
        model.weight.copy_(weight)
    optimizer = submission.build_training(model, submission.Settings(**settings), lr)[1]
    for gradient in gradients:
        model.weight.grad = gradient.clone()
        optimizer.step()
    return model.weight.detach()


def training_of(submission, settings, lr):
    """Make the training for these settings; say what that raised."""
    try:
        submission.build_training(nn.Linear(2, 2), submission.Settings(**settings), lr)
    except ValueError:
        return "ValueError"
    return "nothing was raised"


class Watch:
    """Notes each call of a model from outside: which samples go in, the weights then, and where both are.

    A sample bears its number, in thousandths, in its first pixel.
    """

    def __init__(self, places=False):
        self.depth, self.calls, self.weights, self.places = 0, [], [], places
        self.modes, self.parts, self.losses = [], 0, []

    def __enter__(self):
        before = hooks.register_module_forward_pre_hook(self._before)
        after = hooks.register_module_forward_hook(self._after)
        self.handles = [before, after]
        return self

    def __exit__(self, *_):
        for handle in self.handles:
            handle.remove()

    def _before(self, module, arguments):
        count = sum(1 for _ in module.parameters())
        if self.depth == 0 and 0 < count < 4:
            self.parts += 1  # a layer by itself: somebody has called the model's forward
        elif self.depth == 0 and count:
            self._note(module, arguments[0])
        elif self.depth == 0 and len(arguments) == 2:
            self.losses.append([each.device.type for each in arguments])
        self.depth += 1

    def _note(self, module, inputs):
        self.modes.append([module.training, torch.is_grad_enabled()])
        if self.places:
            self.calls.append([inputs.device.type, next(module.parameters()).device.type])
            return
        self.calls.append([round(each * 1000) for each in inputs.reshape(len(inputs), -1)[:, 0].tolist()])
        self.weights.append(_weights(module))

    def _after(self, *_):
        self.depth -= 1


def _data(pixels, labels):
    return TensorDataset(pixels.cpu(), labels.cpu())


def rung(submission, settings, train, test, device, seed, epochs, batch_size, lr, drawn):
    """Run one rung, after `drawn` numbers were drawn from the global generator."""
    torch.rand(drawn)
    settings = submission.Settings(**settings)
    with Watch() as watch:
        accuracy = submission.run_rung(settings, _data(*train), _data(*test), device, seed, epochs, batch_size, lr)
    return {
        "accuracy": accuracy, "calls": watch.calls, "modes": watch.modes, "parts": watch.parts,
        "first": watch.weights[0] if watch.weights else [], "last": watch.weights[-1] if watch.weights else [],
    }  # fmt: skip


def place(submission, settings, train, test, device):
    """Say where each batch and the model are, and what meets in the loss, when the data are on the CPU.

    Nothing can be counted on the meta device, so that a run ends in an exception after the last batch at the latest.
    """
    mixed = False
    with Watch(places=True) as watch:
        try:
            submission.run_rung(submission.Settings(**settings), _data(*train), _data(*test), device, 1, 1, 4, 0.1)
        except (RuntimeError, NotImplementedError) as error:
            if type(error) is NotImplementedError and not watch.calls:
                raise
            mixed = "same device" in str(error) or "expected device" in str(error).lower()
    return {"calls": watch.calls, "losses": watch.losses, "mixed": mixed}


def ladder(submission, rungs, train, test, device, seed, epochs, batch_size, lr, tests_from):
    """Climb a ladder; return its table, and the calls, the first and the last weights of each run.

    A run is over when training samples follow test samples, whose numbers begin at `tests_from`.
    """
    rungs = {name: submission.Settings(**settings) for name, settings in rungs.items()}
    with Watch() as watch:
        table = submission.climb(rungs, _data(*train), _data(*test), device, seed, epochs, batch_size, lr)
    tests = [call[0] >= tests_from for call in watch.calls]
    starts = [0] + [i for i in range(1, len(tests)) if tests[i - 1] and not tests[i]]
    ends = [*starts[1:], len(tests)]
    return {
        "table": {str(name): list(table[name]) for name in table.columns}, "parts": watch.parts,
        "calls": [watch.calls[start:end] for start, end in zip(starts, ends, strict=True)],
        "first": [[watch.weights[start][0], watch.weights[start][-2]] for start in starts],
        "last": [watch.weights[end - 1] for end in ends],
    }  # fmt: skip
