"""The same types and functions serve games that are no plain GANs."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from helpers import (
    DIRAC_BATCH,
    KEY,
    STEP,
    assert_same,
    bilinear_game,
    differ,
    dirac_game,
    field,
    params_of,
    points,
)

from jgan.game import DISCRIMINATOR, GENERATOR, PLAYERS
from jgan.gans.versus import versus
from jgan.latents import normal
from jgan.losses import Loss, softplus
from jgan.networks import mlp, mlp_discriminator, mlp_generator
from jgan.rules import alternating, averaged, simultaneous
from jgan.runs.checkpoint import Checkpoints
from jgan.scene import Inputs, Meeting
from jgan.terms import adversarial
from jgan.terms.penalties import r1

LATENT, DIM = 3, 2


def bigan():
    """Donahue et al. 2017: the generator's side holds G and E, the discriminator judges pairs (x, z)."""
    decoder, encoder = mlp_generator((DIM,), (8,)), mlp((8,), LATENT)
    judge = mlp_discriminator((8,))
    # G and E want the labels swapped on both kinds of pairs.
    loss = Loss(
        discriminator=lambda real, fake: softplus(-real) + softplus(fake),
        generator=lambda real, fake: softplus(real) + softplus(-fake),
    )

    def meet(make, batch, z, step):
        return Meeting(
            real=Inputs((batch["image"], make["E"](batch["image"]))), fake=Inputs((make["G"](z), z))
        )

    def joined(ask, inputs, group):
        return ask(jnp.concatenate(jax.tree.leaves(inputs.values), axis=1))

    def reconstructions(scene):
        return scene.make["G"](scene.make["E"](scene.batch["image"]))

    return versus(
        {"G": decoder, "E": encoder},
        judge,
        adversarial(loss),
        latent=normal(LATENT),
        meet=meet,
        present=joined,
        views={"reconstructions": reconstructions},
        sample=lambda make, z, condition, step: make["G"](z),
    )


GAMES = {
    "dirac": (dirac_game, DIRAC_BATCH),
    "bilinear": (lambda: bilinear_game([[1.0, 2.0], [0.0, 1.0]]), {}),
    "bigan": (bigan, points(8, DIM)),
}
RULES = {"alternating": alternating, "simultaneous": simultaneous}
EVERY = pytest.mark.parametrize("name", GAMES)


@EVERY
@pytest.mark.parametrize("rule", RULES)
def test_every_game_trains_under_every_rule(name, rule):
    make, batch = GAMES[name]
    made = averaged(RULES[rule](make(), {player: optax.adam(0.01) for player in PLAYERS}))
    state = made.init(KEY, batch)
    after, metrics = jax.jit(
        lambda state: jax.lax.scan(lambda state, _: made.update(state, batch), state, length=5)
    )(state)
    assert int(after.step) == 5
    for player in PLAYERS:
        before = jax.tree.leaves(params_of(state)[player])
        for old, new in zip(before, jax.tree.leaves(params_of(after)[player]), strict=True):
            assert differ(old, new)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(metrics))


@EVERY
def test_every_game_resumes_from_a_checkpoint(name, tmp_path):
    """Two updates, saved, loaded and two more are four updates, bit for bit."""
    make, batch = GAMES[name]
    rule = averaged(alternating(make(), {player: optax.adam(0.1) for player in PLAYERS}))
    update = jax.jit(rule.update)
    state = rule.init(KEY, batch)
    whole = state
    for _ in range(4):
        whole, _ = update(whole, batch)
    for _ in range(2):
        state, _ = update(state, batch)
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(state)
    with Checkpoints(tmp_path) as checkpoints:
        resumed = checkpoints.load(rule.init(KEY, batch))
    for _ in range(2):
        resumed, _ = update(resumed, batch)
    assert_same(resumed, whole)


@EVERY
def test_one_function_gives_every_games_vector_field(name):
    make, batch = GAMES[name]
    game = make()
    variables = game.init(KEY, batch)
    found = jax.jit(lambda variables: field(game, variables, batch))(variables)
    expected = {p: variables[p]["params"] for p in PLAYERS}
    assert jax.tree.structure(found) == jax.tree.structure(expected)
    # A small step along one player's part of the field lowers that player's loss by h |v|².
    h = 1e-3
    for player in PLAYERS:
        moved = jax.tree.map(lambda w, v: w + h * v, expected[player], found[player])
        loss = lambda own, player=player: float(
            game.losses(
                {**variables, player: {**variables[player], "params": own}}, batch, KEY, STEP
            )[player][0]
        )
        squared = sum(float(jnp.sum(v**2)) for v in jax.tree.leaves(found[player]))
        assert loss(expected[player]) - loss(moved) == pytest.approx(h * squared, rel=0.05)


def test_field_of_the_dirac_gan():
    found = field(dirac_game(), dirac_game(theta=0.7, psi=-1.3).init(KEY, DIRAC_BATCH), DIRAC_BATCH)
    slope = 1 / (1 + np.exp(0.7 * 1.3))
    assert float(found[GENERATOR]) == pytest.approx(-1.3 * slope, rel=1e-6)
    assert float(found[DISCRIMINATOR]) == pytest.approx(-0.7 * slope, rel=1e-6)


def test_field_of_a_bilinear_game():
    matrix = np.array([[1.0, 2.0, 0.0], [0.0, 1.0, -1.0]])
    game = bilinear_game(matrix)
    found = field(game, game.init(KEY, {}), {})
    np.testing.assert_allclose(found[GENERATOR], -matrix @ np.ones(3))
    np.testing.assert_allclose(found[DISCRIMINATOR], matrix.T @ np.ones(2))


def test_r1_runs_over_both_parts_of_a_pair():
    game = bigan()
    batch = points(5, DIM)
    penalised = game.add(r1(3.0))
    variables = penalised.init(KEY, batch)
    found = penalised.losses(variables, batch, KEY, STEP)[DISCRIMINATOR][1].metrics["r1"]
    scene = game.scene(variables, batch, KEY, STEP)
    total = 0.0
    for index in range(5):
        pair = jax.tree.map(lambda leaf, i=index: leaf[i : i + 1], scene.meeting["real"].values)
        slopes = jax.grad(lambda pair: scene.ask(Inputs(pair), "real")["logit"][0])(pair)
        total += sum(float(jnp.sum(leaf**2)) for leaf in slopes)
    assert float(found) == pytest.approx(1.5 * total / 5, rel=1e-5)


def test_both_networks_of_a_side_are_judged():
    # With D = <x, z> the encoder's gradient comes from real pairs alone, the generator's from fakes.
    game = bigan()
    batch = points(6, DIM)
    found = field(game, game.init(KEY, batch), batch)[GENERATOR]
    for name in ("G", "E"):
        assert max(float(jnp.abs(leaf).max()) for leaf in jax.tree.leaves(found[name])) > 1e-4


def test_reconstructions_are_a_view():
    game = bigan()
    batch = points(4, DIM)
    picture = game.views["reconstructions"](game.init(KEY, batch), batch, KEY)
    assert picture.shape == batch["image"].shape
