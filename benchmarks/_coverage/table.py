"""Results as text, beside the published rows."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks._coverage.methods import COLUMNS, METHODS, PUBLISHED
from jgan.features.judge_accuracy import JudgeAccuracy
from jgan.metrics.modes import CONFIDENT, kl_floor

MODES = {"ring": 8, "grid": 25, "high": 10, "stacked": 1000}


def cell(values: Sequence[float | None]) -> str:
    """Mean ± standard error, standard deviation, least and greatest, of the seeds that did not diverge.

    >>> cell([7.0, 8.0, None, 9.0])
    '8.000±0.577 (sd 1.000, 7 to 9)'
    """
    kept = np.array([value for value in values if value is not None])
    if len(kept) == 0:
        return "-"
    if len(kept) == 1:
        return f"{kept[0]:.4g} (one seed)"
    deviation = kept.std(ddof=1)
    error = deviation / np.sqrt(len(kept))
    return (
        f"{kept.mean():.3f}±{error:.3f} (sd {deviation:.3f}, {kept.min():.4g} to {kept.max():.4g})"
    )


def table(data: str, cells: Mapping[str, Any]) -> Iterator[str]:
    """What was measured on one data set, then what was published on it."""
    own = {m: cells[f"{data}, {m}"] for m in METHODS if f"{data}, {m}" in cells}
    if not own:
        return
    first = next(iter(own.values()))
    settings, names = first["asked"], list(first["measures"])
    averaged = [name for name in names if not name.endswith(", last")]
    perfect = ", ".join(f"{name} {value:.4g}" for name, value in first["reference"].items())
    floor = kl_floor(MODES[data], settings["samples"])
    yield (
        f"{data}: {settings['samples']} samples of the averaged generators of {settings['seeds']} seeds; "
        "mean±standard error (sd: standard deviation, least to greatest); a mode counts from one high-quality "
        "sample, a solid one from a quarter of an even share of all samples"
    )
    if "high-quality %" in names:
        yield "  high-quality %: share of samples near a mode; modes and KL are counted on these alone"
    if "confident %" in names:
        yield (
            f"  confident %: share of samples whose digits the judge is sure of, each at least {CONFIDENT}; "
            "modes and KL count all samples"
        )
    yield f"  a perfect generator with as many samples: {perfect}; floor of the KL {floor:.4f}"
    if "stacked" in first:
        about = first["stacked"]
        own_digits = about["classifier"]
        accuracy = JudgeAccuracy(own_digits["accuracy"], own_digits["test_size"])
        yield f"  {about['digits']}, reduced to {about['side']}; {accuracy} of single digits"
    lines = [["", *averaged, "diverged", "seconds"]]
    for method, found in own.items():
        texts = [cell(found["measures"].get(name, ())) for name in averaged]
        bad = sum(step is not None for step in found["diverged in tenth"])
        lines.append([method, *texts, f"{bad} of {settings['seeds']}", f"{found['seconds']:.0f}"])
    yield from _aligned(lines)
    yield "  published"
    yield from _aligned(
        [["", "source", *COLUMNS], *([name, source, *row] for name, source, row in PUBLISHED[data])]
    )


def _aligned(lines: Sequence[Sequence[str]]) -> Iterator[str]:
    """Rows of cells with two spaces or more between columns."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (text.ljust(width) for text, width in zip(line, widths, strict=True))
        yield "  " + "  ".join(cells).rstrip()
