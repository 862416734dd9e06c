"""InfoGAN's error of codes against classes, by brute force."""

from itertools import permutations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgan.claims.class_measures import code_error, matching_error
from jgan.data import load
from jgan.game import PLAYERS, Game
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
