"""EBGAN: the discriminator is an autoencoder, its energy the error of reconstruction."""

from typing import Any

import jax
import jax.numpy as jnp

from jgan.batch_axis import whole_batch
from jgan.game import DISCRIMINATOR, GENERATOR, Batch, Collections, Game, Metrics, Variables, View
from jgan.gans.answers import answer, asked, with_answers
from jgan.gans.gan import gan
from jgan.gans.views import with_views
from jgan.latents import Prior
from jgan.losses import Loss, separable
from jgan.networks.network import Network
from jgan.penalties import Penalty, Scene, norms, with_penalty


def energy_hinge(margin: float) -> Loss:
    """L_D = E(x) + [m - E(x̂)]₊ and L_G = E(x̂) with logits -E (Zhao, Mathieu & LeCun 2017, eq. 1 and 2).

    >>> loss = energy_hinge(10.0)
    >>> float(loss.discriminator(jnp.array(-2.0), jnp.array(-7.0)))  # 2 + (10 - 7)
    5.0
    """
    return separable(lambda r: -r, lambda f: jax.nn.relu(margin + f), lambda f: -f)


def euclidean(x: jax.Array, rebuilt: jax.Array) -> jax.Array:
    """‖rebuilt - x‖₂ over all elements of an example, ``(B,)``: EBGAN's energy (eq. 5)."""
    return norms(rebuilt - x)


def absolute(x: jax.Array, rebuilt: jax.Array) -> jax.Array:
    """Mean absolute error over the elements of an example, ``(B,)``: BEGAN's loss (eq. 1, η = 1)."""
    return jnp.mean(jnp.abs(rebuilt - x), axis=tuple(range(1, x.ndim)))


def energetic(autoencoder: Network, energy: Any) -> Network:
    """The autoencoder with a further answer ``"logit"``, minus its energy on its inputs."""

    def apply(
        collections: Collections, *inputs: Any, key: Any = None, train: bool = False
    ) -> tuple[Any, Collections]:
        answers, state = autoencoder.apply(collections, *inputs, key=key, train=train)
        return {**answers, "logit": -energy(inputs[0], answers["reconstruction"])}, state

    return Network(autoencoder.init, apply)


def pull_away(codes: jax.Array, batch: jax.Array) -> jax.Array:
    """PT = mean over pairs i ≠ j of cos²(S_i, S_j) (section 2.4, eq. 7), squared as in the paper.

    Args:
      codes: ``(b, d)``, the rows of ``batch`` on this device.
      batch: ``(B, d)``.

    >>> codes = jnp.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    >>> round(float(pull_away(codes, codes)), 5)
    0.33333
    """
    unit = lambda s: s / jnp.maximum(jnp.linalg.norm(s, axis=1, keepdims=True), 1e-12)
    squares = jnp.square(unit(codes) @ unit(batch).T)
    count = batch.shape[0]
    # Each code meets itself once, with cosine 1.
    return jnp.mean((jnp.sum(squares, axis=1) - 1) / (count - 1))


def autoencoding(
    generator: Network, autoencoder: Network, loss: Loss, prior: Prior, energy: Any
) -> Game:
    """The game whose logits are minus the energies of an autoencoder, with the view ``"reconstructions"``."""
    discriminator = energetic(autoencoder, energy)
    game = gan(generator, answer(discriminator, "logit"), loss, prior)

    def reconstructions(variables: Variables, batch: Batch, key: jax.Array) -> jax.Array:
        answers, _ = autoencoder.apply(variables[DISCRIMINATOR], batch["image"])
        return answers["reconstruction"]

    views: dict[str, View] = {"reconstructions": reconstructions}
    return with_views(with_answers(game, discriminator), views)


def ebgan(
    generator: Network,
    autoencoder: Network,
    prior: Prior,
    *,
    margin: float = 10.0,
    pull: float = 0.1,
) -> Game:
    """The game of Zhao, Mathieu & LeCun 2017; with ``pull`` > 0 it is EBGAN-PT.

    Args:
      generator: latents to examples.
      autoencoder: examples to ``{"features": codes (B, d), "reconstruction": (B, ...)}``.
      prior: of the latents.
      margin: m; at equilibrium all energies are equal and at most m.
      pull: weight of the pull-away term on the codes of a batch of fakes, in the generator's loss.

    Metrics of the generator: ``pull_away``, the weighted term, and ``cosine_squared``, without weight.
    """
    game = autoencoding(generator, autoencoder, energy_hinge(margin), prior, euclidean)

    def value(scene: Scene) -> tuple[jax.Array, Collections, Metrics]:
        codes = asked(scene, scene.asked.fake, "features")
        term = pull_away(codes, whole_batch(codes))
        return pull * term, {}, {"cosine_squared": term}

    return with_penalty(game, Penalty("pull_away", value, GENERATOR))
