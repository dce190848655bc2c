"""Applies the submission's Functions, walks the graph that they leave, and makes functions to be judged."""

import torch
from torch.autograd.gradcheck import GradcheckError

from grader.curriculum.preload.recipes import followed


def apply_sigmoid(submission, x, upstream):
    """Apply Sigmoid and run backward; return the result and x with its .grad.

    Told: `Sigmoid.apply` on x of shape {x:shape}, then backward
    """
    y = submission.Sigmoid.apply(x)
    if isinstance(y, torch.Tensor) and y.requires_grad:
        y.backward(upstream)
    return {"y": y, "x": x}


def apply_twice(submission, first, second, upstream):
    """Apply Sigmoid to two tensors before either goes backward; return both with their .grad.

    Told: `Sigmoid.apply` on two tensors, and only then backward through both
    """
    results = [submission.Sigmoid.apply(x) for x in (first, second)]
    for y in results:
        y.backward(upstream)
    return {"first": first, "second": second}


def apply_product_twice(submission, pairs, scales, upstream):
    """Apply ScaledProduct to two pairs before either goes backward; return the tensors with their .grad.

    Told: `ScaledProduct.apply` on {pairs:count pair}, and only then backward through all
    """
    results = [submission.ScaledProduct.apply(*pair, scale) for pair, scale in zip(pairs, scales, strict=True)]
    for y in results:
        y.backward(upstream)
    return {"first": pairs[0], "second": pairs[1]}


def kept_by_sigmoid(submission, x):
    """Return what Sigmoid hands on.

    Told: `Sigmoid.apply`, noting what it saves for backward
    """
    return _kept(lambda: submission.Sigmoid.apply(x))


def kept_by_product(submission, a, b, scale):
    """Return what ScaledProduct hands on.

    Told: `ScaledProduct.apply` with scale {scale}, noting what it saves for backward
    """
    return _kept(lambda: submission.ScaledProduct.apply(a, b, scale))


def _kept(apply):
    """Count the tensors that are saved through autograd, and those that lie on ctx as attributes."""
    saved = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: saved.append(1) or t, lambda t: t):
        y = apply()
    attributes = vars(y.grad_fn).values() if isinstance(y, torch.Tensor) and y.grad_fn is not None else ()
    return {"saved": len(saved), "attributes": sum(map(_tensors_in, attributes))}


def _tensors_in(value):
    if isinstance(value, (list, tuple)):
        return sum(map(_tensors_in, value))
    if isinstance(value, dict):
        return sum(map(_tensors_in, value.values()))
    return int(isinstance(value, torch.Tensor))


def gradcheck_sigmoid(submission, x):
    """Return whether Sigmoid passes torch's gradcheck.

    Told: torch's gradcheck of `Sigmoid.apply`
    """
    return torch.autograd.gradcheck(submission.Sigmoid.apply, x, raise_exception=False)


def gradcheck_product(submission, a, b, scale):
    """Return whether ScaledProduct passes torch's gradcheck.

    Told: torch's gradcheck of `ScaledProduct.apply` with scale {scale}
    """
    return torch.autograd.gradcheck(
        lambda a, b: submission.ScaledProduct.apply(a, b, scale), (a, b), raise_exception=False
    )


def sigmoid_graph(submission, x):
    """Return the nodes between the result of `sigmoid` and x, and whether they are of a class of one's own.

    Told: `sigmoid` of x, looking at the graph behind the result
    """
    y = submission.sigmoid(x)
    nodes = []
    waiting = [y.grad_fn] if isinstance(y, torch.Tensor) and y.grad_fn is not None else []
    while waiting:
        node = waiting.pop()
        nodes.append(node)
        following = [each for each, _ in node.next_functions if each is not None]
        waiting += [each for each in following if each not in nodes and type(each).__name__ != "AccumulateGrad"]
    of_sigmoid = submission.Sigmoid._backward_cls
    return {
        "y": y,
        "nodes": [type(node).__name__ for node in nodes],
        "own": [type(node) is of_sigmoid for node in nodes],
    }


def apply_product(submission, a, b, scale, upstream):
    """Apply ScaledProduct and run backward; return the result, a and b, and what autograd refused.

    Told: `ScaledProduct.apply` with scale {scale}, then backward
    """
    y = submission.ScaledProduct.apply(a, b, scale)
    refused = None
    if isinstance(y, torch.Tensor) and y.requires_grad:
        try:
            y.backward(upstream)
        except RuntimeError as error:
            if "number of gradients" not in str(error) and "different than None" not in str(error):
                raise
            refused = str(error)
    return {"y": y, "a": a, "b": b, "refused": refused}


class _Twofold(torch.autograd.Function):
    """Follows one recipe, and backward that of another function."""

    @staticmethod
    def forward(ctx, x, forward, backward):
        ctx.save_for_backward(x)
        ctx.backward_recipe = backward
        return followed(forward, x)

    @staticmethod
    def backward(ctx, upstream):
        (x,) = ctx.saved_tensors
        with torch.enable_grad():
            leaf = x.detach().requires_grad_()
            (grad,) = torch.autograd.grad(followed(ctx.backward_recipe, leaf), leaf, upstream)
        return grad, None, None


def judge(submission, points, functions):
    """Ask about a function at each point; see _judge. For each there is a recipe, and one that backward follows.

    Told: `passes_gradcheck` for {functions:count function} with right and wrong gradients
    """
    return [_judge(submission, *each) for each in zip(points, functions, strict=True)]


def _judge(submission, x, recipes):
    """Ask about one of them; say what the function saw, what was raised, and whether x was left alone."""
    dtypes, points, before = set(), [], x.clone()

    def function(tensor):
        dtypes.add(str(tensor.dtype).removeprefix("torch."))
        points.append(tensor.detach().clone())
        return _Twofold.apply(tensor, *recipes)

    answer, raised = None, None
    try:
        answer = submission.passes_gradcheck(function, x)
    except GradcheckError as error:
        raised = str(error)
    untouched = x._version == 0 and not x.requires_grad and torch.equal(x, before)
    point = points[0] if points else None
    return {"answer": answer, "raised": raised, "dtypes": sorted(dtypes), "point": point, "untouched": untouched}
