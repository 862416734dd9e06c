"""Gradient norms of terms and cosines between them, for the log of a run that asks for them."""

from collections.abc import Callable

import jax
import numpy as np

from jgan.numerics.by_term import norms_and_cosines, term_gradients
from jgan.rules import TrainState
from jgan.training.devices import on_host
from jgan.training.experiment import Experiment
from jgan.training.stages import Stage


def term_metrics(stage: Experiment | Stage) -> Callable[[TrainState], dict[str, float]]:
    """``state -> {"player/norm(term)": ..., "player/cosine(term, other)": ...}`` on a random minibatch.

    The minibatch has ``batch_size`` examples of the stage's source and depends on the state's step alone.
    """

    @jax.jit
    def norms_of(state: TrainState, batch: dict[str, jax.Array]) -> dict[str, jax.Array]:
        key = jax.random.fold_in(state.key, state.step)
        found = term_gradients(stage.game, state.variables, batch, key, state.clock)
        return {
            f"{player}/{name}": value
            for player, terms in found.items()
            for name, value in norms_and_cosines(terms).items()
        }

    def of(state: TrainState) -> dict[str, float]:
        draw = np.random.default_rng(int(state.step))
        rows = draw.integers(min(stage.source.sizes.values()), size=stage.batch_size)
        # Averages and moments are not looked at, and may be spread over devices.
        own = state.replace(
            variables=on_host(state.variables), optimizers={}, averages={}, memory=()
        )
        found = norms_of(own, dict(stage.source.at(rows)))
        return {name: float(value) for name, value in found.items()}

    return of
