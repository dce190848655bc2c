"""Makes graphs around the steps, runs backward, and listens to which operations ran and what they changed."""

import torch
from torch.overrides import TorchFunctionMode

from grader.curriculum.preload.recipes import followed


class Listening(TorchFunctionMode):
    """Notes the name of every torch function that is called."""

    def __init__(self):
        self.names = []

    def __torch_function__(self, function, types, args=(), kwargs=None):
        self.names.append(getattr(function, "__name__", "") + ("_" if kwargs and "out" in kwargs else ""))
        return function(*args, **(kwargs or {}))


def functions_called(submission, matrix, columns):
    """Call abs_columns_; return the names of the torch functions that it called.

    Told: `abs_columns_` on a matrix of shape {matrix:shape}, noting which functions of torch it calls
    """
    with Listening() as listening:
        submission.abs_columns_(matrix, columns)
    return listening.names


def other_holders(submission, values, factor, bias):
    """Call scale_ with the middle columns of a larger matrix, which no view can flatten; return the larger one.

    Also return the names of the torch functions that were called.

    Told: `scale_` on the middle columns of a larger matrix
    """
    whole = torch.cat([values, values, values], dim=1)
    columns = values.shape[1]
    with Listening() as listening:
        submission.scale_(whole[:, columns : 2 * columns], factor, bias)
    return {"whole": whole, "heard": listening.names}


def recording_after(submission, leaf, amount):
    """Call shift_leaf_ where nothing is recorded; tell whether autograd records afterwards, and what came of the leaf.

    Told: `shift_leaf_` by {amount} inside a no_grad block of the caller's
    """
    with torch.no_grad():
        submission.shift_leaf_(leaf, amount)
        return {"recording": torch.is_grad_enabled(), "leaf": leaf}


def backward_through_sigmoid(submission, x, scale, bias, upstream, is_leaf):
    """Call scaled_sigmoid and run backward; return its result, the gradient, x afterwards and what backward raised.

    Told: `scaled_sigmoid` with scale {scale} and bias {bias}, on a {is_leaf:if leaf}{is_leaf:unless result}, then
    backward
    """
    leaf = x.clone().requires_grad_()
    source = leaf if is_leaf else leaf.clone()
    result = submission.scaled_sigmoid(source, scale, bias)
    error = ""
    if isinstance(result, torch.Tensor) and result.requires_grad and result.shape == upstream.shape:
        returned = result.detach().clone()
        try:
            (result * upstream).sum().backward()
        except RuntimeError as raised:
            error = str(raised)
    else:
        returned = result
    touched = source._version > 0 or not torch.equal(source.detach(), x)
    recorded = isinstance(result, torch.Tensor) and result.requires_grad
    return {"result": returned, "recorded": recorded, "grad": leaf.grad, "error": error, "touched": touched}


def answers_for(submission, x, cases):
    """Ask breaks_backward about several operations, each a recipe, and what is changed; see _answer_for.

    Told: `breaks_backward` for {cases:count case}
    """
    return [_answer_for(submission, x, *case) for case in cases]


def _answer_for(submission, x, recipe, changed):
    """Ask about one operation; also say what was changed meanwhile, by count and by content."""
    tensors = []

    def operation(source):
        result = followed(recipe, source)
        tensors.extend((each, each._version, each.detach().clone()) for each in (source, result))
        return result

    with Listening() as listening:
        answer = submission.breaks_backward(operation, changed, x)
    return {
        "answer": answer,
        "operation_called": bool(tensors),
        "numbers_of_x": any(torch.equal(before, x.to(before.device)) for _, _, before in tensors[::2]),
        "counted": any(tensor._version > version for tensor, version, _ in tensors),
        "changed": [tensor._version > version for tensor, version, _ in tensors[-2:]],
        "heard": listening.names,
        "written": any(not torch.equal(tensor.detach(), before) for tensor, _, before in tensors),
    }
