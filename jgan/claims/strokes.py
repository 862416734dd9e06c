"""Slant and stroke width of drawn characters, and how well a code of the latent sets them."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from jgan.claims.measures import AT_ONCE, Measure, conditions_of
from jgan.game import Sampler
from jgan.gans.infogan import Codes
from jgan.training.devices import on_host
from jgan.training.experiment import Trained

Property = Callable[[np.ndarray], np.ndarray]


def slant(images: np.ndarray) -> np.ndarray:
    """Slant of bright characters on a dark ground: how far the ink goes to the left on its way down.

    The slope of the regression of the horizontal on the vertical position of the ink, with opposite sign
    (the moments' ratio that LeCun et al. 1998 deslant digits by).

    Args:
      images: ``(N, H, W, C)`` in [-1, 1].

    Returns:
      ``(N,)``, 1 for an angle of 45 degrees; 0 where there is no ink.

    >>> stroke = 2 * np.eye(8)[None, :, ::-1, None] - 1
    >>> slant(stroke).round(6).tolist()
    [1.0]
    """
    ink = _ink(images)
    total = np.maximum(ink.sum(axis=(1, 2)), 1e-12)
    down, across = np.mgrid[: ink.shape[1], : ink.shape[2]]
    mean = lambda values: (ink * values).sum(axis=(1, 2)) / total
    at_down, at_across = mean(down), mean(across)
    covariance = mean(down * across) - at_down * at_across
    variance = mean(down**2) - at_down**2
    return -covariance / np.maximum(variance, 1e-12) * (variance > 1e-9)


def stroke_width(images: np.ndarray) -> np.ndarray:
    """Mean width of the strokes of bright characters, in pixels: twice their area over their outline's length.

    Area and length are sums over grey values, the length that of the gradient (the co-area formula), so that
    both change continuously with the picture.

    Args:
      images: ``(N, H, W, C)`` in [-1, 1].

    Returns:
      ``(N,)``, 0 where there is no ink.

    >>> bar = -np.ones((1, 30, 30, 1))
    >>> bar[:, 2:-2, 10:14] = 1
    >>> stroke_width(bar).round(1).tolist()  # of 4 pixels, less by its ends
    [3.5]
    """
    ink = _ink(images)
    outline = np.hypot(*np.gradient(ink, axis=(1, 2))).sum(axis=(1, 2))
    return 2 * ink.sum(axis=(1, 2)) / np.maximum(outline, 1e-12) * (outline > 1e-9)


PROPERTIES: dict[str, Property] = {"slant": slant, "stroke width": stroke_width}


def explained(codes: np.ndarray, values: np.ndarray, groups: np.ndarray) -> float:
    """Share of the variance of values within groups that a linear function of one code explains, R².

    Args:
      codes: ``(N,)``.
      values: ``(N,)``.
      groups: of each example, ``(N,)``, of which each has a mean of its own.

    >>> codes, groups = np.linspace(-1, 1, 50), np.arange(50) % 2
    >>> round(explained(codes, 3 * codes + 10 * groups, groups), 6)
    1.0
    """
    centred = [_centred(np.asarray(one, np.float64), groups) for one in (codes, values)]
    squares = [np.sum(one**2) for one in centred]
    if min(squares) <= 0:
        return 0.0
    return float(np.sum(centred[0] * centred[1]) ** 2 / (squares[0] * squares[1]))


def best_read_property(codes: Codes, count: int = 2000) -> Measure:
    """The largest R², over continuous codes and `PROPERTIES`, of a property as a linear function of one code.

    All other parts of the latent are drawn at random; means of the categories are taken out.

    Args:
      codes: of the latent (`jgan.gans.infogan`).
      count: samples.
    """

    def measure(trained: Trained) -> float:
        sampler = trained.experiment.game.sampler
        assert sampler is not None
        latent, images = _latents_and_images(trained, sampler, count)
        category, continuous = (np.asarray(part) for part in codes.split(latent))
        found = [
            explained(continuous[:, code], of(images), category.argmax(axis=1))
            for code in range(codes.continuous)
            for of in PROPERTIES.values()
        ]
        return max(found)

    return measure


def _latents_and_images(trained: Trained, sampler: Sampler, count: int) -> tuple[Any, np.ndarray]:
    variables = on_host(trained.state.averaged_variables())
    batch = conditions_of(trained.experiment.source).at(np.arange(AT_ONCE))
    draw = jax.jit(sampler.latent)
    make = jax.jit(sampler.for_batch)
    latents, images = [], []
    for key in jax.random.split(jax.random.key(0), -(-count // AT_ONCE)):
        latents.append(draw(key, batch))
        images.append(make(variables, batch, latents[-1]))
    return np.concatenate(latents)[:count], np.concatenate(images)[:count]


def _ink(images: np.ndarray) -> np.ndarray:
    """Grey values ``(N, H, W)`` from 0 to 1."""
    return (np.asarray(images, np.float64).mean(axis=-1) + 1) / 2


def _centred(values: np.ndarray, groups: np.ndarray) -> np.ndarray:
    _, places = np.unique(groups, return_inverse=True)
    means = np.bincount(places, values) / np.bincount(places)
    return values - means[places]
