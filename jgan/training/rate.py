"""How fast an experiment trains here, by steps that are thrown away."""

import time
from collections.abc import Callable

import jax

from jgan.data.loader import Reading
from jgan.display import task
from jgan.training.devices import of_leader
from jgan.training.experiment import Experiment
from jgan.training.feed import make_feed
from jgan.training.fit import begin, layout_of
from jgan.training.user_code import as_user_error

GROWTH = 4
"""Each attempt has at most so many times the steps of the one before it."""
STEPS = 2**30
"""A stream must not end before the measurement does."""


def steps_per_second(
    experiment: Experiment,
    seed: int,
    *,
    parallel: str = "jit",
    loader: str = "auto",
    reading: Reading | None = None,
    seconds: float = 2.0,
    clock: Callable[[], float] = time.monotonic,
) -> float:
    """Steps of the first stage that are trained in a second, by the program that will train it.

    A state is begun, trained for at least ``seconds`` and thrown away. What is compiled is kept, so that the
    training after it need not compile again.

    Args:
      experiment: what is trained.
      seed: of the state.
      parallel: as in `jgan.training.fit.layout_of`.
      loader: as in `jgan.training.feed.make_feed`.
      reading: likewise.
      seconds: how long to measure.
      clock: seconds from any moment.

    Raises:
      UserError: as from `jgan.training.fit.begin`.
    """
    stage = experiment.stages[0]._replace(steps=STEPS)
    layout = layout_of(stage, parallel)
    state = begin(experiment, seed, layout, loader)
    feed = make_feed(stage, state, layout, loader, reading)

    def trained(count: int) -> float:
        nonlocal state
        start = clock()
        with as_user_error("an update of the experiment"):
            state, metrics = feed(state, count)
        jax.block_until_ready((state, metrics))
        # Or the processes would train different numbers of steps.
        return of_leader(max(1, round(1000 * (clock() - start)))) / 1000

    trained(1)  # compiles
    with task("measuring the speed of the training"):
        count, took = 1, trained(1)
        while took < seconds:
            count *= min(GROWTH, max(2, round(seconds / max(took, 1e-6))))
            took = trained(count)
    return count / took
