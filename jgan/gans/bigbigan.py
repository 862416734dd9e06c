"""BigBiGAN: a BiGAN whose discriminator also scores the example and the latent by themselves."""

import jax
import jax.numpy as jnp

from jgan.game import DISCRIMINATOR, GENERATOR, Collections, Game, Metrics
from jgan.gans.answers import answer, asked, with_answers
from jgan.gans.bigan import bigan, mirrored
from jgan.latents import Prior
from jgan.losses import Loss
from jgan.networks.network import Network
from jgan.penalties import Penalty, Scene, with_penalty

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
      encoder: examples to latents; the article's draws them (`jgan.networks.joint.drawn`).
      discriminator: pairs to ``{"logit": (B,), "image": (B,), "latent": (B,)}``, that is s_xz, s_x, s_z
        (`jgan.networks.joint.joint_discriminator`).
      loss: of one score.
      prior: of the latents.
      unary: weight of the losses of s_x and s_z; 1 in the article.

    Metrics of the discriminator: ``image_accuracy`` and ``latent_accuracy``, shares of the scores on their
    side of zero. Gradient penalties see s_xz alone.
    """
    loss_of = mirrored(loss)
    game = bigan(generator, encoder, answer(discriminator, "logit"), loss, prior)
    game = with_answers(game, discriminator)

    def scores(scene: Scene, name: str) -> tuple[jax.Array, jax.Array]:
        return asked(scene, scene.asked.real, name), asked(scene, scene.asked.fake, name)

    def for_discriminator(scene: Scene) -> tuple[jax.Array, Collections, Metrics]:
        total, metrics = jnp.zeros(()), {}
        for name in UNARY:
            real, fake = scores(scene, name)
            total = total + jnp.mean(loss_of.discriminator(real, fake))
            metrics[f"{name}_accuracy"] = 0.5 * (jnp.mean(real > 0) + jnp.mean(fake < 0))
        return unary * total, {}, metrics

    def for_generator(scene: Scene) -> tuple[jax.Array, Collections, Metrics]:
        terms = [jnp.mean(loss_of.generator(*scores(scene, name))) for name in UNARY]
        return unary * sum(terms, start=jnp.zeros(())), {}, {}

    return with_penalty(
        game,
        Penalty("unary", for_discriminator, DISCRIMINATOR),
        Penalty("unary", for_generator, GENERATOR),
    )
