"""Second-order rules on small networks against directions built from finite differences of the field.

With R2 and WGAN-GP the discriminator's loss depends on the generator through the penalties too, which is
where a cut dependence would show.
"""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from helpers import KEY, points
from jax.flatten_util import ravel_pytree

from jgan.game import DISCRIMINATOR, GENERATOR, PLAYERS
from jgan.gans.gan import gan
from jgan.latents import normal
from jgan.losses import non_saturating
from jgan.networks import mlp_discriminator, mlp_generator
from jgan.rules import competitive, consensus, lola, runge_kutta, symplectic
from jgan.rules.joint_move import gradients, params_of, with_params
from jgan.terms.penalties import r2, wgan_gp

RATE, GAMMA, ALPHA = 0.1, 0.7, 0.3
SGD = dict.fromkeys(PLAYERS, optax.sgd(1.0))
WIDTH = 1e-5


def small_game():
    options = {"activation": "tanh", "dtype": jnp.float64}
    networks = mlp_generator((2,), (4,), **options), mlp_discriminator((4,), **options)
    return gan(*networks, non_saturating(), normal(2)).add(r2(1.0), wgan_gp(1.0))


@pytest.fixture(scope="module")
def here():
    """A game, a state of it, and by finite differences its gradients, Jacobian and crossed gradients."""
    with jax.enable_x64(True):
        game, batch = small_game(), {"image": points()["image"].astype(jnp.float64)}
        start = jax.tree.map(lambda leaf: leaf.astype(jnp.float64), game.init(KEY, batch))
        state = consensus(game, SGD).init(KEY, batch).replace(variables=start)
        key = jax.random.fold_in(state.key, state.step)
        point, unravel = ravel_pytree(params_of(start))
        sizes = {p: ravel_pytree(start[p]["params"])[0].size for p in PLAYERS}
        # The order of a pytree's leaves: the discriminator comes first.
        bounds = sizes[DISCRIMINATOR]
        parts = {DISCRIMINATOR: slice(0, bounds), GENERATOR: slice(bounds, None)}

        @jax.jit
        def look(flat):
            variables = with_params(start, unravel(flat))
            found = gradients(game, variables, batch, key, state.clock)
            losses = jnp.stack([found.losses[p] for p in (DISCRIMINATOR, GENERATOR)])
            return ravel_pytree(found.grads)[0], losses

        def slopes(index):
            shift = np.zeros(point.size)
            shift[index] = WIDTH
            ahead, behind = look(point + shift), look(point - shift)
            return [np.asarray(x - y) / (2 * WIDTH) for x, y in zip(ahead, behind, strict=True)]

        columns = [slopes(index) for index in range(point.size)]
        hessian = np.stack([column for column, _ in columns], axis=1)
        crossed = np.stack([losses for _, losses in columns], axis=1)
        xi = np.asarray(look(point)[0])
        return game, batch, state, xi, hessian, crossed, parts


def moved(here, rule, rate=1.0):
    """The direction that an update of the rule has followed, flat."""
    _, batch, state, *_ = here
    with jax.enable_x64(True):
        after, _ = jax.jit(rule.update)(state, batch)
        before, after = (ravel_pytree(params_of(s.variables))[0] for s in (state, after))
        return np.asarray(before - after) / rate


def off_diagonal(hessian, parts):
    kept = hessian.copy()
    for own in parts.values():
        kept[own, own] = 0
    return kept


def close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


def test_the_fields_jacobian_couples_the_players(here):
    _, _, _, xi, hessian, crossed, parts = here
    d, g = parts[DISCRIMINATOR], parts[GENERATOR]
    # Crossed blocks of a game that is not zero-sum: not minus each other's transpose.
    assert np.abs(hessian[d, g] + hessian[g, d].T).max() > 1e-2
    np.testing.assert_allclose(crossed[0, d], xi[d], atol=1e-8)
    np.testing.assert_allclose(crossed[1, g], xi[g], atol=1e-8)
    for own in (d, g):
        np.testing.assert_allclose(hessian[own, own], hessian[own, own].T, atol=1e-8)


def test_consensus(here):
    game, _, _, xi, hessian, *_ = here
    with jax.enable_x64(True):
        rule = consensus(game, SGD, GAMMA)
    close(moved(here, rule), xi + GAMMA * hessian.T @ xi)


@pytest.mark.parametrize("align", [False, True])
def test_symplectic(here, align):
    game, _, state, xi, hessian, *_ = here
    with jax.enable_x64(True):
        rule = symplectic(game, SGD, GAMMA, align=align)
    adjustment = 0.5 * (hessian.T - hessian) @ xi
    sign = 1.0
    if align:
        transposed, arrays = hessian.T @ xi, len(jax.tree.leaves(params_of(state.variables)))
        sign = np.sign((xi @ transposed) * (adjustment @ transposed) / arrays + 0.1)
    close(moved(here, rule), xi + sign * GAMMA * adjustment)


def test_competitive(here):
    game, _, _, xi, hessian, _, parts = here
    with jax.enable_x64(True):
        rule = competitive(game, RATE, tolerance=1e-14)
    system = np.eye(xi.size) + RATE * off_diagonal(hessian, parts)
    close(moved(here, rule, RATE), np.linalg.solve(system, xi))


@pytest.mark.full
@pytest.mark.parametrize(("anticipation", "shaping"), [(1.0, 1.0), (1.0, 0.0), (0.0, 1.0)])
def test_lola(here, anticipation, shaping):
    game, _, _, xi, hessian, crossed, parts = here
    with jax.enable_x64(True):
        rule = lola(game, SGD, ALPHA, anticipation=anticipation, shaping=shaping)
    chi = np.zeros_like(xi)
    for row, (own, rival) in enumerate(
        [(parts[p], parts[q]) for p, q in ((DISCRIMINATOR, GENERATOR), (GENERATOR, DISCRIMINATOR))]
    ):
        chi[own] = hessian[rival, own].T @ crossed[row, rival]
    foreseen = off_diagonal(hessian, parts) @ xi
    close(moved(here, rule), xi - ALPHA * anticipation * foreseen - ALPHA * shaping * chi)


@pytest.mark.full
def test_the_regulariser_of_runge_kutta(here):
    game, _, _, xi, hessian, _, parts = here
    with jax.enable_x64(True):
        rules = [runge_kutta(game, RATE, 2, regularization=weight) for weight in (GAMMA, 0.0)]
    regularised, plain = (moved(here, rule, RATE) for rule in rules)
    d, g = parts[DISCRIMINATOR], parts[GENERATOR]
    expected = np.zeros_like(xi)
    expected[d] = 2 * GAMMA * hessian[g, d].T @ xi[g]
    close(regularised - plain, expected)
