"""Toy sources with known densities: ring, grid, Gaussian mixtures, spiral and Swiss roll.

Points are float32 ``(N, d)`` in their own units, never scaled to [-1, 1]; the true distribution is
``source.density``. Training and test points are independent draws.
"""

import jax
import jax.numpy as jnp
import numpy as np

from jgan.data.densities import Mixture, Spiral
from jgan.data.pictures import available_bytes
from jgan.data.source import Source

POINTS = 100_000
_BYTES = 64  # of a point while it is drawn


def ring(
    size: int = POINTS,
    seed: int = 0,
    *,
    split: str = "train",
    modes: int = 8,
    radius: float = 1.0,
    std: float = 0.01,
) -> Source:
    """Return equal Gaussians on a circle.

    The defaults are those of Metz et al., "Unrolled GANs" (2017) and Lin et al., "PacGAN" (2018).
    The toy of Gulrajani et al., "Improved Training of Wasserstein GANs" (2017) is
    ``ring(radius=2 / 1.414, std=0.02 / 1.414)``. The first mode lies at angle 0 and the circle's
    end is excluded: the Unrolled GAN demo includes both ends and so has only 7 distinct modes.

    Args:
        size: number of points.
        seed: which points are drawn.
        split: "train" or "test", independent draws.
        modes: number of Gaussians.
        radius: the circle's radius.
        std: standard deviation of each Gaussian along each axis.

    Returns:
        A source with ``image`` float32 ``(size, 2)``, ``label`` (the mode) and a ``Mixture``.

    Raises:
        ValueError: if a number is not positive.

    Example:
        >>> ring(1000).density.modes.shape
        (8, 2)
    """
    _positive(modes=modes, radius=radius, std=std)
    angles = np.linspace(0, 2 * np.pi, modes, endpoint=False)
    centres = radius * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    return _from_mixture(_equal(centres, std), size, seed, split, "ring")


def grid(
    size: int = POINTS,
    seed: int = 0,
    *,
    split: str = "train",
    side: int = 5,
    spacing: float = 2.0,
    std: float = 0.05,
) -> Source:
    """Return equal Gaussians on a square lattice around the origin.

    The defaults, centres {-4, -2, 0, 2, 4}^2, are those of Srivastava et al., "VEEGAN" (2017) as
    Lin et al., "PacGAN" (2018) use them. The toy of Gulrajani et al. (2017) is
    ``grid(spacing=2 / 2.828, std=0.05 / 2.828)``.

    Args:
        size: number of points.
        seed: which points are drawn.
        split: "train" or "test", independent draws.
        side: Gaussians along each axis.
        spacing: distance between neighbours.
        std: standard deviation of each Gaussian along each axis.

    Returns:
        A source with ``image`` float32 ``(size, 2)``, ``label`` (the mode) and a ``Mixture``.

    Raises:
        ValueError: if a number is not positive.

    Example:
        >>> grid(1000).density.modes[:3].tolist()
        [[-4.0, -4.0], [-4.0, -2.0], [-4.0, 0.0]]
    """
    _positive(side=side, spacing=spacing, std=std)
    axis = spacing * (np.arange(side) - (side - 1) / 2)
    centres = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    return _from_mixture(_equal(centres, std), size, seed, split, "grid")


def mixture(
    size: int = POINTS,
    seed: int = 0,
    *,
    split: str = "train",
    modes: int = 10,
    dimension: int = 2,
    centre_std: float = 1.0,
    std: float = 0.05,
    layout: int = 0,
) -> Source:
    """Return equal Gaussians whose centres are drawn from N(0, centre_std**2 I).

    ``mixture(10_000, dimension=1200)`` is the high-dimensional case after Srivastava et al.,
    "VEEGAN" (2017), section 4.1: ten modes in 1200 dimensions. VEEGAN embeds 700-dimensional
    Gaussians, which have no density in 1200 dimensions; here the noise fills the whole space.

    Args:
        size: number of points.
        seed: which points are drawn.
        split: "train" or "test", independent draws around the same centres.
        modes: number of Gaussians.
        dimension: the space's dimension d.
        centre_std: standard deviation of the centres along each axis.
        std: standard deviation of each Gaussian along each axis.
        layout: which centres are drawn, so that seeds share one distribution.

    Returns:
        A source with ``image`` float32 ``(size, d)``, ``label`` (the mode) and a ``Mixture``.

    Raises:
        ValueError: if a number is not positive.

    Example:
        >>> mixture(500, dimension=1200).describe()
        'mixture: 500 examples; image float32 (1200,); label int32 (); 10 classes'
    """
    _positive(modes=modes, dimension=dimension, centre_std=centre_std, std=std)
    centres = centre_std * jax.random.normal(jax.random.key(layout), (modes, dimension))
    return _from_mixture(_equal(centres, std), size, seed, split, "mixture")


def spiral(
    size: int = POINTS,
    seed: int = 0,
    *,
    split: str = "train",
    arms: int = 2,
    turns: float = 1.5,
    radius: float = 3.0,
    std: float = 0.05,
) -> Source:
    """Return arms that wind out from the origin, nearly uniform along their length.

    The shape follows the "2spirals" toy of Grathwohl et al., "FFJORD" (2019), with Gaussian noise
    only, so that the density is known: see ``densities.Spiral`` with power 2.

    Args:
        size: number of points.
        seed: which points are drawn.
        split: "train" or "test", independent draws.
        arms: number of arms, turned evenly around the origin.
        turns: full turns that each arm makes.
        radius: distance from the origin at the arms' ends.
        std: standard deviation of the noise along each axis.

    Returns:
        A source with ``image`` float32 ``(size, 2)`` and a ``Spiral``.

    Raises:
        ValueError: if a number is not positive.

    Example:
        >>> spiral(1000).describe()
        'spiral: 1000 examples; image float32 (2,)'
    """
    _positive(arms=arms, turns=turns, radius=radius, std=std)
    angle = 2 * np.pi * turns
    density = Spiral(arms, 0.0, angle, radius / angle, std, power=2)
    return _from_spiral(density, size, seed, split, "spiral")


def swiss_roll(
    size: int = POINTS,
    seed: int = 0,
    *,
    split: str = "train",
    scale: float = 1 / 7.5,
    std: float = 0.25 / 7.5,
) -> Source:
    """Return the plane section of scikit-learn's Swiss roll.

    The angle is uniform in [1.5 pi, 4.5 pi] and the radius is ``scale`` times the angle. The
    defaults are those of Gulrajani et al., "Improved Training of Wasserstein GANs" (2017): noise
    0.25, then everything divided by 7.5. The density is that of ``densities.Spiral``.

    Args:
        size: number of points.
        seed: which points are drawn.
        split: "train" or "test", independent draws.
        scale: radius per radian.
        std: standard deviation of the noise along each axis, after scaling.

    Returns:
        A source with ``image`` float32 ``(size, 2)`` and a ``Spiral``.

    Raises:
        ValueError: if a number is not positive.

    Example:
        >>> swiss_roll(1000).describe()
        'swiss_roll: 1000 examples; image float32 (2,)'
    """
    _positive(scale=scale, std=std)
    density = Spiral(1, 1.5 * np.pi, 4.5 * np.pi, scale, std, power=1)
    return _from_spiral(density, size, seed, split, "swiss_roll")


def _positive(**values: float) -> None:
    for field, value in values.items():
        if not value > 0:
            raise ValueError(f"{field} is {value}; it must be positive.")


def _equal(centres: np.ndarray | jax.Array, std: float) -> Mixture:
    count = len(centres)
    return Mixture(
        jnp.asarray(centres, jnp.float32), jnp.full(count, std), jnp.full(count, 1 / count)
    )


def _key(size: int, seed: int, split: str) -> jax.Array:
    _positive(size=size)
    if size * _BYTES > available_bytes():
        raise ValueError(f"size is {size}, but so many points do not fit into memory.")
    # "train" and "test" must not share a single point, whatever the seeds.
    return jax.random.fold_in(jax.random.key(seed), int(split == "test"))


def _from_mixture(density: Mixture, size: int, seed: int, split: str, name: str) -> Source:
    points, label = density.sample_with_label(_key(size, seed, split), size)
    return Source({"image": np.asarray(points), "label": np.asarray(label)}, name, density)


def _from_spiral(density: Spiral, size: int, seed: int, split: str, name: str) -> Source:
    points = density.sample(_key(size, seed, split), size)
    return Source({"image": np.asarray(points)}, name, density)
