"""What is carried from move to move: memories of terms, states of networks, and what stays frozen."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from helpers import KEY, STEP, assert_close, assert_same, critic_game, differ, given, linear, points

from jgan.game import DISCRIMINATOR, FROZEN, GENERATOR, PLAYERS
from jgan.gans.gan import gan
from jgan.gans.unrolled import unrolled
from jgan.gans.versus import versus
from jgan.latents import normal
from jgan.losses import non_saturating, wasserstein
from jgan.networks import Network, mlp_discriminator, mlp_generator
from jgan.rules import alternating, averaged, simultaneous
from jgan.rules.rule import gradient
from jgan.scene import Inputs, Meeting, Term
from jgan.terms import adversarial
from jgan.terms.penalties import lazy, r1, wgan_gp
from jgan.terms.regularizers import consistency, latent_consistency, orthogonal

SGD = dict.fromkeys(PLAYERS, optax.sgd(0.1))
BATCH = points(6)
LOSS = non_saturating()


def counter(player, start=0.0):
    """A term that counts the moves of its player and weighs nothing."""
    count = lambda scene: (jnp.zeros(()), scene.memory + 1, {"count": scene.memory})
    return Term("counter", count, player, memory=jnp.array(start))


def small():
    return critic_game(linear, jnp.ones(2), wasserstein(), theta=jnp.zeros(2))


def counts(state):
    return [float(state.variables[player]["terms"]["counter"]) for player in PLAYERS]


@pytest.mark.parametrize("ahead", [False, True])
def test_a_memory_advances_at_every_move_of_its_player_and_only_then(ahead):
    game = small().add(counter(GENERATOR, 10.0), counter(DISCRIMINATOR))
    if ahead:
        game = unrolled(game, 2, optax.sgd(0.1))
    rule = averaged(alternating(game, SGD, discriminator_steps=3))
    state = rule.init(KEY, BATCH)
    assert counts(state) == [10.0, 0.0]
    for update in (1, 2):
        state, _ = jax.jit(rule.update)(state, BATCH)
        assert counts(state) == [10.0 + update, 3.0 * update]
    # A memory is no weight: the average has the newest.
    assert set(state.averages[GENERATOR]) == {"params"}
    averaged_variables = state.averaged_variables()[GENERATOR]
    assert float(averaged_variables["terms"]["counter"]) == 12.0


def test_both_players_read_all_memories_and_write_their_own():
    read = lambda scene: (scene.memories[DISCRIMINATOR]["counter"], None, {})
    game = small().add(counter(DISCRIMINATOR, 5.0), Term("reader", read, GENERATOR))
    variables = game.init(KEY, BATCH)
    assert "terms" not in variables[GENERATOR]
    found = game.losses(variables, BATCH, KEY, STEP)
    assert float(found[GENERATOR][1].metrics["reader"]) == 5.0
    assert "terms" not in found[GENERATOR][1].state
    assert float(found[DISCRIMINATOR][1].state["terms"]["counter"]) == 6.0


def test_a_first_memory_may_look_at_the_scene():
    def begin(scene):
        image = scene.meeting["real"].values
        params = scene.variables[DISCRIMINATOR]["params"]
        return {"row": jnp.zeros(image.shape[1:]), "params": params}

    keep = lambda scene: (jnp.zeros(()), scene.memory, {})
    game = small().add(Term("keeper", keep, memory=begin))
    memory = game.init(KEY, BATCH)[DISCRIMINATOR]["terms"]["keeper"]
    assert memory["row"].shape == (2,)
    np.testing.assert_array_equal(memory["params"], [1.0, 1.0])


def test_a_lazy_term_keeps_its_memory_between():
    game = small().add(lazy(counter(DISCRIMINATOR), 3))
    rule = simultaneous(game, SGD)
    state, found = rule.init(KEY, BATCH), []
    for _ in range(5):
        state, _ = jax.jit(rule.update)(state, BATCH)
        found.append(float(state.variables[DISCRIMINATOR]["terms"]["counter"]))
    assert found == [1.0, 1.0, 1.0, 2.0, 2.0]


# States of networks.


def counting(function):
    """A network that counts, as its state, how often it ran in training."""

    def apply(collections, *inputs, key=None, train=False):
        calls = collections["state"] + (1 if train else 0)
        return function(collections["params"], *inputs), {"state": calls}

    return Network(lambda key, *inputs: {"params": jnp.ones(()), "state": jnp.zeros(())}, apply)


def test_only_the_groups_of_the_discriminators_terms_advance_its_state():
    def meet(make, batch, latent, step):
        return Meeting(
            unread=Inputs(batch["image"]),
            extra=Inputs(-batch["image"]),
            real=Inputs(batch["image"]),
            fake=Inputs(make(latent)),
        )

    def liked(scene):
        return -jnp.mean(scene.answer("extra", "logit")), None, {}

    game = versus(
        counting(lambda own, z: own * z),
        counting(lambda own, x: own * x[:, 0]),
        adversarial(LOSS),
        Term("liked", liked, GENERATOR, ("extra",)),
        r1(1.0),
        wgan_gp(),
        consistency(lambda key, x: 2 * x),
        latent_consistency(),
        latent=normal(2),
        meet=meet,
    )
    variables = game.init(KEY, BATCH)
    found = game.losses(variables, BATCH, KEY, STEP)
    assert float(found[DISCRIMINATOR][1].state["state"]) == 2.0
    assert float(found[GENERATOR][1].state["state"]) == 1.0
    scene = game.scene(variables, BATCH, KEY, STEP)
    assert set(scene.answers) == {"extra", "real", "fake"}


def test_a_player_of_several_networks_keeps_the_state_of_each():
    game = versus(
        {"a": counting(lambda own, z: own * z), "b": counting(lambda own, x: own + x)},
        counting(lambda own, x: own * x[:, 0]),
        adversarial(LOSS),
        latent=normal(2),
        meet=lambda make, batch, z, step: Meeting(
            real=Inputs(make["b"](batch["image"])), fake=Inputs(make["b"](make["a"](z)))
        ),
        sample=lambda make, z, condition, step: make["b"](make["a"](z)),
    )
    variables = game.init(KEY, BATCH)
    assert variables[GENERATOR]["params"] == {"a": 1.0, "b": 1.0}
    state = game.losses(variables, BATCH, KEY, STEP)[GENERATOR][1].state
    assert jax.tree.map(float, state) == {"state": {"a": 1.0, "b": 2.0}}


# Frozen parameters.


def frozen(variables, player, *path):
    """The variables with one branch of a player's parameters moved to what is not trained."""

    def without(tree, path):
        rest = {name: value for name, value in tree.items() if name != path[0]}
        return rest if len(path) == 1 else {**rest, path[0]: without(tree[path[0]], path[1:])}

    def only(tree, path):
        return {path[0]: tree[path[0]] if len(path) == 1 else only(tree[path[0]], path[1:])}

    own = variables[player]
    parts = {"params": without(own["params"], path), FROZEN: only(own["params"], path)}
    return {**variables, player: {**own, **parts}}


def perceptrons():
    return gan(mlp_generator((2,), (4,)), mlp_discriminator((4,), norm="spectral"), LOSS, normal(2))


@pytest.mark.parametrize("player", PLAYERS)
@pytest.mark.parametrize("path", [("Dense_0",), ("Dense_0", "kernel")])
def test_frozen_parameters_are_used_and_not_trained(player, path):
    game = perceptrons().add(r1(1.0))
    whole = game.init(KEY, BATCH)
    cut = frozen(whole, player, *path)
    losses = jax.jit(game.losses)
    before, after = losses(whole, BATCH, KEY, STEP), losses(cut, BATCH, KEY, STEP)
    for each in PLAYERS:
        assert_same(before[each][0], after[each][0])
        assert_same(before[each][1].metrics, after[each][1].metrics)
        assert FROZEN not in after[each][1].state
    # The rest has the gradient that it had.
    slopes = [gradient(game, player, v, BATCH, KEY, STEP)[2] for v in (whole, cut)]
    reference = frozen({player: {"params": slopes[0]}}, player, *path)[player]["params"]
    assert_close(slopes[1], reference)
    samples = [game.views["samples"](v, BATCH, KEY) for v in (whole, cut)]
    assert_same(*samples)


@pytest.mark.parametrize("make", [alternating, simultaneous])
def test_moves_and_averages_leave_what_is_frozen(make):
    game = perceptrons()
    rule = averaged(make(game, SGD), decay=0.5)
    state = rule.init(KEY, BATCH)
    variables = state.variables
    for player in PLAYERS:
        variables = frozen(variables, player, "Dense_0")
    state = state.replace(
        variables=variables,
        averages={GENERATOR: {"params": variables[GENERATOR]["params"]}},
        optimizers={p: SGD[p].init(variables[p]["params"]) for p in PLAYERS},
    )
    after, _ = jax.jit(rule.update)(state, BATCH)
    for player in PLAYERS:
        assert_same(after.variables[player][FROZEN], variables[player][FROZEN])
        assert differ(after.variables[player]["params"], variables[player]["params"])
    used = after.averaged_variables()[GENERATOR]
    assert_same(used[FROZEN], variables[GENERATOR][FROZEN])
    assert differ(after.averages[GENERATOR]["params"], after.variables[GENERATOR]["params"])


def test_a_frozen_part_of_a_player():
    game = versus(
        {
            "a": given({"w": 2.0}, lambda own, z: own["w"] * z),
            "b": given(3.0, lambda own, x: own + x),
        },
        given(1.0, lambda own, x: own * x[:, 0]),
        adversarial(LOSS),
        latent=normal(2),
        meet=lambda make, batch, z, step: Meeting(
            real=Inputs(batch["image"]), fake=Inputs(make["b"](make["a"](z)))
        ),
        sample=lambda make, z, condition, step: make["b"](make["a"](z)),
    )
    whole = game.init(KEY, BATCH)
    cut = frozen(whole, GENERATOR, "a")
    assert cut[GENERATOR]["params"] == {"b": 3.0}
    scenes = [game.scene(v, BATCH, KEY, STEP).meeting["fake"].values for v in (whole, cut)]
    assert_same(*scenes)


def test_terms_on_parameters_do_not_see_what_is_frozen():
    game = perceptrons().add(orthogonal(1.0, DISCRIMINATOR))
    variables = game.init(KEY, BATCH)
    cut = frozen(variables, DISCRIMINATOR, "Dense_0")
    found = [
        float(game.losses(v, BATCH, KEY, STEP)[DISCRIMINATOR][1].metrics["orthogonal"])
        for v in (variables, cut)
    ]
    kernel = np.asarray(variables[DISCRIMINATOR]["params"]["Dense_0"]["kernel"], np.float64)
    gram = kernel.T @ kernel
    expected = np.sum((gram - np.diag(np.diag(gram))) ** 2)
    assert found[0] - found[1] == pytest.approx(expected, rel=1e-4)
