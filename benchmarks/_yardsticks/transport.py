"""The 1-D toy of adversarial flow models: what a generator pays to move noise to data, against the least cost.

On the line the cheapest map is the monotone one, and its cost W2² between N(0, 1) and the mixture is an
integral over quantiles. The generator is asked at the quantiles of the noise, so that nothing here is random.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import scipy

from benchmarks._yardsticks.kept import Cell, Measures, Options
from benchmarks._yardsticks.tables import table
from benchmarks._yardsticks.trainings import trained

FILE = Path(__file__).parent / "experiments" / "flow.py"
QUANTILES = 20_000
MODES, STD = (-1.5, -0.5, 0.5, 1.5), 0.05
SCALES: dict[str, dict[str, int]] = {
    "published": {"width": 1024, "batch_size": 1024},
    "laptop": {"width": 256, "batch_size": 128},
    "smoke": {"width": 8, "batch_size": 16, "steps": 4},
}
"""Sizes; all else is the authors', 5,000 updates of each player among it."""
WEIGHTS = (0.05, 0.0)
"""Of the transport term: the authors', and none as a control."""


def middles(count: int = QUANTILES) -> np.ndarray:
    """Probabilities in the middle of ``count`` equal parts."""
    return (np.arange(count) + 0.5) / count


def noise_quantiles(count: int = QUANTILES) -> np.ndarray:
    """Of N(0, 1)."""
    return scipy.special.ndtri(middles(count))


def data_quantiles(count: int = QUANTILES) -> np.ndarray:
    """Of the mixture, by bisection of its distribution function."""
    wanted = middles(count)
    low, high = np.full(count, -3.0), np.full(count, 3.0)
    for _ in range(60):
        middle = (low + high) / 2
        below = np.mean([scipy.special.ndtr((middle - mode) / STD) for mode in MODES], axis=0)
        low, high = np.where(below < wanted, middle, low), np.where(below < wanted, high, middle)
    return (low + high) / 2


def least_cost(count: int = QUANTILES) -> float:
    """W2² between N(0, 1) and the mixture.

    >>> print(f"{least_cost(1000):.3f}")
    0.151
    """
    return float(np.mean((noise_quantiles(count) - data_quantiles(count)) ** 2))


def costs(made: np.ndarray) -> Measures:
    """What the images ``(count,)`` of the noise's quantiles, in their order, say of a generator.

    ``transport cost`` is E|G(z) - z|², ``least for its samples`` W2² from the noise to what was generated,
    ``W2 to data`` how far that is from the data, ``modes`` how many have a tenth of the samples within three
    standard deviations, ``high-quality %`` the share of samples that lie within three of some mode, and
    ``falling %`` the share of neighbours whose order is reversed.
    """
    noise, ordered = noise_quantiles(len(made)), np.sort(made)
    near = np.abs(made[:, None] - np.asarray(MODES)) <= 3 * STD
    return {
        "transport cost": float(np.mean((made - noise) ** 2)),
        "least for its samples": float(np.mean((ordered - noise) ** 2)),
        "W2 to data": float(np.sqrt(np.mean((ordered - data_quantiles(len(made))) ** 2))),
        "modes": float(np.sum(near.mean(axis=0) >= 0.1)),
        "high-quality %": 100 * float(near.any(axis=1).mean()),
        "falling %": 100 * float(np.mean(np.diff(made) < 0)),
    }


def monotone() -> Measures:
    """Of the cheapest map."""
    return costs(data_quantiles())


def cells(options: Options) -> Iterator[Cell]:
    """The cheapest map, then trainings with and without the transport term."""
    yield Cell("cheapest map", 0, {"quantiles": QUANTILES}, monotone)
    for weight in WEIGHTS:
        for seed in options.seeds:
            sizes = SCALES[options.scale]
            arguments = {**sizes, "transport_weight": weight}
            out = options.runs / f"transport-{options.scale}-{weight}-{seed}"
            own = partial(_trained, arguments, seed, out)
            yield Cell(f"transport {weight:g}, {options.scale}", seed, arguments, own)


def _trained(arguments: dict[str, Any], seed: int, out: Path) -> Measures | None:
    run = trained(FILE, arguments, seed, out)
    if run is None:
        return None
    noise = jnp.asarray(noise_quantiles()[:, None], jnp.float32)
    made = jax.jit(run.game.sampler.generate)(run.variables, (), noise)
    return costs(np.asarray(made)[:, 0].astype(np.float64))


COLUMNS = (
    "transport cost",
    "least for its samples",
    "W2 to data",
    "modes",
    "high-quality %",
    "falling %",
)


def text(facts: dict[str, Any]) -> str:
    """One table; the authors publish the picture of the paths, and no numbers."""
    return table(facts, COLUMNS, digits={"modes": 1, "high-quality %": 1, "falling %": 1})
