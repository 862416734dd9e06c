"""A mixture of Gaussians, the density that other models are measured by."""

import math
from typing import Any

import jax
import jax.numpy as jnp

from jgan.batch_axis import draw_rows
from jgan.game import GENERATOR, Aux, Batch, Collections, Game, PyTree, Sampler, Variables, count_of
from jgan.gans.single_player import single_player


def log_density(params: PyTree, x: jax.Array) -> jax.Array:
    """log Σ_k w_k N(x; μ_k, (P_k P_kᵀ)⁻¹) in nats, ``(B,)``.

    Args:
      params: ``"weights"`` ``(K,)``, logarithms up to a constant; ``"means"`` ``(K, d)``; ``"precisions"``,
        the factors P: ``(K, d, d)`` triangular, or ``(K, d)`` for the diagonals of diagonal ones.
      x: ``(B, d)``.

    >>> params = {"weights": jnp.zeros(1), "means": jnp.zeros((1, 2)), "precisions": jnp.ones((1, 2))}
    >>> round(float(log_density(params, jnp.zeros((1, 2)))[0]), 4)  # -log(2π)
    -1.8379
    """
    means, factors = params["means"], params["precisions"]
    gaps = x[:, None] - means
    if factors.ndim == 2:
        scaled, diagonals = gaps * factors, factors
    else:
        scaled = jnp.einsum("bkd,kde->bke", gaps, factors, precision="highest")
        diagonals = jnp.diagonal(factors, axis1=1, axis2=2)
    constants = jnp.sum(jnp.log(jnp.abs(diagonals)), axis=1) - x.shape[1] / 2 * math.log(
        2 * math.pi
    )
    each = constants - 0.5 * jnp.sum(jnp.square(scaled), axis=2)
    return jax.nn.logsumexp(jax.nn.log_softmax(params["weights"]) + each, axis=1)


def gaussian_mixture(start: PyTree) -> Game:
    """The one-player game of maximum likelihood for a mixture of Gaussians.

    Args:
      start: parameters as in `log_density`, with which every run begins: those of a finished fit by
        `jgan.evaluation.expectation_maximisation`, where the gradient of the loss vanishes.

    A latent is ``{"choice": (B,) from U(0, 1), "noise": (B, ...) from N(0, I)}``. Samples of images are cut
    to [-1, 1]. The loss is minus the mean log density, in nats.
    """
    count, size = start["means"].shape

    def init(key: jax.Array, batch: Batch) -> Collections:
        shape = batch["image"].shape[1:]
        if math.prod(shape) != size:
            raise ValueError(
                f"the mixture has {size} dimensions, but the data's shape is {shape}; fit it to the data."
            )
        return {"params": jax.tree.map(jnp.asarray, start)}

    def loss(
        variables: Variables, batch: Batch, key: jax.Array, step: jax.Array
    ) -> tuple[jax.Array, Aux]:
        x = batch["image"].reshape(batch["image"].shape[0], -1)
        return -jnp.mean(log_density(variables[GENERATOR]["params"], x)), Aux()

    def latent(key: jax.Array, batch: Batch) -> dict[str, jax.Array]:
        keys, shape = jax.random.split(key), batch["image"].shape[1:]
        rows = count_of(batch)
        return {
            "choice": draw_rows(lambda rows: jax.random.uniform(keys[0], (rows,)), rows),
            "noise": draw_rows(lambda rows: jax.random.normal(keys[1], (rows, *shape)), rows),
        }

    def generate(
        variables: Variables, condition: Any, z: dict[str, Any], key: Any = None, step: Any = 0
    ) -> jax.Array:
        params = variables[GENERATOR]["params"]
        below = jnp.cumsum(jax.nn.softmax(params["weights"])) <= z["choice"][:, None]
        chosen = jnp.minimum(jnp.sum(below, axis=1), count - 1)
        shape = z["noise"].shape[1:]
        factors, noise = params["precisions"][chosen], z["noise"].reshape(-1, size)
        if factors.ndim == 2:
            offset = noise / factors
        else:
            # (x - μ) P = ε as rows.
            transposed = jnp.swapaxes(factors, 1, 2)
            offset = jnp.linalg.solve(transposed, noise[..., None])[..., 0]
        x = (params["means"][chosen] + offset).reshape(-1, *shape)
        return jnp.clip(x, -1, 1) if len(shape) == 3 else x

    return single_player(init, loss, sampler=Sampler(latent, generate))
