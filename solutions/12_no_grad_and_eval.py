"""12 Predicting, and freezing"""

import torch
from torch import nn


def predict_row(no_grad: bool, eval_mode: bool) -> tuple[bool, bool, bool]:
    # One switch decides the first answer, the other one the rest.
    return not no_grad, not eval_mode, not eval_mode


def predict(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        with torch.no_grad():
            result: torch.Tensor = model(x)
            return result
    finally:
        # subtle: one by one, because `model.train(True)` would put every part into train mode.
        for module, training in modes.items():
            module.training = training


def freeze(model: nn.Module, part: nn.Module, lr: float) -> torch.optim.SGD:
    # The method, because an attribute of that name on a module means nothing to autograd.
    part.requires_grad_(False)
    return torch.optim.SGD([each for each in model.parameters() if each.requires_grad], lr=lr)


def through_frozen(first: nn.Module, middle: nn.Module, last: nn.Module, x: torch.Tensor) -> torch.Tensor:
    # Frozen parameters need no gradient, but the path through them to `first` stays open.
    middle.requires_grad_(False)
    result: torch.Tensor = last(middle(first(x)))
    return result


def outputs_require_grad(x_requires_grad: bool, frozen: list[bool]) -> list[bool]:
    spread, answers = x_requires_grad, []
    for is_frozen in frozen:
        # Once the chain has passed a trainable layer, everything after it has something to send gradients to.
        spread = spread or not is_frozen
        answers.append(spread)
    return answers
