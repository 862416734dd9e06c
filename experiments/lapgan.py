"""LAPGAN: garments from coarse to fine, 7 to 14 to 28 pixels (Denton et al. 2015, arXiv 1506.05751).

jgan train experiments/lapgan.py
"""

from typing import Literal

import jax
import numpy as np
import optax

from jgan.claims.measures import image_distance
from jgan.convolution.pyramid import gaussian_pyramid
from jgan.data import load
from jgan.errors import UserError
from jgan.game import DISCRIMINATOR, GENERATOR
from jgan.gans.lapgan import lapgan
from jgan.latents import uniform
from jgan.losses import get_loss
from jgan.networks.combined import answer_of
from jgan.networks.conditional import unlabelled
from jgan.networks.detail import beside, detail_generator
from jgan.networks.heads import generator_for, heads
from jgan.rules import alternating, averaged
from jgan.training.devices import on_host
from jgan.training.experiment import Claim, Experiment, Trained

LEVELS = 3


def drift(trained: Trained, count: int = 500) -> float:
    """Distance of samples, shrunk, from the coarse images they were made from.

    In units of the distance between the coarse images of two different samples; no details at all give 0.24
    on garments, real images 0.
    """
    experiment = trained.experiment
    view = jax.jit(experiment.game.views["levels"])
    batch = experiment.source.first(LEVELS * count)
    shown = np.asarray(
        view(on_host(trained.state.averaged_variables()), batch, jax.random.key(0))
    ).reshape(count, LEVELS, *experiment.source.shape)
    shrunk = gaussian_pyramid(shown[:, -1], LEVELS)[-1]
    # The view shows each of the coarse pixels 2^(LEVELS - 1) times along each axis.
    step = 2 ** (LEVELS - 1)
    coarse = shown[:, 0, ::step, ::step]
    gap = lambda other: np.linalg.norm((coarse - other).reshape(count, -1), axis=1).mean()
    return float(gap(shrunk) / gap(np.roll(coarse, 1, axis=0)))


CLAIMS = (
    Claim(
        "samples keep the content of the coarse image (distance at 7 pixels)",
        drift,
        at_most=0.3,
        steps=400,
        control={"told": "nothing"},
    ),
    Claim(
        "details that fit bring samples nearer to the garments (random-feature distance)",
        image_distance,
        at_most=2.0,
        steps=400,
        control={"told": "nothing"},
    ),
)


def experiment(
    *,
    data: str = "fashion",
    told: Literal["low-pass", "nothing"] = "low-pass",
    loss: str = "non_saturating",
    width: int = 16,
    size: int = 3,
    judge_width: int = 8,
    coarse_width: int = 16,
    norm: str = "batch",
    judge_norm: str = "none",
    lr: float = 5e-4,
    beta1: float = 0.5,
    decay: float = 0.999,
) -> Experiment:
    """Three levels, as the paper has for CIFAR-10, with smaller convolutions and Adam for its momentum.

    Args:
      data: a source of pictures by name or path, see jgan.data.load.
      told: whether the networks of the finer levels see the low-pass image.
      loss: a name in jgan.losses.LOSSES.
      width: planes of the generators of details.
      size: of their kernels; 7 in the paper.
      judge_width: channels of the first convolution of the finer levels' discriminators.
      coarse_width: an eighth of the width of the coarsest level's perceptrons.
      norm: of the generators of details.
      judge_norm: of the discriminators.
      lr: learning rate of both Adam optimizers.
      beta1: Adam's first decay.
      decay: of the generators' exponential average, from which samples are drawn.
    """
    source = load(data)
    if len(source.shape) != 3:
        raise UserError(f"data is {source.name!r}, but this experiment needs pictures.")
    height, across, channels = source.shape
    halves = [-(-side // 2 ** (LEVELS - 1)) for side in (height, across)]
    details = detail_generator(width=width, size=size, norm=norm, conditional=told == "low-pass")
    coarse = generator_for((*halves, channels), body="mlp", width=coarse_width)
    judge = answer_of(heads({"logit": 1}, width=judge_width, norm=judge_norm), "logit")
    fine = beside(judge) if told == "low-pass" else unlabelled(judge)
    coarse_judge = answer_of(
        heads({"logit": 1}, body="mlp", width=coarse_width, norm=judge_norm), "logit"
    )
    game = lapgan(
        [details] * (LEVELS - 1) + [coarse],
        [fine] * (LEVELS - 1) + [coarse_judge],
        get_loss(loss),
        uniform(100),
    )
    adam = optax.adam(lr, b1=beta1)
    rule = averaged(alternating(game, {GENERATOR: adam, DISCRIMINATOR: adam}), decay)
    return Experiment(game, rule, source, steps=400, claims=CLAIMS)
