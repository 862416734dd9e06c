"""Two time scales: the game in which the discriminator is tau times as fast, and its spectra over tau."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jgan.arguments import check_count, check_number
from jgan.game import DISCRIMINATOR, Aux, Batch, Game, Variables, composition_of, remade
from jgan.numerics.selfmap import SelfMap
from jgan.numerics.square import check_square
from jgan.scene.by_player import Losses


def with_time_scale(game: Game, tau: float | jax.Array) -> Game:
    """The game whose discriminator's loss is multiplied by ``tau``: its rows of the field are.

    For plain descent, and for every rule with one learning rate, that is a discriminator with ``tau`` times the
    generator's rate (Fiez & Ratliff 2020). Optimizers that do not heed the scale of gradients, such as Adam,
    need a rate of its own instead.

    Raises:
      ValueError: if ``tau`` is not a positive finite number.
    """
    check_number("tau", tau, above=0)

    def scaled(inner: Losses) -> Losses:
        def losses(
            variables: Variables,
            batch: Batch,
            key: jax.Array,
            step: Any,
            held: Variables | None = None,
        ) -> dict[str, tuple[jax.Array, Aux]]:
            results = inner(variables, batch, key, step, held)
            loss, aux = results[DISCRIMINATOR]
            terms = {name: tau * value for name, value in aux.terms.items()}
            return {**results, DISCRIMINATOR: (tau * loss, aux._replace(terms=terms))}

        return losses

    composition = composition_of(game)
    return remade(game, composition._replace(transforms=(*composition.transforms, scaled)))


def scaled_field(self_map: SelfMap, tau: float | jax.Array) -> SelfMap:
    """The field of `with_time_scale`, by `jgan.numerics.field.field`, from that of the game itself."""

    def function(params: Any) -> Any:
        moves = self_map.function(params)
        faster = jax.tree.map(
            lambda leaf: jnp.asarray(tau * leaf, leaf.dtype), moves[DISCRIMINATOR]
        )
        return {**moves, DISCRIMINATOR: faster}

    return SelfMap(function, self_map.point)


def scaled_rows(matrix: np.ndarray, split: int, tau: float | np.ndarray) -> np.ndarray:
    """Jacobians ``(..., n, n)`` with the discriminator's rows times ``tau``, which may be an array ``(...)``.

    Args:
      matrix: ``(n, n)``, the field's Jacobian in tree order: the discriminator's ``split`` rows come first.
      split: number of the discriminator's parameters.
      tau: positive.

    Raises:
      ValueError: if the matrix is not square, real and finite, ``split`` does not lie between 1 and n - 1, or
        ``tau`` is not positive.
    """
    found, factor = check_square(matrix), np.asarray(tau, float)
    check_count("split", split)
    if not split < len(found):
        raise ValueError(
            f"split is {split}, but must leave the generator some of the {len(found)} rows."
        )
    if not (np.isfinite(factor) & (factor > 0)).all():
        raise ValueError(f"tau is {tau}, but must be finite and positive.")
    factors = np.ones((*factor.shape, len(found)))
    factors[..., :split] = factor[..., None]
    return factors[..., None] * found


def spectra_over_tau(matrix: np.ndarray, split: int, taus: np.ndarray) -> np.ndarray:
    """Eigenvalues ``(t, n)`` of the field for every time scale ``(t,)``.

    Raises:
      ValueError: as in `scaled_rows`.
    """
    return np.linalg.eigvals(scaled_rows(matrix, split, np.asarray(taus, float)))


def schur_complement(matrix: np.ndarray, split: int) -> np.ndarray:
    """S = J_GG - J_GD J_DD⁻¹ J_DG of the field's Jacobian: what the generator follows for tau → ∞.

    With a discriminator that is always at its best response, n_G of the eigenvalues tend to those of S, with an
    error of 1/tau, and the others to tau times those of J_DD.

    Raises:
      ValueError: as in `scaled_rows`, or if J_DD is singular.
    """
    found = scaled_rows(matrix, split, 1.0)
    own = found[:split, :split]
    if np.linalg.cond(own) > 1 / np.finfo(float).eps:
        raise ValueError(
            "the discriminator's own block of the matrix is singular, so there is no Schur complement."
        )
    return found[split:, split:] - found[split:, :split] @ np.linalg.solve(
        own, found[:split, split:]
    )


def critical_tau(
    matrix: np.ndarray, split: int, *, lowest: float = 1e-6, highest: float = 1e6
) -> float | None:
    """The time scale beyond which the flow is stable (Fiez & Ratliff 2020); None where it never is.

    The real part of the rightmost eigenvalue is looked at on a grid of 40 points a decade, and the last passage
    through 0 is found by bisection; a window of instability between two points is missed.

    Args:
      matrix: ``(n, n)``, the field's Jacobian in tree order.
      split: number of the discriminator's parameters.
      lowest: the smallest time scale that is looked at; the result is 0 where all from here on are stable.
      highest: the largest.

    Raises:
      ValueError: as in `scaled_rows`, or if the ends are not positive and increasing.

    >>> b, c, d = 1.0, 3.0, 4.0  # min over x, max over y of -b x²/2 + c x y - d y²/2: stable from b/d on
    >>> round(critical_tau(np.array([[-d, c], [-c, b]]), 1), 9)
    0.25
    """
    check_number("lowest", lowest, above=0)
    check_number("highest", highest, above=lowest)
    count = 1 + int(40 * np.log10(highest / lowest))
    taus = np.geomspace(lowest, highest, count)
    rightmost = spectra_over_tau(matrix, split, taus).real.max(axis=1)
    if not rightmost[-1] < 0:
        return None
    unstable = np.flatnonzero(rightmost >= 0)
    if not len(unstable):
        return 0.0
    low, high = taus[unstable[-1]], taus[unstable[-1] + 1]
    for _ in range(60):
        middle = np.sqrt(low * high)
        stable = np.linalg.eigvals(scaled_rows(matrix, split, middle)).real.max() < 0
        low, high = (low, middle) if stable else (middle, high)
    return float(high)
