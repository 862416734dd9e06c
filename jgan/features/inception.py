"""Inception v3 as of 2015-12-05, the network that FID and the Inception score are defined by.

Szegedy et al. 2016, "Rethinking the Inception architecture for computer vision", as TensorFlow
published its weights. It differs from later versions in three ways: average pooling leaves the padding
out of its mean, the last block pools by the maximum, and there are 1008 logits.

Parallel 1x1 convolutions of one block are computed as one, and the branch "average pool, then 1x1
convolution" as "1x1 convolution, then average pool": both are linear, and the bias passes through a
mean unchanged.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jgan.features.folded import Folded, average_pool, convolve, max_pool

SIZE = 299
FEATURES, CLASSES = 2048, 1008


class Convolution(NamedTuple):
    """Shape of one convolution: channels before and after, height and width of its kernel."""

    before: int
    after: int
    height: int = 1
    width: int = 1


def _block_35(before: int, pooled: int) -> dict[str, Convolution]:
    return {
        "branch1x1": Convolution(before, 64),
        "branch5x5_1": Convolution(before, 48),
        "branch5x5_2": Convolution(48, 64, 5, 5),
        "branch3x3dbl_1": Convolution(before, 64),
        "branch3x3dbl_2": Convolution(64, 96, 3, 3),
        "branch3x3dbl_3": Convolution(96, 96, 3, 3),
        "branch_pool": Convolution(before, pooled),
    }


def _block_17(inner: int) -> dict[str, Convolution]:
    return {
        "branch1x1": Convolution(768, 192),
        "branch7x7_1": Convolution(768, inner),
        "branch7x7_2": Convolution(inner, inner, 1, 7),
        "branch7x7_3": Convolution(inner, 192, 7, 1),
        "branch7x7dbl_1": Convolution(768, inner),
        "branch7x7dbl_2": Convolution(inner, inner, 7, 1),
        "branch7x7dbl_3": Convolution(inner, inner, 1, 7),
        "branch7x7dbl_4": Convolution(inner, inner, 7, 1),
        "branch7x7dbl_5": Convolution(inner, 192, 1, 7),
        "branch_pool": Convolution(768, 192),
    }


def _block_8(before: int) -> dict[str, Convolution]:
    return {
        "branch1x1": Convolution(before, 320),
        "branch3x3_1": Convolution(before, 384),
        "branch3x3_2a": Convolution(384, 384, 1, 3),
        "branch3x3_2b": Convolution(384, 384, 3, 1),
        "branch3x3dbl_1": Convolution(before, 448),
        "branch3x3dbl_2": Convolution(448, 384, 3, 3),
        "branch3x3dbl_3a": Convolution(384, 384, 1, 3),
        "branch3x3dbl_3b": Convolution(384, 384, 3, 1),
        "branch_pool": Convolution(before, 192),
    }


_BLOCKS: dict[str, dict[str, Convolution]] = {
    "Mixed_5b": _block_35(192, 32),
    "Mixed_5c": _block_35(256, 64),
    "Mixed_5d": _block_35(288, 64),
    "Mixed_6a": {
        "branch3x3": Convolution(288, 384, 3, 3),
        "branch3x3dbl_1": Convolution(288, 64),
        "branch3x3dbl_2": Convolution(64, 96, 3, 3),
        "branch3x3dbl_3": Convolution(96, 96, 3, 3),
    },
    "Mixed_6b": _block_17(128),
    "Mixed_6c": _block_17(160),
    "Mixed_6d": _block_17(160),
    "Mixed_6e": _block_17(192),
    "Mixed_7a": {
        "branch3x3_1": Convolution(768, 192),
        "branch3x3_2": Convolution(192, 320, 3, 3),
        "branch7x7x3_1": Convolution(768, 192),
        "branch7x7x3_2": Convolution(192, 192, 1, 7),
        "branch7x7x3_3": Convolution(192, 192, 7, 1),
        "branch7x7x3_4": Convolution(192, 192, 3, 3),
    },
    "Mixed_7b": _block_8(1280),
    "Mixed_7c": _block_8(2048),
}
CONVOLUTIONS: dict[str, Convolution] = {
    "Conv2d_1a_3x3": Convolution(3, 32, 3, 3),
    "Conv2d_2a_3x3": Convolution(32, 32, 3, 3),
    "Conv2d_2b_3x3": Convolution(32, 64, 3, 3),
    "Conv2d_3b_1x1": Convolution(64, 80),
    "Conv2d_4a_3x3": Convolution(80, 192, 3, 3),
    **{f"{block}.{name}": unit for block, own in _BLOCKS.items() for name, unit in own.items()},
}
"""Every convolution by the name that the PyTorch ports of the network give it."""

Weights = Mapping[str, Folded]


def inception_features(weights: Weights, images: jax.Array) -> jax.Array:
    """The 2048 features of the last average pool, called ``pool_3:0`` in the original graph.

    Args:
      weights: each of `CONVOLUTIONS` with its batch normalisation folded in.
      images: ``(B, 299, 299, 3)`` in [-1, 1] (see `jgan.features.resize`; other sizes of at least 75
        work but are not FID's).

    Returns:
      ``(B, 2048)``, none negative.
    """
    unit = lambda name, x, **how: jax.nn.relu(convolve(x, weights[name], **how))
    x = unit("Conv2d_1a_3x3", images, stride=2, padding="VALID")
    x = unit("Conv2d_2a_3x3", x, padding="VALID")
    x = _convolve_and_halve(x, weights["Conv2d_2b_3x3"], "SAME")
    x = unit("Conv2d_3b_1x1", x)
    x = _convolve_and_halve(x, weights["Conv2d_4a_3x3"], "VALID")
    for name, own in _BLOCKS.items():
        x = _block(x, {unit: weights[f"{name}.{unit}"] for unit in own}, name == "Mixed_7c")
    return x.mean(axis=(1, 2))


def inception_logits(head: Folded, features: jax.Array, *, bias: bool = False) -> jax.Array:
    """Logits ``(B, 1008)`` of features ``(B, 2048)``.

    The published Inception scores multiply by the last layer's matrix and forget its bias, so ``bias``
    is False by default.
    """
    logits = jnp.matmul(features, head.kernel, precision="highest")
    return logits + head.bias if bias else logits


def _block(x: jax.Array, weights: Weights, last: bool) -> jax.Array:
    """One mixed block: branches of units side by side, joined along the channels."""
    unit = lambda name, x, **how: jax.nn.relu(convolve(x, weights[name], **how))
    halves: dict[str, Any] = {"stride": 2, "padding": "VALID"}
    first = [name for name in ("branch1x1",) if name in weights]
    first += [name for name in weights if name.endswith("_1") and name not in first]
    if "branch_pool" in weights and not last:
        first.append("branch_pool")
    y = dict(zip(first, _pointwise(x, [weights[name] for name in first]), strict=True))
    pooled = y.pop("branch_pool", None)
    y = {name: jax.nn.relu(value) for name, value in y.items()}
    if "branch5x5_1" in y:
        branches = [
            y["branch1x1"],
            unit("branch5x5_2", y["branch5x5_1"]),
            unit("branch3x3dbl_3", unit("branch3x3dbl_2", y["branch3x3dbl_1"])),
        ]
    elif "branch3x3" in weights:
        tower = unit("branch3x3dbl_2", y["branch3x3dbl_1"])
        branches = [unit("branch3x3", x, **halves), unit("branch3x3dbl_3", tower, **halves)]
    elif "branch7x7_1" in y:
        tower = y["branch7x7dbl_1"]
        for index in range(2, 6):
            tower = unit(f"branch7x7dbl_{index}", tower)
        branches = [
            y["branch1x1"],
            unit("branch7x7_3", unit("branch7x7_2", y["branch7x7_1"])),
            tower,
        ]
    elif "branch7x7x3_1" in y:
        tower = unit("branch7x7x3_3", unit("branch7x7x3_2", y["branch7x7x3_1"]))
        branches = [
            unit("branch3x3_2", y["branch3x3_1"], **halves),
            unit("branch7x7x3_4", tower, **halves),
        ]
    else:
        tower = unit("branch3x3dbl_2", y["branch3x3dbl_1"])
        branches = [
            y["branch1x1"],
            unit("branch3x3_2a", y["branch3x3_1"]),
            unit("branch3x3_2b", y["branch3x3_1"]),
            unit("branch3x3dbl_3a", tower),
            unit("branch3x3dbl_3b", tower),
        ]
    if pooled is not None:
        branches.append(jax.nn.relu(average_pool(pooled)))
    elif last:
        branches.append(unit("branch_pool", max_pool(x, stride=1, padding="SAME")))
    else:
        branches.append(max_pool(x, **halves))
    return jnp.concatenate(branches, axis=-1)


def _pointwise(x: jax.Array, convolutions: list[Folded]) -> list[jax.Array]:
    """Several pointwise (1x1) convolutions of the same images, as one product."""
    kernel, bias = (jnp.concatenate(parts, axis=-1) for parts in zip(*convolutions, strict=True))
    sizes = [len(convolution.bias) for convolution in convolutions]
    ends = [sum(sizes[: i + 1]) for i in range(len(sizes) - 1)]
    return jnp.split(convolve(x, Folded(kernel, bias)), ends, axis=-1)


def _convolve_and_halve(x: jax.Array, folded: Folded, padding: str) -> jax.Array:
    """A unit and the max pool after it; bias and ReLU keep the order, so they come after the pool."""
    y = convolve(x, folded, padding=padding, add_bias=False)
    return jax.nn.relu(max_pool(y, stride=2, padding="VALID") + folded.bias)
