"""InfoGAN's measures of codes: against classes by brute force, against shapes by pictures of known shape."""

from itertools import permutations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgan.claims.class_measures import code_error, matching_error
from jgan.claims.code_measures import brightness, code_changes, explained_within, slant
from jgan.data import load
from jgan.evaluation.beside import facts_beside
from jgan.game import PLAYERS, Game, Sampler
from jgan.gans.infogan import Codes
from jgan.rules.rule import TrainState
from jgan.training.experiment import Experiment, Trained

RNG = np.random.default_rng(0)


def brute(codes, classes, size):
    best = max(np.mean(np.array(order)[codes] == classes) for order in permutations(range(size)))
    return 1 - best


def test_the_best_assignment_is_found():
    for _ in range(5):
        codes, classes = RNG.integers(0, 5, (2, 40))
        codes[:5] = classes[:5] = np.arange(5)
        assert matching_error(codes, classes) == pytest.approx(brute(codes, classes, 5))
    codes = np.arange(100) % 4
    assert matching_error(codes, np.array([2, 0, 3, 1])[codes]) == 0


def test_codes_and_classes_of_different_number():
    codes = np.array([0, 0, 1, 1, 2, 2])
    # One of three codes stays without a class, and one of four classes without a code.
    assert matching_error(codes, codes % 2) == pytest.approx(1 / 3)
    assert matching_error(np.zeros(4, int), np.arange(4)) == pytest.approx(3 / 4)


@pytest.mark.parametrize("wrong", [0.0, 0.25])
def test_codes_of_a_game_whose_samples_are_known(wrong):
    source = load("ring", size=500)
    modes = jnp.asarray(source.density.modes)

    def in_order(variables, batch, key):
        count = batch["image"].shape[0]
        code = jnp.arange(count) * 8 // count
        missed = jnp.arange(count) % 4 < 4 * wrong
        return modes[(3 * code + missed) % 8]

    game = Game(lambda key, batch: {}, {}, views={"codes": in_order})
    experiment = Experiment(game, None, source, steps=1)
    none = {player: {"params": {}} for player in PLAYERS}
    state = TrainState(jnp.zeros(()), jax.random.key(0), none, {}, {})
    found = code_error(8)(Trained(experiment, state, []))
    assert found == pytest.approx(wrong, abs=0.01)


def bars(lean, wide):
    """Bright bars on black: ``wide`` columns, which lean by ``lean`` columns a row, ``(N, 28, 28, 1)``."""
    rows, columns = jnp.mgrid[:28, :28]
    middle = 13.5 - lean[:, None, None] * (rows - 13.5)
    away = jnp.abs(columns - middle)
    return jnp.clip(wide[:, None, None] / 2 + 0.5 - away, 0, 1)[..., None] * 2 - 1


def test_slant_and_brightness_of_bars():
    lean = jnp.array([-0.4, 0.0, 0.25])
    images = np.asarray(bars(lean, jnp.full(3, 4.0)))
    np.testing.assert_allclose(slant(images), lean, atol=0.01)
    wide = np.asarray(bars(jnp.zeros(2), jnp.array([3.0, 6.0])))
    np.testing.assert_allclose(brightness(wide), 2 * np.array([3, 6]) / 28 - 1, atol=1e-6)


def test_what_a_code_explains_within_categories_is_that_of_a_regression():
    categories, code = RNG.integers(0, 3, 50), RNG.normal(size=50)
    values = 0.5 * code + 10 * categories + RNG.normal(size=50)
    dummies = np.eye(3)[categories]
    residual = lambda columns: np.linalg.lstsq(columns, values, rcond=None)[1][0]
    expected = 1 - residual(np.column_stack([dummies, code])) / residual(dummies)
    assert explained_within(values, code, categories) == pytest.approx(expected, abs=1e-9)
    assert explained_within(np.ones(50), code, categories) == 0.0


@pytest.mark.parametrize("strength", [0.0, 0.3])
def test_the_code_that_leans_bars_is_found(strength):
    codes = Codes(categories=3, continuous=2, noise=4)
    prior = codes.prior()

    def generate(variables, condition, latent, key=None):
        one_hot, continuous = codes.split(latent)
        own = jnp.argmax(one_hot, axis=1) * 0.1 + 0.05 * latent[:, -1]
        return bars(own + strength * continuous[:, 1], jnp.full(len(latent), 4.0))

    count = lambda batch: len(batch["image"])
    sampler = Sampler(lambda key, batch: prior(key, count(batch)), generate)
    game = Game(lambda key, batch: {}, {}, sampler=sampler)
    experiment = Experiment(game, None, load("fashion"), steps=1)
    none = {player: {"params": {}} for player in PLAYERS}
    state = TrainState(jnp.zeros(()), jax.random.key(0), none, {}, {})
    with facts_beside() as facts:
        found = code_changes(codes, 500)(Trained(experiment, state, []))
    if strength:
        assert found > 0.95
        assert facts == ["code 2 tells slant"]
    else:
        assert found < 0.05
