"""Makes the functions that cannot be sent, counts their calls, and turns the errors of autograd into answers."""

import torch
from torch.overrides import TorchFunctionMode

# What torch or Python says where a known mistake ends in an error.
SIGNS = (
    "only for scalar outputs",
    "backward through the graph a second time",
    "does not require grad",
    "'NoneType'",
)


def tried(work):
    """Return what work() returns and, where it raises an error with a known sign, that error's text."""
    try:
        return {"value": work(), "error": ""}
    except (RuntimeError, AttributeError, TypeError) as error:
        if not isinstance(error, NotImplementedError) and any(sign in str(error) for sign in SIGNS):
            return {"value": None, "error": str(error).partition("\n")[0]}
        raise


def scalar(kind, weights):
    """Return a function of a vector, or of one number, to one number."""
    return {
        "square": lambda x: (x**2 * weights).sum(),
        "sine": lambda x: (torch.sin(x) * weights).sum(),
        "exponential": lambda x: (torch.exp(x / 2) * weights).sum(),
    }[kind]


def vector(weights):
    """Return a function of (N,) to (M,)."""
    return lambda x: (weights @ x) ** 2


class Listening(TorchFunctionMode):
    """Notes whether backward was given an upstream gradient."""

    def __init__(self):
        self.given = False

    def __torch_function__(self, function, types, args=(), kwargs=None):
        if function is torch.Tensor.backward:
            gradient = (kwargs or {}).get("gradient", args[1] if len(args) > 1 else None)
            self.given = self.given or gradient is not None
        return function(*args, **(kwargs or {}))


def slope_of(submission, factor, constant, in_steps, at):
    """Take the slope of factor * x**2 + constant, written in one expression or in two steps."""

    asked = []

    def function(x):
        asked.append(f"{x.dtype} {tuple(x.shape)}")
        if not in_steps:
            return factor * x**2 + constant
        y = x * x
        return factor * y + constant

    return tried(lambda: submission.slope(function, at)) | {"asked": sorted(set(asked))}


def slope_at_kink(submission, factor, at):
    """Take the slope of factor * relu(x - at) + x at its kink, where autograd takes that of the ReLU for 0."""
    return tried(lambda: submission.slope(lambda x: factor * torch.relu(x - at) + x, at))


def pulled_back(submission, weights, x, upstream):
    """Call pull_back; also say whether backward was given an upstream gradient."""
    with Listening() as listening:
        answer = tried(lambda: submission.pull_back(vector(weights), x, upstream))
    return answer | {"given": listening.given}


def passed_twice(submission, weights, x):
    """Call two_passes with a square and a sine."""
    return tried(lambda: submission.two_passes(scalar("square", weights), scalar("sine", weights), x))


def separated(submission, weights, leaf):
    """Call separate with three functions; also say whether the leaf is as it was."""
    before = leaf.detach().clone()
    functions = [scalar(kind, weights) for kind in ("square", "sine", "exponential")]
    answer = tried(lambda: submission.separate(functions, leaf))
    untouched = leaf._version == 0 and leaf.requires_grad and leaf.is_leaf and torch.equal(leaf.detach(), before)
    return answer | {"untouched": untouched}


def jacobian_of(submission, weights, x):
    """Call jacobian; also count how often the function was called."""
    calls = []

    def function(vector_in):
        calls.append(None)
        return vector(weights)(vector_in)

    return tried(lambda: submission.jacobian(function, x)) | {"calls": len(calls)}
