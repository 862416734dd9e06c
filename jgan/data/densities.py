"""Distributions with known densities: Gaussian mixtures and noisy Archimedean spirals.

Everything here is a pure function. ``Mixture`` is a pytree of arrays and passes through ``jit`` and
``vmap``; ``Spiral`` holds plain numbers, which set the sizes of its quadrature.
"""

from typing import NamedTuple, Protocol

import jax
import jax.numpy as jnp
import numpy as np


class Density(Protocol):
    """What a source with a known distribution offers."""

    def log_density(self, x: jax.Array) -> jax.Array:
        """Return the natural log of the density at ``x`` (B, d), shape ``(B,)``."""
        ...

    def sample(self, key: jax.Array, n: int) -> jax.Array:
        """Return ``n`` independent points, float32 ``(n, d)``."""
        ...


class Mixture(NamedTuple):
    """A mixture of isotropic Gaussians, ``sum_k weights[k] N(modes[k], stds[k]**2 I)``.

    Attributes:
        modes: the centres, ``(K, d)``.
        stds: standard deviation along every axis, positive, ``(K,)``.
        weights: probabilities that sum to 1, ``(K,)``.

    Example:
        >>> density = Mixture(jnp.zeros((1, 2)), jnp.ones(1), jnp.ones(1))
        >>> print(f"{density.log_density(jnp.zeros((1, 2)))[0]:.4f}")  # -log(2 pi)
        -1.8379
    """

    modes: jax.Array
    stds: jax.Array
    weights: jax.Array

    def log_density(self, x: jax.Array) -> jax.Array:
        """Return the natural log of the density at ``x`` (B, d), shape ``(B,)``."""
        return _log_mixture(x, self.modes, self.stds, jnp.log(self.weights))

    def sample(self, key: jax.Array, n: int) -> jax.Array:
        """Return ``n`` independent points, float32 ``(n, d)``."""
        return self.sample_with_label(key, n)[0]

    def sample_with_label(self, key: jax.Array, n: int) -> tuple[jax.Array, jax.Array]:
        """Return points ``(n, d)`` and the mode each was drawn from, int32 ``(n,)``."""
        label_key, noise_key = jax.random.split(key)
        label = jax.random.categorical(label_key, jnp.log(self.weights), shape=(n,))
        noise = jax.random.normal(noise_key, (n, self.modes.shape[1]))
        return self.modes[label] + self.stds[label][:, None] * noise, label.astype(jnp.int32)


class Spiral(NamedTuple):
    """Points on the arms of ``r = scale * theta`` plus isotropic Gaussian noise.

    An arm is drawn uniformly and turned by its share of a circle; ``theta**power`` is uniform
    between ``start**power`` and ``stop**power``. With power 1 the angle is uniform; with power 2
    the arc length nearly is. The density is the integral of the noise's density over the angle,
    computed by composite Gauss-Legendre quadrature with 8 nodes in pieces no
    longer than four standard deviations of the noise, which is exact to float32.

    Attributes:
        arms: number of arms.
        start: first angle in radians, not negative.
        stop: last angle in radians, beyond ``start``.
        scale: radius gained per radian.
        std: standard deviation of the noise along each axis.
        power: 1 or 2, see above.

    Example:
        >>> spiral = Spiral(arms=1, start=4.71, stop=14.14, scale=0.13, std=0.03, power=1)
        >>> spiral.sample(jax.random.key(0), 3).shape
        (3, 2)
    """

    arms: int
    start: float
    stop: float
    scale: float
    std: float
    power: int

    def _curve(self, angle: jax.Array, arm: jax.Array) -> jax.Array:
        turned = angle + 2 * jnp.pi * arm / self.arms
        direction = jnp.stack([jnp.cos(turned), jnp.sin(turned)], axis=-1)
        return self.scale * angle[:, None] * direction

    def log_density(self, x: jax.Array) -> jax.Array:
        """Return the natural log of the density at ``x`` (B, 2), shape ``(B,)``."""
        extent = self.stop - self.start
        longest = self.scale * (1 + self.stop) * extent
        pieces = int(np.ceil(longest / (4 * self.std)))
        nodes, shares = np.polynomial.legendre.leggauss(8)
        inside = (np.arange(pieces)[:, None] + (nodes + 1) / 2) / pieces
        angle = np.tile((self.start + extent * inside).ravel(), self.arms)
        # The angle's own density: its power is uniform.
        height = angle ** (self.power - 1) / (self.stop**self.power - self.start**self.power)
        mass = np.tile(shares / 2, pieces * self.arms) * self.power * height * extent / pieces
        arm = np.repeat(np.arange(self.arms, dtype=np.float32), inside.size)
        stds = jnp.full(angle.shape, self.std)
        centres = self._curve(jnp.asarray(angle), jnp.asarray(arm))
        return _log_mixture(x, centres, stds, jnp.log(jnp.asarray(mass / self.arms)))

    def sample(self, key: jax.Array, n: int) -> jax.Array:
        """Return ``n`` independent points, float32 ``(n, 2)``."""
        arm_key, fraction_key, noise_key = jax.random.split(key, 3)
        arm = jax.random.randint(arm_key, (n,), 0, self.arms).astype(jnp.float32)
        low, high = self.start**self.power, self.stop**self.power
        powered = jax.random.uniform(fraction_key, (n,), minval=low, maxval=high)
        curve = self._curve(powered ** (1 / self.power), arm)
        return curve + self.std * jax.random.normal(noise_key, (n, 2))


@jax.jit
def _log_mixture(
    x: jax.Array, centres: jax.Array, stds: jax.Array, log_weights: jax.Array
) -> jax.Array:
    """Return log sum_k exp(log_weights[k]) N(x; centres[k], stds[k]**2 I), shape ``(B,)``."""
    # Differences and not the expanded square: a std of 0.01 around a radius of 1 cancels.
    # Compiled, so that the (B, K, d) differences are summed without being stored.
    squares = jnp.sum((x[:, None, :] - centres[None]) ** 2, axis=-1)
    normaliser = x.shape[-1] * (jnp.log(stds) + 0.5 * jnp.log(2 * jnp.pi))
    constants = log_weights - normaliser
    return jax.nn.logsumexp(constants[None] - squares / (2 * stds[None] ** 2), axis=-1)
