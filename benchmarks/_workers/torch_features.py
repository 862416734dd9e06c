"""The PyTorch side of features.py: Inception-2015-12-05 and EfficientNet-Lite0, in our own code.

Never imports jgan. Names of weights are those of the published files, so that either side can read the
other's.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


class Unit(nn.Module):
    """Convolution without bias, batch normalisation, ReLU."""

    def __init__(
        self, before: int, after: int, size: Any, stride: int = 1, padding: Any = 0
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(before, after, size, stride, padding, bias=False)
        self.bn: nn.Module = nn.BatchNorm2d(after, eps=1e-3)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the unit."""
        return F.relu(self.bn(self.conv(x)), inplace=True)


def _average(x: Tensor) -> Tensor:
    return F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)


def _largest(x: Tensor) -> Tensor:
    return F.max_pool2d(x, 3, 1, 1)


def _halved(x: Tensor) -> Tensor:
    return F.max_pool2d(x, 3, 2)


class Branches(nn.Module):
    """Branches side by side. A branch is a list of unit names; a tuple of names forks at its end."""

    def __init__(
        self, convolutions: dict[str, Unit], branches: list[list[Any]], pool: Any, last: str | None
    ) -> None:
        super().__init__()
        for name, unit in convolutions.items():
            self.add_module(name, unit)
        self.branches, self.pool, self.last = branches, pool, last

    def forward(self, x: Tensor) -> Tensor:
        """All branches' outputs, joined along the channels."""
        outputs = []
        for branch in self.branches:
            y = x
            for name in branch:
                if isinstance(name, tuple):
                    y = torch.cat([getattr(self, one)(y) for one in name], 1)
                else:
                    y = getattr(self, name)(y)
            outputs.append(y)
        pooled = self.pool(x)
        outputs.append(getattr(self, self.last)(pooled) if self.last else pooled)
        return torch.cat(outputs, 1)


def _block_35(before: int, pooled: int) -> Branches:
    convolutions = {
        "branch1x1": Unit(before, 64, 1),
        "branch5x5_1": Unit(before, 48, 1),
        "branch5x5_2": Unit(48, 64, 5, padding=2),
        "branch3x3dbl_1": Unit(before, 64, 1),
        "branch3x3dbl_2": Unit(64, 96, 3, padding=1),
        "branch3x3dbl_3": Unit(96, 96, 3, padding=1),
        "branch_pool": Unit(before, pooled, 1),
    }
    return Branches(
        convolutions,
        [
            ["branch1x1"],
            ["branch5x5_1", "branch5x5_2"],
            ["branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"],
        ],
        _average,
        "branch_pool",
    )


def _block_35_to_17(before: int) -> Branches:
    convolutions = {
        "branch3x3": Unit(before, 384, 3, 2),
        "branch3x3dbl_1": Unit(before, 64, 1),
        "branch3x3dbl_2": Unit(64, 96, 3, padding=1),
        "branch3x3dbl_3": Unit(96, 96, 3, 2),
    }
    return Branches(
        convolutions,
        [["branch3x3"], ["branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"]],
        _halved,
        None,
    )


def _block_17(before: int, inner: int) -> Branches:
    wide: dict[str, Any] = {"size": (1, 7), "padding": (0, 3)}
    high: dict[str, Any] = {"size": (7, 1), "padding": (3, 0)}
    convolutions = {
        "branch1x1": Unit(before, 192, 1),
        "branch7x7_1": Unit(before, inner, 1),
        "branch7x7_2": Unit(inner, inner, **wide),
        "branch7x7_3": Unit(inner, 192, **high),
        "branch7x7dbl_1": Unit(before, inner, 1),
        "branch7x7dbl_2": Unit(inner, inner, **high),
        "branch7x7dbl_3": Unit(inner, inner, **wide),
        "branch7x7dbl_4": Unit(inner, inner, **high),
        "branch7x7dbl_5": Unit(inner, 192, **wide),
        "branch_pool": Unit(before, 192, 1),
    }
    long = [f"branch7x7dbl_{i}" for i in range(1, 6)]
    return Branches(
        convolutions,
        [["branch1x1"], [f"branch7x7_{i}" for i in range(1, 4)], long],
        _average,
        "branch_pool",
    )


def _block_17_to_8(before: int) -> Branches:
    convolutions = {
        "branch3x3_1": Unit(before, 192, 1),
        "branch3x3_2": Unit(192, 320, 3, 2),
        "branch7x7x3_1": Unit(before, 192, 1),
        "branch7x7x3_2": Unit(192, 192, (1, 7), padding=(0, 3)),
        "branch7x7x3_3": Unit(192, 192, (7, 1), padding=(3, 0)),
        "branch7x7x3_4": Unit(192, 192, 3, 2),
    }
    return Branches(
        convolutions,
        [["branch3x3_1", "branch3x3_2"], [f"branch7x7x3_{i}" for i in range(1, 5)]],
        _halved,
        None,
    )


def _block_8(before: int, pool: Any) -> Branches:
    wide: dict[str, Any] = {"size": (1, 3), "padding": (0, 1)}
    high: dict[str, Any] = {"size": (3, 1), "padding": (1, 0)}
    convolutions = {
        "branch1x1": Unit(before, 320, 1),
        "branch3x3_1": Unit(before, 384, 1),
        "branch3x3_2a": Unit(384, 384, **wide),
        "branch3x3_2b": Unit(384, 384, **high),
        "branch3x3dbl_1": Unit(before, 448, 1),
        "branch3x3dbl_2": Unit(448, 384, 3, padding=1),
        "branch3x3dbl_3a": Unit(384, 384, **wide),
        "branch3x3dbl_3b": Unit(384, 384, **high),
        "branch_pool": Unit(before, 192, 1),
    }
    return Branches(
        convolutions,
        [
            ["branch1x1"],
            ["branch3x3_1", ("branch3x3_2a", "branch3x3_2b")],
            ["branch3x3dbl_1", "branch3x3dbl_2", ("branch3x3dbl_3a", "branch3x3dbl_3b")],
        ],
        pool,
        "branch_pool",
    )


class Inception(nn.Module):
    """Images ``(B, 3, 299, 299)`` in [-1, 1] to the 2048 features of FID."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = Unit(3, 32, 3, 2)
        self.Conv2d_2a_3x3 = Unit(32, 32, 3)
        self.Conv2d_2b_3x3 = Unit(32, 64, 3, padding=1)
        self.Conv2d_3b_1x1 = Unit(64, 80, 1)
        self.Conv2d_4a_3x3 = Unit(80, 192, 3)
        self.Mixed_5b = _block_35(192, 32)
        self.Mixed_5c = _block_35(256, 64)
        self.Mixed_5d = _block_35(288, 64)
        self.Mixed_6a = _block_35_to_17(288)
        self.Mixed_6b = _block_17(768, 128)
        self.Mixed_6c = _block_17(768, 160)
        self.Mixed_6d = _block_17(768, 160)
        self.Mixed_6e = _block_17(768, 192)
        self.Mixed_7a = _block_17_to_8(768)
        self.Mixed_7b = _block_8(1280, _average)
        self.Mixed_7c = _block_8(2048, _largest)
        self.fc = nn.Linear(2048, 1008)

    def forward(self, x: Tensor) -> Tensor:
        """The features."""
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(_halved(x)))
        x = _halved(x)
        for name, block in self.named_children():
            if name.startswith("Mixed"):
                x = block(x)
        return x.mean((2, 3))


def _same(x: Tensor, size: int, stride: int) -> Tensor:
    """Padding as TensorFlow's "SAME": an odd total pads more below and to the right."""
    total = [max((-(-side // stride) - 1) * stride + size - side, 0) for side in x.shape[2:]]
    (above, below), (left, right) = ((t // 2, t - t // 2) for t in total)
    return F.pad(x, (left, right, above, below)) if stride > 1 else x


def _conv(before: int, after: int, size: int, stride: int = 1, groups: int = 1) -> nn.Conv2d:
    padding = 0 if stride > 1 else size // 2
    return nn.Conv2d(before, after, size, stride, padding, groups=groups, bias=False)


def _norm(width: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(width, eps=1e-3)


class InvertedResidual(nn.Module):
    """Expansion, depthwise convolution, projection; with a shortcut where shapes allow."""

    def __init__(self, before: int, after: int, size: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = before * expansion
        self.size, self.stride = size, stride
        self.shortcut = stride == 1 and before == after
        if expansion > 1:
            self._expand_conv, self._bn0 = _conv(before, inner, 1), _norm(inner)
        self.expands = expansion > 1
        self._depthwise_conv = _conv(inner, inner, size, stride, inner)
        self._bn1 = _norm(inner)
        self._project_conv, self._bn2 = _conv(inner, after, 1), _norm(after)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block."""
        y = F.relu6(self._bn0(self._expand_conv(x)), inplace=True) if self.expands else x
        y = self._depthwise_conv(_same(y, self.size, self.stride))
        y = self._bn2(self._project_conv(F.relu6(self._bn1(y), inplace=True)))
        return x + y if self.shortcut else y


class EfficientNetLite0(nn.Module):
    """Images ``(B, 3, 224, 224)``, ``(RGB - 127) / 128``, to 1280 features."""

    STAGES = (
        (16, 3, 1, 1, 1),
        (24, 3, 2, 6, 2),
        (40, 5, 2, 6, 2),
        (80, 3, 2, 6, 3),
        (112, 5, 1, 6, 3),
        (192, 5, 2, 6, 4),
        (320, 3, 1, 6, 1),
    )
    """Width, kernel, stride, expansion and repeats of each stage."""

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem, self._bn0 = _conv(3, 32, 3, 2), _norm(32)
        blocks, before = [], 32
        for after, size, stride, expansion, repeats in self.STAGES:
            for index in range(repeats):
                step = 1 if index else stride
                blocks.append(InvertedResidual(before, after, size, step, expansion))
                before = after
        self._blocks = nn.ModuleList(blocks)
        self._conv_head, self._bn1 = _conv(320, 1280, 1), _norm(1280)
        self._fc = nn.Linear(1280, 1000)

    def forward(self, x: Tensor) -> Tensor:
        """The features."""
        x = F.relu6(self._bn0(self._conv_stem(_same(x, 3, 2))), inplace=True)
        for block in self._blocks:
            x = block(x)
        return F.relu6(self._bn1(self._conv_head(x)), inplace=True).mean((2, 3))


_PAIRS = (
    ("conv", "bn"),
    ("_conv_stem", "_bn0"),
    ("_conv_head", "_bn1"),
    ("_expand_conv", "_bn0"),
    ("_depthwise_conv", "_bn1"),
    ("_project_conv", "_bn2"),
)


def fold(network: nn.Module) -> None:
    """Put every batch normalisation of an evaluated network into the convolution before it."""
    for module in network.modules():
        for conv, norm in _PAIRS:
            if isinstance(getattr(module, norm, None), nn.BatchNorm2d) and hasattr(module, conv):
                setattr(
                    module, conv, fuse_conv_bn_eval(getattr(module, conv), getattr(module, norm))
                )
                setattr(module, norm, nn.Identity())
