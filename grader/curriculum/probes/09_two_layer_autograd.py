"""Runs the backward pass that needs the live graph of a loss."""

import torch

from grader.curriculum.preload import drawing


def backward_through_loss(submission, x, y, w1, w2, scale):
    """Scale the submission's loss, run backward; return the loss and both weights with their .grad.

    Told: `compute_loss` for {x:count sample}, then backward from it
    """
    loss = submission.compute_loss(x, y, w1, w2)
    before = [None if weight.grad is None else weight.grad.clone() for weight in (w1, w2)]
    if isinstance(loss, torch.Tensor) and loss.requires_grad and loss.ndim == 0:
        (loss * scale).backward()
    return {"loss": loss, "w1": w1, "w2": w2, "before": before}


def kept_gradients(submission, x, y, w1, w2):
    """Call compute_loss where both weights have a gradient already; return the loss and both weights.

    Told: `compute_loss` where both weights have a gradient already
    """
    return {"loss": submission.compute_loss(x, y, w1, w2), "weights": [w1, w2]}


def recording_after(submission, w1, w2, lr):
    """Call sgd_update where nothing is recorded; tell whether autograd records afterwards, and what came of the weights.

    Told: `sgd_update` inside a no_grad block of the caller's
    """
    with torch.no_grad():
        submission.sgd_update(w1, w2, lr)
        return {"recording": torch.is_grad_enabled(), "weights": [w1, w2]}


def drawn_elsewhere(submission, name, sizes, device):
    """Draw from a generator for another device, and twice for the CPU; see preload/drawing.py.

    Told: `{name:word}` for another device, with a generator for that device
    """
    return drawing.drawn_elsewhere(submission, name, sizes, device)
