"""CoGAN: garments upright and lying, learnt together without a pair (Liu & Tuzel 2016, arXiv 1606.07536).

jgan train experiments/cogan.py
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import jax
import numpy as np

from jgan import Architecture, Claim, Dataset, Experiment, Trained, TwoRateAdam, get_loss, uniform
from jgan.claims.measures import Measure
from jgan.data import Source
from jgan.errors import UserError
from jgan.gans.cogan import cogan
from jgan.networks import coupled, generator_for
from jgan.networks.combined import answer_of
from jgan.training.devices import on_host

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


CLAIMS = (
    Claim(
        "a latent's upright and turned garment belong together (correlation)",
        alignment(turned),
        at_least=0.6,
        steps=1000,
        setting={"body": "mlp", "width": 32},
        control={"share": "nothing"},
    ),
)


def experiment(
    *,
    data: Dataset = Dataset(),
    change: Literal["turned", "edges", "negative"] = "turned",
    share: Literal["layers", "nothing"] = "layers",
    loss: str = "non_saturating",
    architecture: Architecture = Architecture(),
    adam: TwoRateAdam = TwoRateAdam(),
) -> Experiment:
    """Two halves of one data set, one of them changed; the article has digits with their edges or negatives.

    Args:
      data: Name or path of pictures, see jgan.data.load.
      change: What makes the second domain.
      share: All but G's last and D's first layer, or nothing: two GANs that only meet in the latent.
      loss: Name of the loss, one of jgan.losses.LOSSES.
    """
    source = two_domains(data.load(), CHANGES[change])
    height, across, channels = source.shape
    judge = answer_of(architecture.heads({"logit": 1}), "logit")
    if share == "layers":
        shape, upsampling = (height, across, 2 * channels), architecture.upsampling
        both = generator_for(shape, upsampling=upsampling, **architecture.options)
        networks = coupled.coupled_generator(both), coupled.coupled_discriminator(judge)
    else:
        one = architecture.generator(source)
        networks = coupled.separate_generators(one), coupled.separate_discriminators(judge)
    game = cogan(*networks, get_loss(loss), uniform(100))
    return Experiment(game, adam.alternating(game), source, steps=1000, claims=CLAIMS)
