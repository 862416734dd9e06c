"""What the leading eigenvalues of a trained game say, in words and with their uncertainty."""

from typing import NamedTuple

import numpy as np

from jgan.numerics.spectrum import Spectrum


class Diagnosis(NamedTuple):
    """A word and the sentence that explains it.

    Attributes:
      word: ``attracting``, ``rotating``, ``diverging`` or ``undecided``.
      sentence: what that means here, with the numbers it rests on.
    """

    word: str
    sentence: str


def uncertainty(spectrum: Spectrum) -> float:
    """How far the values may be off: the largest residual, in units of the eigenvalues."""
    return float(spectrum.residuals.max() * np.abs(spectrum.values).max())


def of_field(right: Spectrum) -> Diagnosis:
    """The flow near a point, from the eigenvalues of the field with the largest real part.

    A pair counts as rotating if its imaginary part is more than its real part (Berard et al. 2020). Away from
    an equilibrium this is about how neighbouring flows part, not about convergence.
    """
    lead = right.values[np.argmax(right.values.real)]
    error = uncertainty(right)
    turning = right.values[np.argmax(np.abs(right.values.imag))]
    turns = abs(turning.imag) > max(abs(turning.real), error)
    numbers = f"the largest real part is {lead.real:.3g}, known to {error:.1g}"
    if abs(lead.real) <= error:
        return Diagnosis("undecided", f"at this residual the sign is not known: {numbers}")
    if lead.real > 0:
        return Diagnosis("diverging", f"some direction leads away from this point: {numbers}")
    if turns:
        ratio = abs(turning.imag / turning.real)
        return Diagnosis(
            "rotating",
            f"the players are attracted but circle, {ratio:.1f} times as fast at most: {numbers}",
        )
    return Diagnosis("attracting", f"every direction leads back to this point: {numbers}")


def of_operator(spectrum: Spectrum) -> Diagnosis:
    """One update near a point, from its eigenvalues of largest modulus."""
    lead = spectrum.values[np.argmax(np.abs(spectrum.values))]
    radius, error = float(abs(lead)), uncertainty(spectrum)
    numbers = f"the spectral radius is {radius:.6g}, known to {error:.1g}"
    if abs(radius - 1) <= error:
        return Diagnosis(
            "undecided", f"at this residual it is not known on which side of 1: {numbers}"
        )
    if radius > 1:
        return Diagnosis("diverging", f"the update expands some direction: {numbers}")
    if abs(lead.imag) > abs(lead.real) * 1e-3 + error:
        turn = abs(np.angle(lead))
        return Diagnosis(
            "rotating", f"the update contracts while it turns by {turn:.2g} radians: {numbers}"
        )
    return Diagnosis("attracting", f"the update contracts every direction: {numbers}")


def of_hessian(low: Spectrum, high: Spectrum) -> Diagnosis:
    """One player against a standing opponent, from the smallest and largest eigenvalue of its Hessian."""
    bottom, top = float(low.values.min()), float(high.values.max())
    error = max(uncertainty(low), uncertainty(high))
    numbers = f"curvature from {bottom:.3g} to {top:.3g}, known to {error:.1g}"
    if bottom > error:
        return Diagnosis("attracting", f"at a strict minimum of its own loss: {numbers}")
    if bottom >= -error:
        return Diagnosis("undecided", f"no curvature below zero is certain: {numbers}")
    return Diagnosis("diverging", f"its own loss falls off in some direction (a saddle): {numbers}")
