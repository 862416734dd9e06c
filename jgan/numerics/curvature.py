"""The curvatures that say what kind of point this is, from exact Hessians or from products with them."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import numpy as np
from scipy.linalg import eigh_tridiagonal
from scipy.sparse.linalg import LinearOperator, minres

from jgan.arguments import check_count, check_number
from jgan.game import Batch, Game, Variables
from jgan.numerics.dense import DENSE
from jgan.numerics.point_kind import UNKNOWN, Curvature, Curvatures, Kind, kind_of
from jgan.numerics.second_derivatives import Derivatives, FlatLosses, Local, flat_losses

FLOOR = 1e-8
"""The least error of a curvature: networks may round to single precision inside."""
LANCZOS = 100
"""Vectors that Lanczos keeps at most."""


class Leader(NamedTuple):
    """The curvatures, and the generator's derivative along the best response.

    Attributes:
      curvatures: their ``slope`` is the length of ``derivative``.
      derivative: ``(n_G,)``; empty where there is no best response.
    """

    curvatures: Curvatures
    derivative: np.ndarray


def point_kind(
    game: Game,
    variables: Variables,
    batch: Batch,
    key: jax.Array | None = None,
    *,
    dense: int = DENSE,
    tolerance: float = 1e-6,
) -> Kind:
    """What kind of point the players are at.

    Args:
      game: what is played.
      variables: where, which should be a zero of the field.
      batch: the examples.
      key: of the losses.
      dense: parameters up to which exact Hessians are formed.
      tolerance: length of the field that still counts as 0.

    Raises:
      ValueError: if ``dense`` is less than 1 or ``tolerance`` not a finite number of at least 0.
    """
    check_count("dense", dense)
    check_number("tolerance", tolerance, least=0)
    losses = flat_losses(game, variables, batch, key)
    found = exact_curvatures(losses) if losses.point.size <= dense else free_curvatures(losses)
    return kind_of(found, tolerance)


def exact_curvatures(losses: FlatLosses) -> Curvatures:
    """From exact Hessians, third derivatives along the discriminator's best response included."""
    return exact_leader(Derivatives(lambda _: losses).at(())).curvatures


def exact_leader(here: Local) -> Leader:
    """`exact_curvatures` at a point whose derivatives are known."""
    split, eps = here.split, here.eps
    slope = here.slopes[0]
    every = np.eye(len(slope))
    own, other = here.generator(every).T, here.discriminator(every).T
    faster, slower = other[:split, :split], own[split:, split:]
    both = Curvatures(
        _speed(here),
        _least(slower, eps * np.linalg.norm(own)),
        _least(faster, eps * np.linalg.norm(other)),
        UNKNOWN,
        float("inf"),
    )
    if both.discriminator.sign <= 0:  # there is no best response, and no need of one
        return Leader(both, np.empty(0))
    answer = np.linalg.solve(faster, slope[:split])
    derivative = slope[split:] - other[split:, :split] @ answer
    response = -np.linalg.solve(faster, other[:split, split:])
    ways = np.concatenate([response, np.eye(len(slope) - split)])  # of both players, as columns
    turned = here.bent(np.concatenate([answer, np.zeros(len(slope) - split)]))(ways.T).T
    # What rounding of the entries does to a solution grows with the condition of the system.
    growth = np.linalg.cond(faster) * (1 + np.linalg.norm(response, 2)) ** 2
    error = eps * growth * (np.linalg.norm(own) + np.linalg.norm(other))
    leader = _least(ways.T @ turned, error)
    return Leader(both._replace(leader=leader, slope=float(np.linalg.norm(derivative))), derivative)


def _speed(here: Local) -> float:
    """Length of the field."""
    generator, discriminator = here.slopes
    own = np.concatenate([discriminator[: here.split], generator[here.split :]])
    return float(np.linalg.norm(own))


def _least(matrix: np.ndarray, error: float) -> Curvature:
    values = np.linalg.eigvalsh(0.5 * (matrix + matrix.T))
    return Curvature(float(values[0]), max(float(error) * len(matrix), FLOOR))


def free_curvatures(
    losses: FlatLosses,
    *,
    tolerance: float = 1e-6,
    inner: float = 1e-9,
    most: int = 2000,
    seed: int = 0,
) -> Curvatures:
    """From products with the Hessians: Lanczos, and MINRES for the discriminator's best response within it.

    Each curvature's error is Lanczos' own residual; along the best response the residuals of the inner
    solutions join it, each divided by the discriminator's least curvature.

    Args:
      losses: by `jgan.numerics.second_derivatives.flat_losses`.
      tolerance: residual asked of Lanczos, relative to the largest curvature that it sees.
      inner: relative residual asked of MINRES.
      most: iterations of MINRES.
      seed: of the first vectors.

    Raises:
      ValueError: if a number is not positive.
    """
    here = Derivatives(lambda _: losses).at(())
    return free_leader(here, tolerance=tolerance, inner=inner, most=most, seed=seed).curvatures


def free_leader(
    here: Local,
    *,
    tolerance: float = 1e-6,
    inner: float = 1e-9,
    most: int = 2000,
    seed: int = 0,
    each: Callable[[int], None] = lambda products: None,
) -> Leader:
    """`free_curvatures` at a point whose derivatives are known.

    Args:
      here: the derivatives.
      tolerance: as there.
      inner: as there.
      most: as there.
      seed: as there.
      each: called with the number of products so far.

    Raises:
      ValueError: as there.
    """
    check_number("tolerance", tolerance, above=0)
    check_number("inner", inner, above=0)
    check_count("most", most)
    split, size = here.split, len(here.slopes[0])
    count = 0

    def counted(product: Callable[[np.ndarray], np.ndarray], vector: np.ndarray) -> np.ndarray:
        nonlocal count
        count += 1
        each(count)
        return product(vector.reshape(1, -1))[0]

    def padded(vector: np.ndarray, first: bool) -> np.ndarray:
        rest = np.zeros(size - vector.size)
        return np.concatenate([vector, rest] if first else [rest, vector])

    other = lambda vector: counted(here.discriminator, vector)
    faster = lambda y: other(padded(y, True))[:split]
    slower = lambda x: counted(here.generator, padded(x, False))[split:]
    least_of = lambda product, size: _lanczos(product, size, tolerance, seed, here.eps)
    discriminator = least_of(faster, split).curvature
    generator = least_of(slower, size - split).curvature
    found = Curvatures(_speed(here), generator, discriminator, UNKNOWN, float("inf"))
    if found.discriminator.sign <= 0:
        return Leader(found, np.empty(0))
    bound = found.discriminator.value - found.discriminator.error
    worst, relative = 0.0, 0.0

    def solve(right: np.ndarray) -> np.ndarray:
        nonlocal worst, relative
        length = float(np.linalg.norm(right))
        if length == 0:
            return np.zeros(split)
        system = LinearOperator((split, split), matvec=faster, dtype=float)
        solution, _ = minres(system, right, rtol=inner, maxiter=most)
        gap = float(np.linalg.norm(faster(solution) - right))
        worst, relative = max(worst, gap / bound), max(relative, gap / length)
        return np.asarray(solution)

    slope = here.slopes[0]
    answer = solve(slope[:split])
    derivative = slope[split:] - other(padded(answer, True))[split:]
    bent = here.bent(padded(answer, True))

    def along(x: np.ndarray) -> np.ndarray:
        response = -solve(other(padded(x, False))[:split])
        moved = counted(bent, np.concatenate([response, x]))
        return moved[split:] - other(padded(solve(moved[:split]), True))[split:]

    worst = 0.0
    leader = least_of(along, size - split)
    error = leader.curvature.error + 2 * worst * (leader.scale + 1.0)
    return Leader(
        found._replace(
            leader=leader.curvature._replace(error=error),
            slope=float(np.linalg.norm(derivative)),
            inner=relative,
        ),
        derivative,
    )


class _Ritz(NamedTuple):
    """A least curvature, and the largest modulus of those that were seen."""

    curvature: Curvature
    scale: float


def _lanczos(
    product: Callable[[np.ndarray], np.ndarray],
    size: int,
    tolerance: float,
    seed: int,
    eps: float,
) -> _Ritz:
    """The least eigenvalue of a symmetric map of vectors ``(size,)``, with its residual.

    The basis is orthogonalised anew at each step and not restarted: what `LANCZOS` vectors do not show stays in
    the residual.
    """
    vector = np.random.default_rng(seed).standard_normal(size)
    basis = [vector / np.linalg.norm(vector)]
    diagonal: list[float] = []
    beside: list[float] = []
    while True:
        image = product(basis[-1])
        diagonal.append(float(image @ basis[-1]))
        rows = np.stack(basis)
        for _ in range(2):
            image = image - rows.T @ (rows @ image)
        rest = float(np.linalg.norm(image))
        values, vectors = eigh_tridiagonal(np.array(diagonal), np.array(beside))
        scale = float(np.abs(values).max())
        gap = rest * abs(float(vectors[-1, 0]))
        rounding = max(eps * scale * len(basis), FLOOR)
        if gap <= max(tolerance * scale, rounding) or len(basis) == min(size, LANCZOS):
            # A full basis spans everything, whatever rounding leaves.
            error = rounding if len(basis) == size else max(gap, rounding)
            return _Ritz(Curvature(float(values[0]), error), scale)
        beside.append(rest)
        basis.append(image / rest)
