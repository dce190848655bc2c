"""Makes the functions that cannot be sent, counts their calls, and turns the errors of autograd into answers."""

import torch
from torch.overrides import TorchFunctionMode

from grader.curriculum.preload.recipes import followed

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


def function_of(recipe, weights):
    """Return the function that follows a recipe."""
    return lambda x: followed(recipe, x, w=weights)


class Listening(TorchFunctionMode):
    """Notes whether backward was given an upstream gradient, and whether one of ones, as many as there are results."""

    def __init__(self):
        self.given = self.ones = False

    def __torch_function__(self, function, types, args=(), kwargs=None):
        keywords = kwargs or {}
        if function is torch.Tensor.backward:
            gradient = keywords.get("gradient", args[1] if len(args) > 1 else None)
            self.given = self.given or gradient is not None
            self.ones = self.ones or _all_ones(gradient)
        elif function is torch.autograd.grad:
            self.ones = self.ones or _all_ones(keywords.get("grad_outputs", args[2] if len(args) > 2 else None))
        return function(*args, **keywords)


def _all_ones(gradient):
    """Tell whether this is a vector of ones; what is computed for a whole batch at once cannot be asked."""
    try:
        return isinstance(gradient, torch.Tensor) and gradient.shape[0] > 1 and bool((gradient == 1).all())
    except (RuntimeError, IndexError):
        return False


def slopes_of(submission, recipes, points):
    """Take the slope of each function at its point; also say what the function was called with.

    Told: `slope` of {recipes:count function}, each at a point of its own
    """
    return [_slope_of(submission, *each) for each in zip(recipes, points, strict=True)]


def _slope_of(submission, recipe, at):
    asked = set()

    def function(x):
        asked.add(f"{x.dtype} {tuple(x.shape)}")
        return followed(recipe, x)

    return tried(lambda: submission.slope(function, at)) | {"asked": sorted(asked)}


def pulled_back(submission, recipe, weights, x, upstream):
    """Call pull_back; also say whether backward was given an upstream gradient.

    Told: `pull_back` through a function of x with shape {x:shape}
    """
    with Listening() as listening:
        answer = tried(lambda: submission.pull_back(function_of(recipe, weights), x, upstream))
    return answer | {"given": listening.given}


def passed_twice(submission, recipes, weights, x):
    """Call two_passes with two functions.

    Told: `two_passes` with two functions of x with shape {x:shape}
    """
    first, second = map(function_of, recipes, weights)
    return tried(lambda: submission.two_passes(first, second, x))


def separated(submission, recipes, weights, leaf):
    """Call separate with several functions; also say whether the leaf is as it was.

    Told: `separate` with {recipes:count function} of one leaf with shape {leaf:shape}
    """
    before = leaf.detach().clone()
    functions = list(map(function_of, recipes, weights))
    answer = tried(lambda: submission.separate(functions, leaf))
    untouched = leaf._version == 0 and leaf.requires_grad and leaf.is_leaf and torch.equal(leaf.detach(), before)
    return answer | {"untouched": untouched}


def jacobian_of(submission, recipe, weights, x):
    """Call jacobian; also count how often the function was called, and say whether all results were weighted alike.

    Told: `jacobian` of a function of x with shape {x:shape}
    """
    calls = []

    def function(vector_in):
        calls.append(None)
        return followed(recipe, vector_in, w=weights)

    with Listening() as listening:
        answer = tried(lambda: submission.jacobian(function, x))
    return answer | {"calls": len(calls), "ones": listening.ones}
