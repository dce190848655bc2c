"""Runs `filled` where fresh memory is known to be dirty, and twice in a row."""

import torch


def filled_in_dirty_memory(submission, shape, device):
    """Call filled while torch marks all memory that it hands out without filling it: NaN in floating point."""
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        return submission.filled(shape, device)
    finally:
        torch.use_deterministic_algorithms(False)


def filled_twice(submission, shape, device):
    """Call filled twice; return both answers."""
    return [submission.filled(shape, device), submission.filled(shape, device)]
