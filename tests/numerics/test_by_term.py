"""Fields, Jacobians and eigenvalues term by term: the parts sum to the whole."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import assert_close, bilinear_game, mlp_game, points

from jgan.game import DISCRIMINATOR, GENERATOR, PLAYERS
from jgan.numerics.by_term import eigenvalue_shares, fields_by_term, term_gradients
from jgan.numerics.field import field
from jgan.numerics.leading import leading_eigenvalues
from jgan.numerics.selfmap import jacobian
from jgan.terms.penalties import r1
from jgan.terms.regularizers import lecam

KEY, BATCH = jax.random.key(2), points(6)
NAMES = {"generator/adversarial"} | {f"discriminator/{n}" for n in ("adversarial", "lecam", "r1")}


@pytest.fixture(scope="module")
def parts():
    game = mlp_game().add(r1(3.0), lecam(0.5))
    variables = jax.jit(game.init)(KEY, BATCH)
    return game, variables, fields_by_term(game, variables, BATCH, KEY)


def test_the_parts_sum_to_the_field(parts):
    game, variables, fields = parts
    assert set(fields) == NAMES
    whole = field(game, variables, BATCH, KEY)
    run = jax.jit(lambda point: [part.function(point) for part in (whole, *fields.values())])
    expected, *found = run(whole.point)
    assert_close(jax.tree.map(lambda *x: sum(x), *found), expected, 1e-5)


@pytest.mark.full
def test_jacobians_sum_and_a_term_has_its_players_rows_alone(parts):
    game, variables, fields = parts
    every = {"whole": field(game, variables, BATCH, KEY), **fields}
    matrices = jax.jit(lambda: {name: jacobian(part) for name, part in every.items()})()
    found = {name: np.asarray(matrix) for name, matrix in matrices.items()}
    whole = found.pop("whole")
    np.testing.assert_allclose(sum(found.values()), whole, atol=1e-5)
    judge = sum(leaf.size for leaf in jax.tree.leaves(variables[DISCRIMINATOR]["params"]))
    for name, matrix in found.items():  # the discriminator comes first
        others = matrix[judge:] if name.startswith(DISCRIMINATOR) else matrix[:judge]
        assert not others.any()
        assert matrix.any()


@pytest.mark.full
def test_shares_sum_to_the_eigenvalues(parts):
    game, variables, fields = parts
    found = leading_eigenvalues(field(game, variables, BATCH, KEY), 4, which="right")
    shares = eigenvalue_shares(fields, found.vectors)
    np.testing.assert_allclose(sum(shares.values()), found.values, atol=1e-4)


def test_a_game_that_is_given_by_its_losses_has_one_term_a_player():
    game = bilinear_game([[2.0]])
    variables = game.init(KEY, {})
    found = term_gradients(game, variables, {})
    assert {player: set(terms) for player, terms in found.items()} == {p: {"loss"} for p in PLAYERS}
    np.testing.assert_allclose(found[GENERATOR]["loss"], [2.0])
    np.testing.assert_allclose(found[DISCRIMINATOR]["loss"], -2.0 * jnp.ones(1))
