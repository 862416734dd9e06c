"""What the leading eigenvalues of a trained game say, in words, and what they do not say.

Three errors are kept apart. The *residual* is a backward error: by how much the Jacobian would have to
change for the eigenvalue to be exact. The *condition* of the eigenvalue is how many times as far such a
change may move it; their product bounds its numerical error to first order. The *sampling error* is how
much the value differs from batch to batch. No verdict is given against any of them.
"""

from typing import NamedTuple

import numpy as np
import scipy.stats

from jgan.numerics.spectrum import Spectrum


class Diagnosis(NamedTuple):
    """A word and the sentence that explains it.

    Attributes:
      word: ``attracting``, ``rotating``, ``diverging`` or ``undecided``.
      sentence: what that means here, with the numbers it rests on.
    """

    word: str
    sentence: str


class Sampled(NamedTuple):
    """One number at several batches.

    Attributes:
      values: one for each batch, the first being that of the spectrum itself.
    """

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Over the batches."""
        return float(np.mean(self.values))

    @property
    def deviation(self) -> float:
        """Standard deviation of one batch; NaN for a single one."""
        return float(np.std(self.values, ddof=1)) if len(self.values) > 1 else float("nan")

    @property
    def half_width(self) -> float:
        """Half the length of the 95 % confidence interval of the mean (Student's t); NaN for one batch.

        >>> round(Sampled((0.147, 0.062, 0.164)).half_width, 3)
        0.136
        """
        count = len(self.values)
        if count < 2:
            return float("nan")
        quantile = float(scipy.stats.t.ppf(0.975, count - 1))
        return quantile * self.deviation / float(np.sqrt(count))


NOWHERE = Sampled(())


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


def of_field(right: Spectrum, sampled: Sampled = NOWHERE) -> Diagnosis:
    """The flow near a point, from the eigenvalues of the field with the largest real part.

    A pair counts as rotating if its imaginary part is more than its real part (Berard et al. 2020). Away from
    an equilibrium this is about how neighbouring flows part, not about convergence.

    Args:
      right: the rightmost eigenvalues.
      sampled: the largest real part at several batches.
    """
    number = int(np.argmax(right.values.real))
    lead, errors = right.values[number], numerical_errors(right)
    numbers = f"the largest real part is {lead.real:.3g} ({_known(right, number, sampled)})"
    doubt = _no_condition(right) or _doubt(lead.real, errors[number], sampled, 0.0)
    if doubt:
        return Diagnosis("undecided", f"its sign is not known, {doubt}: {numbers}")
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


def of_operator(spectrum: Spectrum, sampled: Sampled = NOWHERE) -> Diagnosis:
    """One update near a point, from its eigenvalues of largest modulus.

    Args:
      spectrum: the eigenvalues of largest modulus.
      sampled: the spectral radius at several batches.
    """
    number = int(np.argmax(np.abs(spectrum.values)))
    lead, error = spectrum.values[number], float(numerical_errors(spectrum)[number])
    radius = float(abs(lead))
    numbers = f"the spectral radius is {radius:.6g} ({_known(spectrum, number, sampled)})"
    doubt = _no_condition(spectrum) or _doubt(radius, error, sampled, 1.0)
    if doubt:
        return Diagnosis("undecided", f"it is not known on which side of 1, {doubt}: {numbers}")
    if radius > 1:
        return Diagnosis("diverging", f"the update expands some direction: {numbers}")
    if abs(lead.imag) > abs(lead.real) * 1e-3 + error:
        turn = abs(np.angle(lead))
        return Diagnosis(
            "rotating", f"the update contracts while it turns by {turn:.2g} radians: {numbers}"
        )
    return Diagnosis("attracting", f"the update contracts every direction: {numbers}")


def of_hessian(low: Spectrum, high: Spectrum, sampled: Sampled = NOWHERE) -> Diagnosis:
    """One player against a standing opponent, from the smallest and largest eigenvalue of its Hessian.

    Args:
      low: the smallest eigenvalues.
      high: the largest.
      sampled: the smallest at several batches.
    """
    number = int(np.argmin(low.values))
    bottom, top = float(low.values[number]), float(high.values.max())
    numbers = f"curvature from {bottom:.3g} to {top:.3g} ({_known(low, number, sampled)})"
    error = max(float(numerical_errors(low)[number]), float(numerical_errors(high).max()))
    doubt = _doubt(bottom, error, sampled, 0.0)
    if doubt:
        return Diagnosis("undecided", f"no curvature below zero is certain, {doubt}: {numbers}")
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


def _no_condition(spectrum: Spectrum) -> str:
    """A small residual says nothing of an eigenvalue of a matrix that is not normal."""
    return "no condition number having been asked for" if spectrum.conditions is None else ""


def _known(spectrum: Spectrum, number: int, sampled: Sampled) -> str:
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
    return ", ".join(parts)
