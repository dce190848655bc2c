"""33 One step of the discriminator"""

import torch
from torch import nn
from torch.nn import functional as F


def sample_latent(batch_size: int, latent_size: int, generator: torch.Generator, device: torch.device) -> torch.Tensor:
    # A CPU generator draws only on the CPU, and so draws the same numbers for every device.
    return torch.randn(batch_size, latent_size, 1, 1, generator=generator).to(device)  # (B, L, 1, 1)


def discriminator_loss(real_probabilities: torch.Tensor, fake_probabilities: torch.Tensor) -> torch.Tensor:
    true_labels = torch.ones_like(real_probabilities)  # (N,)
    fake_labels = torch.zeros_like(fake_probabilities)  # (M,)
    real_loss = F.binary_cross_entropy(real_probabilities, true_labels)
    fake_loss = F.binary_cross_entropy(fake_probabilities, fake_labels)
    # Two means, each over its own batch: neither side outweighs the other.
    return real_loss + fake_loss


def make_optimizers(
    discriminator_net: nn.Module, generator_net: nn.Module, lr: float
) -> tuple[torch.optim.Adam, torch.optim.Adam]:
    # A short memory: the opponent of ten steps ago is no longer there.
    betas = (0.5, 0.999)
    discriminator_optimizer = torch.optim.Adam(discriminator_net.parameters(), lr=lr, betas=betas)
    generator_optimizer = torch.optim.Adam(generator_net.parameters(), lr=lr, betas=betas)
    return discriminator_optimizer, generator_optimizer


def discriminator_step(
    discriminator_net: nn.Module, optimizer: torch.optim.Optimizer, real: torch.Tensor, fake: torch.Tensor
) -> float:
    # The generator's step before this one went through the discriminator, and left gradients there.
    optimizer.zero_grad()
    # subtle: without detach the update is the same, but backward runs on into the generator.
    loss = discriminator_loss(discriminator_net(real), discriminator_net(fake.detach()))
    loss.backward()
    optimizer.step()
    return loss.item()
