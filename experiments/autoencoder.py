"""A plain autoencoder beside principal components (Kingma & Welling 2014, arXiv 1312.6114, adds the prior).

jgan train experiments/autoencoder.py --view reconstructions
"""

from typing import Literal

import jax.numpy as jnp
import numpy as np

from jgan import Adam, Claim, Dataset, Experiment, Trained
from jgan.claims.held_out_measures import held_out_source
from jgan.data import Source, gather
from jgan.gans.autoencoder import plain_autoencoder
from jgan.networks import generator_for, heads
from jgan.networks.combined import answer_of
from jgan.networks.linear import linear_decoder, linear_encoder

EXAMPLES = 5000


def examples(source: Source, count: int) -> np.ndarray:
    """``count`` examples at equal distances in the source, or all of them."""
    chosen = np.linspace(0, source.size - 1, min(count, source.size)).astype(int)
    return np.asarray(gather(source.arrays, chosen)["image"])


def component_error(train: np.ndarray, test: np.ndarray, components: int) -> float:
    """Mean squared error of ``test`` rebuilt from its first principal components, those of ``train``."""
    train, test = (x.reshape(len(x), -1).astype(np.float64) for x in (train, test))
    mean = train.mean(axis=0)
    _, axes = np.linalg.eigh(np.cov((train - mean).T))
    kept = axes[:, -components:]
    gaps = test - mean
    return float(np.mean(np.square(gaps - gaps @ kept @ kept.T)))


def share_of_components(trained: Trained) -> float:
    """Error on test examples, as a share of that of as many principal components."""
    source, game = trained.experiment.source, trained.experiment.game
    assert game.sampler is not None
    assert game.sampler.encode is not None
    test = examples(held_out_source(trained), 1000)
    variables = trained.state.averaged_variables()
    codes = game.sampler.encode(variables, jnp.asarray(test))
    rebuilt = np.asarray(game.sampler.generate(variables, (), codes))
    error = float(np.mean(np.square(test - rebuilt)))
    return error / component_error(examples(source, EXAMPLES), test, codes.shape[1])


CLAIMS = (
    Claim(
        "loses less than as many principal components (share of their squared error)",
        share_of_components,
        at_most=0.75,
        steps=1200,
        setting={"body": "mlp", "width": 16, "code": 8},
        control={"body": "linear"},
    ),
)


def experiment(
    *,
    data: Dataset = Dataset(),
    code: int = 16,
    body: Literal["dcgan", "mlp", "linear"] = "dcgan",
    width: int = 32,
    adam: Adam = Adam(lr=1e-3, beta1=0.9),
) -> Experiment:
    """One player, the generator, owns encoder and decoder.

    Args:
      code: Size of the code.
      body: Kind of both networks; points always get perceptrons. A linear one can at best find the principal
        components.
      width: Channels of the outermost hidden layers; perceptrons are eight times as wide.
    """
    source = data.load()
    if body == "linear":
        game = plain_autoencoder(linear_encoder(code), linear_decoder(source.shape), code)
    else:
        encoder = answer_of(
            heads({"code": code}, body=body, width=width, resampling="smooth"), "code"
        )
        decoder = generator_for(source.shape, body=body, width=width, resampling="smooth")
        game = plain_autoencoder(encoder, decoder, code)
    return Experiment(game, adam.simultaneous(game), source, steps=2000, claims=CLAIMS)
