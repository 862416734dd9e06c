"""Ring and grid under the protocols of VEEGAN and of PacGAN: networks, optimizers, lengths and counts."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from benchmarks._coverage.methods import PACGAN, VEEGAN
from benchmarks._yardsticks.kept import Cell, Measures, Options
from benchmarks._yardsticks.tables import Published, by_row, table
from benchmarks._yardsticks.trainings import samples_of, trained
from jgan.data import load
from jgan.data.densities import Mixture
from jgan.metrics.modes import mode_coverage

FOLDER = Path(__file__).parent / "experiments"
SAMPLES = 2500
DATA = ("ring", "grid")
METHODS: dict[str, tuple[str, dict[str, Any]]] = {
    "GAN, VEEGAN's protocol": ("veegan.py", {}),
    "VEEGAN": ("veegan.py", {"reconstruct": True}),
    "GAN, PacGAN's protocol": ("pacgan.py", {"packing": 1}),
    "PacGAN2": ("pacgan.py", {"packing": 2}),
    "PacGAN3": ("pacgan.py", {"packing": 3}),
    "PacGAN4": ("pacgan.py", {"packing": 4}),
}
STEPS: dict[str, dict[str, int]] = {
    "published": {"veegan.py": 100_000, "pacgan.py": 400_000},
    "laptop": {"veegan.py": 10_000, "pacgan.py": 8_000},
    "smoke": {"veegan.py": 4, "pacgan.py": 4},
}
"""Updates by scale; "published" are the authors'."""
SMALL: dict[str, dict[str, int]] = {
    "veegan.py": {"width": 4},
    "pacgan.py": {"width": 4, "maxout": 4},
}
"""Networks of the smoke test."""


def counted(samples: Any, data: str, seed: int = 0) -> Measures:
    """Modes, high-quality share in % and reverse KL of samples ``(N, 2)``, within three standard deviations."""
    density = load(data).density
    assert isinstance(density, Mixture)
    found = mode_coverage(jnp.asarray(samples), density.modes, density.stds, within=3.0)
    return {
        "modes": float(found.modes),
        "high-quality %": 100 * float(found.high_quality),
        "KL": float(found.reverse_kl),
    }


def cells(options: Options) -> Iterator[Cell]:
    """A perfect generator and every method on both data sets."""
    for data in DATA:
        for seed in options.seeds:
            yield Cell(
                f"{data}, perfect generator",
                seed,
                {"samples": SAMPLES},
                partial(_perfect, data, seed),
            )
        for name, (file, arguments) in METHODS.items():
            for seed in options.seeds:
                small = SMALL[file] if options.scale == "smoke" else {}
                steps = STEPS[options.scale][file]
                settings = {"data": data, "steps": steps, **arguments, **small}
                out = options.runs / f"points-{data}-{name.split(',')[0]}-{Path(file).stem}-{seed}"
                own = partial(_trained, FOLDER / file, settings, seed, out)
                yield Cell(f"{data}, {name}, {steps:,} updates", seed, settings, own)


def _perfect(data: str, seed: int) -> Measures:
    density = load(data).density
    assert density is not None
    return counted(density.sample(jax.random.key(seed), SAMPLES), data)


def _trained(file: Path, settings: dict[str, Any], seed: int, out: Path) -> Measures | None:
    run = trained(file, settings, seed, out)
    return None if run is None else counted(samples_of(run, SAMPLES, seed), settings["data"])


COLUMNS = ("modes", "high-quality %", "KL")
PUBLISHED: dict[str, tuple[tuple[str, str, tuple[str, str, str]], ...]] = {
    "ring": (
        ("GAN", VEEGAN, ("1", "99.3", "")),
        ("ALI", VEEGAN, ("2.8", "0.13", "")),
        ("unrolled", VEEGAN, ("7.6", "35.6", "")),
        ("VEEGAN", VEEGAN, ("8", "52.9", "")),
        ("GAN", PACGAN, ("6.3 ± 0.5", "98.2 ± 0.2", "0.45 ± 0.09")),
        ("ALI", PACGAN, ("6.6 ± 0.3", "97.6 ± 0.4", "0.36 ± 0.04")),
        ("PacGAN2", PACGAN, ("7.9 ± 0.1", "95.6 ± 2.0", "0.07 ± 0.03")),
        ("PacGAN3", PACGAN, ("7.8 ± 0.1", "97.7 ± 0.3", "0.10 ± 0.02")),
        ("PacGAN4", PACGAN, ("7.8 ± 0.1", "95.9 ± 1.4", "0.07 ± 0.02")),
    ),
    "grid": (
        ("GAN", VEEGAN, ("3.3", "0.5", "")),
        ("ALI", VEEGAN, ("15.8", "1.6", "")),
        ("unrolled", VEEGAN, ("23.6", "16", "")),
        ("VEEGAN", VEEGAN, ("24.6", "40", "")),
        ("GAN", PACGAN, ("17.3 ± 0.8", "94.8 ± 0.7", "0.70 ± 0.07")),
        ("ALI", PACGAN, ("24.1 ± 0.4", "95.7 ± 0.6", "0.14 ± 0.03")),
        ("PacGAN2", PACGAN, ("23.8 ± 0.7", "91.3 ± 0.8", "0.13 ± 0.04")),
        ("PacGAN3", PACGAN, ("24.6 ± 0.4", "94.2 ± 0.4", "0.06 ± 0.02")),
        ("PacGAN4", PACGAN, ("24.8 ± 0.2", "93.6 ± 0.6", "0.04 ± 0.01")),
    ),
}
"""± is PacGAN's standard error over 10 trials; VEEGAN's are means over 5."""
TRIALS = {VEEGAN: "5", PACGAN: "10"}


def text(facts: dict[str, Any]) -> str:
    """A table for each data set."""
    return "\n".join(
        table(
            facts,
            COLUMNS,
            [
                Published(
                    f"{data}, {name}",
                    source,
                    {**dict(zip(COLUMNS, values, strict=True)), "seeds": TRIALS[source]},
                )
                for name, source, values in PUBLISHED[data]
            ],
            digits={"modes": 1, "high-quality %": 1, "KL": 3},
            rows=[row for row in by_row(facts) if row.startswith(data)],
        )
        for data in DATA
    )
