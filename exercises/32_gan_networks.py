"""32 The two networks of a GAN

The discriminator takes a frame down to a single number, the generator takes a vector of random numbers up to
a frame. Both do it with convolutions alone: a convolution with stride 2 halves height and width, a transposed
convolution with stride 2 doubles them. Which padding makes the sizes come out right is a matter of counting.

    >>> import torch
    >>> from torch import nn
    >>> down = nn.Conv2d(3, 5, kernel_size=4, stride=2, padding=1)
    >>> down(torch.zeros(2, 3, 64, 64)).shape
    torch.Size([2, 5, 32, 32])
    >>> up = nn.ConvTranspose2d(5, 3, kernel_size=4, stride=2, padding=1)
    >>> up(torch.zeros(2, 5, 32, 32)).shape
    torch.Size([2, 3, 64, 64])

Read on: https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose2d.html
"""

import torch
from torch import nn


def output_size(size: int, kernel_size: int, stride: int, padding: int, transposed: bool) -> int:
    """Step 1. Work out how high a picture is after a convolution, by counting alone: run no layer.

    size: height of the picture that comes in; kernel_size, stride, padding: as in `nn.Conv2d`, or, if `transposed`
    is True, as in `nn.ConvTranspose2d`; everything else is as these layers have it by default. Where the kernel
    does not fit once more at the edge, it is not placed there.

    Returns the height of the picture that comes out, an int; for the sizes asked here it is at least 1.
    """
    raise NotImplementedError("step 1: output_size")


class Discriminator(nn.Module):
    """Step 2. Write the network that says how probable it is that a frame is real.

    It runs five `nn.Conv2d` layers, each with kernel size 4 and as much padding of zeros as the table asks for:

        layer                    1           2             3             4             5
        channels out             features    2 * features  4 * features  8 * features  1
        stride                   2           2             2             2             1
        height and width out     32          16            8             4             1

    `nn.BatchNorm2d`, as it is by default, follows layers 2, 3 and 4, and only these. A leaky ReLU with slope 0.2
    follows layers 1 to 4, after the batch norm where there is one; a sigmoid follows layer 5. Whether a layer has a
    bias is up to you.

    in_channels: channels of a frame; features: as above. Both must work with other values.

    `forward` takes frames of shape (N, in_channels, 64, 64), N = 1 included, and returns probabilities of shape (N,),
    between 0 and 1, with the frames' dtype and the graph behind them.
    """

    def __init__(self, in_channels: int = 3, features: int = 64) -> None:
        raise NotImplementedError("step 2: Discriminator")

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError("step 2: Discriminator")


class Generator(nn.Module):
    """Step 3. Write the network that makes frames from random numbers, nearly the mirror image of step 2.

    It runs five `nn.ConvTranspose2d` layers, each with kernel size 4:

        layer                    1             2             3             4          5
        channels out             8 * features  4 * features  2 * features  features   out_channels
        stride                   1             2             2             2          2
        height and width out     4             8             16            32         64

    `nn.BatchNorm2d`, as it is by default, and then a ReLU follow layers 1 to 4, and only these; a tanh follows
    layer 5. Whether a layer has a bias is up to you.

    latent_size: channels of what comes in; out_channels, features: as above. All must work with other values.

    `forward` takes latent vectors of shape (N, latent_size, 1, 1), N = 1 included, and returns frames of shape
    (N, out_channels, 64, 64), between -1 and 1, with the latent vectors' dtype and the graph behind them.
    """

    def __init__(self, latent_size: int = 100, out_channels: int = 3, features: int = 64) -> None:
        raise NotImplementedError("step 3: Generator")

    def forward(self, latent: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError("step 3: Generator")
