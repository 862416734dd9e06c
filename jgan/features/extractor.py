"""What a feature extractor is: a network with fixed weights, by everything that its distances depend on."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from jgan.features.judge_accuracy import JudgeAccuracy


class Extractor(NamedTuple):
    """A network with fixed weights that turns images into features.

    A distance between features means something only together with all of this, so reports print it.

    Attributes:
      name: of the network, such as "efficientnet-lite0".
      sha256: of the weights, in hex: of the published file, or of the weights' bytes where they were
        drawn or trained here.
      resize: what is done to an image of another size, in words.
      features: images ``(B, H, W, C)``, float32 in [-1, 1], of any size, C 1 or 3, to ``(B, D)``
        float32; pure, can be compiled.
      probabilities: likewise to ``(B, K)`` probabilities of classes; None if the network has none.
      classes: names of the K classes, empty where they are not known.
      accuracy: how often its classes are right, where it was trained here; None for published networks.
      unrounded: the same as ``features`` without its rounding of pictures to 8 bits, for differences along a
        path; None where ``features`` does not round.
    """

    name: str
    sha256: str
    resize: str
    features: Callable[[jax.Array], jax.Array]
    probabilities: Callable[[jax.Array], jax.Array] | None = None
    unrounded: Callable[[jax.Array], jax.Array] | None = None
    classes: tuple[str, ...] = ()
    accuracy: JudgeAccuracy | None = None


def smooth(extractor: Extractor) -> Callable[[jax.Array], jax.Array]:
    """The features as a continuous function of the pictures, which rounding to 8 bits is not."""
    return extractor.features if extractor.unrounded is None else extractor.unrounded


def classified(classify: Callable[[jax.Array], jax.Array], features: Partial) -> Partial:
    """The probabilities ``classify(features(images))`` as a function of images."""
    return Partial(_classified, classify, features)


def _classified(classify: Any, features: Any, images: jax.Array) -> jax.Array:
    return classify(features(images))


def features_and_probabilities(extractor: Extractor) -> Partial:
    """Images to the pair of both, in one pass through a network made with `classified`.

    Raises:
      ValueError: if the extractor names no classes.
    """
    features, probabilities = extractor.features, extractor.probabilities
    if probabilities is None:
        raise ValueError(f"extractor {extractor.name!r} names no classes.")
    if isinstance(probabilities, Partial) and probabilities.func is _classified:
        classify, inner = probabilities.args
        if inner is features:
            return Partial(_once, classify, features)
    whole = [f if isinstance(f, Partial) else Partial(f) for f in (features, probabilities)]
    return Partial(_twice, *whole)


def _once(classify: Any, features: Any, images: jax.Array) -> tuple[jax.Array, jax.Array]:
    found = features(images)
    return found, classify(found)


def _twice(features: Any, probabilities: Any, images: jax.Array) -> tuple[jax.Array, jax.Array]:
    return features(images), probabilities(images)


def rgb(images: jax.Array) -> jax.Array:
    """Images ``(B, H, W, C)`` with grey ones repeated to three channels.

    Raises:
      ValueError: unless C is 1 or 3.

    Examples:
      >>> rgb(jnp.zeros((2, 4, 4, 1))).shape
      (2, 4, 4, 3)
    """
    if images.ndim != 4 or images.shape[-1] not in (1, 3):
        raise ValueError(
            f"images have shape {images.shape}, but must be (B, H, W, 1) or (B, H, W, 3)."
        )
    return images if images.shape[-1] == 3 else jnp.repeat(images, 3, axis=-1)
