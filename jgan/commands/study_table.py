"""What ``jgan study`` found, as JSON and as a table."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from jgan.numerics.game_study import GameStudy
from jgan.numerics.step_limit import StepLimit
from jgan.numerics.transient import in_words
from jgan.numerics.verdict import WORDS

MANY = 6
"""Numbers of a point or of a spectrum that a table shows."""


Limits = Mapping[str, StepLimit]
"""The largest stable step of several rules, by name."""


def as_json(found: GameStudy, limits: Limits | None = None) -> dict[str, Any]:
    """The study as numbers; complex ones are [re, im] pairs, points have the generator's numbers first."""
    case, local = found.case, found.local
    return {
        "arguments": dict(case.arguments),
        "rule": case.rule,
        **{name: value for name, value in case.setting._asdict().items() if name != "weights"},
        "weights": dict(case.setting.weights),
        "seed": case.seed,
        "parameters": _generator_first(found, np.array(found.labels)).tolist(),
        "start": _generator_first(found, found.start).tolist(),
        "equilibria": [
            {
                "point": _generator_first(found, np.asarray(one.point)).tolist(),
                "residual": float(one.residual),
            }
            for one in found.equilibria
        ],
        "least_residual": float(found.nearest.residual),
        "dimension_of_set": found.free,
        "held_by_a_constraint": found.held,
        "kink": found.kink,
        "field_eigenvalues": [] if local is None else _pairs(local.field),
        "updates_of_operator": case.period,
        "operator_eigenvalues": [] if local is None else _pairs(local.operator),
        "spectral_radius": None if local is None else local.spectral_radius,
        "largest_stable_step": None if found.limit is None else _finite(found.limit.step),
        "neutral_below_it": None if found.limit is None else found.limit.neutral,
        "largest_stable_steps": {name: _finite(one.step) for name, one in (limits or {}).items()},
        "kind_of_point": None if found.kind is None else found.kind.word,
        "kind_of_point_meaning": None if found.kind is None else found.kind.sentence,
        "critical_tau": found.critical_tau,
        "transient": _transient(found),
        "observed_rate": found.observed_rate,
        "lyapunov_exponent": _finite(float(found.exponent.value)),
        "lyapunov_standard_error": _finite(float(found.exponent.standard_error)),
        "amplitude": _finite(found.verdict.amplitude),
        "centre": [
            _finite(value) for value in _generator_first(found, np.array(found.verdict.centre))
        ],
        "radius": _finite(found.verdict.radius),
        "growth": _finite(found.verdict.growth),
        "updates_of_verdict": found.verdict.updates,
        "verdict": found.verdict.word,
    }


def _transient(found: GameStudy) -> dict[str, Any] | None:
    growth = found.transient
    if growth is None:
        return None
    return {
        "numerical_abscissa": growth.abscissa,
        "spectral_abscissa": growth.spectral,
        "departure_from_normality": growth.departure,
        "kreiss_constant": _finite(growth.kreiss),
        "growth_of_flow": _finite(growth.flow.factor),
        "growth_of_flow_at_time": _finite(growth.flow.at),
        "growth_of_updates": _finite(growth.updates.factor),
        "growth_of_updates_at": _finite(growth.updates.at),
        "meaning": in_words(growth),
    }


def as_table(found: GameStudy, name: str, limits: Limits | None = None) -> str:
    """The study in lines."""
    case, local = found.case, found.local
    own = ", ".join(f"{key} = {value:g}" for key, value in _numbers(case.arguments))
    tau = "" if case.setting.tau == 1 else f", tau = {case.setting.tau:g}"
    adam = ", adam" if case.setting.optimizer == "adam" else ""
    lines = [
        f"{name}{f' with {own}' if own else ''}: {case.rule} steps of {case.setting.step:g}{tau}{adam}"
    ]
    for number, one in enumerate(found.equilibria[: 1 if found.free else MANY]):
        what = "equilibrium" if number == 0 else "another"
        lines.append(
            f"{what:<20} {_point(_generator_first(found, np.asarray(one.point)))}   "
            f"residual {float(one.residual):.1e}"
        )
    if found.free:
        lines.append(f"{'':<20} one of a set of dimension {found.free}, along which nothing moves")
    elif len(found.equilibria) > MANY:
        lines.append(f"{'':<20} and {len(found.equilibria) - MANY} more")
    if not found.equilibria:
        lines.append(
            f"{'equilibrium':<20} none found: Newton's method from the start ended at a field of length "
            f"{float(found.nearest.residual):.2g}"
        )
    if found.held:
        lines.append(
            "A constraint holds the players there; eigenvalues are those of x -> P(x + v(x)) - x, -1 where "
            "they are held."
        )
    if found.kink:
        lines.append(
            "The field has no derivative at the equilibrium: there is nothing to linearise."
        )
    if local is not None:
        updates = "" if case.period == 1 else f", {case.period} updates"
        lines.append(f"{'field eigenvalues':<20} {shown(local.field)}")
        lines.append(f"{'operator' + updates:<20} {shown(local.operator)}")
    predicted = "-" if local is None else f"{local.spectral_radius:.6f}"
    observed = "-" if found.observed_rate is None else f"{found.observed_rate:.6f}"
    lines.append(f"{'factor an update':<20} {predicted} by the operator, {observed} observed")
    if found.limit is not None:
        lines.append(f"{'largest stable step':<20} {found.limit.in_words()}")
    for rule, bound in (limits or {}).items():
        lines.append(f"{'  ' + rule:<20} {bound.in_words()}")
    if found.kind is not None:
        lines.append(f"{'kind of point':<20} {found.kind.word}: {found.kind.sentence}")
        tau = (
            "the flow is stable at no large tau"
            if found.critical_tau is None
            else "the flow is stable at every tau that was tried"
            if found.critical_tau == 0
            else f"the flow is stable for tau above {found.critical_tau:.6g}"
        )
        lines += [] if found.held else [f"{'critical tau':<20} {tau}"]
    if found.transient is not None:
        growth = found.transient
        lines.append(
            f"{'transient':<20} numerical abscissa {growth.abscissa:.5g} (spectral {growth.spectral:.5g}), "
            f"departure from normality {growth.departure:.1%}"
        )
        lines += [in_words(growth)] if in_words(growth) else []
    lines.append(f"{'Lyapunov exponent':<20} {_exponent(found)}")
    word = found.verdict.word
    meaning = WORDS[word]
    if word == "other-point" and not found.equilibria:
        meaning = "the players come to rest, though Newton's method found no equilibrium"
    place = lambda centre: _point(_generator_first(found, np.array(centre)))
    lines.append(f"verdict: {word} - {meaning} ({found.verdict.details(place)})")
    return "\n".join(lines)


def _exponent(found: GameStudy) -> str:
    value, error = float(found.exponent.value), float(found.exponent.standard_error)
    if value == -math.inf:
        return "-inf: neighbouring orbits become one"
    if not math.isfinite(value):
        return "- (the players leave)"
    size = max(2 * error, 1e-6)
    meaning = (
        "neighbouring orbits part: chaos, or a way out"
        if value > size
        else "neighbouring orbits meet"
        if value < -size
        else "neighbouring orbits keep their distance, as on a cycle"
    )
    return f"{value:.6f} ± {error:.1e} an update: {meaning}"


def shown(values: Sequence[complex] | np.ndarray) -> str:
    """Real values, and one of each conjugate pair with both signs; of many, the first.

    >>> shown([-0.5 + 1j, -0.5 - 1j, 2.0])
    '-0.50000 ± 1.00000i, 2.00000'
    """
    parts = [
        f"{z.real:.5f}" if abs(z.imag) < 5e-6 else f"{z.real:.5f} ± {z.imag:.5f}i"
        for z in map(complex, values)
        if z.imag > -5e-6
    ]
    more = f" and {len(parts) - MANY} more" if len(parts) > MANY else ""
    return ", ".join(parts[:MANY]) + more


def _point(values: np.ndarray) -> str:
    # Rounding errors of a point at 0 are no numbers to read.
    rounded = np.where(np.abs(values) < 5e-13, 0.0, values)
    parts = [f"{value:.5g}" for value in rounded[:MANY]]
    more = ", ..." if len(values) > MANY else ""
    return f"({', '.join(parts)}{more})"


def _generator_first(found: GameStudy, vector: np.ndarray) -> np.ndarray:
    return np.concatenate([vector[found.split :], vector[: found.split]])


def _numbers(arguments: Any) -> list[tuple[str, float]]:
    return [
        (name, value)
        for name, value in arguments.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    ]


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _pairs(values: np.ndarray) -> list[list[float]]:
    return [[float(np.real(value)), float(np.imag(value))] for value in values]
