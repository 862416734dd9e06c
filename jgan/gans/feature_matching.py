"""The GAN whose generator has no other aim than the mean features of the data."""

from jgan.game import Game
from jgan.gans.gan import gan
from jgan.latents import Prior
from jgan.losses import Loss
from jgan.networks.network import Network
from jgan.terms.feature_matching import feature_matching


def only_discriminator(loss: Loss) -> Loss:
    """The loss with nothing for the generator, whose aim then comes from another term."""
    return loss._replace(generator=lambda real, fake: 0 * fake)


def feature_matching_gan(
    generator: Network, discriminator: Network, loss: Loss, prior: Prior, *, weight: float = 1.0
) -> Game:
    """The game of Salimans et al. 2016, section 3.1.

    Args:
      generator: latents to examples.
      discriminator: examples to ``{"logit": (B,), "features": (B, F)}``.
      loss: of the discriminator.
      prior: of the latents.
      weight: of the generator's loss.
    """
    game = gan(generator, discriminator, only_discriminator(loss), prior)
    return game.add(feature_matching(weight))
