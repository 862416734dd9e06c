"""SDGym's Gaussian mixtures: the likelihood of synthetic points, and of test points under what they teach.

The scores are those of SDGym 0.2 (Xu et al. 2019, "Modeling tabular data using conditional GAN", call the
same thing likelihood fitness): a Gaussian mixture of 10 components with diagonal covariances is fitted to the
test points and scores the synthetic ones (``syn``), another is fitted to the synthetic points and scores the
test points (``test``); so with 30 components, and the mean of both counts. Expectation-maximisation of 10
components on 25 modes ends in many local maxima, so that the scores of the real points scatter.
"""

from collections.abc import Callable, Iterator
from functools import cache, partial
from itertools import product
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks._yardsticks.kept import Cell, Measures, Options
from benchmarks._yardsticks.tables import Published, by_row, column, table
from benchmarks._yardsticks.trainings import samples_of, trained
from jgan.data.densities import Mixture
from jgan.files import cache_folder, make_folder

COVERAGE = Path(__file__).parents[2] / "experiments" / "coverage.py"
COUNT = 10_000
VARIANCE = 0.05
COMPONENTS = (10, 30)
DATA = ("grid", "gridr", "ring")
LEGACY_SEED = 0
"""Of NumPy's legacy generator, with which SDGym made its files; gridr's centres depend on it."""

MOST_TRAININGS = 3

Synthesizer = Callable[[np.ndarray, int], np.ndarray]
"""``(train (N, 2), seed) -> points (N, 2)``."""


@cache
def points(name: str) -> tuple[np.ndarray, np.ndarray, Mixture]:
    """Training points, test points ``(10000, 2)``, and the density of both, as SDGym makes them.

    The components have equal shares and the variance (not the standard deviation) 0.05 along each axis; the
    centres of gridr are those of grid, each moved by up to one half along each axis.

    Args:
      name: "grid", "gridr" or "ring".
    """
    draw = np.random.RandomState(LEGACY_SEED)
    if name == "ring":
        angles = np.array([4, 0, 6, 2, 5, 1, 3, 7]) * np.pi / 4
        centres = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    else:
        centres = np.array(list(product(range(-4, 5, 2), repeat=2)), float)
        if name == "gridr":
            centres = centres + draw.rand(len(centres), 2) - 0.5
    each = 2 * COUNT // len(centres)
    parts = [
        draw.multivariate_normal(centre, VARIANCE * np.eye(2), size=each) for centre in centres
    ]
    both = np.concatenate(parts)
    draw.shuffle(both)
    share = np.full(len(centres), 1 / len(centres))
    density = Mixture(
        jnp.asarray(centres), jnp.full(len(centres), VARIANCE**0.5), jnp.asarray(share)
    )
    return both[:COUNT], both[COUNT:], density


def identity(train: np.ndarray, seed: int) -> np.ndarray:
    """Training points drawn with replacement, SDGym's ceiling."""
    return train[np.random.default_rng(seed).integers(0, len(train), len(train))]


def independent(train: np.ndarray, seed: int) -> np.ndarray:
    """Each coordinate from a Gaussian mixture of five components of its own, within the data's bounds."""
    from sklearn.mixture import GaussianMixture

    draw = np.random.default_rng(seed)
    made = np.empty_like(train)
    for axis in range(train.shape[1]):
        model = GaussianMixture(5, random_state=seed).fit(train[:, [axis]])
        own = draw.permutation(model.sample(len(train))[0][:, 0])
        made[:, axis] = own.clip(train[:, axis].min(), train[:, axis].max())
    return made


def uniform(train: np.ndarray, seed: int) -> np.ndarray:
    """Uniform points within the data's bounds, SDGym's floor."""
    low, high = train.min(axis=0), train.max(axis=0)
    return np.random.default_rng(seed).uniform(low, high, train.shape)


SYNTHESIZERS: dict[str, Synthesizer] = {
    "Identity": identity,
    "Independent": independent,
    "Uniform": uniform,
}
GANS: dict[str, dict[str, Any]] = {
    "NS": {},
    "RpGAN+R1+R2": {"loss": "relativistic", "penalty": "r1_r2", "gamma": 0.3},
}
"""Arguments of experiments/coverage.py, whose networks know nothing of these data."""


def scores(synthetic: np.ndarray, test: np.ndarray, density: Mixture, seed: int) -> Measures:
    """SDGym's two likelihoods, in nats a point, by count of components and as the mean of both counts.

    ``exact`` is the likelihood of the synthetic points under the true density instead of a fitted one.
    """
    from sklearn.mixture import GaussianMixture

    found: dict[str, float] = {}
    for count in COMPONENTS:
        fresh = partial(GaussianMixture, count, covariance_type="diag")
        found[f"syn {count}"] = float(fresh(random_state=seed).fit(test).score(synthetic))
        found[f"test {count}"] = float(fresh(random_state=seed + 1).fit(synthetic).score(test))
    means = {
        kind: float(np.mean([found[f"{kind} {count}"] for count in COMPONENTS]))
        for kind in ("syn", "test")
    }
    with jax.enable_x64():
        exact = float(density.log_density(jnp.asarray(synthetic, jnp.float64)).mean())
    return {**means, **found, "exact": exact}


def cells(options: Options) -> Iterator[Cell]:
    """Every synthesizer, then every GAN, on every data set."""
    common = {"points": COUNT, "components": list(COMPONENTS)}
    for seed, data, (name, synthesizer) in product(options.seeds, DATA, SYNTHESIZERS.items()):
        own = partial(_synthesized, data, synthesizer, seed)
        yield Cell(f"{data}, {name}", seed, common, own)
    for data in DATA:
        for name, arguments in GANS.items():
            settings = {**common, "arguments": arguments, "experiment": COVERAGE.name}
            for seed in options.seeds[:MOST_TRAININGS]:
                run = options.runs / f"likelihood-{data}-{name}-{seed}"
                yield Cell(
                    f"{data}, {name}", seed, settings, partial(_gan, data, arguments, seed, run)
                )


def _synthesized(data: str, synthesizer: Synthesizer, seed: int) -> Measures:
    train, test, density = points(data)
    # Fits of two seeds never begin alike.
    return scores(synthesizer(train, seed), test, density, 1000 * seed)


def _gan(data: str, arguments: dict[str, Any], seed: int, out: Path) -> Measures | None:
    train, test, density = points(data)
    file = make_folder(cache_folder("sdgym") or out) / f"{data}.npz"
    np.savez(file, image=train.astype(np.float32))
    run = trained(COVERAGE, {"data": str(file), **arguments}, seed, out)
    if run is None:
        return None
    made = samples_of(run, COUNT, seed).astype(np.float64)
    return scores(made, test, density, 1000 * seed)


RELEASES: dict[str, dict[str, tuple[tuple[float, float], ...]]] = {
    "Identity": {
        "0.2.0": ((-3.461, -3.435), (-3.552, -3.613), (-1.693, -1.705)),
        "0.2.1": ((-3.477, -3.503), (-3.608, -3.636), (-1.713, -1.704)),
        "0.2.2": ((-3.470, -3.486), (-3.593, -3.641), (-1.711, -1.703)),
    },
    "Independent": {
        "0.2.0": ((-3.434, -3.472), (-5.013, -4.038), (-2.427, -1.959)),
        "0.2.1": ((-3.544, -3.470), (-5.033, -4.038), (-2.466, -1.965)),
        "0.2.2": ((-3.468, -3.486), (-5.118, -4.029), (-2.466, -1.957)),
    },
    "Uniform": {
        "0.2.0": ((-7.321, -4.534), (-7.323, -4.573), (-5.405, -2.519)),
        "0.2.1": ((-7.294, -4.535), (-7.227, -4.550), (-5.344, -2.521)),
        "0.2.2": ((-7.332, -4.537), (-7.218, -4.572), (-5.342, -2.497)),
    },
    "TVAE": {
        "0.2.1": ((-3.388, -5.190), (-3.821, -3.725), (-1.654, -1.933)),
        "0.2.2": ((-3.268, -5.658), (-3.867, -3.708), (-1.580, -1.940)),
    },
    "CTGAN": {
        "0.2.1": ((-9.163, -5.067), (-8.653, -5.086), (-7.056, -2.737)),
        "0.2.2": ((-8.918, -5.089), (-8.324, -5.027), (-7.131, -2.704)),
    },
    "VEEGAN": {"0.2.1": ((-8.647, -423.573), (-11.459, -8.908), (-16.831, -6.355))},
}
"""``syn`` and ``test`` on each of `DATA`, as the leaderboards of SDGym's releases have them (means of 3)."""


def published(data: str) -> list[Published]:
    """The rows of the leaderboards on one data set."""
    place = DATA.index(data)
    return [
        Published(
            f"{data}, {name}",
            f"SDGym {release}",
            {key: f"{value:.3f}" for key, value in zip(("syn", "test"), row[place], strict=True)},
        )
        for name, releases in RELEASES.items()
        for release, row in releases.items()
    ]


COLUMNS = ("syn", "test", "syn 10", "syn 30", "test 10", "test 30", "exact")


def differences(facts: dict[str, Any]) -> str:
    """Each reproduced score beside the releases: their range, the difference of means, and what chance makes.

    A release's score is a mean over 3 fits, whose standard error is ours over the square root of 3.
    """
    lines = [
        "| | score | jgan | releases | difference | standard error of a release |",
        "|---|---|---|---|---|---|",
    ]
    found = by_row(facts)
    for place, data in enumerate(DATA):
        for name in SYNTHESIZERS:
            if f"{data}, {name}" not in found:
                continue
            for kind, key in enumerate(("syn", "test")):
                own = np.array(column(found[f"{data}, {name}"], key), float)
                theirs = [row[place][kind] for row in RELEASES[name].values()]
                gap = own.mean() - np.mean(theirs)
                error = own.std(ddof=1) / np.sqrt(3) if len(own) > 1 else np.nan
                span = f"{min(theirs):.3f} to {max(theirs):.3f}"
                cells = f"{own.mean():.3f} | {span} | {gap:+.3f} | {error:.3f}"
                lines.append(f"| {data}, {name} | {key} | {cells} |")
    return "\n".join(lines) + "\n"


def text(facts: dict[str, Any]) -> str:
    """A table for each data set, then how well the releases' rows are reproduced."""
    rows = [*SYNTHESIZERS, *GANS]
    tables = [
        table(facts, COLUMNS, published(data), rows=[f"{data}, {name}" for name in rows])
        for data in DATA
    ]
    return "\n".join([*tables, differences(facts)])
