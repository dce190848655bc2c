"""Builds the submission's modules, runs them as a caller would, and writes down what a caller can see."""

import contextlib

import torch
from torch import nn

from grader.curriculum.preload.recipes import followed
from grader.curriculum.preload.watching import fill, watch


class Parent(nn.Module):
    """A module that runs another one, by calling it."""

    def __init__(self, child):
        super().__init__()
        self.child = child

    def forward(self, x):
        return self.child(x)


def observe(submission, name, arguments, state, x, upstream, training=False):
    """Build a module, put `state` into it, run it and go backward; x and parameters come back with gradients.

    Told: `{name:word}({arguments:list})` run on x of shape {x:shape}, then backward
    """
    module = getattr(submission, name)(*arguments)
    module = module.to(x.device).train(training)
    seen = {
        "parameters": [each for each, _ in module.named_parameters()],
        "buffers": [each for each, _ in module.named_buffers()],
        "saved": list(module.state_dict()),
        "initial": {each: parameter.detach().clone() for each, parameter in module.named_parameters()},
        "kinds": [type(each).__name__ for each in module.modules() if each is not module],
        "dropout": [each.p for each in module.modules() if isinstance(each, nn.Dropout)],
        "softmax": [each.dim for each in module.modules() if isinstance(each, nn.Softmax)],
        "scale": getattr(module, "scale", None),
        "hidden": hidden(module),
    }
    fill(module, state)
    parent = Parent(module)
    parent(x)
    hooked, skipped = {}, {}
    watch(module, hooked, skipped)
    x = x.detach().clone().requires_grad_()
    with made_meanwhile() as made:
        output = parent(x)
    if isinstance(output, torch.Tensor) and output.requires_grad and output.shape == upstream.shape:
        output.backward(upstream)
    return seen | {
        "output": output,
        "x": x,
        "trained": dict(module.named_parameters()),
        "parameters after": [each for each, _ in module.named_parameters()],
        "made": len(made),
        "hooked": hooked,
        "skipped": skipped,
    }


def hidden(module):
    """Say whether a plain list, tuple or dict on the module holds parameters or modules."""
    plain = [value for name, value in vars(module).items() if not name.startswith("_")]
    held = [list(each.values()) if isinstance(each, dict) else each for each in plain]
    return any(
        isinstance(part, (nn.Parameter, nn.Module)) for each in held if isinstance(each, (list, tuple)) for part in each
    )


def made_twice(submission, name, arguments):
    """Build two modules; return the weights of their linear layers as they begin.

    Told: `{name:word}({arguments:list})` made twice
    """
    both = [getattr(submission, name)(*arguments) for _ in range(2)]
    return [[each.detach() for each in module.parameters() if each.dim() > 1] for module in both]


@contextlib.contextmanager
def made_meanwhile():
    """Collect the linear layers that are made in the meantime."""
    made, initialise = [], nn.Linear.__init__

    def noted(self, *args, **kwargs):
        made.append(self)
        initialise(self, *args, **kwargs)

    nn.Linear.__init__ = noted
    try:
        yield made
    finally:
        nn.Linear.__init__ = initialise


def moved(submission, name, arguments, x):
    """Build a module where its arguments are, move it to x, run it on x.

    Told: `{name:word}({arguments:list})` made, moved to another device, and run there
    """
    return getattr(submission, name)(*arguments).to(x.device)(x)


def scaled_by_half(submission, x):
    """Run a LearnedScale on the caller's own x, with factors of one half.

    Told: `LearnedScale` with factors of one half, run on x of shape {x:shape}
    """
    module = submission.LearnedScale(x.shape[-1]).to(x.device)
    fill(module, {"scale": torch.full(x.shape[-1:], 0.5)})
    return module(x)


def standardised(submission, mean, std, x):
    """Run a Standardise on the caller's own tensors.

    Told: `Standardise` run on x of shape {x:shape}
    """
    return submission.Standardise(mean, std).to(x.device)(x)


def cleared(submission, name, arguments, x, upstream):
    """Run backward, clear the gradients through the module; return whether there were any, and are any.

    Told: `{name:word}({arguments:list})` run, then backward, then zero_grad
    """
    module = getattr(submission, name)(*arguments).to(x.device)
    result = module(x)
    if getattr(result, "requires_grad", False):
        result.backward(upstream)
    before = [each.grad is not None for each in module.parameters()]
    module.zero_grad()
    return {"before": before, "after": [each.grad is not None for each in module.parameters()]}


def summaries_of(submission, recipes):
    """Ask the submission about models; say of each whether it was touched.

    Told: `parameter_summary` of {recipes:count model}
    """
    return [_summary_of(submission, followed(recipe, nn.Module())) for recipe in recipes]


def _summary_of(submission, model):
    before, ran = facts(model), []
    model.register_forward_hook(lambda *_: ran.append(True))
    answer = submission.parameter_summary(model)
    return {"answer": answer, "untouched": before == facts(model) and model.training and not ran}


def facts(model):
    """What would show that somebody touched a model."""
    held = model.state_dict(keep_vars=True)
    return {name: (id(each), each._version, each.requires_grad, each.grad is None) for name, each in held.items()}
