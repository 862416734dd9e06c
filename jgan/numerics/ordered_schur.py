"""The small matrix of a Krylov decomposition, on the host: its ordered real Schur form, and what to keep of it.

LAPACK's Schur form exists on the host only. Eigenvectors would do on the device, but those of matrices that
are far from normal are almost parallel, and a space that they span loses its accuracy; Schur vectors are
orthonormal whatever the matrix is.
"""

from typing import Any, NamedTuple

import numpy as np
import scipy.linalg
from scipy.linalg.lapack import dtrsen

from jgan.numerics.spectrum import order_by


class Restart(NamedTuple):
    """What a restart keeps of a Krylov decomposition of size m, and the k eigenvalues that lead in it.

    The fields are NumPy arrays and scalars, on the device arrays of JAX.

    A conjugate pair is not broken: arrays have an entry or a column more than k, in use if it completes one.

    Attributes:
      rotation: ``(m, m)``, the Schur vectors that are kept, wanted ones first; other columns are 0.
      projected: ``(m + 1, m)``, the decomposition's small matrix after the rotation.
      kept: number of vectors that are kept.
      real: ``(k + 1,)``, of the eigenvalues; NaN where there is none.
      imaginary: likewise.
      residuals: ``(k + 1,)``, ‖J x - θ x‖ of the unit eigenvectors, rounding included.
      converged: ``(k + 1,)``, whether the residual is within the tolerance.
      real_weights: ``(k + 1, k + 1)``, columns: the eigenvectors' components along the vectors that are kept.
      imaginary_weights: likewise.
      turned: whether anything is dropped; else the basis is not full, stays as it is and has room for more.
      done: whether all wanted ones have converged, or nothing here is finite.
    """

    rotation: Any
    projected: Any
    kept: Any
    real: Any
    imaginary: Any
    residuals: Any
    converged: Any
    real_weights: Any
    imaginary_weights: Any
    turned: Any
    done: Any


def restart(
    projected: np.ndarray,
    count: int,
    which: str,
    *,
    columns: int | None = None,
    symmetric: bool = False,
    tolerance: float = 1e-6,
    eps: float = float(np.finfo(float).eps),
) -> Restart:
    """The restart of Krylov-Schur (Stewart 2001) for a decomposition's small matrix.

    An eigenvalue has converged if its residual is at most the tolerance times its modulus, as ARPACK has it
    (Lehoucq et al. 1998, 4.6), or no larger than rounding. Beside the wanted ones, half of the others are kept.
    Entries of the last row that are no larger than rounding are set to 0, which deflates what they belong to.

    Args:
      projected: ``(m + 1, m)``.
      count: k.
      which: a key of `jgan.numerics.spectrum.WHICH`.
      columns: how many are known, more than k + 1; all by default. Where not all are and something has not
        converged nothing is dropped.
      symmetric: only the symmetric part of the upper m rows counts.
      tolerance: relative to an eigenvalue's modulus.
      eps: relative rounding of the decomposition; no residual is known better.
    """
    full = projected.shape[1]
    size = full if columns is None else columns
    if not np.isfinite(projected).all():
        return _nothing(full, count)
    matrix = projected[:size, :size].astype(float)
    last = projected[size, :size].astype(float)
    rounding = eps * float(np.linalg.norm(matrix, 2))
    if symmetric:
        values, vectors = np.linalg.eigh(0.5 * (matrix + matrix.T))
        order = order_by(which, values)
        schur, vectors = np.diag(values[order]), vectors[:, order]
    else:
        schur, vectors = scipy.linalg.schur(matrix)
    wanted = len(_leading(schur, count, which, size - 1))
    half = wanted + (size - wanted) // 2
    kept = len(_leading(schur, half, which, size - 1))
    for number in (kept, wanted):
        schur, vectors = _ordered(schur, vectors, _leading(schur, number, which, size - 1))
    # Blocks that could not be exchanged may lie across a bound.
    kept -= _breaks_a_block(schur, kept)
    wanted = min(wanted, kept)
    wanted += _breaks_a_block(schur, wanted)
    row = last @ vectors
    row[np.abs(row) <= rounding] = 0.0
    values, weights = np.linalg.eig(schur[:wanted, :wanted])
    order = order_by(which, values)
    values, weights = values[order], weights[:, order]
    residuals = np.maximum(np.abs(row[:wanted] @ weights), rounding)
    converged = residuals <= np.maximum(tolerance * np.abs(values), 2 * rounding)
    found = _nothing(full, count)
    if size < full and not converged.all():
        return found._replace(kept=np.int32(size), turned=np.bool_(False), done=np.bool_(False))
    found.rotation[:size, :kept] = vectors[:, :kept]
    found.projected[:kept, :kept] = schur[:kept, :kept]
    found.projected[kept, :kept] = row[:kept]
    found.real[:wanted], found.imaginary[:wanted] = values.real, values.imag
    found.residuals[:wanted], found.converged[:wanted] = residuals, converged
    found.real_weights[:wanted, :wanted] = weights.real
    found.imaginary_weights[:wanted, :wanted] = weights.imag
    return found._replace(kept=np.int32(kept), done=np.bool_(converged.all()))


def _nothing(size: int, count: int) -> Restart:
    """A restart that has found nothing."""
    none = np.full(count + 1, np.nan)
    return Restart(
        np.zeros((size, size)),
        np.zeros((size + 1, size)),
        np.int32(0),
        none,
        none.copy(),
        none.copy(),
        np.zeros(count + 1, bool),
        np.zeros((count + 1, count + 1)),
        np.zeros((count + 1, count + 1)),
        np.bool_(True),
        np.bool_(True),
    )


def _blocks(schur: np.ndarray) -> list[tuple[int, int, complex]]:
    """The diagonal blocks of a real Schur form: where each begins, its size, and its eigenvalue in Im ≥ 0."""
    blocks, at, size = [], 0, len(schur)
    while at < size:
        pair = at + 1 < size and schur[at + 1, at] != 0
        if pair:
            below, right = schur[at + 1, at], schur[at, at + 1]
            value = complex(schur[at, at], np.sqrt(abs(below * right)))
        else:
            value = complex(schur[at, at])
        blocks.append((at, 1 + pair, value))
        at += 1 + pair
    return blocks


def _leading(schur: np.ndarray, count: int, which: str, most: int) -> list[int]:
    """The columns of the blocks that lead, in all at least ``count`` if these are no more than ``most``."""
    blocks = _blocks(schur)
    columns: list[int] = []
    for number in order_by(which, np.array([value for _, _, value in blocks])):
        at, size, _ = blocks[number]
        if len(columns) >= count or len(columns) + size > most:
            break
        columns += range(at, at + size)
    return columns


def _ordered(
    schur: np.ndarray, vectors: np.ndarray, columns: list[int]
) -> tuple[np.ndarray, np.ndarray]:
    """The Schur form whose chosen columns come first.

    Blocks that are too close to be exchanged stay where they are; the form is a Schur form nevertheless.
    """
    select = np.zeros(len(schur), np.int32)
    select[columns] = 1
    if select[: len(columns)].all():
        return schur, vectors
    ordered, turned, *_ = dtrsen(select, schur, vectors, job="N", lwork=len(schur), liwork=1)
    return ordered, turned


def _breaks_a_block(schur: np.ndarray, columns: int) -> bool:
    """Whether the last of so many columns is the first half of a block."""
    return 0 < columns < len(schur) and bool(schur[columns, columns - 1] != 0)
