"""Every system of the catalogue keeps the laws: one battery over a table of tiny games.

That programs are pure and lower for accelerators is asked of every system in every run. In ``make test``, every
third is asked whether a move leaves the other player alone, and what must be compiled is asked of `COMPILED`,
which differ in what they are made of; ``make test-all`` asks all of every system.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from covering import covering, parameters
from gans.systems import BATCH, SHAPE, SYSTEMS
from helpers import KEY, STEP, assert_close, assert_same, differ
from jaxprs import text, unchanged_outputs
from lowering import assert_lowers

from jgan.augmentation import instance_noise, with_augmentation
from jgan.batch_axis import over_axis
from jgan.game import DISCRIMINATOR, PLAYERS, Game, named_key
from jgan.numerics.field import field
from jgan.rules import Rule, TrainState, alternating, averaged, simultaneous
from jgan.rules.rule import move
from jgan.runs.checkpoint import Checkpoints
from jgan.terms.penalties import r1
from jgan.training.devices import AXIS, Layout

OPPOSED = [name for name, system in SYSTEMS.items() if not system.single]
LAWS = (
    "simultaneous",
    "population",
    "views",
    "mesh",
    "pmap",
    "penalties",
    "resume",
    "jacobian",
)
COMPILED = (
    *("cgan", "infogan", "began", "feature matching"),
    *("cogan", "can", "historical averaging", "autoencoder"),
)
PAIRS = covering(LAWS, COMPILED, laws_per_system=1, least=2) | {("move", s) for s in COMPILED}
EVERY = pytest.mark.parametrize("name", SYSTEMS)
PAIRS |= {("isolation", s) for s in (*COMPILED, *list(SYSTEMS)[::3])}


def law(name, systems=SYSTEMS):
    return pytest.mark.parametrize("name", parameters(name, systems, PAIRS))


SGD = dict.fromkeys(PLAYERS, optax.sgd(0.02))


class Played(NamedTuple):
    """A system, its alternating rule compiled, and the first states of a run."""

    game: Game
    rule: Rule
    init: Callable
    update: Callable
    states: list

    def players(self):
        """Who has anything to move: both, or the generator of a game of one player."""
        return [p for p in PLAYERS if jax.tree.leaves(self.states[0].variables[p])]


@pytest.fixture(scope="module")
def built():
    """The game of a system and the shapes of a run's state, nothing compiled."""
    found = {}

    def build(name) -> tuple[Game, Rule, TrainState]:
        if name not in found:
            game = SYSTEMS[name].build()
            rule = averaged(alternating(game, SGD))
            found[name] = game, rule, jax.eval_shape(rule.init, KEY, BATCH)
        return found[name]

    return build


@pytest.fixture(scope="module")
def played(built):
    found = {}

    def play(name):
        if name not in found:
            game, rule, _ = built(name)
            init, update = jax.jit(rule.init), jax.jit(rule.update)
            states = [init(jax.random.key(1), BATCH)]
            for _ in range(2):
                states.append(update(states[-1], BATCH)[0])
            found[name] = Played(game, rule, init, update, states)
        return found[name]

    return play


# Of every system in every run.


@EVERY
def test_the_update_is_pure_and_lowers_for_accelerators(name, built, played):
    """No effects, no call that only a CPU has, and of some, nothing that a second trace sees otherwise.

    The loop over updates, which all systems share, is lowered in ``test_lowering.py``.
    """
    game, rule, state = built(name)
    first = assert_lowers(rule.update, state, BATCH).jaxpr
    assert_lowers(
        game.sampler.generate,
        state.variables,
        jax.eval_shape(game.sampler.condition, BATCH),
        jax.eval_shape(game.sampler.latent, KEY, BATCH),
    )
    assert not first.effects
    if name in COMPILED:
        # JAX keeps the trace that the run was compiled from, which is another than the first.
        run = played(name)
        assert text(first) == text(run.update.trace(run.states[0], BATCH).jaxpr)


# Of a covering set.


@law("isolation")
def test_a_move_leaves_the_other_player_alone(name, built):
    """Proved by the jaxpr: what belongs to the other player comes out as it went in, untouched."""
    game, _, state = built(name)
    paths = [jax.tree_util.keystr(path) for path, _ in jax.tree_util.tree_leaves_with_path(state)]
    for player in PLAYERS:
        made = lambda state, player=player: move(game, player, SGD[player], state, BATCH, KEY)[0]
        found = unchanged_outputs(made, state)
        own = tuple(f".{part}['{player}']" for part in ("variables", "optimizers"))
        for path in paths:
            if not path.startswith(own):
                assert found[path] == f"[0]{path}"


@law("move")
def test_players_move_and_shapes_stay(name, played, built):
    run = played(name)
    states = run.states
    assert len(run.players()) == 2 - SYSTEMS[name].single
    for player in run.players():
        old, new = states[0].variables[player], states[1].variables[player]
        for collection in set(old) - {"reference", "noise", "waves"}:
            assert differ(new[collection], old[collection]), collection
    again, metrics = run.update(states[1], BATCH)
    assert_same(again, states[2])
    assert all(np.isfinite(leaf) for leaf in jax.tree.leaves(metrics))
    kinds = lambda state: jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), state)
    assert kinds(states[1]) == kinds(states[2]) == kinds(built(name)[2])


@law("simultaneous")
def test_players_move_under_the_simultaneous_rule(name, played):
    run = played(name)
    start = run.states[0].replace(averages={})
    end, metrics = jax.jit(simultaneous(run.game, SGD).update)(start, BATCH)
    for player in run.players():
        old, new = (state.variables[player]["params"] for state in (start, end))
        assert differ(old, new)
    assert all(np.isfinite(leaf) for leaf in jax.tree.leaves(metrics))


@law("population")
def test_a_population_of_seeds_is_its_single_runs(name, played):
    run = played(name)
    seeds = [jax.random.key(seed) for seed in range(2)]
    first = jax.jit(jax.vmap(run.rule.init, in_axes=(0, None)))(jnp.stack(seeds), BATCH)
    assert_close(jax.tree.map(lambda leaf: leaf[1], first), run.states[0])
    ends, _ = jax.jit(jax.vmap(run.rule.update, in_axes=(0, None)))(first, BATCH)
    assert_close(jax.tree.map(lambda leaf: leaf[1], ends), run.states[1])


@law("views")
def test_views_and_sampler(name, played):
    game, _, _, _, states = played(name)
    assert tuple(sorted(game.views)) == SYSTEMS[name].views
    condition, latent = game.sampler.condition(BATCH), game.sampler.latent(KEY, BATCH)
    others = jax.tree.map(lambda leaf: leaf.at[1:].set(0), latent)

    @jax.jit
    def look(variables):
        shown = {view: show(variables, BATCH, KEY) for view, show in game.views.items()}
        generate = partial(game.sampler.generate, key=named_key(KEY, "sample"))
        return shown, [generate(variables, condition, z) for z in (latent, others)]

    views, (made, first_only) = look(states[1].variables)
    for shown in views.values():
        assert shown.shape == (16, *SHAPE) or (shown.ndim == 5 and shown.shape[2:] == SHAPE)
        assert float(jnp.abs(shown).max()) <= 1
    np.testing.assert_allclose(made, views["samples"], atol=1e-6)
    # The first sample is made from the first row of the latent alone.
    np.testing.assert_allclose(first_only[0], made[0], atol=1e-5)


@law("mesh")
def test_a_mesh_of_eight_devices_is_one(name, played):
    _, rule, _, _, states = played(name)
    layout = Layout(tuple(jax.devices()))
    assert layout.count == 8
    update = jax.jit(rule.update, out_shardings=layout.replicated)
    batch = jax.device_put(BATCH, layout.split())
    state = jax.device_put(states[0], layout.replicated)
    for _ in range(2):
        state, _ = update(state, batch)
    assert_close(state, states[2], SYSTEMS[name].tolerance)


@law("pmap")
def test_eight_devices_under_pmap_are_one(name, played):
    _, rule, _, _, states = played(name)
    layout = Layout(tuple(jax.devices()))

    def on_one_of(state, rows):
        with over_axis(AXIS, layout.count):
            return rule.update(state, rows)

    update = jax.pmap(on_one_of, AXIS, in_axes=(None, 0), out_axes=None, devices=layout.devices)
    rows = {k: values.reshape(layout.count, -1, *values.shape[1:]) for k, values in BATCH.items()}
    state = states[0]
    for _ in range(2):
        state, _ = update(state, rows)
    assert_close(state, states[2], SYSTEMS[name].tolerance)


@law("penalties", OPPOSED)
def test_penalties_and_augmentations_apply_and_views_stay(name, played):
    game, _, _, _, states = played(name)
    added = r1(1.0, group=SYSTEMS[name].real)._replace(name="added")
    changed = with_augmentation(game, instance_noise(0.5)).add(added)
    assert set(changed.views) == set(game.views)

    @jax.jit
    def both(variables):
        plain, _ = game.losses(variables, BATCH, KEY, STEP)[DISCRIMINATOR]
        value, aux = changed.losses(variables, BATCH, KEY, STEP)[DISCRIMINATOR]
        return plain, value, aux.metrics["added"]

    plain, value, penalty = both(states[1].variables)
    assert float(penalty) > 0
    assert abs(float(value - penalty - plain)) > 1e-6


@law("resume")
def test_resumes_bit_for_bit(name, played, tmp_path):
    run = played(name)
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(run.states[1])
    with Checkpoints(tmp_path) as checkpoints:
        resumed, _ = run.update(checkpoints.load(run.states[0]), BATCH)
    assert_same(resumed, run.states[2])


@law("jacobian")
def test_the_jacobian_of_its_field_can_be_applied(name, played):
    """Which is all that a spectrum takes."""
    run = played(name)
    here = field(run.game, run.states[1].variables, BATCH, KEY)
    along = jax.tree.map(jnp.ones_like, here.point)
    product = jax.jit(lambda v: jax.jvp(here.function, (here.point,), (v,))[1])(along)
    for player in run.players():
        assert 0 < float(optax.tree.norm(product[player])) < np.inf
