"""18 What a model remembers: state_dict

`state_dict()` of a module is a dict from names to tensors: its parameters and its registered buffers, at any depth.
This dict is what you save, load and copy; the class that made the module is code, and stays code. The tensors in it
are the module's own memory, not copies, and `load_state_dict` writes values into the tensors that are already there.

    >>> import torch
    >>> from torch import nn
    >>> model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    >>> list(model.state_dict())[:4]
    ['0.weight', '0.bias', '1.weight', '1.bias']
    >>> list(model.state_dict())[4:]
    ['1.running_mean', '1.running_var', '1.num_batches_tracked']
    >>> state = {"0.bias": torch.tensor([1.0, 2.0, 3.0])}
    >>> result = model.load_state_dict(state, strict=False)
    >>> model[0].bias
    Parameter containing:
    tensor([1., 2., 3.], requires_grad=True)
    >>> result.missing_keys[:2], result.unexpected_keys
    (['0.weight', '1.weight'], [])

An *entry* of a model is a name in its `state_dict()` and the tensor of that name. A file of weights is what
`torch.save(model.state_dict(), path)` writes. All models are on one device, and stay there.

Read on: https://docs.pytorch.org/tutorials/beginner/saving_loading_models.html
"""

import copy

import torch
from torch import nn


def is_saved(thing: str) -> bool:
    """Step 1. Say by thought alone what a `state_dict()` holds.

    thing: one of
      "parameter", "frozen parameter" (its `requires_grad` is False), "buffer" (made by `register_buffer`),
      "non-persistent buffer" (made with `persistent=False`), "tensor attribute" (a plain tensor assigned to `self`),
      "gradient" (`.grad` of a parameter), "requires_grad" (that flag of a parameter), "training mode",
      "forward method", "optimizer state" (such as momentum).

    Returns a bool: is it in the `state_dict()` of the module that it belongs to?
    """
    raise NotImplementedError("step 1: is_saved")


def save_weights(model: nn.Module, path: str) -> None:
    """Step 2. Write a file of weights at `path`: all entries of `model`, and not the model object.

    Save a dict from names to tensors that `torch.load(path, weights_only=True)` can read. The model is not changed.
    """
    raise NotImplementedError("step 2: save_weights")


def load_weights(model: nn.Module, path: str) -> nn.Module:
    """Step 3. Read a file of weights into `model`, and return `model`.

    The file may have been written on a device that is no longer there, such as "cuda:7": read it anyway. The
    parameters of the model remain the same objects, with the same `requires_grad`, so an optimizer made for them goes
    on working; its modules keep their modes.

    Raises the RuntimeError of `load_state_dict` if the names in the file and in the model differ. Files come from
    anywhere: refuse a file that holds more than tensors and plain data with `pickle.UnpicklingError`, as `torch.load`
    does by default since torch 2.6; no code in it runs.
    """
    raise NotImplementedError("step 3: load_weights")


def load_matching(model: nn.Module, state: dict[str, torch.Tensor]) -> tuple[list[str], list[str]]:
    """Step 4. Load what fits, and say what did not.

    Loads each tensor in `state` for which the model has an entry of the same name and the same shape. Everything else
    in the model keeps its values; `state` is not changed, and shares no memory with the model afterwards.

    Returns (missing, unused): the names of the model's entries that were not loaded, in the order of its
    `state_dict()`, and the names in `state` that were not loaded, in the order of `state`. A name whose shapes differ
    is in both.
    """
    raise NotImplementedError("step 4: load_matching")


def copy_weights(source: nn.Module, target: nn.Module) -> None:
    """Step 5. Make `target` compute what `source` computes.

    Both have the same entries, with the same shapes. Writes the values of all entries of `source` into those of
    `target`. Afterwards each has its own memory, as before: training one of them does not change the other. The
    parameters of `target` remain the same objects, with the same `requires_grad`, and its modules keep their modes;
    `source` is not changed.
    """
    raise NotImplementedError("step 5: copy_weights")


def snapshot(model: nn.Module) -> dict[str, torch.Tensor]:
    """Step 6. Put the current values aside, as you would with the best weights so far.

    Returns a dict from the name of each entry to a tensor with its values that requires no gradient and stays as it
    is, whatever happens to the model later. The model is not changed.
    """
    raise NotImplementedError("step 6: snapshot")
