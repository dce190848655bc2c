"""17 Modules made of modules"""

import itertools

import torch
import torch.nn.functional as F
from torch import nn


class LinearLayer(nn.Module):
    def __init__(self, in_features: int, out_features: int, bias: bool = True) -> None:
        super().__init__()
        # The more numbers are added up for one output, the smaller each of them must be.
        bound = in_features**-0.5
        self.weight = nn.Parameter(torch.empty(out_features, in_features).uniform_(-bound, bound))
        # None is registered too: the attribute exists, and nothing is listed or saved.
        self.bias = nn.Parameter(torch.empty(out_features).uniform_(-bound, bound)) if bias else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.linear(x, self.weight, self.bias)  # (..., in_features) -> (..., out_features)


class ParallelBlock(nn.Module):
    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__()
        # subtle: branches that start alike get the same gradients, and stay alike forever.
        self.left = LinearLayer(in_features, out_features)
        self.right = LinearLayer(in_features, out_features)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.left(x) * self.right(x))  # (N, in_features) -> (N, out_features)


def build_stack(sizes: list[int], num_outputs: int, device: torch.device) -> nn.Sequential:
    blocks = [ParallelBlock(before, after) for before, after in itertools.pairwise(sizes)]
    # One `.to` at the end reaches every module that is registered.
    return nn.Sequential(*blocks, LinearLayer(sizes[-1], num_outputs)).to(device)


class Residual(nn.Module):
    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        # The input goes past the block as well, and so does its gradient.
        return x + self.inner(x)
