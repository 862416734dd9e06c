"""EBGAN: the discriminator is an autoencoder, its energy the error of reconstruction."""

from collections.abc import Callable
from typing import Any

import jax

from jgan.game import Game
from jgan.gans.versus import versus
from jgan.latents import Prior
from jgan.losses import Loss, separable
from jgan.networks.network import Network
from jgan.scene import Inputs, Scene
from jgan.terms.adversarial import adversarial
from jgan.terms.penalties import norms
from jgan.terms.pull_away import pull_away

Energy = Callable[[jax.Array, jax.Array], jax.Array]
"""``(x, rebuilt) -> (B,)``."""


def energy_hinge(margin: float) -> Loss:
    """L_D = E(x) + [m - E(x̂)]₊ and L_G = E(x̂) with logits -E (Zhao, Mathieu & LeCun 2017, eq. 1 and 2).

    >>> loss = energy_hinge(10.0)
    >>> import jax.numpy as jnp
    >>> float(loss.discriminator(jnp.array(-2.0), jnp.array(-7.0)))  # 2 + (10 - 7)
    5.0
    """
    return separable(lambda r: -r, lambda f: jax.nn.relu(margin + f), lambda f: -f)


def euclidean(x: jax.Array, rebuilt: jax.Array) -> jax.Array:
    """‖rebuilt - x‖₂ over all elements of an example, ``(B,)``: EBGAN's energy (eq. 5)."""
    return norms(rebuilt - x)


def autoencoding(
    generator: Network, autoencoder: Network, loss: Loss, prior: Prior, energy: Energy
) -> Game:
    """The game whose logits are minus the energies of an autoencoder, with the view ``"reconstructions"``.

    Args:
      generator: latents to examples.
      autoencoder: examples to ``{"reconstruction": (B, ...), ...}``.
      loss: how logits are judged.
      prior: of the latents.
      energy: of an example and its reconstruction.
    """

    def present(ask: Any, inputs: Inputs, group: str) -> dict[str, Any]:
        answers = ask(inputs.values)
        return {**answers, "logit": -energy(inputs.values, answers["reconstruction"])}

    def reconstructions(scene: Scene) -> jax.Array:
        rebuilt: jax.Array = scene.ask(Inputs(scene.batch["image"]), "real")["reconstruction"]
        return rebuilt

    return versus(
        generator,
        autoencoder,
        adversarial(loss),
        latent=prior,
        present=present,
        views={"reconstructions": reconstructions},
    )


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
    return game.add(pull_away(pull))
