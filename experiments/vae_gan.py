"""VAE-GAN: likeness learned by a discriminator (Larsen et al. 2016, arXiv 1512.09300).

jgan train experiments/vae_gan.py
"""

from typing import Literal

import jax
import jax.numpy as jnp
import optax

from jgan.claims.measures import image_distance
from jgan.data import load
from jgan.game import DISCRIMINATOR, GENERATOR
from jgan.gans.vae_gan import vae_gan
from jgan.losses import get_loss
from jgan.networks.heads import generator_for, heads
from jgan.networks.variational import encoder
from jgan.rules import alternating, averaged
from jgan.training.experiment import Claim, Experiment, Trained

SMALL = {"body": "mlp", "width": 16}


def share_lost(trained: Trained) -> float:
    """Squared error of reconstructed test images, as a share of their variance."""
    source, game = trained.experiment.source, trained.experiment.game
    test = jax.tree.map(jnp.asarray, load(source.name, split="test").first(500))
    variables = trained.state.averaged_variables()
    rebuilt = jax.jit(game.views["reconstructions"])(variables, test, jax.random.key(0))
    error = jnp.mean(jnp.square(rebuilt - test["image"]))
    return float(error / jnp.mean(jnp.var(test["image"], axis=0)))


CLAIMS = (
    Claim(
        "likeness brings samples nearer to the garments (random-feature distance)",
        image_distance,
        at_most=2.6,
        steps=800,
        setting=SMALL,
        control={"gamma": 0.0},
    ),
    Claim(
        "reconstructions resemble their images (share of the variance lost)",
        share_lost,
        at_most=0.8,
        steps=800,
        setting=SMALL,
        control={"gamma": 0.0},
    ),
)


def experiment(
    *,
    data: str = "fashion",
    gamma: float = 1.0,
    latent: int = 64,
    loss: str = "non_saturating",
    body: Literal["dcgan", "mlp"] = "dcgan",
    width: int = 32,
    norm: str = "none",
    lr: float = 2e-4,
    generator_lr: float = 1e-3,
    beta1: float = 0.5,
    decay: float = 0.999,
) -> Experiment:
    """A GAN whose generator also decodes what an encoder makes of the data.

    Args:
      data: a source by name or path, see jgan.data.load.
      gamma: what likeness to the encoded image counts for the decoder.
      latent: size of the latents.
      loss: a name in jgan.losses.LOSSES.
      body: of all networks; points always get perceptrons.
      width: channels of the outermost hidden layers; perceptrons are eight times as wide.
      norm: of the discriminator.
      lr: learning rate of the discriminator's Adam.
      generator_lr: learning rate of the encoder's and decoder's.
      beta1: Adam's first decay.
      decay: of the exponential average of encoder and decoder, from which samples are drawn.
    """
    source = load(data)
    game = vae_gan(
        encoder(latent, body=body, width=width),
        generator_for(source.shape, body=body, width=width),
        heads({"logit": 1}, body=body, width=width, norm=norm),
        get_loss(loss),
        latent,
        gamma=gamma,
    )
    optimizers = {
        GENERATOR: optax.adam(generator_lr, b1=beta1),
        DISCRIMINATOR: optax.adam(lr, b1=beta1),
    }
    rule = averaged(alternating(game, optimizers), decay)
    return Experiment(game, rule, source, steps=2000, claims=CLAIMS)
