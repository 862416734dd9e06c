import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jgan.claims.encoder_measures import neighbour_accuracy, reconstruction_ratio
from jgan.data import load
from jgan.data.conditions import conditions
from jgan.errors import UserError
from jgan.game import DISCRIMINATOR, GENERATOR, Sampler
from jgan.gans.gan import gan
from jgan.latents import normal
from jgan.losses import non_saturating
from jgan.networks import mlp_discriminator, mlp_generator
from jgan.rules import alternating
from jgan.training.experiment import Experiment, Trained


def coded(encode, generate=lambda variables, condition, code: code):
    """A "trained" run on the ring that encodes and decodes in the given way."""
    game = gan(mlp_generator((2,), (2,)), mlp_discriminator((2,)), non_saturating(), normal(2))
    sampler = Sampler(game.sampler.latent, generate, encode=encode)
    sgd = optax.sgd(0.1)
    rule = alternating(game, {GENERATOR: sgd, DISCRIMINATOR: sgd})
    state = rule.init(jax.random.key(0), {"image": jnp.zeros((2, 2))})
    experiment = Experiment(game._replace(sampler=sampler), rule, load("ring", size=2000), 1)
    return Trained(experiment, state, [])


def test_ratios_of_known_encoders():
    x = conditions(load("ring", split="test"), 0).at(np.arange(1000))["image"]
    length = lambda values: np.linalg.norm(values, axis=1).mean()
    keep = lambda variables, images: images
    assert reconstruction_ratio(coded(keep)) == 0
    half = reconstruction_ratio(coded(keep, lambda variables, condition, code: code / 2))
    assert half == pytest.approx(length(x / 2) / length(x - np.roll(x, 1, axis=0) / 2), rel=1e-5)
    # Whoever draws the same for everyone has learnt nothing, the mean example too.
    same = reconstruction_ratio(coded(lambda variables, images: 0 * images))
    assert same == pytest.approx(1, rel=1e-6)


def test_neighbours_of_known_encoders():
    assert neighbour_accuracy(coded(lambda variables, images: images), 2000) == 1
    # The distance to the centre says nothing about which of eight modes it is.
    radius = lambda variables, images: jnp.sum(images**2, axis=1, keepdims=True)
    assert neighbour_accuracy(coded(radius), 2000) == pytest.approx(1 / 8, abs=0.03)


def test_encoders_are_needed():
    with pytest.raises(UserError, match="this game has no encoder"):
        reconstruction_ratio(coded(None))
