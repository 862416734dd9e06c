"""LAPGAN: garments from coarse to fine, 7 to 14 to 28 pixels (Denton et al. 2015, arXiv 1506.05751).

jgan train experiments/lapgan.py
"""

import itertools
from functools import partial
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from jgan import (
    GENERATOR,
    Adam,
    Claim,
    Dataset,
    Experiment,
    Game,
    Trained,
    gan,
    get_loss,
    uniform,
)
from jgan.claims.picture_distance import domain_distance
from jgan.convolution.pyramid import gaussian_pyramid
from jgan.data import Source
from jgan.gans.lapgan import lapgan
from jgan.losses import Loss
from jgan.networks import count_parameters, generator_for, heads, unlabelled
from jgan.networks.combined import answer_of
from jgan.networks.detail import beside, detail_generator
from jgan.training.devices import on_host

LEVELS, LATENT = 3, 100
SMOOTH: dict[str, Any] = {"resampling": "smooth"}


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


claim = partial(Claim, steps=1500, control={"condition": "nothing"})
CLAIMS = (
    claim(
        "samples keep the content of the coarse image (distance at 7 pixels)", drift, at_most=0.3
    ),
    claim(
        "details that fit bring samples nearer to the garments (distance in a classifier's features)",
        domain_distance,
        at_most=2.0,
        rivals={"plain GAN": {"system": "plain"}},
    ),
)


def plain(pyramid: Game, source: Source, loss: Loss, norm: str) -> Game:
    """A DCGAN whose generator has as many parameters as all generators of the pyramid."""
    key, latent = jax.random.key(0), jnp.zeros((1, LATENT))
    shapes = jax.eval_shape(pyramid.init, key, source.first(2))
    enough = count_parameters(shapes[GENERATOR])

    def is_enough(width: int) -> bool:
        made = jax.eval_shape(generator_for(source.shape, width=width, **SMOOTH).init, key, latent)
        return count_parameters(made) >= enough

    width = next(width for width in itertools.count(1) if is_enough(width))
    judge = answer_of(heads({"logit": 1}, width=width, norm=norm, **SMOOTH), "logit")
    return gan(generator_for(source.shape, width=width, **SMOOTH), judge, loss, uniform(LATENT))


def experiment(
    *,
    data: Dataset = Dataset(),
    system: Literal["pyramid", "plain"] = "pyramid",
    condition: Literal["low-pass", "nothing"] = "low-pass",
    loss: str = "non_saturating",
    width: int = 16,
    size: int = 3,
    judge_width: int = 8,
    body: Literal["dcgan", "mlp"] = "dcgan",
    coarse_width: int = 32,
    norm: str = "batch",
    judge_norm: str = "none",
    adam: Adam = Adam(lr=5e-4),
) -> Experiment:
    """Three levels, as the paper has for CIFAR-10, with smaller convolutions and Adam for its momentum.

    Args:
      data: Name or path of pictures, see jgan.data.load.
      system: The pyramid, or a plain GAN with as many parameters in its generator.
      condition: Whether the networks of the finer levels see the low-pass image.
      loss: Name of the loss, one of jgan.losses.LOSSES.
      width: Planes of the generators of details.
      size: Side of their kernels; 7 in the paper.
      judge_width: Channels of the first convolution of the finer levels' discriminators.
      body: Kind of the coarsest level's networks, DCGAN's convolutions or perceptrons, which images with a side
        of fewer than 5 pixels always get.
      coarse_width: Channels of their outermost hidden layers; perceptrons are eight times as wide.
      norm: Normalisation of the generators of details: batch, layer, spectral or none.
      judge_norm: Normalisation of the discriminators, likewise.
    """
    source = data.load_pictures()
    height, across, channels = source.shape
    halves = [-(-side // 2 ** (LEVELS - 1)) for side in (height, across)]
    details = detail_generator(
        width=width, size=size, norm=norm, conditional=condition == "low-pass"
    )
    fine_judge = answer_of(
        heads({"logit": 1}, width=judge_width, norm=judge_norm, **SMOOTH), "logit"
    )
    fine = beside(fine_judge) if condition == "low-pass" else unlabelled(fine_judge)
    coarse_shape = (*halves, channels)
    body = body if min(halves) >= 5 else "mlp"
    coarsest = generator_for(coarse_shape, body=body, width=coarse_width, **SMOOTH)
    coarsest_judge = heads({"logit": 1}, body=body, width=coarse_width, norm=judge_norm, **SMOOTH)
    game = lapgan(
        [details] * (LEVELS - 1) + [coarsest],
        [fine] * (LEVELS - 1) + [answer_of(coarsest_judge, "logit")],
        get_loss(loss),
        uniform(LATENT),
    )
    if system == "plain":
        game = plain(game, source, get_loss(loss), judge_norm)
    return Experiment(game, adam.alternating(game), source, steps=1500, claims=CLAIMS)
