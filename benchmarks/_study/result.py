"""What the study found, as JSON and as a table."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import stats

from benchmarks._study import paper
from benchmarks._study.settings import NAMES, PAPERS, described
from benchmarks._study.study import Records, best, diverged, last
from jgan.sweeps.records import Record

DRAWS = 100_000
LAST = ("defaults", "others", "best")
"""Phases whose runs are reported; the rest are a search."""


def methods(records: Records) -> dict[str, Any]:
    """Each method's runs that are no search: mean, deviation (n - 1) and values over the seeds."""
    found: dict[str, Any] = {}
    for record in (record for phase in LAST for record in records.get(phase, [])):
        found.setdefault(record.setting["method"], []).append(record)
    return {method: _row(own) for method, own in found.items()}


def _row(records: Sequence[Record]) -> dict[str, Any]:
    alive = [record for record in records if diverged(record) is None]
    lost = {str(record.seed): diverged(record) for record in records if record not in alive}
    return {
        "setting": described(records[0].setting),
        "generator updates": max(
            (row["step"] for own in records for row in own.learning_curve), default=0
        ),
        "seeds": [record.seed for record in records],
        "diverged": lost,
        "best": mean_and_std([best(record) for record in alive]),
        "last": mean_and_std([last(record) for record in alive]),
        "course": {str(own.seed): own.learning_curve for own in records},
    }


def mean_and_std(values: Sequence[float]) -> dict[str, Any]:
    """Mean, standard deviation (divisor n - 1) and the values; None where there are too few.

    >>> mean_and_std([1.0, 3.0])
    {'mean': 2.0, 'std': 1.4142135623730951, 'values': [1.0, 3.0]}
    """
    return {
        "mean": float(np.mean(values)) if values else None,
        "std": float(np.std(values, ddof=1)) if len(values) > 1 else None,
        "values": list(values),
    }


def searched(records: Records) -> list[dict[str, Any]]:
    """Every run of the search: its setting and what became of it."""
    return [
        {
            "phase": phase,
            **described(record.setting),
            "seed": record.seed,
            "diverged": diverged(record),
            "best": best(record) if diverged(record) is None else None,
            "last": last(record) if diverged(record) is None else None,
        }
        for phase, own in records.items()
        if phase not in LAST
        for record in own
    ]


def rank_correlation(ours: Sequence[float], theirs: Sequence[float]) -> dict[str, Any] | None:
    """Spearman's rho of two columns, its exact two-sided p and a rough 95 % interval; None below 4 rows.

    The p is that of permutations: all of them up to 8 rows, else 100,000 drawn. The interval is Bonett &
    Wright's (2000), which n = 8 makes rough.

    >>> found = rank_correlation([1, 2, 3, 4], [1, 2, 3, 4])
    >>> found["rho"], round(found["p"], 4)  # 2 of 24 orders are as extreme
    (1.0, 0.0833)
    """
    count = len(ours)
    if count < 4 or not np.isfinite(ours).all():
        return None
    first, second = stats.rankdata(ours), stats.rankdata(theirs)
    rho = float(np.corrcoef(first, second)[0, 1])
    if count <= 8:
        orders = np.array(list(itertools.permutations(second)))
    else:
        orders = np.random.default_rng(0).permuted(np.tile(second, (DRAWS, 1)), axis=1)
    centred = orders - second.mean()
    scale = np.sqrt(np.square(first - first.mean()).sum() * np.square(second - second.mean()).sum())
    every = centred @ (first - first.mean()) / scale
    p = float(np.mean(np.abs(every) >= abs(rho) - 1e-9))
    half = 1.96 * math.sqrt((1 + rho**2 / 2) / (count - 3))
    middle = math.atanh(max(-0.999999, min(0.999999, rho)))
    return {
        "rho": rho,
        "p": p,
        "methods": count,
        "interval": [math.tanh(middle - half), math.tanh(middle + half)],
    }


def correlation(found: dict[str, Any], data: str) -> dict[str, Any] | None:
    """The rank correlation of our means at the best checkpoint with theirs."""
    means = {m: row["best"]["mean"] for m, row in found.items() if row["best"]["mean"] is not None}
    return rank_correlation(*paper.ours_and_theirs(means, paper.known(data)))


def table(result: dict[str, Any]) -> str:
    """The result as Markdown: ours beside theirs, the floor, the rank correlation, the differences."""
    about, theirs = result["distance"], paper.known(result["data"])
    lines = [
        f"# Are GANs created equal? {result['data']}, scale {result['scale']}",
        "",
        f"{about['name']} of {about['samples']:,} samples from {about['test images']:,} test images, mean ± "
        "standard deviation over seeds; lower is better. Theirs: FID of Lucic et al. 2018 after their search.",
        "",
        "| | best checkpoint | last | generator updates | seeds | diverged | their FID |",
        "|---|---|---|---|---|---|---|",
    ]
    rows = result["methods"]
    for method in (*PAPERS, *(name for name in rows if name not in PAPERS)):
        if method in rows:
            row = rows[method]
            cells = [_cell(row["best"]), _cell(row["last"]), f"{row['generator updates']:,}"]
            cells += [str(len(row["seeds"])), str(len(row["diverged"]))]
            cells.append(_theirs(theirs.get(method)))
            lines.append(f"| {NAMES[method]} | " + " | ".join(cells) + " |")
    lines += [f"| *training images* | {about['floor']:.3g} | | | | | |", ""]
    lines += [_about_ranks(result["rank correlation"]), ""]
    lines += [_about_time(result), "", "Differences from their protocol:", ""]
    lines += [f"* {difference}" for difference in result["differences"]]
    return "\n".join(lines) + "\n"


def _cell(values: dict[str, Any]) -> str:
    if values["mean"] is None:
        return "-"
    deviation = "" if values["std"] is None else f" ± {values['std']:.2g}"
    return f"{values['mean']:.4g}{deviation}"


def _theirs(value: tuple[float, float] | None) -> str:
    return "-" if value is None else f"{value[0]} ± {value[1]}"


def _about_ranks(found: dict[str, Any] | None) -> str:
    if found is None:
        return "Rank correlation with theirs: too few methods for one."
    low, high = found["interval"]
    return (
        f"Rank correlation (Spearman) with theirs over {found['methods']} methods: {found['rho']:.2f}, "
        f"exact two-sided p = {found['p']:.2g}, 95 % interval about {low:.2f} to {high:.2f}. "
        f"{found['methods']} ranks say little: with 8, |rho| below 0.74 is no more than chance gives in one "
        "of twenty orders, and methods whose means differ by less than their deviations have no order."
    )


def _about_time(result: dict[str, Any]) -> str:
    machine, seconds = result["machine"], sum(result["seconds"])
    state = "finished" if result["finished"] else "NOT FINISHED"
    return (
        f"{state}; {seconds / 60:.1f} minutes in {len(result['seconds'])} jobs on {machine['processor']}, "
        f"{machine['cores']} cores, {result['device']} (theirs: {paper.COST}); commit {result['commit']}."
    )
