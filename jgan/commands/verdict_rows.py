"""Verdicts as the lines of a table."""

import math

from jgan.claims.trainings import CONTROL
from jgan.claims.verdicts import ClaimVerdict, Values, deviation, difference, mean, worst
from jgan.training.experiment import Claim

NAME, BOUND = 58, 18
ONE, SEVERAL = 10, 34
"""Widths of the columns; the last two are of the measurements under one seed and under several."""


def table_rows(verdict: ClaimVerdict, width: int) -> list[str]:
    """The lines of a claim in the table: one of the claim, one of each rival, and what is read beside them.

    Args:
      verdict: of the claim.
      width: of a measurement's column.
    """
    claim = verdict.claim
    cells = (measured(claim, verdict.system), measured(claim, verdict.control, control=True))
    line = f"{claim.name:<{NAME}} {claim.bound():>{BOUND}}"
    lines = [" ".join([line, *(f"{cell:>{width}}" for cell in cells)]) + f"  {verdict.word}"]
    for name, values in verdict.rivals.items():
        gap = difference(values, verdict.system)
        interval = f" (95 % from {gap.low:.3g} to {gap.high:.3g})" if gap.low == gap.low else ""
        lines.append(
            f"  rival {name}: {measured(claim, values)}; less the system's {gap.mean:.3g}{interval}"
        )
    for variant, notes in verdict.beside.items():
        values = verdict.values(variant)
        seed = worst(claim, values, control=variant == CONTROL)
        if seed in notes:
            lines.append(f"  beside the {variant}'s {values[seed]:.4g}: {notes[seed]}")
    return lines


def measured(claim: Claim, values: Values, control: bool = False) -> str:
    """A measurement over seeds: the value under one; of several the mean, the deviation and the worst.

    >>> measured(Claim("a", len, {}, at_least=7), {0: 8.0, 1: 7.5})
    '7.75 ± 0.35, worst 7.5 (seed 1)'
    """
    diverged = sum(not math.isfinite(value) for value in values.values())
    if diverged:
        return "diverged" if len(values) == 1 else f"{diverged} of {len(values)} seeds diverged"
    if len(values) == 1:
        return f"{mean(values):.4g}"
    seed = worst(claim, values, control)
    ends = f"worst {values[seed]:.4g} (seed {seed})"
    return f"{mean(values):.4g} ± {deviation(values):.2g}, {ends}"
