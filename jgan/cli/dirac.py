"""``jgan dirac``: theory and practice of the one-parameter GAN, as a table and a figure."""

import json
import math
from pathlib import Path
from typing import Any

import jax

from jgan.cli.common import at_least
from jgan.cli.flags import Parser
from jgan.commands.paths import output
from jgan.errors import UserError
from jgan.files import make_folder
from jgan.numerics.dirac import LOSSES, REGULARISERS
from jgan.numerics.dirac_rules import RULES, Setting
from jgan.numerics.dirac_study import Case, Study, study
from jgan.numerics.verdict import WORDS, Verdict

MOST = 1e6
"""Bound of strengths and starts; beyond it the orbits overflow."""


def main(words: list[str]) -> int:
    """Run the command; returns the exit code."""
    options = parser().parse_args(words)
    setting = Setting(options.step, options.momentum, options.discriminator_steps)
    case = Case(
        options.loss, options.penalty, options.gamma, options.rule, setting, tuple(options.start)
    )
    check(case)
    if options.out:
        make_folder(options.out.parent)
    with jax.enable_x64(True):
        try:
            found = study(case, options.steps)
        except ValueError as error:
            raise UserError(str(error)) from error
        if options.json:
            print(json.dumps(as_json(found), indent=2, allow_nan=False))
        else:
            print(as_table(found))
        if options.out or not options.json:
            from jgan.cli.dirac_figure import draw  # matplotlib loads slowly

            out = options.out or Path("dirac.png")
            draw(found, out)
            if not options.json:
                print(f"wrote {out}")
    return 0


def parser() -> Parser:
    """The command's flags."""
    strengths = "; ".join(
        f"{name}: {kind.meaning} ({kind.default})" for name, kind in REGULARISERS.items()
    )
    result = Parser(prog="jgan dirac", description=__doc__)
    result.add_argument("--loss", default="non-saturating", help=f"one of {', '.join(LOSSES)}")
    result.add_argument("--penalty", default="none", help=f"one of {', '.join(REGULARISERS)}")
    result.add_argument(
        "--gamma",
        type=float,
        help=f"strength of the penalty, with its default in brackets: {strengths}",
    )
    result.add_argument("--rule", default="simultaneous", help=f"one of {', '.join(RULES)}")
    result.add_argument("--step", type=float, default=0.2, help="learning rate (default: 0.2)")
    result.add_argument("--momentum", type=float, default=0.0, help="of both players (default: 0)")
    result.add_argument(
        "--discriminator-steps", type=at_least(1), default=1, help="of alternating (default: 1)"
    )
    result.add_argument(
        "--steps", type=at_least(2), default=500, help="updates shown (default: 500)"
    )
    result.add_argument(
        "--start", type=float, nargs=2, default=(1.0, 1.0), help="theta and psi (default: 1 1)"
    )
    result.add_argument(
        "--json", action="store_true", help="print numbers for scripts; no figure unless --out"
    )
    result.add_argument(
        "--out", type=output(".png"), help="the figure, a .png (default: dirac.png)"
    )
    return result


def check(case: Case) -> None:
    """Raise UserError for numbers outside their range, before anything is compiled."""
    setting = case.setting
    if not 0 < setting.step < float("inf"):
        raise UserError(f"--step is {setting.step:g}, but must be a positive number.")
    if not -1 < setting.momentum < 1:
        raise UserError(f"--momentum is {setting.momentum:g}, but must lie between -1 and 1.")
    if not all(-MOST < value < MOST for value in case.start):
        shown = " ".join(f"{value:g}" for value in case.start)
        raise UserError(
            f"--start is {shown}, but must be two numbers between {-MOST:g} and {MOST:g}."
        )
    if case.start == (0.0, 0.0):
        raise UserError(f"--start is {case.start}, but must be a point other than 0 0.")
    if case.strength is None or case.penalty not in REGULARISERS:
        return
    if case.penalty == "none":
        raise UserError(
            f"--gamma is {case.strength:g}, but without --penalty nothing has a strength."
        )
    positive = REGULARISERS[case.penalty].positive
    if case.strength < 0 or (positive and case.strength == 0):
        least = "positive" if positive else "at least 0"
        raise UserError(f"--gamma is {case.strength:g}, but must be {least}.")
    if not case.strength < MOST:
        raise UserError(f"--gamma is {case.strength:g}, but must be a number below {MOST:g}.")


def as_json(found: Study) -> dict[str, Any]:
    """The study as numbers; complex ones are [re, im] pairs."""
    case = found.case
    return {
        "loss": case.loss,
        "penalty": case.penalty,
        "gamma": case.given_strength(),
        "rule": case.rule,
        "step": case.setting.step,
        "momentum": case.setting.momentum,
        "discriminator_steps": case.setting.discriminator_steps,
        "steps": len(found.path) - 1,
        "start": list(case.start),
        "field_eigenvalues": _pairs(found.field),
        "field_eigenvalues_closed_form": _pairs(found.field_theory),
        "updates_of_operator": found.period,
        "operator_eigenvalues": _pairs(found.operator),
        "operator_eigenvalues_closed_form": _pairs(found.operator_theory),
        "spectral_radius": found.spectral_radius,
        "observed_rate": found.observed_rate,
        "amplitude": _finite(found.verdict.amplitude),
        "centre": [_finite(value) for value in found.verdict.centre[::-1]],
        "radius": _finite(found.verdict.radius),
        "growth": _finite(found.verdict.growth),
        "updates_of_verdict": found.verdict.updates,
        "verdict": found.verdict.word,
    }


def as_table(found: Study) -> str:
    """The study in lines."""
    case, verdict = found.case, found.verdict
    strength = "" if case.penalty == "none" else f" {case.given_strength():g}"
    theory = max(map(abs, found.operator_theory), default=None)
    theory = None if theory is None else theory ** (1 / found.period)
    updates = "" if found.period == 1 else f" of {found.period} updates"
    rows = [
        ("", "closed form", "autodiff", "observed"),
        ("field eigenvalues", _shown(found.field_theory), _shown(found.field), ""),
        (
            f"operator eigenvalues{updates}",
            _shown(found.operator_theory),
            _shown(found.operator),
            "",
        ),
        (
            "factor an update",
            _number(theory),
            _number(found.spectral_radius),
            _number(found.observed_rate),
        ),
    ]
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    lines = [
        f"Dirac-GAN, {case.loss} loss, {case.penalty}{strength}, {case.rule} steps of {case.setting.step:g}"
    ]
    lines += [
        "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    if not found.field:
        lines.append(
            "The field jumps at (0, 0) and is not 0 beside it: there is nothing to linearise."
        )
    lines.append(f"verdict: {verdict.word} - {WORDS[verdict.word]} ({details(verdict)})")
    return "\n".join(lines)


def details(verdict: Verdict) -> str:
    """What a verdict rests on: where the players are, and after how many updates."""
    after = f"after {verdict.updates} updates"
    if verdict.word == "diverges" or not math.isfinite(verdict.amplitude):
        return f"last distance {verdict.amplitude:.3g} {after}"
    psi, theta = verdict.centre
    place = f"theta {theta:.4g}, psi {psi:.4g}"
    if verdict.word == "other-point":
        return f"at {place} {after}"
    if verdict.word == "limit-cycle":
        return f"radius {verdict.radius:.4g} about {place} {after}"
    if verdict.word == "slow-growth":
        return (
            f"last distance {verdict.amplitude:.3g}, {verdict.growth:.4g} times that of half as many updates, "
            f"{after}"
        )
    return f"last distance {verdict.amplitude:.3g} {after}"


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _pairs(values: list[complex]) -> list[list[float]]:
    return [[value.real, value.imag] for value in values]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.6f}"


def _shown(values: list[complex]) -> str:
    """Real values, and one of each conjugate pair with both signs."""
    parts = [
        f"{z.real:.5f}" if abs(z.imag) < 5e-6 else f"{z.real:.5f} ± {z.imag:.5f}i"
        for z in values
        if z.imag > -5e-6
    ]
    return ", ".join(parts) or "-"
