"""19 Losses, written from tensor operations"""

import torch


def reduced(losses: torch.Tensor, reduction: str) -> torch.Tensor:
    return losses if reduction == "none" else losses.mean() if reduction == "mean" else losses.sum()


def refuse_other_shapes(predictions: torch.Tensor, targets: torch.Tensor) -> None:
    # subtle: (N,) and (N, 1) broadcast against each other, and the mean over (N, N) looks like any other loss.
    if predictions.shape != targets.shape:
        raise ValueError(f"shapes differ: {tuple(predictions.shape)} and {tuple(targets.shape)}")


def regression_losses(
    predictions: torch.Tensor, targets: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    # Shapes such as (N, 1) and (N,) would broadcast to (N, N), without an error.
    refuse_other_shapes(predictions, targets)
    differences = predictions - targets
    mse = differences.pow(2).mean()
    return differences.abs().mean(), mse, mse.sqrt()


def bce(probabilities: torch.Tensor, targets: torch.Tensor, reduction: str) -> torch.Tensor:
    refuse_other_shapes(probabilities, targets)
    if probabilities.min() < 0 or probabilities.max() > 1:
        raise ValueError("probabilities lie between 0 and 1")
    # Unclamped, a p of 0 gives 0 * -inf = NaN even where it is right.
    log_p = probabilities.log().clamp(min=-100)
    log_not_p = (1 - probabilities).log().clamp(min=-100)
    return reduced(-(targets * log_p + (1 - targets) * log_not_p), reduction)


def bce_with_logits(logits: torch.Tensor, targets: torch.Tensor, reduction: str) -> torch.Tensor:
    refuse_other_shapes(logits, targets)
    # log(1 + exp(x)), without an exp that overflows, and with the right slope at 0 as well.
    softplus = torch.logaddexp(logits, torch.zeros_like(logits))
    return reduced(softplus - logits * targets, reduction)


def log_softmax(logits: torch.Tensor, dim: int) -> torch.Tensor:
    # Subtracting a constant from every logit changes no probability; with the largest at 0, exp cannot overflow.
    shifted = logits - logits.amax(dim=dim, keepdim=True)
    # subtle: the sum depends on the logits, and most of the gradient comes through it.
    return shifted - shifted.exp().sum(dim=dim, keepdim=True).log()


def nll(log_probabilities: torch.Tensor, targets: torch.Tensor, reduction: str) -> torch.Tensor:
    # In each row, only the entry of its own class counts.
    picked = log_probabilities.gather(1, targets.unsqueeze(1)).squeeze(1)  # (N, C) -> (N,)
    return reduced(-picked, reduction)


def cross_entropy(logits: torch.Tensor, targets: torch.Tensor, reduction: str) -> torch.Tensor:
    log_probabilities = log_softmax(logits, dim=1)  # (N, C)
    # Probabilities as targets weigh all classes; an index is the case in which one of them is 1.
    if targets.is_floating_point():
        return reduced(-(targets * log_probabilities).sum(dim=1), reduction)
    return nll(log_probabilities, targets, reduction)
