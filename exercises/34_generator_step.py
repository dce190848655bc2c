"""34 One step of the generator

The generator never sees a real frame. All that it learns comes through the discriminator: its frames are judged,
the loss asks for the answer "real", and the gradient flows back through the discriminator into the generator.
This time nothing may be detached. The price: on its way, the gradient also leaves traces in the discriminator.

    >>> import torch
    >>> weight = torch.tensor(3.0, requires_grad=True)
    >>> judge = torch.tensor(0.5, requires_grad=True)
    >>> fake = weight * 2
    >>> (judge * fake).backward()
    >>> weight.grad, judge.grad
    (tensor(1.), tensor(6.))

Here `weight` learns, and `judge` does not; but its gradient is still there, and would be added to the next one.

Read on: https://docs.pytorch.org/tutorials/beginner/dcgan_faces_tutorial.html
"""

import torch
from torch import nn


def generator_loss(fake_probabilities: torch.Tensor) -> torch.Tensor:
    """Step 1. Compute what the generator minimises.

    fake_probabilities: float32 of shape (N,), strictly between 0 and 1: the discriminator's answers, how probable it is
    that each of the generator's frames is real.

    Returns a tensor of shape () on the same device, through which gradients flow back to the argument: the mean binary
    cross-entropy against the label 1, as if the frames were real.
    """
    raise NotImplementedError("step 1: generator_loss")


def generator_step(discriminator_net: nn.Module, optimizer: torch.optim.Optimizer, fake: torch.Tensor) -> float:
    """Step 2. Update the generator network once, on the loss of step 1.

    discriminator_net: turns frames of shape (N, 3, 64, 64) into probabilities of shape (N,). Call it as
    `discriminator_net(frames)`, and let it see each frame once.
    optimizer: holds the parameters of the generator network; let it take one step.
    fake: float32 of shape (N, 3, 64, 64), straight from the generator network, with the graph that leads back to it.

    All are on one device. The `.grad` of the generator's parameters may hold leftovers from before: they must play no
    part in the update. The parameters of the discriminator stay as they are, `requires_grad` included; what is in their
    `.grad` afterwards does not matter in this step. Every layer stays in its mode.

    Returns the loss as it was before the update, as a Python float.
    """
    raise NotImplementedError("step 2: generator_step")


def generator_step_without_trace(
    discriminator_net: nn.Module, optimizer: torch.optim.Optimizer, fake: torch.Tensor
) -> float:
    """Step 3. Do the same, and leave nothing behind in the discriminator.

    As in step 2, and in addition: no gradient is computed for the parameters of `discriminator_net`, so their `.grad`
    holds afterwards what it held before. Each of them requires a gradient afterwards if it did before, and only then:
    the caller may have frozen some.

    Returns the loss as it was before the update, as a Python float.
    """
    raise NotImplementedError("step 3: generator_step_without_trace")


def gan_step(
    discriminator_net: nn.Module,
    discriminator_optimizer: torch.optim.Optimizer,
    generator_net: nn.Module,
    generator_optimizer: torch.optim.Optimizer,
    real: torch.Tensor,
    latent: torch.Tensor,
) -> tuple[float, float]:
    """Step 4. Train both networks on one batch: first the discriminator, then the generator against the updated one.

    generator_net: turns `latent`, of shape (M, L, 1, 1), into M frames. Call it once; both halves use those frames.
    discriminator_net: as in step 2. It sees the real frames once, and the fake ones twice: once in each half.
    real: float32 of shape (N, 3, 64, 64).

    The discriminator's loss is the mean binary cross-entropy of its answers to `real` against the label 1, plus that of
    its answers to the fake frames against the label 0; no gradient of it reaches the fake frames. The generator's loss
    is that of step 1. Each optimizer holds the parameters of its network; let it take one step. Each update follows the
    gradient of that half's loss alone, whatever was left in `.grad` before the call, by the call before, or by the
    other half. What is in `.grad` afterwards does not matter. Every layer stays in its mode.

    Returns both losses, each as it was before its update, as Python floats: (the discriminator's, the generator's).
    """
    raise NotImplementedError("step 4: gan_step")
