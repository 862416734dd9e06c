"""Weights and images drawn by fixed recipes, so that every interpreter has the same without a file.

Only uniform numbers of one generator are used, whose stream numpy does not change.
"""

from collections.abc import Mapping

import numpy as np


def uniform(
    draw: np.random.Generator, shape: tuple[int, ...], low: float, high: float
) -> np.ndarray:
    """Uniform float32 numbers."""
    return (low + (high - low) * draw.random(shape)).astype(np.float32)


def random_weights(
    shapes: Mapping[str, tuple[int, ...]], seed: int = 2015
) -> dict[str, np.ndarray]:
    """A state dictionary in PyTorch's layouts: kernels ``(out, in / groups, kh, kw)``.

    Kernels keep the scale of activations (variance 2 / fan-in); normalisations have scales and
    variances in 0.5 to 1.5 and shifts and means in -0.2 to 0.2, none of them trivial, so that a
    forgotten one shows.

    Args:
      shapes: of every array by name, drawn in the order of the sorted names; counters of batches are
        left out.
      seed: of the generator.
    """
    draw, found = np.random.default_rng(seed), {}
    for name in sorted(name for name in shapes if not name.endswith("num_batches_tracked")):
        shape, last = tuple(shapes[name]), name.rsplit(".", 1)[1]
        if len(shape) > 1:
            reach = np.sqrt(6 / np.prod(shape[1:]))
            found[name] = uniform(draw, shape, -reach, reach)
        elif last in ("weight", "running_var"):
            found[name] = uniform(draw, shape, 0.5, 1.5)
        else:
            found[name] = uniform(draw, shape, -0.2, 0.2)
    return found


def random_images(count: int, height: int = 40, width: int = 48, seed: int = 299) -> np.ndarray:
    """Images ``(count, height, width, 3)`` of uint8: noise on waves of a random direction and colour."""
    draw = np.random.default_rng(seed)
    rows, columns = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    slopes = uniform(draw, (count, 2, 1, 1, 3), -0.7, 0.7)
    waves = np.sin(slopes[:, 0] * rows[..., None] + slopes[:, 1] * columns[..., None])
    noise = uniform(draw, waves.shape, -50.0, 50.0)
    return np.clip(127.5 + 80 * waves + noise, 0, 255).astype(np.uint8)
