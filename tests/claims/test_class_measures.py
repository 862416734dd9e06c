"""Samples at the mode that they were made for, on games whose samples are known."""

import jax
import jax.numpy as jnp
import pytest

from jgan.claims.class_measures import class_accuracy, share_at_mode
from jgan.data import load
from jgan.errors import UserError
from jgan.game import PLAYERS, Game
from jgan.rules.rule import TrainState
from jgan.training.experiment import Experiment, Trained


def drawing(deviations: float, turn: int = 0, data: str = "ring") -> Trained:
    """Samples of the asked modes, or of others, each so many standard deviations away from its centre."""
    source = load(data, size=1000)

    def draw(variables, batch, key):
        modes = source.density.modes[(batch["label"] + turn) % 8]
        angles = jax.random.uniform(key, (len(modes),), maxval=2 * jnp.pi)
        return modes + 0.01 * deviations * jnp.stack([jnp.cos(angles), jnp.sin(angles)], axis=1)

    game = Game(lambda key, batch: {}, {}, views={"samples": draw})
    none = {player: {"params": {}} for player in PLAYERS}
    state = TrainState(jnp.zeros(()), jax.random.key(0), none, {}, {})
    return Trained(Experiment(game, None, source, steps=1), state, [])


@pytest.mark.parametrize(("deviations", "turn", "share"), [(2.9, 0, 1), (3.1, 0, 0), (0.0, 3, 0)])
def test_only_the_mode_asked_for_counts_and_only_what_lies_within_it(
    deviations: float, turn: int, share: float
) -> None:
    trained = drawing(deviations, turn)
    assert share_at_mode(trained) == share
    # To be nearest to the mode is weaker.
    assert class_accuracy(trained) == (turn == 0)


def test_modes_are_needed() -> None:
    with pytest.raises(UserError, match="asked of the source 'spiral', which has no mode"):
        share_at_mode(drawing(0.0, data="spiral"))
