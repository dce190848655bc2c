"""18 What a model remembers: state_dict"""

import copy

import torch
from torch import nn


def is_saved(thing: str) -> bool:
    # Registered tensors, trained or not; nothing about how they are used.
    return thing in ("parameter", "frozen parameter", "buffer")


def save_weights(model: nn.Module, path: str) -> None:
    # Names and tensors, no classes: the file survives a change to the code.
    torch.save(model.state_dict(), path)


def load_weights(model: nn.Module, path: str) -> nn.Module:
    # subtle: load_state_dict copies to where the model is, so the file's own devices do not matter.
    state = torch.load(path, map_location="cpu", weights_only=True)
    model.load_state_dict(state)
    return model


def load_matching(model: nn.Module, state: dict[str, torch.Tensor]) -> tuple[list[str], list[str]]:
    own = model.state_dict()
    # strict=False forgives names, but never shapes: sort those out beforehand.
    fitting = {name: each for name, each in state.items() if name in own and own[name].shape == each.shape}
    missing = model.load_state_dict(fitting, strict=False).missing_keys
    return missing, [name for name in state if name not in fitting]


def copy_weights(source: nn.Module, target: nn.Module) -> None:
    # The dict holds the source's own tensors; loading copies their values.
    target.load_state_dict(source.state_dict())


def snapshot(model: nn.Module) -> dict[str, torch.Tensor]:
    # `state_dict` refers to the tensors that training goes on changing.
    return copy.deepcopy(model.state_dict())
