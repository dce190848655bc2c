"""Takes several steps with one pair of weights, and counts what autograd is asked to do."""

import torch

from grader.curriculum.preload import drawing


def three_steps(submission, x, y, w1, w2, lr):
    """Call sgd_step three times on the same weights; return its losses, and the weights after two of the steps.

    Told: `sgd_step` three times on the same weights, with lr {lr}
    """
    losses = [submission.sgd_step(x, y, w1, w2, lr)]
    first = [w1.clone(), w2.clone()]
    losses += [submission.sgd_step(x, y, w1, w2, lr) for _ in range(2)]
    return {"losses": losses, "first": first, "third": [w1, w2]}


def backward_passes(submission, name, tensors, others=()):
    """Call one function of the submission; return how often autograd was run meanwhile, and what came of it all.

    Told: `{name:word}`, noting whether autograd runs meanwhile
    """
    count = 0
    backward, forward = torch.autograd._engine_run_backward, torch.autograd.forward_ad.make_dual

    def counted(run):
        def counting(*args, **kwargs):
            nonlocal count
            count += 1
            return run(*args, **kwargs)

        return counting

    torch.autograd._engine_run_backward = counted(backward)
    torch.autograd.forward_ad.make_dual = counted(forward)
    try:
        returned = getattr(submission, name)(*tensors, *others)
    finally:
        torch.autograd._engine_run_backward = backward
        torch.autograd.forward_ad.make_dual = forward
    return {"passes": count, "returned": returned, "tensors": tensors}


def drawn_elsewhere(submission, name, sizes, device):
    """Draw from a generator for another device, and twice for the CPU; see preload/drawing.py.

    Told: `{name:word}` for another device, with a generator for that device
    """
    return drawing.drawn_elsewhere(submission, name, sizes, device)
