"""A loss that can be asked of outputs on any device."""

import torch


class OnCpu(torch.autograd.Function):
    """A loss of 0 on the CPU, whatever device the outputs are on, with a gradient for them."""

    @staticmethod
    def forward(ctx, outputs):
        ctx.save_for_backward(outputs)
        return torch.zeros(())

    @staticmethod
    def backward(ctx, upstream):
        return torch.zeros_like(*ctx.saved_tensors)
