"""15 A pipeline of layers"""

import torch
import torch.nn.functional as F
from torch import nn


def build_pipeline(num_inputs: int, num_classes: int, dropout_prob: float, device: torch.device) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(num_inputs, 5),
        nn.ReLU(),
        nn.Linear(5, 20),
        nn.ReLU(),
        nn.Linear(20, num_classes),
        nn.Dropout(dropout_prob),
        # The classes of a sample compete with each other: (N, C), so along dimension 1.
        nn.Softmax(dim=1),
    ).to(device)


def parameters_per_layer(pipeline: nn.Sequential) -> list[int]:
    # For a layer without parameters the sum is empty, 0, and needs no case of its own.
    return [sum(each.numel() for each in layer.parameters()) for layer in pipeline]


def normalised_dim(probabilities: torch.Tensor) -> int:
    # How far the sums along each dimension are from 1: only by rounding, or by much more.
    off = [float((probabilities.sum(dim) - 1).abs().max()) for dim in range(probabilities.ndim)]
    return off.index(min(off))


def predict(pipeline: nn.Sequential, x: torch.Tensor) -> torch.Tensor:
    was_training = pipeline.training
    pipeline.eval()
    # subtle: eval() alone still records a graph, and no_grad() alone still drops.
    with torch.no_grad():
        probabilities = pipeline(x)  # (N, num_inputs) -> (N, C)
    pipeline.train(was_training)
    return probabilities


def classification_loss(pipeline: nn.Sequential, x: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    logits = pipeline[:-1](x)  # (N, C); the slice holds the same layers, in the same mode
    # Cross-entropy takes the logarithm of the softmax itself, and more accurately.
    return F.cross_entropy(logits, targets)
