"""BEGAN: an autoencoder as discriminator, and a controller that balances the players."""

import jax
import jax.numpy as jnp

from jgan.batch_axis import whole_mean
from jgan.game import Collections, Game, Metrics
from jgan.gans.ebgan import absolute, autoencoding
from jgan.latents import Prior
from jgan.losses import Loss
from jgan.networks.network import Network
from jgan.penalties import Penalty, Scene, with_penalty


def balance(
    k: jax.Array, real: jax.Array, fake: jax.Array, gamma: float, rate: float
) -> tuple[jax.Array, jax.Array]:
    """The next k and the convergence measure M (Berthelot, Schumm & Metz 2017, section 3.4).

    k' = clip(k + λ_k (γ L(x) - L(x̂)), 0, 1) and M = L(x) + abs(γ L(x) - L(x̂)).

    Args:
      k: so far.
      real: L(x), the mean over the batch.
      fake: L(x̂).
      gamma: γ, the diversity ratio.
      rate: λ_k.

    >>> k, measure = balance(jnp.array(0.5), jnp.array(0.2), jnp.array(0.1), 0.5, 1e-3)
    >>> round(float(k), 4), round(float(measure), 4)
    (0.5, 0.2)
    """
    gap = gamma * real - fake
    return jnp.clip(k + rate * gap, 0.0, 1.0), real + jnp.abs(gap)


def began(
    generator: Network,
    autoencoder: Network,
    prior: Prior,
    *,
    gamma: float = 0.5,
    rate: float = 1e-3,
) -> Game:
    """The game of Berthelot, Schumm & Metz 2017: L_D = L(x) - k L(x̂), L_G = L(x̂).

    Args:
      generator: latents to examples.
      autoencoder: examples to ``{"features": codes, "reconstruction": (B, ...)}``; L is the mean
        absolute error over all elements.
      prior: of the latents, U(-1, 1) in the paper.
      gamma: γ, where the ratio L(x̂)/L(x) is held.
      rate: λ_k, the controller's. With 0, k stays 0 and the autoencoder never meets the fakes.

    k starts at 0 and lives in the discriminator's collection ``"began"``. Metrics of the discriminator:
    ``k``, ``measure`` (M) and ``ratio`` (L(x̂)/L(x)).
    """
    loss = Loss(discriminator=lambda real, fake: -real, generator=lambda real, fake: -fake)
    game = autoencoding(generator, autoencoder, loss, prior, absolute)

    def value(scene: Scene) -> tuple[jax.Array, Collections, Metrics]:
        errors = -scene.score(scene.asked.real), -scene.score(scene.asked.fake)
        # k and M are not linear in the means, so they need those of the whole batch.
        real, fake = jax.lax.stop_gradient(whole_mean((jnp.mean(errors[0]), jnp.mean(errors[1]))))
        k = scene.memory["k"]
        renewed, measure = balance(k, real, fake, gamma, rate)
        metrics = {"k": renewed, "measure": measure, "ratio": fake / real}
        return -k * jnp.mean(errors[1]), {"k": renewed}, metrics

    return with_penalty(game, Penalty("began", value, memory={"k": jnp.zeros(())}))
