"""Settings that make no difference are found, and those that make one are not."""

import jax
import numpy as np
import optax
import pytest

from jgan.data import load
from jgan.errors import UserError
from jgan.game import PLAYERS
from jgan.gans.gan import gan
from jgan.latents import normal
from jgan.losses import non_saturating
from jgan.networks import mlp_discriminator, mlp_generator
from jgan.rules import alternating, averaged
from jgan.sweeps.axes import parse_axis
from jgan.sweeps.same_training import fingerprint, refuse_without_effect
from jgan.sweeps.search import settings
from jgan.terms.penalties import r1
from jgan.training.experiment import Experiment

TABLE = np.arange(8.0)


def experiment(
    *,
    data: str = "ring",
    lr: float = 0.1,
    gamma: float = 1.0,
    penalty: str = "none",
    body: str = "plain",
    shift: float = 0.0,
    decay: float = 0.9,
    steps: int = 4,
) -> Experiment:
    game = gan(mlp_generator((2,), (2,)), mlp_discriminator((2,)), non_saturating(), normal(2))
    if penalty == "r1":
        game = game.add(r1(gamma))
    view = game.views["samples"]
    moved = jax.jit(lambda *inputs, **more: view(*inputs, **more) + (TABLE + shift)[:2])
    game = game._replace(views={"samples": moved})
    rule = averaged(alternating(game, dict.fromkeys(PLAYERS, optax.sgd(lr))), decay)
    return Experiment(game, rule, load(data, size=50), steps=steps, batch_size=5)


@pytest.mark.full
def test_whatever_decides_a_training_is_seen():
    changes = [{}, {"lr": 0.2}, {"decay": 0.8}, {"steps": 5}, {"data": "grid"}, {"penalty": "r1"}]
    changes += [{"penalty": "r1", "gamma": 2.0}, {"shift": 1.0}]
    found = [fingerprint(experiment(**change)) for change in changes]
    assert len(set(found)) == len(changes)
    assert fingerprint(experiment(gamma=2.0, body="other")) == found[0]


def refuse(*over, trials=None, **arguments):
    axes = [parse_axis(text, experiment) for text in over]
    refuse_without_effect(experiment, arguments, axes, settings(axes, trials))


def test_a_setting_counts_if_it_makes_a_difference_anywhere():
    refuse("gamma=1,2", "penalty=none,r1", "lr=0.1,0.2")


@pytest.mark.parametrize(
    ("over", "message"),
    [
        (
            ["gamma=1,2"],
            "^--over gives gamma the values 1.0 and 2.0, but both train the same thing",
        ),
        (
            ["lr=0.1,0.2", "body=plain,other"],
            "^--over gives body the values 'plain' and 'other', but",
        ),
    ],
)
def test_a_setting_without_effect_is_refused(over, message):
    with pytest.raises(UserError, match=message):
        refuse(*over)
