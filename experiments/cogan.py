"""CoGAN: garments upright and lying, learnt together without a pair (Liu & Tuzel 2016, arXiv 1606.07536).

jgan train experiments/cogan.py
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import jax
import numpy as np
import optax

from jgan.claims.measures import Measure
from jgan.data import Source, load
from jgan.errors import UserError
from jgan.game import DISCRIMINATOR, GENERATOR
from jgan.gans.cogan import cogan
from jgan.latents import uniform
from jgan.losses import get_loss
from jgan.networks.combined import answer_of
from jgan.networks.coupled import (
    coupled_discriminator,
    coupled_generator,
    separate_discriminators,
    separate_generators,
)
from jgan.networks.heads import generator_for, heads
from jgan.rules import alternating, averaged
from jgan.training.devices import on_host
from jgan.training.experiment import Claim, Experiment, Trained

Change = Callable[[np.ndarray], np.ndarray]


def edges(images: np.ndarray) -> np.ndarray:
    """Length of the gradient of images ``(N, H, W, C)`` in [-1, 1], by central differences, in [-1, 1]."""
    down, across = np.gradient(images, axis=(1, 2))
    return 2 * np.minimum(np.hypot(down, across), 1) - 1


def turned(images: np.ndarray) -> np.ndarray:
    """Square images ``(N, H, H, C)`` turned by 90 degrees."""
    return np.rot90(images, axes=(1, 2))


CHANGES: dict[str, Change] = {"turned": turned, "edges": edges, "negative": np.negative}


def two_domains(source: Source, change: Change) -> Source:
    """One half of the images as they are, the other half changed, in an order of their own: no pair is left."""
    if len(source.shape) != 3 or not isinstance(source.arrays["image"], np.ndarray):
        raise UserError(f"data is {source.name!r}, but this experiment needs pictures in memory.")
    half = source.size // 2
    order = np.random.default_rng(0).permutation(source.size)
    first, second = (source.arrays["image"][order[part : part + half]] for part in (0, half))
    other = change(second.astype(np.float32) / 127.5 - 1)
    other = np.rint((other + 1) * 127.5).clip(0, 255).astype(np.uint8)
    return replace(source, arrays={"image": first, "other": other})


def alignment(change: Change, count: int = 1000) -> Measure:
    """Correlation of what G2 makes of a latent with the changed image that G1 makes of it.

    Over all pixels of all pairs, less each pixel's mean over the pairs: 0 for pairs that have nothing in
    common but their domains, 1 for pairs that agree.
    """

    def measure(trained: Trained) -> float:
        experiment = trained.experiment
        view = jax.jit(experiment.game.views["pairs"])
        variables = on_host(trained.state.averaged_variables())
        pairs = np.asarray(view(variables, experiment.source.first(2 * count), jax.random.key(0)))
        first, second = change(pairs[0::2]), pairs[1::2]
        first, second = first - first.mean(axis=0), second - second.mean(axis=0)
        return float(np.sum(first * second) / np.sqrt(np.sum(first**2) * np.sum(second**2)))

    return measure


SMALL = {"body": "mlp", "width": 16}
CLAIMS = (
    Claim(
        "a latent's upright and turned garment belong together (correlation)",
        alignment(turned),
        at_least=0.6,
        steps=1000,
        setting=SMALL,
        control={"share": "nothing"},
    ),
)


def experiment(
    *,
    data: str = "fashion",
    change: Literal["turned", "edges", "negative"] = "turned",
    share: Literal["layers", "nothing"] = "layers",
    loss: str = "non_saturating",
    body: Literal["dcgan", "mlp"] = "dcgan",
    width: int = 32,
    lr: float = 2e-4,
    generator_lr: float = 1e-3,
    beta1: float = 0.5,
    decay: float = 0.999,
) -> Experiment:
    """Two halves of one data set, one of them changed; the article has digits with their edges or negatives.

    Args:
      data: a source of pictures by name or path, see jgan.data.load.
      change: what makes the second domain.
      share: all but G's last and D's first layer, or nothing: two GANs that only meet in the latent.
      loss: a name in jgan.losses.LOSSES.
      body: of both networks.
      width: channels of the outermost hidden layers; perceptrons are eight times as wide.
      lr: learning rate of the discriminator's Adam.
      generator_lr: learning rate of the generator's.
      beta1: Adam's first decay.
      decay: of the generator's exponential average, from which samples are drawn.
    """
    source = two_domains(load(data), CHANGES[change])
    height, across, channels = source.shape
    judge = answer_of(heads({"logit": 1}, body=body, width=width, norm="none"), "logit")
    if share == "layers":
        both = generator_for((height, across, 2 * channels), body=body, width=width)
        generator, discriminator = coupled_generator(both), coupled_discriminator(judge)
    else:
        one = generator_for(source.shape, body=body, width=width)
        generator, discriminator = separate_generators(one), separate_discriminators(judge)
    game = cogan(generator, discriminator, get_loss(loss), uniform(100))
    optimizers = {
        GENERATOR: optax.adam(generator_lr, b1=beta1),
        DISCRIMINATOR: optax.adam(lr, b1=beta1),
    }
    rule = averaged(alternating(game, optimizers), decay)
    return Experiment(game, rule, source, steps=1000, claims=CLAIMS)
