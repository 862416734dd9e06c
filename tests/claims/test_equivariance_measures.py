"""What is measured of equivariance, on a generator of a wave that moves but does not turn."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from helpers import given

from jgan.claims.equivariance_measures import (
    equivariance_of,
    rotation_equivariance,
    translation_equivariance,
)
from jgan.data import Source
from jgan.errors import UserError
from jgan.game import PLAYERS
from jgan.gans.versus import versus
from jgan.latents import normal
from jgan.losses import non_saturating
from jgan.metrics.equivariance import Equivariance
from jgan.rules import alternating
from jgan.terms.adversarial import adversarial
from jgan.training.experiment import Experiment, Trained

SIDE = 40


def wave(make, z, condition, shift, angle):
    place = jnp.arange(SIDE) / SIDE
    phase = z[:, :1] + place - shift[:, :1]
    return make(z) + jnp.sin(2 * jnp.pi * phase)[:, :, None, None] * jnp.ones((1, 1, SIDE, 1))


def trained(transform):
    generator = given(0.0, lambda w, z: w + jnp.zeros((len(z), SIDE, SIDE, 1)))
    judge = given(1.0, lambda w, x: w * x.mean(axis=(1, 2, 3)))
    terms = adversarial(non_saturating())
    game = versus(generator, judge, terms, latent=normal(2), transform=transform)
    rule = alternating(game, dict.fromkeys(PLAYERS, optax.sgd(0.1)))
    source = Source({"image": np.zeros((20, SIDE, SIDE, 1), np.uint8)}, "zeros")
    state = rule.init(jax.random.key(0), jax.tree.map(jnp.asarray, source.first(2)))
    return Trained(Experiment(game, rule, source, steps=1), state, [])


def test_a_wave_that_moves_but_does_not_turn():
    found = equivariance_of(trained(wave), 16)
    assert found.eq_t > 60
    assert found.eq_r < 20


def test_claims_measure_one_of_the_numbers(monkeypatch):
    monkeypatch.setattr(
        "jgan.claims.equivariance_measures.equivariance_of",
        lambda trained: Equivariance(50.0, 40.0, 30.0),
    )
    assert translation_equivariance(None) == 50
    assert rotation_equivariance(None) == 30


def test_a_generator_that_cannot_move_is_refused():
    with pytest.raises(UserError, match="this game's generator cannot be moved and turned"):
        equivariance_of(trained(None))
