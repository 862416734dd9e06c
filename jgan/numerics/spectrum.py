"""Some eigenvalues of a map, how well each is known, and which of them lead."""

from typing import NamedTuple

import numpy as np

WHICH = {
    "modulus": "LM",
    "right": "LR",
    "left": "SR",
    "imaginary": "LI",
}
"""What "leading" means, and ARPACK's code: largest modulus, real part, smallest real part, imaginary part."""


class Spectrum(NamedTuple):
    """Eigenvalues and how well they are known.

    Attributes:
      values: ``(k,)``, complex for a general map and real for a symmetric one, leading first.
      residuals: ``(k,)``, ‖J v - λ v‖ of the unit eigenvectors, divided by the largest |λ| found: a backward
        error, by which the Jacobian would have to change for λ to be exact. It is no error of λ itself.
      vectors: ``(n, k)``, columns in tree order of the map's point.
      products: how many products with the Jacobian were made.
      conditions: ``(k,)``, 1/|yᴴx| of the unit left and right eigenvectors: how many times its own size a
        change of the Jacobian moves λ. NaN where no left eigenvector was found; None if none was asked for.
      basis: vectors that the solver kept; None for LAPACK on the exact Jacobian.
      converged: ``(k,)``, whether the residual is within the tolerance that was asked for; None if all are.
    """

    values: np.ndarray
    residuals: np.ndarray
    vectors: np.ndarray
    products: int
    conditions: np.ndarray | None = None
    basis: int | None = None
    converged: np.ndarray | None = None

    @property
    def all_converged(self) -> bool:
        """Whether every residual is within the tolerance that was asked for."""
        return self.converged is None or bool(self.converged.all())


class Wanted(NamedTuple):
    """Which eigenvalues are looked for, and how; `jgan.numerics.leading.leading_eigenvalues` has the details.

    Attributes:
      count: how many.
      which: a key of `jgan.numerics.spectrum.WHICH`.
      symmetric: whether the Jacobian is symmetric.
      tolerance: residual relative to an eigenvalue's modulus.
      restarts: how often the basis may be rebuilt.
    """

    count: int  # type: ignore[assignment]
    which: str
    symmetric: bool
    tolerance: float
    restarts: int


def check_which(which: str) -> None:
    """Raise ValueError unless ``which`` is a key of `WHICH`."""
    if which not in WHICH:
        raise ValueError(f"which is {which!r}, but must be one of {', '.join(WHICH)}.")


def order_by(which: str, values: np.ndarray) -> np.ndarray:
    """The order ``(k,)`` in which eigenvalues ``(k,)`` lead, by a key of `WHICH`."""
    keys = {
        "modulus": np.abs(values),
        "right": np.real(values),
        "left": -np.real(values),
        "imaginary": np.abs(np.imag(values)),
    }
    return np.argsort(-keys[which], kind="stable")
