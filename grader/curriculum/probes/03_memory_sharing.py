"""Makes tensors that share memory, which no message can carry, listens, and runs backward through one."""

import numpy as np
import torch
from torch.overrides import TorchFunctionMode


def place(tensor):
    return tensor.untyped_storage().data_ptr()


class Listening(TorchFunctionMode):
    """Notes the name of every torch function that is called, and "device" for a look at a tensor's device."""

    def __init__(self):
        self.names = []

    def __torch_function__(self, function, types, args=(), kwargs=None):
        asked = function in (torch.Tensor.device.__get__, torch.Tensor.get_device) or (kwargs or {}).get("device")
        self.names.append("device" if asked else getattr(function, "__name__", ""))
        return function(*args, **(kwargs or {}))


def functions_called(submission, array):
    """Call window_and_copy; return the names of the torch functions that it called."""
    with Listening() as listening:
        submission.window_and_copy(array)
    return listening.names


def called_for_row(submission, matrix):
    """Call doubled_row; return the names of the torch functions that it called."""
    with Listening() as listening:
        submission.doubled_row(matrix, 1)
    return listening.names


def called_for_copies(submission, x):
    """Call two_copies; return the names of the torch functions that it called."""
    x = x.clone().requires_grad_()
    with Listening() as listening:
        submission.two_copies(x)
    return listening.names


def windows(submission, array):
    """Call window_and_copy with arrays that no message can carry; say what shares memory with each of them."""
    kinds = {
        "transposed": array.T,
        "with gaps": array[:, ::2],
        "without dimensions": array[0, 0:1].reshape(()),
    }
    seen = {}
    for kind, sent in kinds.items():
        window, copy = submission.window_and_copy(sent)
        shares = [np.shares_memory(each.numpy(), array) for each in (window, copy)]
        seen[kind] = {"window": window, "copy": copy, "shares": shares}
    return seen


def pair(kind, x):
    """Return two tensors of a certain relation; the first is x or a part of it."""
    return {
        "a view": lambda: (x, x.view(-1)),
        "a later row": lambda: (x, x[2]),
        "two rows": lambda: (x[0], x[2]),
        "the transposed": lambda: (x.t(), x),
        "detached": lambda: (x, x.detach()),
        "itself": lambda: (x, x),
        "a clone": lambda: (x, x.clone()),
        "a part of a clone": lambda: (x[1], x.clone()[1]),
        "a list of rows": lambda: (x, x[[0, 1, 2]]),
        "strangers": lambda: (x, x + 1),
        "another dtype": lambda: (x[2], x.view(torch.int16)[1]),
    }[kind]()


def answer_for(submission, kind, values):
    """Ask same_storage about one pair; also say whether the pair was left alone."""
    a, b = pair(kind, values)
    versions, copies = (a._version, b._version), (a.clone(), b.clone())
    answer = submission.same_storage(a, b)
    untouched = versions == (a._version, b._version) and torch.equal(a, copies[0]) and torch.equal(b, copies[1])
    return {"answer": answer, "untouched": untouched}


def flat_of(submission, kind, values):
    """Call flat_view with a tensor that is not contiguous, and requires a gradient.

    Return what came back, what was raised, and whether it shares memory and is recorded.
    """
    values = values.clone().requires_grad_()
    tensor = {"transposed": values.t(), "columns": values[:, 1:3], "every other": values.view(-1)[::2]}[kind]
    flat, raised = None, ""
    try:
        flat = submission.flat_view(tensor)
    except NotImplementedError:
        raise
    except (RuntimeError, ValueError, TypeError, AssertionError) as error:
        raised = type(error).__name__
    shared = isinstance(flat, torch.Tensor) and place(flat) == place(values)
    if isinstance(flat, torch.Tensor) and flat.grad_fn is not None:
        flat.sum().backward()
    recorded = values.grad is not None
    return {"flat": flat, "raised": raised, "shared": shared, "recorded": recorded}


def copies_of(submission, x, upstream, is_leaf):
    """Call two_copies with a leaf or a result and run backward through the first copy; say which gradient arrived."""
    leaf = x.clone().requires_grad_()
    tensor = leaf if is_leaf else leaf.clone()
    attached, outside = submission.two_copies(tensor)
    if attached.requires_grad:
        (attached * upstream).sum().backward()
    untouched = tensor._version == 0 and tensor.requires_grad and torch.equal(tensor.detach(), x)
    return {"grad": leaf.grad, "untouched": untouched, "apart": place(attached) != place(outside)}
