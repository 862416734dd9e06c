"""The order in which the parts of a game are added means nothing, to the last bit."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from helpers import KEY, STEP, assert_same, differ, mlp_game, points

from jgan.augmentation import instance_noise, with_augmentation
from jgan.game import DISCRIMINATOR, PLAYERS, with_weight_clipping
from jgan.gans.packing import packed
from jgan.gans.unrolled import unrolled
from jgan.losses import hinge
from jgan.numerics.quadrature import weighted
from jgan.rules import simultaneous
from jgan.terms import adversarial, pool
from jgan.terms.historical import historical_averages
from jgan.terms.penalties import lazy, r1, wgan_gp
from jgan.terms.regularizers import lecam

BATCH = points(8)
CHANGES = {
    "r1": lambda game: game.add(r1(10.0)),
    "lazy": lambda game: game.add(lazy(wgan_gp(), 2)),
    "lecam": lambda game: game.add(lecam()),
    "history": lambda game: game.add(historical_averages(0.1)),
    "pool": lambda game: game.add(adversarial(hinge(), past=pool(8), name="second")),
    "noise": lambda game: with_augmentation(game, instance_noise(0.5)),
    "clipping": lambda game: with_weight_clipping(game, 0.3),
    "packing": lambda game: packed(game, 2),
    "unrolled": lambda game: unrolled(game, 2, optax.sgd(0.3)),
}
REFERENCE = tuple(CHANGES)


def changed(names):
    game = mlp_game(norm="spectral")
    for name in names:
        game = CHANGES[name](game)
    return game


def looked_at(game):
    """First variables, and the losses with everything beside them after one update."""
    rule = simultaneous(game, dict.fromkeys(PLAYERS, optax.sgd(0.1)))
    state, metrics = jax.jit(rule.update)(rule.init(KEY, BATCH), BATCH)
    return rule.init(KEY, BATCH).variables, state.variables, metrics


@pytest.fixture(scope="module")
def reference():
    return looked_at(changed(REFERENCE))


@pytest.mark.full
@pytest.mark.parametrize("seed", [0, "reversed", 1])
def test_all_parts_in_any_order_are_one_game(seed, reference):
    names = list(reversed(REFERENCE))
    if seed != "reversed":
        names = [REFERENCE[i] for i in np.random.default_rng(seed).permutation(len(REFERENCE))]
    assert_same(looked_at(changed(names)), reference)


def losses(*names):
    """Losses with everything beside them, operation by operation: games share what is compiled for those."""
    game = changed(names)
    return game.losses(game.init(KEY, BATCH), BATCH, KEY, STEP)


@pytest.fixture(scope="module")
def r1_alone():
    return losses("r1")


@pytest.mark.parametrize("first", ["noise", "clipping", "packing", "unrolled", "lecam"])
def test_r1_before_or_after_another_part(first, r1_alone):
    """The pairs of which each part is seen to change something."""
    found = losses(first, "r1")
    assert_same(found, losses("r1", first))
    # Clipping alone leaves the losses at given variables as they are.
    assert differ([v[0] for v in found.values()], [v[0] for v in r1_alone.values()]) == (
        first != "clipping"
    )


def test_clipping_reaches_the_foreseen_steps_in_either_order():
    game = mlp_game()
    plain, *clipped = (
        unrolled(game, 2, optax.sgd(5.0)),
        with_weight_clipping(unrolled(game, 2, optax.sgd(5.0)), 0.3),
        unrolled(with_weight_clipping(game, 0.3), 2, optax.sgd(5.0)),
    )
    variables = game.init(KEY, BATCH)
    found = [jax.jit(g.losses)(variables, BATCH, KEY, STEP) for g in (plain, *clipped)]
    assert_same(found[1], found[2])
    assert differ(found[0], found[1])
    assert_same(found[0][DISCRIMINATOR], found[1][DISCRIMINATOR])


def test_weights_before_or_after_a_penalty():
    shares = jnp.arange(1.0, 9.0)
    games = weighted(mlp_game().add(r1(1.0)), shares), weighted(mlp_game(), shares).add(r1(1.0))
    variables = games[0].init(KEY, BATCH)
    assert_same(*(jax.jit(g.losses)(variables, BATCH, KEY, STEP) for g in games))


def test_the_keys_of_terms_do_not_depend_on_other_terms():
    single, among = mlp_game().add(wgan_gp()), mlp_game().add(lecam(), wgan_gp(), r1(1.0))
    variables = among.init(KEY, BATCH)
    metrics = [
        jax.jit(g.losses)(variables, BATCH, KEY, STEP)[DISCRIMINATOR][1].metrics
        for g in (single, among)
    ]
    for name in metrics[0]:
        np.testing.assert_allclose(metrics[0][name], metrics[1][name], rtol=1e-6)


def test_parts_are_initialised_alike_whatever_is_added():
    plain = mlp_game().init(KEY, BATCH)
    more = changed([name for name in REFERENCE if name != "packing"])
    spectral = mlp_game(norm="spectral").init(KEY, BATCH)
    found = more.init(KEY, BATCH)
    for player in PLAYERS:
        assert_same(found[player]["params"], spectral[player]["params"])
    assert_same(plain["generator"]["params"], spectral["generator"]["params"])
