"""One method on one data set: a population trained and asked."""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks._coverage.methods import Size
from benchmarks._coverage.stacked import Stacked, prepare
from jgan.data.densities import Mixture
from jgan.game import Variables
from jgan.metrics.modes import (
    ModeCoverage,
    class_coverage,
    confident_share,
    mode_coverage,
    stacked_predictions,
)
from jgan.sweeps.population import member, population
from jgan.training.experiment import Experiment, load_experiment

FILE = Path(__file__).parents[2] / "experiments" / "coverage.py"
LOGGED_TIMES = 10
AT_ONCE = 1000
SHOWN = 400
LOGGED = ("generator/loss", "discriminator/loss")


class Cell(NamedTuple):
    """What was measured.

    Attributes:
      facts: for the JSON file: a list over the seeds for each measure, None at diverged ones.
      shown: examples of the first seed for a picture, ``(n, ...)``.
    """

    facts: dict[str, Any]
    shown: np.ndarray

    @property
    def summary(self) -> str:
        """One line."""
        return ", ".join(
            f"{name} {_mean(values)}" for name, values in self.facts["measures"].items()
        )


def _mean(values: list[float | None]) -> str:
    kept = [value for value in values if value is not None]
    return f"{np.mean(kept):.3g}" if kept else "-"


def measure(size: Size, method: str, digits: str) -> Cell:
    """Train all seeds of a method at once and measure each one's averaged generator and its last one."""
    stacked = prepare(digits, size) if size.data == "stacked" else None
    data = str(stacked.file) if stacked else size.data
    arguments = {"data": data, **size.arguments_of(method)}
    build = load_experiment(FILE).build
    made = population(
        lambda **own: replace(build(**own), batch_size=size.batch_size),
        arguments,
        list(range(size.seeds)),
    )
    states, rows = made.init(), []
    for part in _parts(made.experiment.steps):
        states, metrics = made.run(states, part)
        rows.append({name: np.asarray(values) for name, values in metrics.items()})
    diverged = [_first_bad(rows, seed) for seed in range(size.seeds)]
    sampled = sampler(made.experiment)
    judge = _judge(made.experiment, stacked)
    found: list[dict[str, float]] = []
    for seed in range(size.seeds):
        state = member(states, seed)
        views = {"": state.averaged_variables(), ", last": state.variables}
        found.append(
            {
                name + suffix: value
                for suffix, variables in views.items()
                for name, value in judge(sampled(variables, size.samples, seed)).items()
            }
            if diverged[seed] is None
            else {}
        )
    names = {name: None for own in found for name in own}
    facts = {
        "measures": {name: [own.get(name) for own in found] for name in names},
        "diverged in tenth": diverged,
        "reference": judge(_real(made.experiment, stacked, size.samples)),
        **{f"{name} by tenths": [row[name].tolist() for row in rows] for name in LOGGED},
    }
    shown = sampled(member(states, 0).averaged_variables(), SHOWN, 0)
    return Cell(facts | (stacked.facts if stacked else {}), np.asarray(shown))


def _parts(steps: int) -> list[int]:
    """Ten parts of a training, fewer of a tiny one."""
    ends = [steps * (row + 1) // LOGGED_TIMES for row in range(LOGGED_TIMES)]
    return [end - start for start, end in zip([0, *ends], ends, strict=False) if end > start]


def _first_bad(rows: list[dict[str, np.ndarray]], seed: int) -> int | None:
    finite = [all(np.isfinite(values[seed]) for values in row.values()) for row in rows]
    return None if all(finite) else finite.index(False)


def sampler(experiment: Experiment) -> Callable[[Variables, int, int], jax.Array]:
    """``(variables, count, seed) -> samples``, compiled once."""
    view = jax.jit(experiment.game.views["samples"])
    batch = {"image": jnp.asarray(experiment.source.first(AT_ONCE)["image"])}

    def sampled(variables: Variables, count: int, seed: int) -> jax.Array:
        keys = jax.random.split(jax.random.key(seed), math.ceil(count / AT_ONCE))
        return jnp.concatenate([view(variables, batch, key) for key in keys])[:count]

    return sampled


def _judge(
    experiment: Experiment, stacked: Stacked | None
) -> Callable[[jax.Array], dict[str, float]]:
    """What is measured of samples, as floats."""
    if stacked is not None:
        probabilities = stacked.probabilities

        def triples(samples: jax.Array) -> dict[str, float]:
            digits = probabilities(samples)
            found = class_coverage(stacked_predictions(digits.argmax(axis=2)), 1000)
            return {
                "modes": found.modes,
                "solid modes": found.solid,
                "confident %": 100 * confident_share(digits),
                "KL": found.kl,
            }

        return triples
    density = experiment.source.density
    assert isinstance(density, Mixture)
    measured = partial(mode_coverage, modes=density.modes, std=density.stds)

    def plane(samples: jax.Array) -> dict[str, float]:
        return _named(measured(samples, within=3.0))

    def high(samples: jax.Array) -> dict[str, float]:
        # The noise alone has length √d, 35 standard deviations: no perfect sample lies within 10.
        published = _named(measured(samples, within=10.0))
        fair = measured(samples)
        gaps = np.linalg.norm(density.modes[:, None] - density.modes[None], axis=-1)
        half = np.min(gaps + gaps.max() * np.eye(len(gaps))) / 2
        near = _named(measured(samples, within=float(half / density.stds.min())))
        del published["KL"]
        return (
            published
            | {"high-quality % by quantile": 100 * float(fair.high_quality)}
            | {f"{name} by half way": value for name, value in near.items()}
        )

    return plane if density.modes.shape[1] == 2 else high


def _named(found: ModeCoverage) -> dict[str, float]:
    return {
        "modes": float(found.modes),
        "solid modes": float(found.solid),
        "high-quality %": 100 * float(found.high_quality),
        "KL": float(found.reverse_kl),
    }


def _real(experiment: Experiment, stacked: Stacked | None, count: int) -> jax.Array:
    """Samples of a perfect generator: points drawn anew, triples of digits that no classifier learnt from."""
    if stacked is not None:
        return stacked.fresh(count)
    assert experiment.source.density is not None
    return experiment.source.density.sample(jax.random.key(0), count)
