"""AC-GAN: the discriminator also names the class, and both players want it named rightly."""

from jgan.game import GENERATOR, Game
from jgan.gans.conditional import conditional
from jgan.gans.versus import without_condition
from jgan.latents import Prior
from jgan.losses import Loss
from jgan.networks.network import Network
from jgan.terms.classification import classification


def acgan(
    generator: Network,
    discriminator: Network,
    loss: Loss,
    prior: Prior,
    *,
    discriminator_weight: float = 1.0,
    generator_weight: float = 1.0,
) -> Game:
    """The game of Odena, Olah & Shlens 2017 (eq. 2 and 3).

    With L_C = E log P(c|x) + E log P(c|x̂) the discriminator maximises L_S + L_C, the generator L_C - L_S;
    L_S is ``loss``'s. The weights multiply L_C; WGAN-GP's code has 1 and 0.1.

    Args:
      generator: ``(latents, label)`` to examples.
      discriminator: examples to ``{"logit": (B,), "class": (B, K)}``.
      loss: how logits are judged.
      prior: of the latents.
      discriminator_weight: of L_C in the discriminator's loss.
      generator_weight: of L_C in the generator's loss.

    Metrics beside those of `conditional`: ``classification``, the weighted terms, and ``class_accuracy`` and
    ``fake_class_accuracy``, the discriminator's on the real and on the fake examples.
    """
    game = conditional(generator, discriminator, loss, prior, present=without_condition)
    return game.add(
        classification("real", "fake", weight=discriminator_weight),
        classification("fake", player=GENERATOR, weight=generator_weight, log=False),
    )
