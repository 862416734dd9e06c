"""StyleGAN2's networks in PyTorch, as `jgan.networks.stylegan2` has them (Karras et al. 2020).

Styles scale the images' channels instead of each example's kernel, which is the same and, on a CPU, faster than
a grouped convolution. Never imports jgan.
"""

import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks._workers.torch_filters import Filter, channels, doubling, halving, sizes
from benchmarks._workers.works import Work

LAYERS, RATE, MIXING, GROUP = 4, 0.01, 0.9, 4


def rectified(x: Tensor) -> Tensor:
    """Leaky rectifier of slope 0.2 with a gain of √2."""
    return F.leaky_relu(x, 0.2) * math.sqrt(2)


class Dense(nn.Module):
    """Equalised dense layer."""

    def __init__(self, inputs: int, outputs: int, rate: float = 1.0, start: float = 0.0) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.randn(outputs, inputs) / rate)
        self.bias = nn.Parameter(torch.full((outputs,), start))
        self.rate, self.scale = rate, rate / math.sqrt(inputs)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the layer."""
        return F.linear(x, self.kernel * self.scale, self.bias * self.rate)


class Convolution(nn.Module):
    """Equalised convolution of an odd ``size``, to half the image if asked."""

    def __init__(
        self, before: int, after: int, size: int, halve: bool, bias: bool, algebra: bool
    ) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.randn(after, before, size, size))
        self.bias = nn.Parameter(torch.zeros(after)) if bias else None
        self.scale = 1 / math.sqrt(before * size**2)
        self.halve, self.padding = halve, size // 2
        self.filter = halving(algebra) if size == 1 else Filter(padding=2, algebra=algebra)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the layer."""
        kernel = self.kernel * self.scale
        if not self.halve:
            return F.conv2d(x, kernel, self.bias, 1, self.padding)
        x = self.filter(x)
        return F.conv2d(x, kernel, self.bias, 1 if self.padding == 0 else 2)


class Modulated(nn.Module):
    """Modulated convolution, demodulated unless it makes the image."""

    def __init__(
        self, before: int, after: int, latent: int, size: int, double: bool, algebra: bool
    ) -> None:
        super().__init__()
        self.style = Dense(latent, before, start=1.0)
        self.kernel = nn.Parameter(torch.randn(after, before, size, size))
        self.demodulate, self.double, self.padding = size > 1, double, size // 2
        self.scale = 1 / math.sqrt(before * size**2)
        self.filter = Filter(gain=4.0, algebra=algebra)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Feature maps and the styles of their examples."""
        style = self.style(w) if self.demodulate else self.style(w) * self.scale
        x = x * style[:, :, None, None]
        if self.double:
            # The kernel of jgan in a mirror, which is the same family of functions.
            x = self.filter(F.conv_transpose2d(x, self.kernel.transpose(0, 1), None, 2))
        else:
            x = F.conv2d(x, self.kernel, None, 1, self.padding)
        if not self.demodulate:
            return x
        power = style.square() @ self.kernel.square().sum((2, 3)).T
        return x * (power + 1e-8).rsqrt()[:, :, None, None]


class Styled(nn.Module):
    """Modulated convolution, noise, bias, rectifier."""

    def __init__(self, before: int, after: int, latent: int, double: bool, algebra: bool) -> None:
        super().__init__()
        self.conv = Modulated(before, after, latent, 3, double, algebra)
        self.strength = nn.Parameter(torch.zeros(()))
        self.bias = nn.Parameter(torch.zeros(after))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Apply the layer with fresh noise for every example."""
        x = self.conv(x, w)
        noise = torch.randn(x.shape[0], 1, *x.shape[2:], device=x.device)
        return rectified(x + noise * self.strength + self.bias[:, None, None])


class ToImage(nn.Module):
    """Modulated convolution of one pixel, and bias."""

    def __init__(self, before: int, colours: int, latent: int) -> None:
        super().__init__()
        self.conv = Modulated(before, colours, latent, 1, False, False)
        self.bias = nn.Parameter(torch.zeros(colours))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Apply the layer."""
        return self.conv(x, w) + self.bias[:, None, None]


class Mapping(nn.Sequential):
    """Latents to w."""

    def __init__(self, latent: int) -> None:
        super().__init__(*[Dense(latent, latent, RATE) for _ in range(LAYERS)])

    def forward(self, z: Tensor) -> Tensor:
        """Apply the layers."""
        z = z * (z.square().mean(1, keepdim=True) + 1e-8).rsqrt()
        for layer in self:
            z = rectified(layer(z))
        return z


class Generator(nn.Module):
    """Mapping network with style mixing and the running mean of w; synthesis network with skips."""

    def __init__(self, work: Work, algebra: bool) -> None:
        super().__init__()
        self.sizes = sizes(work.shape[0])
        features = channels(len(self.sizes), work.width, work.most)
        self.mapping = Mapping(work.latent)
        self.register_buffer("mean", torch.zeros(work.latent))
        self.constant = nn.Parameter(torch.randn(features[0], 4, 4))
        self.image_doubling = doubling(algebra)
        before = features[0]
        for side, after in zip(self.sizes, features, strict=True):
            if side > 4:
                self.add_module(f"up_{side}", Styled(before, after, work.latent, True, algebra))
            self.add_module(f"conv_{side}", Styled(after, after, work.latent, False, algebra))
            self.add_module(f"image_{side}", ToImage(after, work.shape[2], work.latent))
            before = after

    def styles(self, z: Tensor) -> Tensor:
        """Latents to a style for each input, ``(N, inputs, d)``, mixed for a share of the examples."""
        w, other = self.mapping(z), self.mapping(torch.randn_like(z))
        with torch.no_grad():
            self.mean.lerp_(w.mean(0), 0.005)
        count, inputs = len(z), 2 * len(self.sizes)
        places = torch.randint(1, inputs, (count,), device=z.device)
        mixed = torch.rand(count, device=z.device) < MIXING
        places = torch.where(mixed, places, inputs)
        late = torch.arange(inputs, device=z.device) >= places[:, None]
        return torch.where(late[:, :, None], other[:, None], w[:, None])

    def synthesis(self, styles: Tensor) -> Tensor:
        """Styles to images."""
        x = self.constant.expand(len(styles), -1, -1, -1)
        image = x.new_zeros(())
        for level, side in enumerate(self.sizes):
            if level:
                x = self.get_submodule(f"up_{side}")(x, styles[:, 2 * level - 1])
                image = self.image_doubling(image)
            x = self.get_submodule(f"conv_{side}")(x, styles[:, 2 * level])
            image = image + self.get_submodule(f"image_{side}")(x, styles[:, 2 * level + 1])
        return image

    def forward(self, z: Tensor) -> Tensor:
        """Latents to images."""
        return self.synthesis(self.styles(z))


class Down(nn.Module):
    """Residual block to half the size."""

    def __init__(self, before: int, after: int, algebra: bool) -> None:
        super().__init__()
        self.conv = Convolution(before, before, 3, False, True, algebra)
        self.down = Convolution(before, after, 3, True, True, algebra)
        self.skip = Convolution(before, after, 1, True, False, algebra)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block."""
        h = rectified(self.down(rectified(self.conv(x))))
        return (h + self.skip(x)) / math.sqrt(2)


class Discriminator(nn.Module):
    """Residual blocks, deviation of groups, a convolution and two dense layers."""

    def __init__(self, work: Work, algebra: bool) -> None:
        super().__init__()
        sides = sizes(work.shape[0])[::-1]
        features = channels(len(sides), work.width, work.most)[::-1]
        first, last = features[0], features[-1]
        self.image = Convolution(work.shape[2], first, 1, False, True, algebra)
        self.blocks = nn.Sequential(*[Down(a, b, algebra) for a, b in pairwise(features)])
        self.conv = Convolution(last + 1, last, 3, False, True, algebra)
        self.dense, self.logit = Dense(last * 16, last), Dense(last, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Images to logits."""
        x = self.blocks(rectified(self.image(x)))
        groups = x.reshape(GROUP, len(x) // GROUP, -1)
        deviation = (groups.var(0, correction=0) + 1e-8).sqrt().mean(1).repeat(GROUP)
        x = torch.cat([x, deviation[:, None, None, None].expand(-1, 1, *x.shape[2:])], 1)
        x = rectified(self.conv(x))
        return self.logit(rectified(self.dense(x.flatten(1))))[:, 0]
