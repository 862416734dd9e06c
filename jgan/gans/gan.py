"""The plain GAN: one generator, one discriminator, a latent prior, any loss."""

from jgan.game import Game
from jgan.gans.versus import versus
from jgan.latents import Prior
from jgan.losses import Loss
from jgan.networks.network import Network
from jgan.terms.adversarial import adversarial


def gan(generator: Network, discriminator: Network, loss: Loss, prior: Prior) -> Game:
    """The game of Goodfellow et al. 2014 under any loss of `jgan.losses`.

    Args:
      generator: latents ``(B, d)`` to examples shaped like ``batch["image"]``.
      discriminator: examples to logits ``(B,)`` or ``(B, ...)``, or to several answers, ``"logit"`` among them.
      loss: how logits are judged.
      prior: ``(key, count) -> latents (count, d)``.

    A batch needs ``"image"``, ``(B, ...)``. The view ``"samples"`` shows B samples.

    Raises:
      ValueError: from ``init``, if the generator's examples do not have the shape of the data or the
        discriminator does not return logits for each example.
    """
    return versus(generator, discriminator, adversarial(loss), latent=prior)
