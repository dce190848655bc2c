"""28 Transfer learning"""

from collections.abc import Callable, Iterable

import torch
import torchvision
from torch import nn

Batches = Iterable[tuple[torch.Tensor, torch.Tensor]]
LossFunction = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
MakeOptimizer = Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer]


def load_pretrained(path: str, device: torch.device) -> nn.Module:
    checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    model = torchvision.models.shufflenet_v2_x0_5(weights=None, num_classes=checkpoint["num_classes"])
    state = {key.removeprefix("module."): value for key, value in checkpoint["state_dict"].items()}
    # subtle: strict, or a key that fits nothing would silently leave random weights in place.
    model.load_state_dict(state)
    return model.to(device)


def adapt(model: nn.Module, num_classes: int) -> None:
    # Freeze first: the new head comes after, and requires gradients as every new layer does.
    model.requires_grad_(False)
    model.fc = nn.Linear(model.fc.in_features, num_classes, device=model.fc.weight.device)


def train_head(
    model: nn.Module,
    loader: Batches,
    loss_function: LossFunction,
    make_optimizer: MakeOptimizer,
    device: torch.device,
    epochs: int,
) -> list[float]:
    model.to(device)
    optimizer = make_optimizer(model.fc.parameters())
    history = []
    for _ in range(epochs):
        # subtle: batch norm's averages are not parameters; only eval mode keeps them.
        model.eval()
        model.fc.train()
        for inputs, targets in loader:
            optimizer.zero_grad()
            loss = loss_function(model(inputs.to(device)), targets.to(device))
            loss.backward()
            optimizer.step()
            history.append(loss.item())
    return history
