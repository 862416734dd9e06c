"""StyleGAN2's filter in PyTorch, which also halves and doubles images. Never imports jgan."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Filter(nn.Module):
    """The binomial filter of four taps on images ``(N, C, H, W)``, by a convolution of every channel.

    Args:
      gain: the sum of the taps of both axes.
      padding: zeros around the image, or cropped pixels of a doubled one.
      stride: 2 for a halved image.
      double: whether zeros come between the pixels first.
      algebra: whether a product with a banded matrix on each axis takes the convolution's place, as in jgan.
    """

    def __init__(
        self,
        gain: float = 1.0,
        padding: int = 1,
        stride: int = 1,
        double: bool = False,
        algebra: bool = False,
    ) -> None:
        super().__init__()
        self.register_buffer("taps", gain**0.5 / 8 * torch.tensor([1.0, 3.0, 3.0, 1.0]), False)
        self.padding, self.stride, self.double, self.algebra = padding, stride, double, algebra
        self.matrices: dict[int, Tensor] = {}

    def forward(self, x: Tensor) -> Tensor:
        """Apply the filter."""
        if self.algebra:
            rows, columns = (self._matrix(size) for size in x.shape[2:])
            return rows @ x @ columns.T
        channels = x.shape[1]
        kernel = torch.outer(self.taps, self.taps).expand(channels, 1, 4, 4)
        if self.double:
            return F.conv_transpose2d(x, kernel, None, 2, self.padding, groups=channels)
        return F.conv2d(x, kernel, None, self.stride, self.padding, groups=channels)

    def _matrix(self, size: int) -> Tensor:
        """What the filter does along an axis of so many pixels."""
        if size not in self.matrices:
            unit, taps = torch.eye(size, device=self.taps.device)[:, None], self.taps[None, None]
            if self.double:
                found = F.conv_transpose1d(unit, taps, None, 2, self.padding)
            else:
                found = F.conv1d(unit, taps, None, self.stride, self.padding)
            self.matrices[size] = found[:, 0].T.contiguous()
        return self.matrices[size]


def halving(algebra: bool) -> Filter:
    """Images of half the size."""
    return Filter(stride=2, algebra=algebra)


def doubling(algebra: bool) -> Filter:
    """Images of twice the size, as bright as before."""
    return Filter(gain=4.0, double=True, algebra=algebra)


def sizes(work_side: int) -> list[int]:
    """Sides of the networks' feature maps, 4 pixels first, each twice the one before."""
    found = [4]
    while found[-1] < work_side:
        found.append(2 * found[-1])
    return found


def channels(count: int, width: int, most: int) -> list[int]:
    """Channels at each of ``count`` sizes, the smallest size first."""
    return [min(width * 2**k, most) for k in reversed(range(count))]
