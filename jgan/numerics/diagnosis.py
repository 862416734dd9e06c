"""What the leading eigenvalues of a trained game say, in words, and what they do not say.

Three errors are kept apart. The *residual* is a backward error: by how much the Jacobian would have to
change for the eigenvalue to be exact. The *condition* of the eigenvalue is how many times as far such a
change may move it; their product bounds its numerical error to first order. The *sampling error* is how
much the value differs from batch to batch. No verdict is given against any of them. Where the players still
move, eigenvalues tell how neighbouring paths part, and not where the players end; then that is the verdict.
"""

from typing import NamedTuple

import numpy as np

from jgan.numerics.sampled import NOWHERE, Motion, Sampled
from jgan.numerics.spectrum import Spectrum


class Diagnosis(NamedTuple):
    """A word and the sentence that explains it.

    Attributes:
      word: ``attracting``, ``rotating`` or ``diverging``; ``undecided`` where an error does not allow it, and
        ``moving`` where the players are not at rest.
      sentence: what that means here, with the numbers it rests on.
    """

    word: str
    sentence: str


def numerical_errors(spectrum: Spectrum) -> np.ndarray:
    """Bounds ``(k,)`` of the errors of the values to first order: residual times condition.

    Where no condition was asked for it counts as 1, as is right for symmetric maps only; where none was found
    the bound is NaN.
    """
    scale = float(np.abs(spectrum.values).max())
    conditions = (
        np.ones(len(spectrum.values)) if spectrum.conditions is None else spectrum.conditions
    )
    backward = np.maximum(spectrum.residuals * scale, np.finfo(float).eps * scale)
    return backward * conditions


def of_field(
    right: Spectrum, sampled: Sampled = NOWHERE, motion: Motion | None = None
) -> Diagnosis:
    """The flow near a point, from the eigenvalues of the field with the largest real part.

    A pair counts as rotating if its imaginary part is more than its real part (Berard et al. 2020).

    Args:
      right: the rightmost eigenvalues.
      sampled: the largest real part at several batches.
      motion: the field; None where it is known to be 0.
    """
    number = int(np.argmax(right.values.real))
    lead, errors = right.values[number], numerical_errors(right)
    numbers = f"the largest real part is {lead.real:.3g} ({_known(right, number, sampled, motion)})"
    doubt = _not_known(right, number) or _doubt(lead.real, errors[number], sampled, 0.0)
    if doubt:
        return Diagnosis("undecided", f"its sign is not known, {doubt}: {numbers}")
    if _moves(motion):
        return Diagnosis("moving", f"{MOVING}: {numbers}")
    if lead.real > 0:
        return Diagnosis("diverging", f"some direction leads away from this point: {numbers}")
    turning = int(np.argmax(np.abs(right.values.imag)))
    fast = right.values[turning]
    if abs(fast.imag) > max(abs(fast.real), errors[turning]):
        ratio = abs(fast.imag / fast.real)
        return Diagnosis(
            "rotating",
            f"the players are attracted but circle, {ratio:.1f} times as fast at most: {numbers}",
        )
    return Diagnosis("attracting", f"every direction leads back to this point: {numbers}")


def of_operator(
    spectrum: Spectrum, sampled: Sampled = NOWHERE, motion: Motion | None = None
) -> Diagnosis:
    """One update near a point, from its eigenvalues of largest modulus.

    Args:
      spectrum: the eigenvalues of largest modulus.
      sampled: the spectral radius at several batches.
      motion: the field; None where it is known to be 0.
    """
    number = int(np.argmax(np.abs(spectrum.values)))
    lead, error = spectrum.values[number], float(numerical_errors(spectrum)[number])
    radius = float(abs(lead))
    numbers = f"the spectral radius is {radius:.6g} ({_known(spectrum, number, sampled, motion)})"
    doubt = _not_known(spectrum, number) or _doubt(radius, error, sampled, 1.0)
    if doubt:
        return Diagnosis("undecided", f"it is not known on which side of 1, {doubt}: {numbers}")
    if _moves(motion):
        return Diagnosis("moving", f"{MOVING}: {numbers}")
    if radius > 1:
        return Diagnosis("diverging", f"the update expands some direction: {numbers}")
    if abs(lead.imag) > abs(lead.real) * 1e-3 + error:
        turn = abs(np.angle(lead))
        return Diagnosis(
            "rotating", f"the update contracts while it turns by {turn:.2g} radians: {numbers}"
        )
    return Diagnosis("attracting", f"the update contracts every direction: {numbers}")


def of_hessian(
    low: Spectrum, high: Spectrum, sampled: Sampled = NOWHERE, motion: Motion | None = None
) -> Diagnosis:
    """One player against a standing opponent, from the smallest and largest eigenvalue of its Hessian.

    Args:
      low: the smallest eigenvalues.
      high: the largest.
      sampled: the smallest at several batches.
      motion: the player's own field; None where it is known to be 0.
    """
    number = int(np.argmin(low.values))
    bottom, top = float(low.values[number]), float(high.values.max())
    numbers = f"curvature from {bottom:.3g} to {top:.3g} ({_known(low, number, sampled, motion)})"
    error = max(float(numerical_errors(low)[number]), float(numerical_errors(high).max()))
    doubt = _not_converged(low, number) or _doubt(bottom, error, sampled, 0.0)
    if doubt:
        return Diagnosis("undecided", f"no curvature below zero is certain, {doubt}: {numbers}")
    if _moves(motion):
        sign = "only upwards" if bottom > 0 else "downwards in some direction"
        return Diagnosis("moving", f"its gradient is not 0; its loss bends {sign}: {numbers}")
    if bottom > 0:
        return Diagnosis("attracting", f"at a strict minimum of its own loss: {numbers}")
    return Diagnosis("diverging", f"its own loss falls off in some direction (a saddle): {numbers}")


def _doubt(value: float, error: float, sampled: Sampled, bound: float) -> str:
    """Why it is not known on which side of a bound a value lies; "" if it is."""
    if not abs(value - bound) > error:
        return "the eigenvalue being worse known than that"
    if len(sampled.values) > 1 and not abs(sampled.mean - bound) > sampled.half_width:
        return "batches of examples differing by more than that"
    return ""


MOVING = "the players are not at rest, so that this tells how neighbouring paths part, and not where they end"


def _moves(motion: Motion | None) -> bool:
    return motion is not None and not motion.at_rest


def _not_known(spectrum: Spectrum, number: int) -> str:
    """Why an eigenvalue of a matrix that is not normal is not known at all; "" if it is."""
    if spectrum.conditions is None:
        return "no condition number having been asked for"
    return _not_converged(spectrum, number)


def _not_converged(spectrum: Spectrum, number: int) -> str:
    open_yet = spectrum.converged is not None and not spectrum.converged[number]
    return "the eigen-solver not having converged" if open_yet else ""


def _known(spectrum: Spectrum, number: int, sampled: Sampled, motion: Motion | None) -> str:
    scale = float(np.abs(spectrum.values).max())
    parts = [f"residual {spectrum.residuals[number] * scale:.1g}"]
    if spectrum.conditions is not None:
        condition = spectrum.conditions[number]
        parts.append(
            f"condition {condition:.2g}" if np.isfinite(condition) else "no condition known"
        )
    if len(sampled.values) > 1:
        parts.append(
            f"over {len(sampled.values)} batches {sampled.mean:.3g} with standard deviation "
            f"{sampled.deviation:.2g}"
        )
    if motion is not None:
        lengths = motion.lengths
        parts.append(
            f"field of length {lengths.mean:.3g}"
            + (
                f" with standard deviation {lengths.deviation:.2g}"
                if len(lengths.values) > 1
                else ""
            )
        )
    return ", ".join(parts)
