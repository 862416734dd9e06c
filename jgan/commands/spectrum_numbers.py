"""What ``jgan spectrum`` finds, as JSON holds it and as lines of text."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from jgan.numerics.batch_spectrum import BesideBatches
from jgan.numerics.density import Density, on_grid, trace_of
from jgan.numerics.diagnosis import Diagnosis
from jgan.numerics.sampled import NOWHERE, Motion, Sampled
from jgan.numerics.spectrum import Spectrum


def numbers(found: Spectrum, split: int | None = None) -> dict[str, Any]:
    """Eigenvalues with their errors.

    Args:
      found: the eigenvalues.
      split: number of the discriminator's parameters, if the eigenvectors are those of both players; then the
        generator's share of each is given.
    """
    values = np.asarray(found.values, complex)
    conditions = np.full(len(values), np.nan) if found.conditions is None else found.conditions
    converged = np.full(len(values), True) if found.converged is None else found.converged
    report: dict[str, Any] = {
        "eigenvalues": [[float(z.real), float(z.imag)] for z in values],
        "residuals": [float(r) for r in found.residuals],
        "conditions": [_finite(c) for c in conditions],
        "converged": [bool(c) for c in converged],
        "products": found.products,
        "basis": found.basis,
    }
    if split is not None:
        squares = np.abs(found.vectors) ** 2
        shares = squares[split:].sum(axis=0) / squares.sum(axis=0)
        report["generator_shares"] = [float(share) for share in shares]
    return report


def judged(found: Diagnosis, sampled: Sampled = NOWHERE) -> dict[str, Any]:
    """A verdict, and the number that it rests on at several batches."""
    report: dict[str, Any] = {"verdict": found.word, "meaning": found.sentence}
    if len(sampled.values) > 1:
        report["over_batches"] = _sampled(sampled)
    return report


def _sampled(found: Sampled) -> dict[str, Any]:
    return {
        "values": list(found.values),
        "mean": found.mean,
        "standard_deviation": _finite(found.deviation),
        "half_width_95": _finite(found.half_width),
    }


def beside_numbers(found: BesideBatches) -> dict[str, Any]:
    """A number of all examples, and the same at several batches."""
    return {"whole": found.whole, "over_batches": _sampled(found.batches), "agrees": found.agrees}


def motion_numbers(found: Motion) -> dict[str, Any]:
    """A field's length at several batches, and how much of it is noise."""
    return {
        "lengths": list(found.lengths.values),
        "squared_length": _finite(found.squared_length),
        "standard_error": _finite(found.standard_error),
        "noise": _finite(found.noise),
        "signal_to_noise": _finite(found.signal_to_noise),
        "at_rest": found.at_rest,
    }


def density_numbers(found: Density, sign: float = 1.0, points: int = 201) -> dict[str, Any]:
    """A density on a grid, with the trace; ``sign`` is that of the matrix that is meant.

    It is smoothed over a fiftieth of the range in which eigenvalues were found.
    """
    found = found._replace(nodes=sign * jnp.asarray(found.nodes))
    low, high = float(found.nodes.min()), float(found.nodes.max())
    width = max((high - low) / 50, 1e-6 * max(abs(low), abs(high)), 1e-12)
    grid = np.linspace(low - 3 * width, high + 3 * width, points)
    height = on_grid(found, jnp.asarray(grid), width)
    trace, square = trace_of(found), trace_of(found, jnp.square)
    return {
        "values": grid.tolist(),
        "density": np.asarray(height.value, float).tolist(),
        "standard_error": np.asarray(height.standard_error, float).tolist(),
        "width": width,
        "trace": float(trace.value),
        "trace_standard_error": float(trace.standard_error),
        "sum_of_squares": float(square.value),
        "sum_of_squares_standard_error": float(square.standard_error),
    }


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def as_text(report: dict[str, Any]) -> str:
    """A report in lines; parts that failed are left out."""
    lines = []
    if "field" in report:
        lines += _listed(report["field"])
    if "motion" in report:
        lines += [_length(name, found) for name, found in report["motion"].items()]
    if "field_right" in report:
        lines.append(_said("field", report["field_right"]))
    if "whole" in report:
        lines += _whole(report["whole"])
    if "rotation_share" in report:
        error = report["rotation_share_standard_error"]
        known = "exactly" if error == 0 else f"± {error:.1%} (standard error of probes)"
        lines.append(
            f"rotation: {report['rotation_share']:.1%} {known} of the Jacobian's square is antisymmetric"
        )
    for player, found in report.get("hessians", {}).items():
        lines += [_said(player, found)] if "verdict" in found else []
        lines += [_trace(f"{player}'s Hessian", found["density"])] if "density" in found else []
    for part, found in report.get("densities", {}).items():
        if part == "symmetric":  # an antisymmetric matrix has the trace 0
            lines.append(_trace(f"field, {part} part", found))
    for name, found in report.get("by_term", {}).items():
        (real, imaginary), *_ = found["shares"]
        lines.append(
            f"{name}: {real:+.5g} {imaginary:+.5g}i of the rightmost eigenvalue, field of length "
            f"{found['norm']:.3g}"
        )
    if "operator" in report:
        lines.append(_said("update", report["operator"]))
    lines += _kind(report)
    return "\n".join(lines)


def _listed(found: dict[str, Any]) -> list[str]:
    """Eigenvalues, one a line."""
    lines = [
        "field: leading eigenvalues, relative residuals, condition numbers, the generator's share of the vector"
    ]
    for (real, imaginary), residual, condition, share, converged in zip(
        found["eigenvalues"],
        found["residuals"],
        found["conditions"],
        found["generator_shares"],
        found["converged"],
        strict=True,
    ):
        shown = "-" if condition is None else f"{condition:.2g}"
        note = "" if converged else "   not converged"
        lines.append(
            f"  {real:+.5g} {imaginary:+.5g}i   {residual:.1e}   {shown}   {share:.0%}{note}"
        )
    return lines


def _length(name: str, found: dict[str, Any]) -> str:
    lengths = Sampled(tuple(found["lengths"]))
    text = f"length of {'the field' if name == 'both' else f'the {name}' + chr(39) + 's field'}: "
    text += f"{lengths.mean:.3g}"
    if len(lengths.values) > 1:
        ratio = found["signal_to_noise"]
        signal = "" if ratio is None else f", signal to noise {max(ratio, 0.0):.2g}"
        text += f" with standard deviation {lengths.deviation:.2g} over batches{signal}"
    return text


def _whole(found: dict[str, Any]) -> list[str]:
    """What was found of all examples."""
    name = f"all {found['examples']:,} examples"
    lines = [_said(f"field of {name}", found)] if "verdict" in found else []
    for player, own in found.get("hessians", {}).items():
        lines.append(_said(f"{player} of {name}", own))
    if "covariance" in found:
        own, trace = found["covariance"], found["covariance"]["trace"]
        shares = [value / trace if trace > 0 else 0.0 for value, _ in own["eigenvalues"]]
        ratios = [
            f"{player} {max(motion['signal_to_noise'] or 0.0, 0.0):.2g}"
            for player, motion in found["motion"].items()
        ]
        lines.append(
            f"noise of a batch: covariance of trace {trace:.3g}, of which "
            f"{', '.join(f'{share:.1%}' for share in shares)} in the leading directions; signal to noise "
            f"{', '.join(ratios)}"
        )
    for what, own in found.get("beside_batches", {}).items():
        over = own["over_batches"]
        interval = ""
        if own["agrees"] is not None:
            verdict = "which holds it" if own["agrees"] else "which does not hold it"
            known = f"95 % interval over {len(over['values'])} batches, {verdict}"
            interval = f" ± {over['half_width_95']:.2g} ({known})"
        lines.append(
            f"{what}: {own['whole']:.4g} of all examples, {over['mean']:.4g}{interval} of one batch"
        )
    return lines


def _kind(report: dict[str, Any]) -> list[str]:
    """The kind of point and the critical time scale, if they were looked for."""
    lines = []
    if "kind_of_point" in report:
        found = report["kind_of_point"]
        lines.append(_said("kind of point", found))
        slope, residual = found["slope_along_best_response"], found["largest_inner_residual"]
        if slope is not None:
            solved = f", systems solved to {residual:.1g}" if residual else ""
            lines.append(f"slope along the best response: {slope:.3g}{solved}")
    if "critical_tau" in report:
        lines.append(_said("critical tau", report["critical_tau"]))
    return lines


def _trace(name: str, found: dict[str, Any]) -> str:
    error = found["trace_standard_error"]
    return f"{name}: trace {found['trace']:.4g}{f' ± {error:.2g}' if error else ''}"


def _said(name: str, found: dict[str, Any]) -> str:
    return f"{name}: {found['verdict']} - {found['meaning']}"
