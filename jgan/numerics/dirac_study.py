"""One setting of the Dirac-GAN, studied: eigenvalues by theory and autodiff, observed decay, verdict."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import numpy as np

from jgan.arguments import check_count
from jgan.numerics import dirac_theory
from jgan.numerics.dirac import REGULARISERS, SLOPES, Regularised, regularised
from jgan.numerics.eigen import eigenvalues, spectral_radius
from jgan.numerics.named_rules import Setting, named_rule, period_of
from jgan.numerics.orbit import positions
from jgan.numerics.selfmap import SelfMap
from jgan.numerics.stability import (
    critical_gamma,
    dirac_field,
    dirac_operator,
    radius_an_update,
)
from jgan.numerics.step_limit import StepLimit, step_limit
from jgan.numerics.verdict import Verdict, judge
from jgan.rules.rule import Rule, TrainState


class Case(NamedTuple):
    """What is studied.

    Attributes:
      loss: a name in `jgan.numerics.dirac.LOSSES`.
      penalty: a name in `jgan.numerics.dirac.REGULARISERS`.
      strength: of the penalty, or None for its default.
      rule: a name in `jgan.numerics.named_rules.RULES`.
      setting: step, momentum, discriminator steps.
      start: θ and ψ, not both 0.
    """

    loss: str = "non-saturating"
    penalty: str = "none"
    strength: float | None = None
    rule: str = "simultaneous"
    setting: Setting = Setting(0.2)
    start: tuple[float, float] = (1.0, 1.0)

    def given_strength(self) -> float:
        """The strength, or the regulariser's default."""
        default = REGULARISERS[self.penalty].default if self.penalty in REGULARISERS else 0.0
        return default if self.strength is None else self.strength

    def toy(self, scale: float = 1.0) -> Regularised:
        """The game from ``scale`` times the start."""
        theta, psi = self.start
        return regularised(self.loss, self.penalty, self.strength, (scale * theta, scale * psi))

    def moving(self) -> Rule:
        """The rule on the game."""
        return named_rule(self.rule, self.toy().game, self.setting)

    def state(self, scale: float = 1.0) -> TrainState:
        """The first state from ``scale`` times the start."""
        toy = self.toy(scale)
        return named_rule(self.rule, toy.game, self.setting).init(jax.random.key(0), toy.batch)


class Study(NamedTuple):
    """What was found.

    Attributes:
      case: what was studied.
      field_theory: closed-form eigenvalues of the field, empty where there are none.
      field: those of the exact Jacobian; empty where the field is not differentiable at the equilibrium.
      operator_theory: closed-form eigenvalues of ``period`` updates, empty where none is known.
      operator: those of the rule's exact Jacobian over ``period`` updates, empty as ``field``.
      spectral_radius: the factor of a single update: the largest modulus of ``operator`` to the power
        1/``period``; None where that is empty.
      period: updates after which the rule does the same again.
      limit: the largest stable step of the rule, by `with_limits`; None before, and without ``operator``.
      critical_gamma: the penalty's strength at which the field's eigenvalues become real, so that the players
        no longer circle; None where they never do.
      path: ``(steps + 1, 2)``, θ and ψ.
      observed_rate: factor by which the distance to the equilibrium changed in an update, fitted to the
        second half of the path; None if that is not finite.
      verdict: what happens in the long run.
    """

    case: Case
    field_theory: list[complex]
    field: list[complex]
    operator_theory: list[complex]
    operator: list[complex]
    spectral_radius: float | None
    period: int
    limit: StepLimit | None
    critical_gamma: float | None
    path: np.ndarray
    observed_rate: float | None
    verdict: Verdict


def study(case: Case, steps: int = 500, long: int | None = None) -> Study:
    """Study one case; call it under ``jax.enable_x64`` for eigenvalues to 1e-12.

    Args:
      case: what to study.
      steps: length of the path.
      long: updates that the verdict may look ahead; None for half a million, fewer with noise.

    Raises:
      ValueError: for unknown names, settings that do not fit and numbers out of range.
    """
    check_count("steps", steps)
    if case.penalty == "none" and case.strength is not None:
        raise ValueError(
            f"strength is {case.strength}, but the penalty 'none' has none; leave it out."
        )
    if case.start == (0.0, 0.0):
        raise ValueError("start is (0, 0), the equilibrium itself; choose another point.")
    rule, batch, strength = case.moving(), case.toy().batch, case.given_strength()
    smooth, period = REGULARISERS[case.penalty].smooth, period_of(case.rule, case.setting)
    field_values: list[complex] = []
    operator_values: list[complex] = []
    radius = None
    if smooth:
        tau = case.setting.tau
        field_values = _solved(lambda: dirac_field(case.loss, case.penalty, strength, tau))
        operator_values = _solved(
            lambda: dirac_operator(case.rule, case.setting, case.loss, case.penalty, strength)
        )
        largest = max(map(abs, operator_values))
        radius = float(radius_an_update(case.rule, largest, case.setting))
    path = np.asarray(jax.jit(lambda state: positions(rule, state, batch, steps))(case.state()))
    if long is None:
        long = 1 << (17 if case.penalty == "instance-noise" else 19)
    tau = float(case.setting.tau)
    return Study(
        case=case,
        field_theory=dirac_theory.field_eigenvalues(case.loss, case.penalty, strength, tau),
        field=field_values,
        operator_theory=dirac_theory.operator_eigenvalues(
            case.rule, float(case.setting.step), case.loss, case.penalty, strength, tau
        )
        if case.setting.plain
        else [],
        operator=operator_values,
        spectral_radius=radius,
        period=period,
        limit=None,
        critical_gamma=None,
        path=path[:, ::-1],  # tree order has the discriminator first
        observed_rate=observed_rate(path),
        verdict=judge(rule, batch, case.state, radius, steps=long),
    )


def with_limits(found: Study) -> Study:
    """The study with the largest stable step and the critical strength, where anything can be linearised."""
    if not found.operator:
        return found
    return found._replace(limit=_limit(found.case), critical_gamma=_critical_gamma(found.case))


def _limit(case: Case) -> StepLimit:
    def radius(step: jax.Array) -> jax.Array:
        setting = case.setting._replace(step=step)
        there = dirac_operator(case.rule, setting, case.loss, case.penalty, case.given_strength())
        return radius_an_update(case.rule, spectral_radius(there), setting)

    return step_limit(radius, 1 / SLOPES[case.loss][0])


def _critical_gamma(case: Case) -> float | None:
    """By bisection; clipping and consensus let the players circle at every strength."""
    if dirac_theory.damping(case.loss, case.penalty, 1.0) in (None, 0.0):
        return None
    tau, highest = case.setting.tau, 1e3
    fields = lambda gamma: dirac_field(case.loss, case.penalty, gamma, tau)
    return float(jax.jit(lambda: critical_gamma(fields, highest))())


def observed_rate(path: np.ndarray) -> float | None:
    """The factor an update changes the distance from the origin by, fitted to a path's second half.

    Args:
      path: ``(steps + 1, n)``.

    Returns:
      exp of the slope of the logarithm by least squares; None if a point is not finite or fewer than two
      are away from 0.
    """
    with np.errstate(over="ignore"):
        distances = np.linalg.norm(path, axis=1)
    tail = np.arange(len(path) // 2, len(path))
    tail = tail[distances[tail] > 1e-150]
    if len(tail) < 2 or not np.isfinite(distances[tail]).all():
        return None
    return float(np.exp(np.polyfit(tail, np.log(distances[tail]), 1)[0]))


def _solved(make: Callable[[], SelfMap]) -> list[complex]:
    return [complex(value) for value in np.asarray(jax.jit(lambda: eigenvalues(make()))())]
