"""What is measured on translated pictures, on games whose answers are written out."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from helpers import given

from jgan.claims.held_out_measures import both_splits
from jgan.claims.translation_measures import (
    error_to_baselines,
    high_band,
    sharpness,
    shown_by,
)
from jgan.data import load
from jgan.data.registry import recorded
from jgan.errors import UserError
from jgan.game import PLAYERS
from jgan.gans.pix2pix import pix2pix
from jgan.losses import non_saturating
from jgan.rules import alternating
from jgan.training.experiment import Experiment, Trained


def trained(function, name="garments:colours"):
    """A training whose translations are ``function(a)``, of no updates."""
    with recorded() as loaded:
        source = load(name)
    judge = given(1.0, lambda w, x: w * x.mean(axis=-1))
    game = pix2pix(given(0.0, lambda w, x: function(x)), judge, non_saturating())
    rule = alternating(game, dict.fromkeys(PLAYERS, optax.sgd(0.1)))
    experiment = Experiment(game, rule, source, steps=1, loaded=loaded)
    state = rule.init(jax.random.key(0), jax.tree.map(jnp.asarray, source.first(2)))
    return Trained(experiment, state, [])


def test_the_error_is_that_of_the_pictures_over_the_better_baselines():
    black = trained(lambda a: jnp.repeat(0 * a - 1, 3, axis=-1))
    train, test = both_splits(black)
    count = 20
    a, b = (test.first(count)[field] for field in ("a", "b"))
    known = train.first(train.size)
    nearest = [np.argmin(np.square(known["a"] - one).sum(axis=(1, 2, 3))) for one in a]
    errors = [np.abs(guess - b).mean() for guess in (known["b"][nearest], known["b"].mean(axis=0))]
    assert errors[0] < errors[1]
    expected = np.abs(-1 - b).mean() / errors[0]
    assert error_to_baselines(black, count) == pytest.approx(expected, rel=1e-4)


def test_sharpness_is_a_share_of_the_power():
    grey = trained(lambda a: jnp.repeat(a, 3, axis=-1))
    _, test = both_splits(grey)
    a, b = (test.first(300)[field] for field in ("a", "b"))
    expected = high_band(a) / high_band(b)
    assert sharpness(grey, 300) == pytest.approx(expected, rel=1e-4)


def test_the_high_band_holds_frequencies_above_a_quarter():
    x = np.arange(16)
    for period, share in ((16, 0.0), (5, 0.0), (3.2, 1.0), (2.0, 1.0)):
        frequency = round(16 / period)
        wave = np.cos(2 * np.pi * frequency * x / 16)[None, :, None, None] * np.ones((1, 1, 16, 1))
        assert high_band(wave) / np.square(wave).mean() == pytest.approx(share, abs=1e-9)


def test_views_are_shown_of_every_row():
    images = np.random.default_rng(0).uniform(-1, 1, (301, 28, 28, 1)).astype(np.float32)
    shown = shown_by(trained(lambda a: -a, "garments:edges"), "samples", {"a": images, "b": images})
    np.testing.assert_array_equal(shown, -images)


def test_a_test_set_is_needed(tmp_path):
    np.savez(tmp_path / "x.npz", image=np.zeros((4, 28, 28, 1), np.uint8))
    own = trained(lambda a: a, "garments:edges")
    other = load(str(tmp_path / "x.npz"))
    experiment = Experiment(own.experiment.game, own.experiment.rule, other, steps=1)
    with pytest.raises(UserError, match="which has no test set, but this claim is measured on one"):
        both_splits(own._replace(experiment=experiment))
