"""The networks of `jgan.networks` written in PyTorch, layer by layer. Never imports jgan."""

from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from benchmarks._workers import torch_r3gan, torch_stylegan2
from benchmarks._workers.works import FILTERED, Work


class Points(nn.Sequential):
    """Perceptron with two hidden layers; images come out of a tanh, one logit as ``(B,)``."""

    def __init__(self, inputs: int, hidden: list[int], shape: tuple[int, ...]) -> None:
        sizes = [inputs, *hidden]
        layers: list[nn.Module] = []
        for before, after in pairwise(sizes):
            layers += [nn.Linear(before, after), nn.ReLU()]
        outputs = int(torch.Size(shape).numel())
        super().__init__(*layers, nn.Linear(sizes[-1], outputs))
        self.shape = shape

    def forward(self, x: Tensor) -> Tensor:
        """Apply the layers."""
        y = super().forward(x)
        if len(self.shape) == 3:
            height, width, channels = self.shape
            return torch.tanh(y).view(-1, channels, height, width)
        return y if self.shape else y[:, 0]


class DCGANGenerator(nn.Module):
    """`jgan.networks.dcgan_generator` for square images whose side is a power of two."""

    def __init__(self, work: Work, size: int = 4) -> None:
        super().__init__()
        side, _, channels = work.shape
        features = work.width * side // 8
        self.first = (features, 4, 4)
        self.dense = nn.Linear(work.latent, features * 16, bias=False)
        layers: list[nn.Module] = []
        while side > 4:
            last = side == 8
            after = channels if last else features // 2
            layers += [nn.BatchNorm2d(features), nn.ReLU(inplace=True)]
            layers += [nn.ConvTranspose2d(features, after, size, 2, 1, bias=last)]
            features, side = after, side // 2
        self.layers = nn.Sequential(*layers)

    def forward(self, z: Tensor) -> Tensor:
        """Latents to images."""
        return torch.tanh(self.layers(self.dense(z).view(-1, *self.first)))


class DCGANDiscriminator(nn.Module):
    """`jgan.networks.dcgan_discriminator`, likewise."""

    def __init__(self, work: Work, size: int = 4) -> None:
        super().__init__()
        side, _, before = work.shape
        layers: list[nn.Module] = []
        after = work.width
        while side > 4:
            first = side == work.shape[0]
            layers += [nn.Conv2d(before, after, size, 2, 1, bias=first)]
            layers += [] if first else [nn.BatchNorm2d(after)]
            layers += [nn.LeakyReLU(0.2, inplace=True)]
            before, after, side = after, 2 * after, side // 2
        self.layers = nn.Sequential(*layers)
        self.dense = nn.Linear(before * 16, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Images to logits."""
        return self.dense(self.layers(x).flatten(1))[:, 0]


def _sum_of_shifts(kernel: Tensor) -> Tensor:
    """Sum of a kernel's four shifts by zero or one pixel, one pixel larger each way."""
    rows = F.pad(kernel, (0, 0, 0, 1)) + F.pad(kernel, (0, 0, 1, 0))
    return F.pad(rows, (0, 1)) + F.pad(rows, (1, 0))


class Up(nn.Module):
    """Residual block that doubles the image; ``algebra`` as jgan computes it."""

    def __init__(self, before: int, after: int, algebra: bool) -> None:
        super().__init__()
        self.norms = nn.ModuleList([nn.BatchNorm2d(before), nn.BatchNorm2d(after)])
        self.first = nn.Conv2d(before, after, 3, padding=1)
        self.second = nn.Conv2d(after, after, 3, padding=1)
        self.shortcut = nn.Conv2d(before, after, 1)
        self.algebra = algebra

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block."""
        h = F.relu(self.norms[0](x))
        if self.algebra:
            kernel = _sum_of_shifts(self.first.weight.flip(2, 3)).transpose(0, 1)
            h = F.conv_transpose2d(h, kernel, self.first.bias, stride=2, padding=1)
            around = F.interpolate(self.shortcut(x), scale_factor=2)
        else:
            h = self.first(F.interpolate(h, scale_factor=2))
            around = self.shortcut(F.interpolate(x, scale_factor=2))
        return self.second(F.relu(self.norms[1](h))) + around


class Down(nn.Module):
    """Residual block of the discriminator, halving the image if asked."""

    def __init__(
        self, before: int, after: int, halve: bool, first: bool, spectral: bool, algebra: bool
    ) -> None:
        super().__init__()
        norm = spectral_norm if spectral else lambda layer: layer
        self.first = norm(nn.Conv2d(before, after, 3, padding=1))
        self.second = norm(nn.Conv2d(after, after, 3, padding=1))
        self.shortcut = norm(nn.Conv2d(before, after, 1)) if halve or before != after else None
        self.halve, self.start, self.algebra = halve, first, algebra

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block."""
        h = F.relu(self.first(x if self.start else F.relu(x)))
        if self.algebra and self.halve:
            h = F.conv2d(h, _sum_of_shifts(self.second.weight) / 4, self.second.bias, 2, 1)
        else:
            h = self.second(h)
            h = F.avg_pool2d(h, 2) if self.halve else h
        if self.shortcut is None:
            return h + x
        if self.halve and (self.start or self.algebra):
            return h + self.shortcut(F.avg_pool2d(x, 2))
        around = self.shortcut(x)
        return h + (F.avg_pool2d(around, 2) if self.halve else around)


class SNGANGenerator(nn.Module):
    """`jgan.networks.sngan_generator` for 32 pixels."""

    def __init__(self, work: Work, algebra: bool) -> None:
        super().__init__()
        self.dense = nn.Linear(work.latent, 256 * 16)
        self.blocks = nn.Sequential(*[Up(256, 256, algebra) for _ in range(3)])
        self.norm = nn.BatchNorm2d(256)
        self.last = nn.Conv2d(256, work.shape[2], 3, padding=1)

    def forward(self, z: Tensor) -> Tensor:
        """Latents to images."""
        x = self.blocks(self.dense(z).view(-1, 256, 4, 4))
        return torch.tanh(self.last(F.relu(self.norm(x))))


class SNGANDiscriminator(nn.Module):
    """`jgan.networks.sngan_discriminator` for 32 pixels, with spectral normalisation or without."""

    def __init__(self, work: Work, spectral: bool, algebra: bool) -> None:
        super().__init__()
        channels = [work.shape[2], 128, 128, 128, 128]
        self.blocks = nn.Sequential(
            *[
                Down(channels[i], channels[i + 1], i < 2, i == 0, spectral, algebra)
                for i in range(4)
            ]
        )
        dense = nn.Linear(128, 1)
        self.dense = spectral_norm(dense) if spectral else dense

    def forward(self, x: Tensor) -> Tensor:
        """Images to logits."""
        return self.dense(F.relu(self.blocks(x)).sum((2, 3)))[:, 0]


def networks(work: Work, algebra: bool) -> tuple[nn.Module, nn.Module]:
    """Generator and discriminator of the work, initialised as jgan's are."""
    generator: nn.Module
    discriminator: nn.Module
    if work.family in FILTERED:
        own: Any = torch_stylegan2 if work.family == "stylegan2" else torch_r3gan
        return own.Generator(work, algebra), own.Discriminator(work, algebra)
    if work.family == "mlp":
        hidden = [work.width, work.width]
        generator = Points(work.latent, hidden, work.shape)
        discriminator = Points(work.shape[0], hidden, ())
    elif work.family == "dcgan":
        generator, discriminator = DCGANGenerator(work), DCGANDiscriminator(work)
    else:
        spectral = work.family == "sngan"
        small = Points(work.latent, [], work.shape)
        generator = SNGANGenerator(work, algebra) if spectral else small
        discriminator = SNGANDiscriminator(work, spectral, algebra)
    for name, parameter in [*generator.named_parameters(), *discriminator.named_parameters()]:
        if parameter.ndim == 1 and name.endswith("bias"):
            nn.init.zeros_(parameter)
        elif parameter.ndim > 1 and work.family == "dcgan":
            nn.init.normal_(parameter, std=0.02)
        elif parameter.ndim > 1:
            nn.init.xavier_uniform_(parameter)
    return generator, discriminator
