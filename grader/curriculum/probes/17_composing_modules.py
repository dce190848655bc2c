"""Builds the submission's modules, runs them as a caller would, and writes down what a caller can see."""

import torch
from torch import nn

from grader.curriculum.preload.watching import fill, watch


class Parent(nn.Module):
    """A module that runs another one, by calling it."""

    def __init__(self, child):
        super().__init__()
        self.child = child

    def forward(self, x):
        return self.child(x)


class Power(nn.Module):
    """Something to be wrapped that is no linear layer: x to the power of a parameter that is 2."""

    def __init__(self):
        super().__init__()
        self.exponent = nn.Parameter(torch.tensor(2.0))

    def forward(self, x):
        return x.abs() ** self.exponent


def observe(submission, name, arguments, state, x, upstream):
    """Build a module, put `state` into it, run it and go backward.

    Told: `{name:word}({arguments:list})` run on x of shape {x:shape}, then backward
    """
    return look_at(getattr(submission, name)(*arguments).to(x.device), state, x, upstream)


def observe_residual(submission, kind, state, x, upstream):
    """The same for a Residual around a module that is made here.

    Told: `Residual` around a {kind:word} module, run on x of shape {x:shape}, then backward
    """
    inner = nn.Linear(x.shape[-1], x.shape[-1]) if kind == "linear" else Power()
    inner.eval()
    residual = submission.Residual(inner)
    other = Power().train()
    submission.Residual(other)
    mode = inner.training or not other.training
    seen = look_at(residual.to(x.device), state, x, upstream)
    held = any(each is inner for each in residual.modules())
    return seen | {"inner": dict(inner.named_parameters()), "held": held, "mode": mode}


def look_at(module, state, x, upstream):
    seen = {
        "shapes": {name: tuple(each.shape) for name, each in module.named_parameters()},
        "dtypes": [each.dtype for each in module.parameters()],
        "parts": {name: type(each).__name__ for name, each in module.named_children()},
        "saved": list(module.state_dict()),
        "ready-made": [name for name, each in module.named_modules() if isinstance(each, nn.Linear)],
        "classes": [type(getattr(module, name, None)).__name__ for name in ("weight", "bias")],
        "has no bias": "bias" in dir(module) and module.bias is None,
    }
    fill(module, state)
    parent = Parent(module)
    hooked, skipped = {}, {}
    watch(module, hooked, skipped)
    x = x.detach().clone().requires_grad_()
    output = parent(x)
    if isinstance(output, torch.Tensor) and output.requires_grad and output.shape == upstream.shape:
        output.backward(upstream)
    trained = dict(module.named_parameters())
    return seen | {"output": output, "x": x, "trained": trained, "hooked": hooked, "skipped": skipped}


def fresh(submission, name, arguments):
    """Return the initial parameters of two modules, made one after the other.

    Told: `{name:word}({arguments:list})` made twice
    """
    modules = [getattr(submission, name)(*arguments) for _ in range(2)]
    return [{key: each.detach().clone() for key, each in module.named_parameters()} for module in modules]


def seeded(submission, in_features, out_features, seeds):
    """Return the initial weight of a layer after each of these global seeds; None leaves the generator alone.

    Told: `LinearLayer({in_features}, {out_features})` made {seeds:count time}, after different seeds
    """
    weights = []
    for seed in seeds:
        if seed is not None:
            torch.manual_seed(seed)
        weights.append(submission.LinearLayer(in_features, out_features).weight)
    return weights


def moved(submission, name, arguments, x):
    """Build a module, move it to x, run it on x.

    Told: `{name:word}({arguments:list})` made, moved to another device, and run there
    """
    return getattr(submission, name)(*arguments).to(x.device)(x)


def wrapped_on(submission, x):
    """Run a Residual around a module that changes nothing, on the caller's own x.

    Told: `Residual` around a module that changes nothing, run on x of shape {x:shape}
    """
    return submission.Residual(nn.Identity())(x)


def stacked(submission, sizes, num_outputs, device, state, x, upstream):
    """Build a stack and look at it, where it has landed.

    Told: `build_stack` of sizes {sizes:list} with {num_outputs:count output}, run on x of shape {x:shape}, then
    backward
    """
    stack = submission.build_stack(sizes, num_outputs, device)
    if not isinstance(stack, nn.Module):
        return {"kind": type(stack).__name__}
    devices = sorted({each.device.type for each in stack.parameters()})
    seen = {"kind": type(stack).__name__, "devices": devices, "places": len(stack._modules), "sizes": list(sizes)}
    if device.type == "meta" or devices != [x.device.type]:
        return seen
    return seen | look_at(stack, state, x, upstream)


def stack_start(submission, sizes, num_outputs, device):
    """Return the initial parameters of a stack.

    Told: `build_stack` of sizes {sizes:list} with {num_outputs:count output}, just made
    """
    return {name: each.detach() for name, each in submission.build_stack(sizes, num_outputs, device).named_parameters()}
