"""BigBiGAN: a BiGAN whose discriminator also scores the example and the latent by themselves."""

from jgan.game import Game
from jgan.gans.bigan import bigan, mirrored
from jgan.latents import Prior
from jgan.losses import Loss
from jgan.networks.network import Network
from jgan.terms.adversarial import adversarial

UNARY = ("image", "latent")


def bigbigan(
    generator: Network,
    encoder: Network,
    discriminator: Network,
    loss: Loss,
    prior: Prior,
    *,
    unary: float = 1.0,
) -> Game:
    """The game of Donahue & Simonyan 2019 (section 2): L = Σ over s_x, s_z, s_xz of the loss of one score.

    The article's loss is the hinge: the discriminator minimises h(1 - s) on real and h(1 + s) on generated
    pairs for each of its three scores, generator and encoder their signed sum (`mirrored`).

    Args:
      generator: latents ``(B, d)`` to examples.
      encoder: examples to latents; the article's draws them (`jgan.networks.joint.reparameterized`).
      discriminator: pairs to ``{"logit": (B,), "image": (B,), "latent": (B,)}``, that is s_xz, s_x, s_z
        (`jgan.networks.joint.joint_discriminator`).
      loss: of one score.
      prior: of the latents.
      unary: weight of the losses of s_x and s_z; 1 in the article.

    Metrics of the discriminator: ``image_accuracy`` and ``latent_accuracy``, shares of the scores on their
    side of zero. Gradient penalties see s_xz alone.
    """
    game = bigan(generator, encoder, discriminator, loss, prior)
    return game.add(
        *(adversarial(mirrored(loss), answer=name, weight=unary, name=name) for name in UNARY)
    )
