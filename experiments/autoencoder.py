"""A plain autoencoder beside principal components (Kingma & Welling 2014, arXiv 1312.6114, adds the prior).

jgan train experiments/autoencoder.py --view reconstructions
"""

from typing import Literal

import jax.numpy as jnp
import numpy as np
import optax

from jgan.data import Source, gather, load
from jgan.game import PLAYERS
from jgan.gans.autoencoder import plain_autoencoder
from jgan.networks.combined import answer_of
from jgan.networks.heads import generator_for, heads
from jgan.networks.linear import linear_decoder, linear_encoder
from jgan.rules import averaged, simultaneous
from jgan.training.experiment import Claim, Experiment, Trained

EXAMPLES = 5000


def examples(source: Source, count: int) -> np.ndarray:
    """``count`` examples spread over the source, or all of them."""
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
    test = examples(load(source.name, split="test"), 1000)
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
    data: str = "fashion",
    code: int = 16,
    body: Literal["dcgan", "mlp", "linear"] = "dcgan",
    width: int = 32,
    lr: float = 1e-3,
    beta1: float = 0.9,
    decay: float = 0.999,
) -> Experiment:
    """One player, the generator, owns encoder and decoder.

    Args:
      data: a source by name or path, see jgan.data.load.
      code: size of the code.
      body: of both networks; points always get perceptrons. A linear one can at best find the principal
        components.
      width: channels of the outermost hidden layers; perceptrons are eight times as wide.
      lr: learning rate of Adam.
      beta1: Adam's first decay.
      decay: of the exponential average, from which samples are drawn.
    """
    source = load(data)
    if body == "linear":
        game = plain_autoencoder(linear_encoder(code), linear_decoder(source.shape), code)
    else:
        encoder = answer_of(heads({"code": code}, body=body, width=width), "code")
        decoder = generator_for(source.shape, body=body, width=width)
        game = plain_autoencoder(encoder, decoder, code)
    rule = simultaneous(game, dict.fromkeys(PLAYERS, optax.adam(lr, b1=beta1)))
    return Experiment(game, averaged(rule, decay), source, steps=2000, claims=CLAIMS)
