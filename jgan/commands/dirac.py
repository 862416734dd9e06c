"""Theory and practice of the one-parameter GAN."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, cast

import jax

from jgan.commands.command import command
from jgan.commands.kinds import Count, Positive, Several, Weight
from jgan.commands.notebook import Numbers
from jgan.commands.paths import PngFile
from jgan.errors import UserError
from jgan.files import make_folder
from jgan.numerics import dirac_theory
from jgan.numerics.dirac import REGULARISERS
from jgan.numerics.dirac_study import Case, Study, study, with_limits
from jgan.numerics.named_rules import Setting
from jgan.numerics.verdict import WORDS

MOST = 1e6
"""Bound of strengths and starts; beyond it the orbits overflow."""


class DiracStudy(Numbers):
    """The numbers of a study of the Dirac-GAN, which print as a table and can be drawn.

    Attributes:
      found: the study, with the whole path of the iterates.
    """

    def __init__(self, found: Study) -> None:
        super().__init__(as_json(found), lambda numbers: as_table(found))
        self.found = found

    def save(self, path: str | Path) -> Path:
        """Draw field, flow and iterates, distance, eigenvalues and the map of stability into a .png.

        Raises:
          UserError: if matplotlib is not installed, or the file cannot be written.
        """
        from jgan.commands.dirac_figure import draw  # matplotlib loads slowly

        with jax.enable_x64(True):
            draw(self.found, Path(path))
        return Path(path)


@command
def dirac(
    *,
    loss: str = "non-saturating",
    penalty: str = "none",
    gamma: float | None = None,
    rule: str = "simultaneous",
    step: float = 0.2,
    momentum: float = 0.0,
    tau: Positive = 1.0,
    optimizer: Literal["sgd", "adam"] = "sgd",
    beta2: float = 0.999,
    discriminator_steps: Count = 1,
    generator_steps: Count = 1,
    weights: Sequence[Weight] = (),
    steps: Several = 500,
    start: tuple[float, float] = (1.0, 1.0),
    out: PngFile | None = None,
) -> DiracStudy:
    """Study the Dirac-GAN: closed forms, automatic differentiation, and what iterates do.

    The generator is the point theta, the discriminator D(x) = psi x and the data lie at 0 (Mescheder et al.
    2018, arXiv 1801.04406). Everything is computed in float64.

    Args:
      loss: Name of the loss: minimax, non-saturating, wasserstein, hinge or least-squares.
      penalty: Name of the regulariser: none, r1, r2, r1+r2, wgan-gp, one-centred, instance-noise, clip or
        consensus.
      gamma: Strength of the regulariser: gamma of r1, r2 and consensus (default: 0.3, of consensus 1), of each
        of r1+r2 (0.3), twice the weight of wgan-gp with target 1 and of one-centred (0.7), the standard
        deviation of the instance noise (0.7), the bound on |psi| of clip (1).
      rule: Name of the rule: simultaneous, alternating, extragradient, optimistic, past-extragradient,
        consensus, symplectic, competitive, look-ahead, lola, lookahead-minimax, runge-kutta-2, runge-kutta-4 or
        drift-corrected.
      step: Learning rate of the generator, and of the discriminator unless tau is given.
      momentum: Momentum of both players, between -1 and 1; of adam, the decay of the first moment.
      tau: Ratio of the discriminator's learning rate to the generator's.
      optimizer: Optimizer of both players.
      beta2: Decay of adam's second moment.
      discriminator_steps: Number of steps of the discriminator in each update of the rule alternating.
      generator_steps: Number of steps of the generator in each update of the rule alternating.
      weights: Numbers of the rule's own, as NAME=NUMBER: gamma of consensus (1), strength of symplectic (1),
        alpha of look-ahead and lola (the step), anticipation and shaping of lola (1), every and share of
        lookahead-minimax (5 and 0.5), regularization of runge-kutta (0), own and interaction of drift-corrected
        (0 and 1).
      steps: Number of updates.
      start: First theta and psi.
      out: FILE.png for the figure.

    Returns:
      Eigenvalues of the field and of the operator, rates, the largest stable step, the critical strength of the
      regulariser and the verdict by name, complex numbers as pairs; it prints as a table.

    Raises:
      UserError: If a name is unknown or a number outside its range.
    """
    setting = Setting(
        step,
        momentum,
        discriminator_steps,
        generator_steps,
        tau,
        optimizer,
        beta2,
        dict(cast("Sequence[tuple[str, float]]", weights)),
    )
    case = Case(loss, penalty, gamma, rule, setting, (start[0], start[1]))
    check(case)
    if out is not None:
        make_folder(Path(out).parent)
    with jax.enable_x64(True):
        try:
            found = DiracStudy(with_limits(study(case, steps)))
        except ValueError as error:
            raise UserError(str(error)) from error
    if out is not None:
        found.save(out)
    return found


def check(case: Case) -> None:
    """Raise UserError for numbers outside their range, before anything is compiled."""
    setting = case.setting
    if not 0 < setting.step < float("inf"):
        raise UserError(f"--step is {setting.step:g}, but must be a positive number.")
    if not 0 <= setting.beta2 < 1:
        raise UserError(f"--beta2 is {setting.beta2:g}, but must be at least 0 and below 1.")
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
        "tau": case.setting.tau,
        "optimizer": case.setting.optimizer,
        "discriminator_steps": case.setting.discriminator_steps,
        "generator_steps": case.setting.generator_steps,
        "weights": dict(case.setting.weights),
        "steps": len(found.path) - 1,
        "start": list(case.start),
        "field_eigenvalues": _pairs(found.field),
        "field_eigenvalues_closed_form": _pairs(found.field_theory),
        "updates_of_operator": found.period,
        "operator_eigenvalues": _pairs(found.operator),
        "operator_eigenvalues_closed_form": _pairs(found.operator_theory),
        "spectral_radius": found.spectral_radius,
        "largest_stable_step": None if found.limit is None else _finite(found.limit.step),
        "largest_stable_step_closed_form": _theory_limit(found),
        "neutral_below_it": None if found.limit is None else found.limit.neutral,
        "critical_gamma": found.critical_gamma,
        "critical_gamma_closed_form": _theory_gamma(found),
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
        (
            "largest stable step",
            _number(_theory_limit(found)),
            "-" if found.limit is None else found.limit.in_words(),
            "",
        ),
        ("critical gamma", _number(_theory_gamma(found)), _number(found.critical_gamma), ""),
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
    lines.append(f"verdict: {verdict.word} - {WORDS[verdict.word]} ({verdict.details(_place)})")
    return "\n".join(lines)


def _theory_limit(found: Study) -> float | None:
    case = found.case
    if not case.setting.plain:
        return None
    strength, tau = case.given_strength(), float(case.setting.tau)
    return dirac_theory.step_limit(case.rule, case.loss, case.penalty, strength, tau)


def _theory_gamma(found: Study) -> float | None:
    return dirac_theory.critical_gamma(
        found.case.loss, found.case.penalty, float(found.case.setting.tau)
    )


def _place(centre: tuple[float, ...]) -> str:
    psi, theta = centre
    return f"theta {theta:.4g}, psi {psi:.4g}"


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
