"""What intervals over few seeds cover, and how much too good the best of a search looks.

    python -m benchmarks.interval_coverage

A study that is simulated, so that the truth is known: settings with known means, whose seeds scatter normally
or, as distances do, to the bad side (log-normally). Of each interval it counts how often it holds the truth; of
choosing the best setting, how far what is reported of it lies below its true mean, if the report is on the
seeds that chose and if it is on others. Lower outcomes are better. Writes results/interval-coverage.json.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import scipy

from benchmarks._workers.report import commit
from jgan.files import write_atomically
from jgan.statistics.improvement import improvement
from jgan.statistics.ranks import rank_intervals
from jgan.statistics.summaries import (
    Interval,
    bootstrap_interval,
    interquartile_mean,
    student_interval,
    trimmed_interval,
    wilson_interval,
)
from jgan.versions import versions

RESULT = Path(__file__).parent / "results" / "interval-coverage.json"
SEEDS = (3, 5, 10, 30)
LEVEL = 0.95
RESAMPLES = 1000
GAPS = np.array([0.0, 0.5, 1.5, 3.0])
"""True means of four ways of training, in standard deviations over seeds."""
SETTINGS = 16
"""Of a search, whose true means scatter as much as seeds do."""
SHARE = 0.8
"""True share of the seeds that keep all modes."""
Draw = Callable[[np.random.Generator, Any], np.ndarray]


def _mean(values: np.ndarray, axis: int = -1) -> np.ndarray:
    return np.mean(values, axis=axis)


def _skewed(rng: np.random.Generator, shape: Any) -> np.ndarray:
    sigma = 0.5
    values = np.exp(sigma * rng.standard_normal(shape))
    mean, variance = np.exp(sigma**2 / 2), np.exp(sigma**2) * (np.exp(sigma**2) - 1)
    return (values - mean) / np.sqrt(variance)


SCATTERS: dict[str, Draw] = {
    "normal": lambda rng, shape: np.asarray(rng.standard_normal(shape)),
    "log-normal": _skewed,
}
"""Deviations of seeds, of mean 0 and standard deviation 1; the log-normal ones have a skewness of 1.75."""


def intervals(values: np.ndarray, seed: int) -> dict[str, Interval]:
    """Each interval that `jgan table` has, of one sample."""
    bootstrap = lambda statistic: bootstrap_interval([values], statistic, LEVEL, RESAMPLES, seed)
    return {
        "mean, Student": student_interval(values, LEVEL),
        "mean, bootstrap": bootstrap(_mean),
        "interquartile mean, trimmed t": trimmed_interval(values, LEVEL),
        "interquartile mean, bootstrap": bootstrap(interquartile_mean),
    }


def coverage(scatter: Draw, seeds: int, repeats: int) -> dict[str, float]:
    """The share of studies in which each interval holds the truth."""
    rng = np.random.default_rng(seeds)
    other = np.random.default_rng(1)
    # The truth of an interquartile mean is what it tends to with many seeds.
    many = interquartile_mean(scatter(other, (400, 10_000)))
    truths = {"mean": 0.0, "interquartile": float(many.mean())}
    first, second = scatter(other, (2, 10**6))
    chance = float(np.mean(first < second + GAPS[1]))
    found: dict[str, list[bool]] = {}

    def count(name: str, interval: Interval, truth: float) -> None:
        found.setdefault(name, []).append(interval.low <= truth <= interval.high)

    for repeat in range(repeats):
        samples = scatter(rng, (len(GAPS), seeds)) + GAPS[:, None]
        for name, interval in intervals(samples[0], repeat).items():
            count(name, interval, truths[name.split()[0].rstrip(",")])
        ranks = rank_intervals([list(samples)], _mean, LEVEL, RESAMPLES, repeat)[1]
        for place, interval in enumerate(ranks):
            count(f"rank {place + 1} of {len(GAPS)}, bootstrap", interval, place + 1.0)
        wins = improvement(samples[0], samples[1], LEVEL, repeat).interval
        count("probability of improvement, bootstrap", wins, chance)
        count(
            "share, Wilson", wilson_interval(int(rng.binomial(seeds, SHARE)), seeds, LEVEL), SHARE
        )
    return {name: float(np.mean(held)) for name, held in found.items()}


def selection(scatter: Draw, seeds: int, repeats: int) -> dict[str, float]:
    """How the setting that is best by its mean over ``seeds`` is reported, in standard deviations over seeds.

    ``bias`` is the reported mean less the true one of the setting that was chosen: negative looks too good.
    """
    rng = np.random.default_rng(seeds)
    same, fresh, right = [], [], []
    for _ in range(repeats):
        true = rng.standard_normal(SETTINGS)
        chosen_by, reported = (
            true + scatter(rng, (seeds, SETTINGS)).mean(axis=0) for _ in range(2)
        )
        best = int(chosen_by.argmin())
        same.append(chosen_by[best] - true[best])
        fresh.append(reported[best] - true[best])
        right.append(best == int(true.argmin()))
    return {
        "bias, chosen and reported on the same seeds": float(np.mean(same)),
        "bias, reported on other seeds": float(np.mean(fresh)),
        "standard error of the biases": float(np.std(fresh, ddof=1) / np.sqrt(repeats)),
        "best setting found": float(np.mean(right)),
    }


def main(words: Sequence[str] | None = None) -> int:
    """Simulate, print and keep; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--repeats", type=int, default=1000, help="simulated studies (default: 1000)"
    )
    parser.add_argument("--out", type=Path, default=RESULT, help="file of the result")
    options = parser.parse_args(words)
    found: dict[str, Any] = {
        "command": "python -m benchmarks.interval_coverage",
        "repeats": options.repeats,
        "level": LEVEL,
        "resamples": RESAMPLES,
        "true means, in standard deviations over seeds": GAPS.tolist(),
        "settings of a search": SETTINGS,
        "commit": commit(),
        "versions": {**versions(), "scipy": scipy.__version__},
    }
    for what, measure in (("coverage", coverage), ("selection", selection)):
        for name, scatter in SCATTERS.items():
            by_seeds = {n: measure(scatter, n, options.repeats) for n in SEEDS}
            found[f"{what}, {name} seeds"] = {
                row: {str(n): round(by_seeds[n][row], 4) for n in SEEDS}
                for row in by_seeds[SEEDS[0]]
            }
    write_atomically(options.out, json.dumps(found, indent=1) + "\n")
    for title in [name for name in found if name.startswith(("coverage", "selection"))]:
        print(f"{title}, by number of seeds:")
        for row, values in found[title].items():
            print(f"  {row:<46}" + "".join(f"{n:>4}: {value:6.3f}" for n, value in values.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
