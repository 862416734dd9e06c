"""Every system of the catalogue keeps the laws: one battery over a table of tiny games."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from gans.systems import BATCH, SHAPE, SYSTEMS
from helpers import KEY, STEP, assert_close, assert_same, differ

from jgan.augmentation import instance_noise, with_augmentation
from jgan.batch_axis import spread
from jgan.game import DISCRIMINATOR, PLAYERS, Game
from jgan.numerics.field import field
from jgan.penalties import r1
from jgan.rules import Rule, alternating, averaged, simultaneous
from jgan.rules.rule import move
from jgan.training.checkpoint import Checkpoints
from jgan.training.devices import AXIS, Layout

EVERY = pytest.mark.parametrize("name", SYSTEMS)
OPPOSED = pytest.mark.parametrize("name", [n for n, system in SYSTEMS.items() if not system.alone])
SGD = dict.fromkeys(PLAYERS, optax.sgd(0.02))


class Played(NamedTuple):
    """A system, its alternating rule compiled, and the first states of a run."""

    game: Game
    rule: Rule
    update: Callable
    states: list

    def players(self):
        """Who has anything to move: both, or the generator of a game of one player."""
        return [p for p in PLAYERS if jax.tree.leaves(self.states[0].variables[p])]


@pytest.fixture(scope="module")
def played():
    found = {}

    def play(name):
        if name not in found:
            game = SYSTEMS[name].build()
            rule = averaged(alternating(game, SGD))
            update = jax.jit(rule.update)
            states = [jax.jit(rule.init)(jax.random.key(1), BATCH)]
            for _ in range(2):
                states.append(update(states[-1], BATCH)[0])
            found[name] = Played(game, rule, update, states)
        return found[name]

    return play


@EVERY
def test_both_players_move_under_both_rules(name, played):
    game, _, update, states = run = played(name)
    assert len(run.players()) == 2 - SYSTEMS[name].alone
    end, metrics = update(states[1], BATCH)
    together, more = jax.jit(simultaneous(game, SGD).update)(states[0].replace(averages={}), BATCH)
    for player in run.players():
        for after, before in ((end, states[0]), (together, states[0])):
            old, new = (state.variables[player]["params"] for state in (before, after))
            assert differ(old, new)
    assert all(np.isfinite(leaf) for leaf in jax.tree.leaves((metrics, more)))


@EVERY
def test_a_population_of_seeds_is_its_single_runs(name, played):
    _, rule, _, states = played(name)

    def run(seed):
        return rule.update(rule.init(jax.random.key(seed), BATCH), BATCH)[0]

    ends = jax.jit(jax.vmap(run))(jnp.arange(2))
    assert_close(jax.tree.map(lambda leaf: leaf[1], ends), states[1])


@EVERY
def test_a_move_leaves_the_other_player_bitwise_alone(name, played):
    game, _, _, states = run = played(name)

    def moves(state):
        return {p: move(game, p, SGD[p], state, BATCH, KEY)[0].variables for p in PLAYERS}

    before = states[1].variables
    for player, after in jax.jit(moves)(states[1]).items():
        other = next(p for p in PLAYERS if p != player)
        assert_same(after[other], before[other])
        assert set(after[player]) == set(before[player])
        if player not in run.players():
            continue
        for collection in set(before[player]) - {"reference"}:
            assert differ(after[player][collection], before[player][collection])


@EVERY
def test_views_and_sampler(name, played):
    game, _, _, states = played(name)
    assert tuple(sorted(game.views)) == SYSTEMS[name].views
    told, latent = game.sampler.condition(BATCH), game.sampler.latent(KEY, BATCH)
    others = jax.tree.map(lambda leaf: leaf.at[1:].set(0), latent)

    @jax.jit
    def look(variables):
        shown = {view: show(variables, BATCH, KEY) for view, show in game.views.items()}
        return shown, [game.sampler.generate(variables, told, z) for z in (latent, others)]

    views, (made, alone) = look(states[1].variables)
    for shown in views.values():
        assert shown.shape == (16, *SHAPE)
        assert float(jnp.abs(shown).max()) <= 1
    np.testing.assert_allclose(made, views["samples"], atol=1e-6)
    # The first sample is made from the first row of the latent alone.
    np.testing.assert_allclose(alone[0], made[0], atol=1e-5)


@EVERY
def test_eight_devices_are_one(name, played):
    _, rule, _, states = played(name)
    layout = Layout(tuple(jax.devices()))
    assert layout.count == 8

    def on_one_of(state, rows):
        with spread(AXIS, layout.count):
            return rule.update(state, rows)

    over_mesh = jax.jit(rule.update, out_shardings=layout.replicated)
    mapped = jax.pmap(on_one_of, AXIS, in_axes=(None, 0), out_axes=None, devices=layout.devices)
    sharded = jax.device_put(BATCH, layout.split())
    rows = {k: values.reshape(layout.count, -1, *values.shape[1:]) for k, values in BATCH.items()}
    for update, first, batch in (
        (over_mesh, jax.device_put(states[0], layout.replicated), sharded),
        (mapped, states[0], rows),
    ):
        state, _ = update(update(first, batch)[0], batch)
        assert_close(state, states[2], 1e-5)


@OPPOSED
def test_penalties_and_augmentations_apply_and_views_stay(name, played):
    game, _, _, states = played(name)
    changed = with_augmentation(game, instance_noise(0.5)).add(r1(1.0))
    assert set(changed.views) == set(game.views)

    @jax.jit
    def both(variables):
        plain, _ = game.losses(variables, BATCH, KEY, STEP)[DISCRIMINATOR]
        value, aux = changed.losses(variables, BATCH, KEY, STEP)[DISCRIMINATOR]
        return plain, value, aux.metrics["r1"]

    plain, value, penalty = both(states[1].variables)
    assert float(penalty) > 0
    assert abs(float(value - penalty - plain)) > 1e-6


@EVERY
def test_resumes_bit_for_bit(name, played, tmp_path):
    _, _, update, states = played(name)
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(states[1])
    with Checkpoints(tmp_path) as checkpoints:
        resumed, _ = update(checkpoints.load(states[0]), BATCH)
    assert_same(resumed, states[2])


@EVERY
def test_the_jacobian_of_its_field_can_be_applied(name, played):
    """Which is all that a spectrum takes."""
    game, _, _, states = run = played(name)
    here = field(game, states[1].variables, BATCH, KEY)
    along = jax.jit(here.function)(here.point)
    product = jax.jit(lambda v: jax.jvp(here.function, (here.point,), (v,))[1])(along)
    for player in run.players():
        assert 0 < float(optax.tree.norm(product[player])) < np.inf
