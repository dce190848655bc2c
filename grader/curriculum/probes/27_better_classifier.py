"""Builds the parts of a ladder, and watches whole runs: what was read, which weights began, where they ended."""

import torch
from torch import nn
from torch.nn.modules import module as hooks
from torch.utils.data import TensorDataset

from grader.curriculum.preload.backwards import Backwards


def _weights(module):
    return [parameter.detach().cpu().clone() for parameter in module.parameters()]


def initial(submission, settings):
    """Return the parameters of a new model.

    Told: `build_model` with {settings:pairs}
    """
    return _weights(submission.build_model(submission.Settings(**settings)))


def outputs(submission, settings, weights, inputs):
    """Return what a model with these weights returns for each input, and what it is made of.

    Where the weights do not fit, it keeps its own: they come back in any case.

    Told: `build_model` with {settings:pairs}, run on {inputs:count batch}
    """
    model = submission.build_model(submission.Settings(**settings))
    fits = [parameter.shape for parameter in model.parameters()] == [each.shape for each in weights]
    with torch.no_grad():
        for parameter, values in zip(model.parameters(), weights, strict=False):
            if fits:
                parameter.copy_(values)
    made, init = [], nn.Module.__init__

    def counted(self, *args, **kwargs):
        made.append(type(self).__name__)
        init(self, *args, **kwargs)

    nn.Module.__init__ = counted
    try:
        results = [model(each.cpu()) for each in inputs]
    finally:
        nn.Module.__init__ = init
    return {
        "shapes": [list(parameter.shape) for parameter in model.parameters()], "weights": _weights(model),
        "hidden": _hides(model), "made": len(made), "outputs": results,
    }  # fmt: skip


def _hides(model):
    """Say whether a part of a module keeps modules in a list, a tuple or a dict."""
    kept = [value for module in model.modules() for key, value in vars(module).items() if not key.startswith("_")]
    inside = [list(value.values()) if isinstance(value, dict) else value for value in kept]
    return any(isinstance(each, nn.Module) for part in inside if isinstance(part, (list, tuple)) for each in part)


def built_twice(submission, settings):
    """Build two models one after the other; say what they share, and whether a number drawn between is new.

    Told: `build_model` twice with {settings:pairs}
    """
    settings = submission.Settings(**settings)
    first, second = submission.build_model(settings), submission.build_model(settings)
    ours = {id(parameter) for parameter in first.parameters()}
    return {
        "shared": any(id(parameter) in ours for parameter in second.parameters()),
        "alike": bool(ours) and all(map(torch.equal, _weights(first), _weights(second))),
    }


def _net(settings):
    """Return a net for these settings that is not the submission's, always with a layer norm."""
    hidden, output = (
        nn.Sigmoid() if settings[key] == "sigmoid" else nn.LeakyReLU(0.02) for key in ("hidden", "output")
    )
    return nn.Sequential(nn.Linear(784, 200), hidden, nn.LayerNorm(200), nn.Linear(200, 10), output)


def made_twice(submission, settings, lr):
    """Make the training of two models; say whose parameters each optimizer holds, in order.

    Told: `build_training` for two models with {settings:pairs}
    """
    models = [_net(settings) for _ in range(2)]
    settings = submission.Settings(**settings)
    optimizers = [submission.build_training(model, settings, lr)[1] for model in models]

    def owner(parameter):
        return next((i for i, model in enumerate(models) if any(each is parameter for each in model.parameters())), -1)

    return [sorted({owner(p) for group in each.param_groups for p in group["params"]}) for each in optimizers]


def held(submission, settings, lr):
    """Return how many of a model's parameters the optimizer holds, and how many there are; one of them is frozen.

    Told: `build_training` with {settings:pairs} for a model with a frozen weight, looking at what the optimizer holds
    """
    model = _net(settings)
    model[0].weight.requires_grad_(False)
    optimizer = submission.build_training(model, submission.Settings(**settings), lr)[1]
    return [len({id(p) for group in optimizer.param_groups for p in group["params"]}), len(list(model.parameters()))]


def _kind(part):
    kinds = {"module": nn.Module, "optimizer": torch.optim.Optimizer}
    return next((name for name, kind in kinds.items() if isinstance(part, kind)), type(part).__name__)


def loss(submission, settings, outputs, targets):
    """Return what was made, the loss of some outputs, and its gradient.

    Told: the loss of `build_training` with {settings:pairs}, on {outputs:count output}
    """
    made = submission.build_training(_net(settings), submission.Settings(**settings), 0.1)
    kinds = [_kind(part) for part in made] if isinstance(made, (tuple, list)) else [type(made).__name__]
    if kinds[0] != "module":
        return {"kinds": kinds}
    outputs = outputs.clone().requires_grad_()
    value = made[0](outputs, targets)
    value.sum().backward()
    return {"kinds": kinds, "value": value.detach(), "grad": outputs.grad}


def stepped(submission, settings, weight, gradients, lr):
    """Return a weight after a step along each gradient.

    Told: the optimizer of `build_training` with {settings:pairs}, for {gradients:count step}
    """
    model = nn.Linear(weight.shape[1], weight.shape[0], bias=False).to(weight.device)
    with torch.no_grad():
        model.weight.copy_(weight)
    optimizer = submission.build_training(model, submission.Settings(**settings), lr)[1]
    for gradient in gradients:
        model.weight.grad = gradient.clone()
        optimizer.step()
    return model.weight.detach()


def training_of(submission, settings, lr):
    """Make the training for these settings; say what that raised, or that something else than a pair came back.

    Told: `build_training` with {settings:pairs}
    """
    try:
        made = submission.build_training(_net(settings), submission.Settings(**settings), lr)
    except NotImplementedError:
        raise
    except Exception as error:
        return "ValueError" if isinstance(error, ValueError) else type(error).__name__
    pair = isinstance(made, (tuple, list)) and len(made) == 2
    return "nothing was raised" if pair else f"a {type(made).__name__} was returned"


class Watch:
    """Notes each call of a model from outside: which samples go in, the weights then, and where both are.

    A sample bears its number, in thousandths, in its first pixel.
    """

    def __init__(self, places=False):
        self.depth, self.calls, self.weights, self.places = 0, [], [], places
        self.modes, self.parts, self.losses = [], 0, []
        self.swapped, self.backwards, self.cleared, self.dimmest = 0, 0, False, 1.0

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
            self.swapped += arguments[1].requires_grad and not arguments[0].requires_grad
        self.depth += 1

    def _note(self, module, inputs):
        self.modes.append([module.training, torch.is_grad_enabled()])
        if self.places:
            self.calls.append([inputs.device.type, next(module.parameters()).device.type])
            return
        # One sample alone is a batch of one.
        self.calls.append([round(each * 1000) for each in inputs.reshape(-1, 784)[:, 0].tolist()])
        self.dimmest = min(self.dimmest, float(inputs.max()))
        self.cleared = not any(p.grad is not None and bool(p.grad.any()) for p in module.parameters())
        if not self.weights:
            for parameter in module.parameters():
                parameter.register_hook(self._backward)
        self.weights.append(_weights(module))

    def _backward(self, _):
        self.backwards += 1

    def _after(self, *_):
        self.depth -= 1


def _data(pixels, labels):
    return TensorDataset(pixels.cpu(), labels.cpu())


def rung(submission, settings, train, test, device, seed, epochs, batch_size, lr, drawn):
    """Run one rung, after `drawn` numbers were drawn from the global generator.

    Told: `run_rung` with {settings:pairs}, for {epochs:count epoch} in batches of {batch_size}
    """
    torch.rand(drawn)
    settings = submission.Settings(**settings)
    with Watch() as watch, Backwards() as mode:
        accuracy = submission.run_rung(settings, _data(*train), _data(*test), device, seed, epochs, batch_size, lr)
    return {
        "accuracy": accuracy, "calls": watch.calls, "modes": watch.modes, "parts": watch.parts,
        "swapped": watch.swapped, "dimmest": watch.dimmest,
        "unused": bool(watch.backwards) and watch.cleared, "lost": bool(mode.calls) and not watch.backwards,
        "first": watch.weights[0] if watch.weights else [], "last": watch.weights[-1] if watch.weights else [],
    }  # fmt: skip


def place(submission, settings, train, test, device):
    """Say where each batch and the model are, and what meets in the loss, when the data are on the CPU.

    Nothing can be counted on the meta device, so that a run ends in an exception after the last batch at the latest.

    Told: `run_rung` with {settings:pairs}, the data on the CPU, the model elsewhere
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

    A run is over when training samples follow test samples, whose numbers begin at `tests_from`. Another ladder,
    of the first rung alone, with half of the test data and another seed, has been climbed before.

    Told: `climb` with {rungs:count rung}, for {epochs:count epoch} each
    """
    rungs = {name: submission.Settings(**settings) for name, settings in rungs.items()}
    half = [part[: len(part) // 2] for part in test]
    with Watch() as before:
        submission.climb(
            dict([*rungs.items()][:1]), _data(*train), _data(*half), device, seed + 1, 1, batch_size, lr
        )  # fmt: skip
    with Watch() as watch:
        table = submission.climb(rungs, _data(*train), _data(*test), device, seed, epochs, batch_size, lr)
    tests = [call[0] >= tests_from for call in watch.calls]
    starts = [0] + [i for i in range(1, len(tests)) if tests[i - 1] and not tests[i]]
    starts = starts if tests else []
    ends = [*starts[1:], len(tests)][: len(starts)]
    kind = type(table).__name__
    return {
        "kind": kind, "table": {str(name): list(table[name]) for name in table.columns} if kind == "DataFrame" else {},
        "parts": watch.parts, "dimmest": watch.dimmest, "names": list(getattr(submission, "LADDER", {})),
        "before": [before.weights[0][0], before.weights[0][-2]] if before.weights else [],
        "calls": [watch.calls[start:end] for start, end in zip(starts, ends, strict=True)],
        "first": [[watch.weights[start][0], watch.weights[start][-2]] for start in starts],
        "last": [watch.weights[end - 1] for end in ends],
    }  # fmt: skip
