"""Trainings of yardsticks: ordinary runs, which go on from their checkpoints."""

import math
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import jgan

AT_ONCE = 1000


def trained(
    file: Path,
    arguments: dict[str, Any],
    seed: int,
    out: Path,
) -> Any:
    """The run of an experiment, trained to its end; None if a signal stopped it.

    A training that diverges is a `jgan.UserError`, as for `jgan train`.

    Args:
      file: of the experiment.
      arguments: of its function; ``batch_size`` and ``steps`` among them are the training's.
      seed: of the run.
      out: the run directory; a run that is there goes on.
    """
    often: dict[str, Any] = {"log_every": 500, "sample_every": 10**9, "save_every": 500, "keep": 1}
    run = jgan.train(str(file), seed=seed, out=str(out), quiet=True, **often, **arguments)
    return run if run.finished else None


def samples_of(run: Any, count: int, seed: int, *, averaged: bool = True) -> np.ndarray:
    """``count`` samples of a run's generator, ``(count, ...)``."""
    variables = run.variables if averaged else run.state.variables
    view = jax.jit(run.game.views["samples"])
    batch = {name: jnp.asarray(own) for name, own in run.source.first(AT_ONCE).items()}
    keys = jax.random.split(jax.random.key(seed), math.ceil(count / AT_ONCE))
    return np.concatenate([np.asarray(view(variables, batch, key)) for key in keys])[:count]
