"""Makes tensors that share memory, which no message can carry, listens, and runs backward through one."""

import contextlib

import numpy as np
import torch
from torch.overrides import TorchFunctionMode

from grader.curriculum.preload.recipes import followed


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
    """Call window_and_copy; return the names of the torch functions that it called.

    Told: `window_and_copy` on an array of shape {array:shape}, noting which functions of torch it calls
    """
    with Listening() as listening, _hearing_windows(array, listening.names):
        submission.window_and_copy(array)
    return listening.names


@contextlib.contextmanager
def _hearing_windows(array, names):
    """Note what makes a tensor of other memory than the array's; a mode does not hear from_numpy."""
    makers = {name: getattr(torch, name) for name in ("from_numpy", "as_tensor", "asarray")}

    def noted(name):
        def made(data, *args, **kwargs):
            if isinstance(data, np.ndarray) and not np.shares_memory(data, array):
                names.append(f"{name} of a copy")
            return makers[name](data, *args, **kwargs)

        return made

    try:
        for name in makers:
            setattr(torch, name, noted(name))
        yield
    finally:
        for name, maker in makers.items():
            setattr(torch, name, maker)


def called_for_row(submission, matrix):
    """Call doubled_row; return its result and the names of the torch functions that it called.

    Told: `doubled_row` on a matrix of shape {matrix:shape}, noting which functions of torch it calls
    """
    with Listening() as listening:
        row = submission.doubled_row(matrix, 1)
    return {"row": row, "names": listening.names}


def called_for_copies(submission, x):
    """Call two_copies; return its result and the names of the torch functions that it called.

    Told: `two_copies` of a tensor of shape {x:shape}, noting which functions of torch it calls
    """
    x = x.clone().requires_grad_()
    with Listening() as listening:
        copies = submission.two_copies(x)
    return {"copies": copies, "names": listening.names}


def windows(submission, array):
    """Call window_and_copy with arrays that no message can carry; say what shares memory with each of them.

    Told: `window_and_copy` on slices, transposes and the like of an array of shape {array:shape}
    """
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


def answers_for(submission, x, pairs):
    """Ask same_storage about pairs of tensors; also say whether they were left alone.

    Of three recipes, the first makes a tensor of x, and the others make each of the two from that one.

    Told: `same_storage` for {pairs:count pair} of tensors
    """
    answers, untouched = [], True
    for first, *both in pairs:
        start = followed(first, x.clone())
        a, b = (followed(recipe, start) for recipe in both)
        before = [(each._version, each.clone()) for each in (a, b)]
        # Python's objects for both storages exist already, so that none is made at the place of another.
        held = [each.untyped_storage() for each in (a, b)]
        answers.append(submission.same_storage(a, b))
        del held
        now = zip((a, b), before, strict=True)
        untouched &= all(each._version == version and torch.equal(each, copy) for each, (version, copy) in now)
    return {"answers": answers, "untouched": untouched}


def flats_of(submission, x, recipes):
    """Call flat_view with what each recipe makes of x, which requires a gradient.

    Return for each what came back, what was raised, and whether it shares memory and is recorded.

    Told: `flat_view` of {recipes:count tensor}, made from one that requires a gradient
    """
    return [_flat_of(submission, x.clone().requires_grad_(), recipe) for recipe in recipes]


def _flat_of(submission, x, recipe):
    tensor, flat, raised = followed(recipe, x), None, ""
    try:
        flat = submission.flat_view(tensor)
    except NotImplementedError:
        raise
    except (RuntimeError, ValueError, TypeError, AssertionError) as error:
        raised = type(error).__name__
    shared = isinstance(flat, torch.Tensor) and place(flat) == place(x)
    if isinstance(flat, torch.Tensor) and flat.grad_fn is not None:
        flat.sum().backward()
    return {"flat": flat, "raised": raised, "shared": shared, "recorded": x.grad is not None}


def copies_of(submission, x, upstream, is_leaf):
    """Call two_copies with a leaf or a result and run backward through the first copy; say which gradient arrived.

    Told: `two_copies` of a {is_leaf:if leaf}{is_leaf:unless result}, then backward through the first copy
    """
    leaf = x.clone().requires_grad_()
    tensor = leaf if is_leaf else leaf.clone()
    attached, outside = submission.two_copies(tensor)
    if attached.requires_grad:
        (attached * upstream).sum().backward()
    untouched = tensor._version == 0 and tensor.requires_grad and torch.equal(tensor.detach(), x)
    return {"grad": leaf.grad, "untouched": untouched, "apart": place(attached) != place(outside)}
