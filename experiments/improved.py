"""Improved techniques for training GANs (Salimans et al. 2016, arXiv 1606.03498).

jgan train experiments/improved.py --data ring --aim features
"""

from typing import Literal

import jax
import jax.numpy as jnp
import optax

from jgan.claims.measures import image_distance
from jgan.data import load
from jgan.game import DISCRIMINATOR, GENERATOR
from jgan.gans.feature_matching import feature_matching_gan
from jgan.gans.gan import gan
from jgan.latents import normal
from jgan.losses import get_loss
from jgan.networks.heads import generator_for, heads
from jgan.networks.virtual import virtual_generator
from jgan.rules import alternating, averaged
from jgan.terms.historical import historical_averages
from jgan.training.experiment import Claim, Experiment, Trained


def dependence(trained: Trained) -> float:
    """Largest change of a pixel of the first training fake when the other latents become 0."""
    experiment, state = trained.experiment, trained.state
    batch = experiment.source.first(experiment.batch_size)
    assert experiment.game.scene is not None
    scene = experiment.game.scene(state.variables, batch, jax.random.key(0), state.step)
    latents = scene.latent, scene.latent.at[1:].set(0)
    shown = [scene.meet(latent)["fake"].values[0] for latent in latents]
    return float(jnp.abs(shown[0] - shown[1]).max())


SMALL = {"body": "mlp", "width": 16}
CLAIMS = (
    Claim(
        "feature matching brings samples nearer to the garments (random-feature distance)",
        image_distance,
        at_most=2.5,
        steps=1000,
        setting={**SMALL, "aim": "features"},
        control={"aim": "logit"},
    ),
    Claim(
        "virtual batch normalisation: a fake does not depend on the others",
        dependence,
        at_most=1e-4,
        steps=300,
        setting={**SMALL, "generator_norm": "virtual"},
        control={"generator_norm": "batch"},
    ),
)


def experiment(
    *,
    data: str = "fashion",
    aim: Literal["logit", "features"] = "logit",
    kernels: int = 0,
    generator_norm: Literal["batch", "virtual"] = "batch",
    history: float = 0.0,
    loss: str = "non_saturating",
    body: Literal["dcgan", "mlp"] = "dcgan",
    width: int = 32,
    norm: str = "none",
    noise: float = 0.0,
    lr: float = 2e-4,
    beta1: float = 0.5,
    decay: float = 0.999,
) -> Experiment:
    """A plain GAN and its improvements, each by a flag.

    Args:
      data: a source by name or path, see jgan.data.load.
      aim: of the generator: the discriminator's logit, or its mean features (feature matching).
      kernels: of minibatch discrimination; 100 in the authors' code, 0 for none.
      generator_norm: batch normalisation (none for points), or virtual with a perceptron.
      history: weight of historical averaging of both players.
      loss: a name in jgan.losses.LOSSES.
      body: of both networks; points always get perceptrons.
      width: channels of the outermost hidden layers; perceptrons are eight times as wide.
      norm: of the discriminator.
      noise: in front of the discriminator's dense layers; 0.3 and 0.5 in the authors' code.
      lr: learning rate of both Adam optimizers.
      beta1: Adam's first decay.
      decay: of the generator's exponential average, from which samples are drawn.
    """
    source = load(data)
    prior = normal(100)
    generator = generator_for(source.shape, body=body, width=width)
    if generator_norm == "virtual":
        generator = virtual_generator(source.shape, prior, width=width)
    judge = heads({"logit": 1}, body=body, width=width, norm=norm, noise=noise, kernels=kernels)
    if aim == "features":
        game = feature_matching_gan(generator, judge, get_loss(loss), prior)
    else:
        game = gan(generator, judge, get_loss(loss), prior)
    if history:
        game = game.add(historical_averages(history))
    adam = optax.adam(lr, b1=beta1)
    rule = averaged(alternating(game, {GENERATOR: adam, DISCRIMINATOR: adam}), decay)
    return Experiment(game, rule, source, steps=2000, claims=CLAIMS)
