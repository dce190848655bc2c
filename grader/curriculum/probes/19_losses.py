"""Runs a loss on a leaf, with backward, and notes which finished losses of torch were called on the way."""

import torch
from torch.overrides import TorchFunctionMode

FINISHED = ("binary_cross_entropy", "binary_cross_entropy_with_logits", "cross_entropy", "kl_div")


class Finished(TorchFunctionMode):
    """Notes the finished losses that are called while it is on."""

    def __init__(self):
        super().__init__()
        self.names = []

    def __torch_function__(self, function, types, args=(), kwargs=None):
        name = getattr(function, "__name__", "").partition(".")[0].removesuffix("_forward")
        if name.endswith(("_loss", "log_softmax")) or name in FINISHED:
            self.names.append(name)
        return function(*args, **(kwargs or {}))


def _apart(tensor):
    """Return a tensor of the same numbers that does not lie in one piece: a transpose, or every other element."""
    if tensor.ndim == 1:
        return torch.stack([tensor, tensor], 1)[:, 0]
    return (
        tensor.transpose(0, -1).clone(memory_format=torch.contiguous_format).transpose(0, -1) if tensor.ndim else tensor
    )


def through(submission, name, values, arguments, upstream, part):
    """Call one loss with a leaf that holds `values`, then run backward from it (or from its part of that number).

    Told: `{name:word}` of values with shape {values:shape}, then backward
    """
    leaf = _apart(values.clone()).requires_grad_()
    arguments = [_apart(each.clone()) if isinstance(each, torch.Tensor) else each for each in arguments]
    for each in arguments:
        if isinstance(each, torch.Tensor) and each.is_floating_point():
            each.requires_grad_()
    with Finished() as finished:
        loss = getattr(submission, name)(leaf, *arguments)
    if isinstance(loss, (list, tuple)) and part is not None and part < len(loss):
        loss = loss[part]
    seen = {"finished": finished.names, "attached": None, "loss": loss, "leaf": leaf, "arguments": arguments}
    if isinstance(loss, torch.Tensor):
        seen["attached"] = loss.requires_grad
        if loss.requires_grad and loss.shape == upstream.shape:
            loss.backward(upstream)
    return seen


def mixes_devices(submission, log_probabilities, targets):
    """Call nll on the meta device; say whether it mixed devices, or where its result lies.

    Told: `nll` on another device
    """
    submission.nll(torch.zeros(2, 3), torch.tensor([2, 0]), "none")
    try:
        result = submission.nll(log_probabilities.to("meta"), targets.to("meta"), "none")
    except Exception as error:
        return {"mixed": "expected device" in str(error) or "same device" in str(error)}
    return {"mixed": isinstance(result, torch.Tensor) and result.device.type != "meta"}
