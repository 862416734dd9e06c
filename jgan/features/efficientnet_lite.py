"""EfficientNet-Lite0: an ImageNet network that a package index delivers (Apache-2.0).

Tan & Le 2019, "EfficientNet: rethinking model scaling for convolutional neural networks", in the
variant published for small devices: no squeeze-and-excitation, ReLU6, stem and head of fixed width.
"""

from collections.abc import Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp

from jgan.features.folded import Folded, convolve, depthwise

SIZE = 224
FEATURES, CLASSES = 1280, 1000


class Block(NamedTuple):
    """One inverted residual block (Sandler et al. 2018, "MobileNetV2"); its kernel's size is the weights'.

    Attributes:
      before: channels of its input.
      after: channels of its output.
      stride: of the depthwise convolution.
      expansion: how many times wider it is inside; 1 for no expanding convolution.
    """

    before: int
    after: int
    stride: int
    expansion: int


def _blocks() -> tuple[Block, ...]:
    found, before = [], 32
    for after, stride, expansion, repeats in (
        (16, 1, 1, 1),
        (24, 2, 6, 2),
        (40, 2, 6, 2),
        (80, 2, 6, 3),
        (112, 1, 6, 3),
        (192, 2, 6, 4),
        (320, 1, 6, 1),
    ):
        for index in range(repeats):
            found.append(Block(before, after, 1 if index else stride, expansion))
            before = after
    return tuple(found)


BLOCKS = _blocks()


def efficientnet_lite0_features(weights: Mapping[str, Folded], images: jax.Array) -> jax.Array:
    """The 1280 pooled features before the last layer.

    Args:
      weights: ``"stem"``, ``"head"``, and for block i ``"i.expand"`` (unless its expansion is 1),
        ``"i.depthwise"`` and ``"i.project"``, batch normalisation folded in.
      images: ``(B, H, W, 3)``, ``(RGB - 127) / 128`` of RGB in 0 to 255; 224 x 224 in the published
        network.

    Returns:
      ``(B, 1280)``, between 0 and 6.
    """
    x = jax.nn.relu6(convolve(images, weights["stem"], stride=2))
    for index, block in enumerate(BLOCKS):
        y = x
        if block.expansion > 1:
            y = jax.nn.relu6(convolve(y, weights[f"{index}.expand"]))
        y = jax.nn.relu6(depthwise(y, weights[f"{index}.depthwise"], stride=block.stride))
        y = convolve(y, weights[f"{index}.project"])
        x = x + y if block.stride == 1 and block.before == block.after else y
    return jax.nn.relu6(convolve(x, weights["head"])).mean(axis=(1, 2))


def efficientnet_lite0_logits(head: Folded, features: jax.Array) -> jax.Array:
    """Logits ``(B, 1000)`` of the ImageNet classes, of features ``(B, 1280)``."""
    return jnp.matmul(features, head.kernel, precision="highest") + head.bias
