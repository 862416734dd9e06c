"""The curvatures that say what kind of point this is, from exact Hessians or from products with them."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh, minres

from jgan.arguments import check_count, check_number
from jgan.game import DISCRIMINATOR, GENERATOR, Batch, Game, Variables
from jgan.numerics.dense import DENSE
from jgan.numerics.point_kind import UNKNOWN, Curvature, Curvatures, Kind, kind_of
from jgan.rules.joint_move import params_of, with_params
from jgan.scene import as_step

Scalar = Callable[[jax.Array], jax.Array]
FLOOR = 1e-8
"""The least error of a curvature: networks may round to single precision inside."""


class FlatLosses(NamedTuple):
    """Both losses as functions of one vector in tree order, the discriminator's parameters first.

    Attributes:
      generator: ``(n,) -> ()``.
      discriminator: likewise.
      point: ``(n,)``.
      split: number of the discriminator's parameters.
    """

    generator: Scalar
    discriminator: Scalar
    point: jax.Array
    split: int


def flat_losses(
    game: Game, variables: Variables, batch: Batch, key: jax.Array | None = None
) -> FlatLosses:
    """The losses at given variables, examples and latents."""
    key = jax.random.key(0) if key is None else key
    point, unravel = ravel_pytree(params_of(variables))
    split = ravel_pytree(variables[DISCRIMINATOR]["params"])[0].size

    def loss(player: str) -> Scalar:
        def value(x: jax.Array) -> jax.Array:
            moved = with_params(variables, unravel(x))
            return game.losses(moved, batch, key, as_step(0))[player][0]

        return value

    return FlatLosses(loss(GENERATOR), loss(DISCRIMINATOR), point, split)


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
    """From exact Hessians, and third derivatives along the discriminator's best response."""
    split = losses.split

    @jax.jit
    def derivatives(x: jax.Array) -> tuple[jax.Array, ...]:
        def total(x: jax.Array) -> jax.Array:
            """The generator's derivative along the best response."""
            slope = jax.grad(losses.generator)(x)
            hessian = jax.jacfwd(jax.grad(losses.discriminator))(x)
            answer = jnp.linalg.solve(hessian[:split, :split], slope[:split])
            return slope[split:] - hessian[split:, :split] @ answer

        with jax.default_matmul_precision("highest"):
            slopes = jax.grad(losses.generator)(x), jax.grad(losses.discriminator)(x)
            own = jax.jacfwd(jax.grad(losses.generator))(x)
            other = jax.jacfwd(jax.grad(losses.discriminator))(x)
            return (*slopes, own, other, total(x), jax.jacfwd(total)(x))

    point = losses.point
    eps = float(jnp.finfo(point.dtype).eps)
    values = [np.asarray(value, float) for value in derivatives(point)]
    generator, discriminator, own, other, slope, turning = values
    speed = float(
        np.hypot(np.linalg.norm(generator[split:]), np.linalg.norm(discriminator[:split]))
    )
    faster, slower = other[:split, :split], own[split:, split:]
    both = Curvatures(
        speed,
        _least(slower, eps * np.linalg.norm(own)),
        _least(faster, eps * np.linalg.norm(other)),
        UNKNOWN,
        float("inf"),
    )
    if both.discriminator.sign <= 0:  # there is no best response, and no need of one
        return both
    response = -np.linalg.solve(faster, other[:split, split:])
    leader = turning[:, split:] + turning[:, :split] @ response
    # What rounding of the entries does to a solution grows with the condition of the system.
    growth = np.linalg.cond(faster) * (1 + np.linalg.norm(response, 2)) ** 2
    error = eps * growth * (np.linalg.norm(own) + np.linalg.norm(other))
    return both._replace(leader=_least(leader, error), slope=float(np.linalg.norm(slope)))


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
    solutions join it, each divided by the discriminator's least curvature. The term with third derivatives,
    which is 0 at the equilibria of zero-sum games, is left out; ``slope`` says how large its factor is.

    Args:
      losses: by `flat_losses`.
      tolerance: relative accuracy asked of Lanczos.
      inner: relative residual asked of MINRES.
      most: iterations of MINRES.
      seed: of the first vectors.

    Raises:
      ValueError: if a number is not positive.
    """
    check_number("tolerance", tolerance, above=0)
    check_number("inner", inner, above=0)
    check_count("most", most)
    split, size = losses.split, losses.point.size
    generator, own = _products(losses.generator, losses.point)
    discriminator, other = _products(losses.discriminator, losses.point)
    speed = float(
        np.hypot(np.linalg.norm(generator[split:]), np.linalg.norm(discriminator[:split]))
    )

    def padded(vector: np.ndarray, first: bool) -> np.ndarray:
        rest = np.zeros(size - vector.size)
        return np.concatenate([vector, rest] if first else [rest, vector])

    faster = lambda y: other(padded(y, True))[:split]
    slower = lambda x: own(padded(x, False))[split:]
    eps = float(jnp.finfo(losses.point.dtype).eps)
    least_of = lambda product, count: _lanczos(product, count, tolerance, seed, eps)
    found = Curvatures(
        speed, least_of(slower, size - split), least_of(faster, split), UNKNOWN, float("inf")
    )
    if found.discriminator.sign <= 0:
        return found
    bound = found.discriminator.value - found.discriminator.error
    worst = [0.0]

    def solve(right: np.ndarray) -> np.ndarray:
        system = LinearOperator((split, split), matvec=faster, dtype=float)
        solution, _ = minres(system, right, rtol=inner, maxiter=most)
        gap = float(np.linalg.norm(faster(solution) - right))
        worst[0] = max(worst[0], gap / bound)
        return solution

    def along(x: np.ndarray) -> np.ndarray:
        answer = -solve(other(padded(x, False))[:split])
        moved = own(np.concatenate([answer, x]))
        return moved[split:] - other(padded(solve(moved[:split]), True))[split:]

    slope = generator[split:] - other(padded(solve(generator[:split]), True))[split:]
    worst[0] = 0.0
    leader = least_of(along, size - split)
    scale = np.linalg.norm(own(np.ones(size) / np.sqrt(size))) + 1.0
    error = leader.error + 2 * worst[0] * float(scale)
    return found._replace(leader=leader._replace(error=error), slope=float(np.linalg.norm(slope)))


def _products(
    loss: Scalar, point: jax.Array
) -> tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]:
    """The gradient at a point, and products with the Hessian there."""

    @jax.jit
    def both(x: jax.Array, vector: jax.Array) -> tuple[jax.Array, jax.Array]:
        with jax.default_matmul_precision("highest"):
            return jax.jvp(jax.grad(loss), (x,), (vector,))

    def product(vector: np.ndarray) -> np.ndarray:
        return np.asarray(both(point, jnp.asarray(vector.ravel(), point.dtype))[1], float)

    return np.asarray(both(point, jnp.zeros_like(point))[0], float), product


def _lanczos(
    product: Callable[[np.ndarray], np.ndarray],
    size: int,
    tolerance: float,
    seed: int,
    eps: float,
) -> Curvature:
    """The least eigenvalue of a symmetric map of vectors ``(size,)``, with its residual."""
    if size <= 2:
        matrix = np.stack([product(row) for row in np.eye(size)], axis=1)
        return _least(matrix, eps * float(np.linalg.norm(matrix)))
    start = np.random.default_rng(seed).standard_normal(size)
    system = LinearOperator((size, size), matvec=product, dtype=float)
    try:
        values, vectors = eigsh(system, k=1, which="SA", v0=start, tol=tolerance, ncv=min(size, 40))
    except ArpackError:
        return UNKNOWN
    gap = np.linalg.norm(product(vectors[:, 0]) - values[0] * vectors[:, 0])
    return Curvature(float(values[0]), max(float(gap), FLOOR))
