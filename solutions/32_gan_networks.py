"""32 The two networks of a GAN"""

import torch
from torch import nn


def output_size(size: int, kernel_size: int, stride: int, padding: int, transposed: bool) -> int:
    if transposed:
        # Each pixel but the last moves the kernel on by one stride; padding is cut off the result.
        return (size - 1) * stride + kernel_size - 2 * padding
    return (size + 2 * padding - kernel_size) // stride + 1


class Discriminator(nn.Module):
    def __init__(self, in_channels: int = 3, features: int = 64) -> None:
        super().__init__()
        # Batch norm here would hide how bright the frames are, which tells real from fake.
        layers = [nn.Conv2d(in_channels, features, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
        for channels in (features, 2 * features, 4 * features):
            layers += [
                # The mean that batch norm subtracts takes a bias with it.
                nn.Conv2d(channels, 2 * channels, 4, stride=2, padding=1, bias=False),
                nn.BatchNorm2d(2 * channels),
                nn.LeakyReLU(0.2),
            ]
        layers += [nn.Conv2d(8 * features, 1, 4), nn.Sigmoid()]
        self.pipe = nn.Sequential(*layers)

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        # subtle: squeeze() without dimensions would drop a batch of one as well.
        return self.pipe(frames).flatten()  # (N, 1, 1, 1) -> (N,)


class Generator(nn.Module):
    def __init__(self, latent_size: int = 100, out_channels: int = 3, features: int = 64) -> None:
        super().__init__()
        layers = [
            nn.ConvTranspose2d(latent_size, 8 * features, 4, bias=False),
            nn.BatchNorm2d(8 * features),
            nn.ReLU(),
        ]
        for channels in (8 * features, 4 * features, 2 * features):
            layers += [
                nn.ConvTranspose2d(channels, channels // 2, 4, stride=2, padding=1, bias=False),
                nn.BatchNorm2d(channels // 2),
                nn.ReLU(),
            ]
        # tanh spans the range that real frames are scaled to.
        layers += [nn.ConvTranspose2d(features, out_channels, 4, stride=2, padding=1), nn.Tanh()]
        self.pipe = nn.Sequential(*layers)

    def forward(self, latent: torch.Tensor) -> torch.Tensor:
        return self.pipe(latent)
