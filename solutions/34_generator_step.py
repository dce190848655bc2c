"""34 One step of the generator"""

import torch
from torch import nn
from torch.nn import functional as F


def generator_loss(fake_probabilities: torch.Tensor) -> torch.Tensor:
    # The label of real frames: the generator wants its own frames to be taken for real.
    return F.binary_cross_entropy(fake_probabilities, torch.ones_like(fake_probabilities))


def generator_step(discriminator_net: nn.Module, optimizer: torch.optim.Optimizer, fake: torch.Tensor) -> float:
    optimizer.zero_grad()
    # No detach: the graph behind `fake` is the only path to the generator.
    loss = generator_loss(discriminator_net(fake))
    loss.backward()
    optimizer.step()
    return loss.item()


def generator_step_without_trace(
    discriminator_net: nn.Module, optimizer: torch.optim.Optimizer, fake: torch.Tensor
) -> float:
    thawed = [parameter for parameter in discriminator_net.parameters() if parameter.requires_grad]
    for parameter in thawed:
        parameter.requires_grad_(False)
    # subtle: the flag matters while the graph is recorded, and gradients still flow through a frozen network.
    loss = generator_step(discriminator_net, optimizer, fake)
    for parameter in thawed:
        parameter.requires_grad_(True)
    return loss


def gan_step(
    discriminator_net: nn.Module,
    discriminator_optimizer: torch.optim.Optimizer,
    generator_net: nn.Module,
    generator_optimizer: torch.optim.Optimizer,
    real: torch.Tensor,
    latent: torch.Tensor,
) -> tuple[float, float]:
    fake = generator_net(latent)  # (M, 3, 64, 64)

    # The generator's half of the previous call has left gradients here.
    discriminator_optimizer.zero_grad()
    real_answers = discriminator_net(real)  # (N,)
    fake_answers = discriminator_net(fake.detach())  # (M,)
    real_loss = F.binary_cross_entropy(real_answers, torch.ones_like(real_answers))
    fake_loss = F.binary_cross_entropy(fake_answers, torch.zeros_like(fake_answers))
    discriminator_loss = real_loss + fake_loss
    discriminator_loss.backward()
    discriminator_optimizer.step()

    return discriminator_loss.item(), generator_step(discriminator_net, generator_optimizer, fake)
