"""Checks of matrices that linear algebra is done with on the host."""

import numpy as np


def check_square(matrix: np.ndarray) -> np.ndarray:
    """The matrix as an array of doubles.

    Raises:
      ValueError: if it is not square, not real, or not finite.
    """
    found = np.asarray(matrix)
    if found.ndim != 2 or found.shape[0] != found.shape[1]:
        raise ValueError(f"matrix has the shape {found.shape}, but must be square, (n, n).")
    real = np.issubdtype(found.dtype, np.floating) or np.issubdtype(found.dtype, np.integer)
    if not real:
        raise ValueError(f"matrix is of type {found.dtype}, but must be real.")
    if not np.isfinite(found).all():
        raise ValueError("matrix holds a number that is not finite, but all must be.")
    return found.astype(float)
