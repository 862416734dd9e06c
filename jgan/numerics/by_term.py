"""A game's field and its Jacobian term by term: which line of an objective pushes, turns or damps."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.flatten_util import ravel_pytree

from jgan.batch_axis import whole_mean
from jgan.game import PLAYERS, Batch, Game, PyTree, Variables, dense
from jgan.numerics.selfmap import SelfMap
from jgan.rules.joint_move import params_of, with_params
from jgan.scene import as_step

Gradients = dict[str, dict[str, PyTree]]
"""``{player: {term: gradient of the weighted term in the player's own parameters}}``."""


def term_gradients(
    game: Game,
    variables: Variables,
    batch: Batch,
    key: jax.Array | None = None,
    step: Any = 0,
) -> Gradients:
    """The summands of both players' gradients, from one pass through the game for each player.

    Args:
      game: what is played. Terms are called by their names; the loss of a game that is given by its losses
        is ``"loss"``.
      variables: where.
      batch: the examples.
      key: of the losses; ``jax.random.key(0)`` if None.
      step: a `jgan.scene.Step` or a number of updates.
    """
    key, game = jax.random.key(0) if key is None else key, dense(game)
    found: Gradients = {}
    for player in PLAYERS:

        def values(params: PyTree, player: str = player) -> dict[str, jax.Array]:
            own = {**variables[player], "params": params}
            moved = {**variables, player: own}
            loss, aux = game.losses(moved, batch, key, as_step(step), variables)[player]
            return aux.terms or {"loss": loss}

        terms, pullback = jax.vjp(values, variables[player]["params"])
        none = jax.tree.map(jnp.zeros_like, terms)
        found[player] = {
            name: whole_mean(pullback({**none, name: jnp.ones_like(value)})[0])
            for name, value in terms.items()
        }
    return found


def fields_by_term(
    game: Game,
    variables: Variables,
    batch: Batch,
    key: jax.Array | None = None,
    step: Any = 0,
) -> dict[str, SelfMap]:
    """The summands of the vector field, ``{"player/term": map on {player: params}}``.

    A term moves its own player only, so that its Jacobian has entries in this player's rows alone: one
    block for how the player bends its own way, one for how it answers the other. The Jacobians sum
    to the field's (`jgan.numerics.field.field`).
    """
    names = jax.eval_shape(lambda: term_gradients(game, variables, batch, key, step))

    def summand(player: str, term: str) -> Callable[[dict[str, PyTree]], dict[str, PyTree]]:
        def function(params: dict[str, PyTree]) -> dict[str, PyTree]:
            moved = with_params(variables, params)
            own = term_gradients(game, moved, batch, key, step)[player][term]
            nothing = jax.tree.map(jnp.zeros_like, params)
            return {**nothing, player: jax.tree.map(jnp.negative, own)}

        return function

    return {
        f"{player}/{term}": SelfMap(summand(player, term), params_of(variables))
        for player, terms in names.items()
        for term in terms
    }


def eigenvalue_shares(fields: dict[str, SelfMap], vectors: np.ndarray) -> dict[str, np.ndarray]:
    """What each term contributes to the eigenvalues of the whole field, ``{"player/term": (k,) complex}``.

    For a unit eigenvector v of J = Σ J_t with J v = λ v, λ = Σ vᴴ J_t v; the summands are returned.

    Args:
      fields: by `fields_by_term`.
      vectors: ``(n, k)``, unit eigenvectors of the field's Jacobian, as in `jgan.numerics.spectrum.Spectrum`.
    """
    shares = {}
    for name, part in fields.items():
        point, unravel = ravel_pytree(part.point)
        flat = lambda x, part=part, unravel=unravel: ravel_pytree(part.function(unravel(x)))[0]

        @jax.jit
        def products(rows: jax.Array, flat: Any = flat, point: jax.Array = point) -> jax.Array:
            with jax.default_matmul_precision("highest"):
                return jax.lax.map(lambda row: jax.jvp(flat, (point,), (row,))[1], rows)

        both = np.concatenate([vectors.real.T, vectors.imag.T]).astype(point.dtype)
        real, imaginary = np.split(np.asarray(products(jnp.asarray(both))), 2)
        moved = real + 1j * imaginary
        norms = np.sum(np.abs(vectors) ** 2, axis=0)
        shares[name] = np.einsum("nk,kn->k", vectors.conj(), moved) / norms
    return shares


def norms_and_cosines(found: dict[str, PyTree]) -> dict[str, jax.Array]:
    """Lengths of one player's gradients by term, and the cosine of the angle between every two of them.

    Returns:
      ``{"norm(term)": ..., "cosine(term, other)": ...}``; the cosine with a gradient of zero is 0.

    >>> told = norms_and_cosines({"a": jnp.array([3.0, 0.0]), "b": jnp.array([2.0, 2.0])})
    >>> {name: round(float(value), 4) for name, value in told.items()}
    {'norm(a)': 3.0, 'norm(b)': 2.8284, 'cosine(a, b)': 0.7071}
    """
    norms = {name: optax.tree.norm(gradient) for name, gradient in found.items()}
    metrics = {f"norm({name})": norm for name, norm in norms.items()}
    names = list(found)
    for number, name in enumerate(names):
        for other in names[number + 1 :]:
            product = norms[name] * norms[other]
            inner = optax.tree.vdot(found[name], found[other])
            safe = jnp.where(product > 0, product, 1.0)
            metrics[f"cosine({name}, {other})"] = jnp.where(product > 0, inner / safe, 0.0)
    return metrics
