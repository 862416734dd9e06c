"""A small convolutional classifier: to measure what a generator draws of simple pictures, or to play."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jgan.networks.layers import Conv, Dense
from jgan.networks.network import Network, from_linen

FEATURES = 128
DROPOUT = 0.3
LAST_LAYER = "logits"


class _Classifier(nn.Module):
    classes: int
    width: int

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> tuple[jax.Array, jax.Array]:
        # The only gains needed are those of He et al. 2015: no normalisation, so no running statistics.
        common: dict[str, Any] = {"kernel_init": nn.initializers.he_normal()}
        for factor in (1, 2):
            for resample in ("none", "pool"):
                layer = Conv(factor * self.width, resample=resample, **common)
                x = nn.relu(layer(x, train=train))
        x = x.reshape(x.shape[0], -1)
        x = nn.Dropout(DROPOUT, deterministic=not train)(x)
        features = nn.relu(Dense(FEATURES, **common)(x, train=train))
        logits = Dense(self.classes, name=LAST_LAYER)(features, train=train)
        return features, logits.astype(jnp.float32)


def small_classifier(classes: int, *, width: int = 32) -> Network:
    """Images ``(B, H, W, C)`` to ``(features, logits)``, ``(B, 128)`` and ``(B, classes)``.

    Four 3x3 convolutions (``width``, ``width``, twice that, twice that), average-pooled by two after the
    second and the fourth; dropout in training; a dense layer of 128, whose values are the features; a
    dense layer of logits. ReLU throughout.

    Args:
      classes: how many there are, at least 2.
      width: channels of the first convolutions.

    Raises:
      ValueError: if there are fewer than two classes or no channels.
    """
    _check(classes, width)
    return from_linen(_Classifier(classes, width))


class _Player(nn.Module):
    classes: int
    width: int

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> dict[str, jax.Array]:
        common: dict[str, Any] = {"kernel_init": nn.initializers.he_normal()}
        for factor in (1, 2):
            layer = Conv(factor * self.width, size=4, stride=2, **common)
            x = nn.relu(layer(x, train=train))
        x = x.reshape(x.shape[0], -1)
        features = nn.relu(Dense(FEATURES, **common)(x, train=train))
        logits = Dense(self.classes, name=LAST_LAYER)(features, train=train)
        return {"features": features, "class": logits.astype(jnp.float32)}


def classifying_player(classes: int, *, width: int = 32) -> Network:
    """Images ``(B, H, W, C)`` to ``{"features": (B, 128), "class": logits (B, classes)}``, for games.

    Two 4x4 convolutions of stride 2 (``width``, twice that), a dense layer of 128 and one of logits, with ReLU.
    The weights' variance is 2 over the number of inputs, so that it learns at once, and there is no dropout:
    against a player that learns there are always new pictures.

    Args:
      classes: how many there are, at least 2.
      width: channels of the first convolution.

    Raises:
      ValueError: if there are fewer than two classes or no channels.
    """
    _check(classes, width)
    return from_linen(_Player(classes, width))


def _check(classes: int, width: int) -> None:
    if classes < 2 or width < 1:
        raise ValueError(
            f"classes is {classes} and width {width}, but must be at least 2 and at least 1."
        )
