"""AC-GAN: the discriminator also names the class, and both players want it named rightly."""

import jax
import jax.numpy as jnp
import optax

from jgan.game import DISCRIMINATOR, GENERATOR, Collections, Game, Inputs, Metrics
from jgan.gans.answers import answer, asked, with_answers
from jgan.gans.conditional import conditional
from jgan.latents import Prior
from jgan.losses import Loss
from jgan.networks.conditional import unlabelled
from jgan.networks.network import Network
from jgan.penalties import Penalty, Scene, with_penalty


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

    Metrics beside those of `conditional`: ``classification``, the weighted terms, and ``class_accuracy``,
    the discriminator's on the real and on the fake examples.
    """
    game = conditional(generator, unlabelled(answer(discriminator, "logit")), loss, prior)
    game = with_answers(game, discriminator)

    def log_losses(scene: Scene, inputs: Inputs) -> tuple[jax.Array, jax.Array]:
        logits = asked(scene, inputs, "class")
        label = inputs.condition
        losses = optax.softmax_cross_entropy_with_integer_labels(logits, label)
        return jnp.mean(losses), jnp.mean(jnp.argmax(logits, axis=-1) == label)

    def for_discriminator(scene: Scene) -> tuple[jax.Array, Collections, Metrics]:
        real, right = log_losses(scene, scene.asked.real)
        fake, fake_right = log_losses(scene, scene.asked.fake)
        metrics = {"class_accuracy": right, "fake_class_accuracy": fake_right}
        return discriminator_weight * (real + fake), {}, metrics

    def for_generator(scene: Scene) -> tuple[jax.Array, Collections, Metrics]:
        return generator_weight * log_losses(scene, scene.asked.fake)[0], {}, {}

    return with_penalty(
        game,
        Penalty("classification", for_discriminator, DISCRIMINATOR),
        Penalty("classification", for_generator, GENERATOR),
    )
