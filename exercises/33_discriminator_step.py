"""33 One step of the discriminator

A GAN trains two networks against each other. The generator makes frames from random numbers; the
discriminator sees a frame and says how probable it is that the frame is real. Its own training step makes
it answer 1 to real frames and 0 to the generator's, and the generator must come out of that step untouched:
`detach` gives the same frames with nothing behind them, so no gradient finds its way back.

    >>> import torch
    >>> weight = torch.tensor(3.0, requires_grad=True)
    >>> fake = weight * 2
    >>> judge = torch.tensor(0.5, requires_grad=True)
    >>> (judge * fake.detach()).backward()
    >>> judge.grad, weight.grad
    (tensor(6.), None)
    >>> fake.backward()
    >>> weight.grad
    tensor(2.)

Read on: https://docs.pytorch.org/tutorials/beginner/dcgan_faces_tutorial.html
"""

import torch
from torch import nn


def sample_latent(batch_size: int, latent_size: int, generator: torch.Generator, device: torch.device) -> torch.Tensor:
    """Step 1. Draw what the generator network makes its frames from.

    generator: a CPU generator; every number is drawn with it, and torch's global random state stays as it is.
    A generator in the same state gives the same numbers; the next call gives others.
    device: where the result must be.

    Returns float32 of shape (batch_size, latent_size, 1, 1) on `device`: independent draws from the normal
    distribution with mean 0 and standard deviation 1.
    """
    raise NotImplementedError("step 1: sample_latent")


def discriminator_loss(real_probabilities: torch.Tensor, fake_probabilities: torch.Tensor) -> torch.Tensor:
    """Step 2. Compute what the discriminator minimises.

    real_probabilities, fake_probabilities: float32 of shapes (N,) and (M,) on one device, strictly between
    0 and 1: the discriminator's answers to real frames and to the generator's. N and M may differ.

    Returns a tensor of shape () on that device, through which gradients flow back to both arguments: the mean
    binary cross-entropy of the real ones against the label 1, plus that of the fake ones against the label 0.
    """
    raise NotImplementedError("step 2: discriminator_loss")


def make_optimizers(
    discriminator_net: nn.Module, generator_net: nn.Module, lr: float
) -> tuple[torch.optim.Adam, torch.optim.Adam]:
    """Step 3. Make one optimizer for each network.

    Both are `torch.optim.Adam` with learning rate `lr` and betas (0.5, 0.999); everything else is Adam's default.

    Returns (the one that updates all parameters of `discriminator_net` and no others, the one that updates all
    parameters of `generator_net` and no others).
    """
    raise NotImplementedError("step 3: make_optimizers")


def discriminator_step(
    discriminator_net: nn.Module, optimizer: torch.optim.Optimizer, real: torch.Tensor, fake: torch.Tensor
) -> float:
    """Step 4. Update the discriminator once, on the loss of step 2.

    discriminator_net: turns frames of shape (N, 3, 64, 64) into probabilities of shape (N,). Call it as
    `discriminator_net(frames)`, and let it see each frame once. No frame that it sees requires a gradient.
    optimizer: holds the parameters of `discriminator_net`; let it take one step.
    real, fake: float32 of shapes (N, 3, 64, 64) and (M, 3, 64, 64), in [-1, 1]. `fake` comes straight from the
    generator network and requires a gradient; the caller will train that network through it later on.

    All are on one device. Afterwards `real` and `fake` hold what they held, and `fake` still leads back to the
    generator network. No gradient has been computed for the frames or for that network: its `.grad` holds what
    it held. The `.grad` of the discriminator may hold leftovers from before: they must play no part in the
    update. Every layer stays in its mode.

    Returns the loss as it was before the update, as a Python float.
    """
    raise NotImplementedError("step 4: discriminator_step")
