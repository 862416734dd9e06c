"""Feature matching: the generator aims at the mean features of the data."""

import jax
import jax.numpy as jnp

from jgan.batch_axis import whole_mean
from jgan.detach import detach
from jgan.game import GENERATOR, Collections, Game, Metrics
from jgan.gans.answers import answer, asked, with_answers
from jgan.gans.gan import gan
from jgan.latents import Prior
from jgan.losses import Loss
from jgan.networks.network import Network
from jgan.penalties import Penalty, Scene, with_penalty


def feature_matching(weight: float = 1.0) -> Penalty:
    """weight · ‖E f(x) - E f(x̂)‖₂² for the generator (Salimans et al. 2016, section 3.1).

    f is the answer ``"features"`` of the discriminator (`jgan.gans.answers.with_answers`); expectations are
    means over the whole batch.
    """

    def value(scene: Scene) -> tuple[jax.Array, Collections, Metrics]:
        real = detach(asked(scene, scene.asked.real, "features"))
        fake = asked(scene, scene.asked.fake, "features")
        gap = whole_mean(jnp.mean(real, axis=0) - jnp.mean(fake, axis=0))
        return weight * jnp.sum(jnp.square(gap)), {}, {}

    return Penalty("feature_matching", value, GENERATOR)


def only_discriminator(loss: Loss) -> Loss:
    """The loss with nothing for the generator, whose aim then comes from a penalty."""
    return loss._replace(generator=lambda real, fake: 0 * fake)


def feature_matching_gan(
    generator: Network, discriminator: Network, loss: Loss, prior: Prior, *, weight: float = 1.0
) -> Game:
    """The GAN whose generator has no other aim than `feature_matching`.

    Args:
      generator: latents to examples.
      discriminator: examples to ``{"logit": (B,), "features": (B, F)}``.
      loss: of the discriminator.
      prior: of the latents.
      weight: of the generator's loss.
    """
    game = gan(generator, answer(discriminator, "logit"), only_discriminator(loss), prior)
    return with_penalty(with_answers(game, discriminator), feature_matching(weight))
