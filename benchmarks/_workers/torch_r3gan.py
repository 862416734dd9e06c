"""R3GAN's networks in PyTorch, as `jgan.networks.r3gan` has them (Huang et al. 2024). Never imports jgan."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks._workers.torch_filters import channels, doubling, halving, sizes
from benchmarks._workers.works import Work

GROUP, BLOCKS, EXPANSION, SLOPE = 16, 2, 2, 0.2


def convolution(
    before: int, after: int, gain: float = 1.0, size: int = 1, groups: int = 1
) -> nn.Conv2d:
    """A convolution without bias whose kernel has a variance of gain² / fan-in."""
    layer = nn.Conv2d(before, after, size, 1, size // 2, groups=groups, bias=False)
    nn.init.normal_(layer.weight, std=gain / math.sqrt(before // groups * size**2))
    return layer


class BiasedRectifier(nn.Module):
    """Bias, then a leaky rectifier."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(features, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Apply the layer."""
        return F.leaky_relu(x + self.bias, SLOPE)


class Block(nn.Module):
    """Inverted bottleneck with a grouped convolution, 0 at the start, beside its input."""

    def __init__(self, features: int, gain: float) -> None:
        super().__init__()
        wide = EXPANSION * features
        groups = math.gcd(wide, max(1, wide // GROUP))
        self.layers = nn.Sequential(
            convolution(features, wide, gain),
            BiasedRectifier(wide),
            convolution(wide, wide, gain, 3, groups),
            BiasedRectifier(wide),
            convolution(wide, features, 0.0),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block."""
        return x + self.layers(x)


def blocks(features: int, levels: int) -> list[nn.Module]:
    """The blocks of one size, of a network of so many sizes."""
    gain = math.sqrt(2 / (1 + SLOPE**2)) * (BLOCKS * levels) ** -0.25
    return [Block(features, gain) for _ in range(BLOCKS)]


class Generator(nn.Module):
    """A learned basis times a linear function of the latents, then blocks at each size."""

    def __init__(self, work: Work, algebra: bool) -> None:
        super().__init__()
        features = channels(len(sizes(work.shape[0])), work.width, work.most)
        self.basis = nn.Parameter(torch.randn(features[0], 4, 4))
        self.linear = nn.Linear(work.latent, features[0], bias=False)
        nn.init.normal_(self.linear.weight, std=1 / math.sqrt(work.latent))
        layers, before = [], features[0]
        for level, after in enumerate(features):
            if level:
                layers += [] if before == after else [convolution(before, after)]
                layers += [doubling(algebra)]
            layers += blocks(after, len(features))
            before = after
        self.layers = nn.Sequential(*layers, convolution(before, work.shape[2]))

    def forward(self, z: Tensor) -> Tensor:
        """Latents to images."""
        return self.layers(self.basis * self.linear(z)[:, :, None, None])


class Discriminator(nn.Module):
    """The generator's mirror image."""

    def __init__(self, work: Work, algebra: bool) -> None:
        super().__init__()
        features = channels(len(sizes(work.shape[0])), work.width, work.most)[::-1]
        layers, before = [convolution(work.shape[2], features[0])], features[0]
        for after in [*features[1:], None]:
            layers += blocks(before, len(features))
            if after is not None:
                layers += [halving(algebra)]
                layers += [] if before == after else [convolution(before, after)]
                before = after
        self.layers = nn.Sequential(*layers)
        self.basis = nn.Parameter(torch.randn(before, 4, 4) / 4)
        self.linear = nn.Linear(before, 1, bias=False)
        nn.init.normal_(self.linear.weight, std=1 / math.sqrt(before))

    def forward(self, x: Tensor) -> Tensor:
        """Images to logits."""
        return self.linear((self.layers(x) * self.basis).sum((2, 3)))[:, 0]
