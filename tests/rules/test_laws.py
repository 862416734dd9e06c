"""The laws that every rule keeps: purity, isolation, parity of loops, seeds and devices."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from covering import covering
from helpers import (
    KEY,
    assert_close,
    assert_same,
    critic_game,
    differ,
    flops,
    images,
    linear,
    mlp_game,
    points,
)
from jax.sharding import NamedSharding, PartitionSpec
from jaxprs import text, unchanged_outputs

from jgan.augmentation import instance_noise, with_augmentation
from jgan.game import DISCRIMINATOR, GENERATOR, PLAYERS
from jgan.gans.gan import gan
from jgan.latents import normal
from jgan.losses import LOSSES, get_loss, label_flips, non_saturating
from jgan.networks import (
    dcgan_discriminator,
    dcgan_generator,
    from_linen,
    mlp_discriminator,
    mlp_generator,
)
from jgan.networks.sngan import _Discriminator, _Generator
from jgan.rules import alternating, averaged, simultaneous
from jgan.rules.joint_move import gradients
from jgan.rules.rule import gradient, move
from jgan.terms.penalties import r1, wgan_gp

SGD = {player: optax.sgd(0.05) for player in PLAYERS}
ADAM = {player: optax.adam(1e-2, 0.5) for player in PLAYERS}
RULES = {
    "alternating": lambda game, optimizers: alternating(game, optimizers, discriminator_steps=2),
    "simultaneous": simultaneous,
}
BOTH = pytest.mark.parametrize("rule", RULES)
ONE = pytest.mark.parametrize(
    "rule", ["alternating", pytest.param("simultaneous", marks=pytest.mark.full)]
)


def dcgan():
    return gan(
        dcgan_generator((8, 8, 1), width=4),
        dcgan_discriminator(width=4),
        get_loss("non_saturating"),
        normal(3),
    )


def sngan():
    """One block up, two down: the networks of the paper with fewer of the same blocks."""
    return gan(
        from_linen(_Generator((8, 8, 1), (4, 4), jnp.float32)),
        from_linen(_Discriminator((4, 4), 1, True, jnp.float32)),
        get_loss("hinge"),
        normal(3),
    )


@ONE
def test_purity(rule):
    made = averaged(RULES[rule](mlp_game(norm="spectral"), ADAM))
    state = jax.jit(made.init)(KEY, points())
    assert_same(state, jax.jit(made.init)(KEY, points()))
    update = jax.jit(made.update)
    assert_same(update(state, points()), update(state, points()))
    # Of a function of its own each, since JAX keeps the trace of one that it knows.
    first, second = (
        jax.make_jaxpr(lambda *arguments: made.update(*arguments))(state, points())
        for _ in range(2)
    )
    assert not first.effects
    assert text(first) == text(second)


@pytest.mark.parametrize("name", ["dcgan", "sngan"])
@pytest.mark.parametrize("player", PLAYERS)
def test_isolation(name, player):
    """By the jaxpr: all that is not the player's own comes out as it went in, and only that."""
    game = {"dcgan": dcgan, "sngan": sngan}[name]()
    state = jax.eval_shape(alternating(game, SGD).init, KEY, images())
    made = lambda state: move(game, player, SGD[player], state, images(), KEY)[0]
    assert jax.tree.structure(jax.eval_shape(made, state)) == jax.tree.structure(state)
    found = unchanged_outputs(made, state)
    paths = [jax.tree_util.keystr(path) for path, _ in jax.tree_util.tree_leaves_with_path(state)]
    for path in paths:
        own = path.startswith((f".variables['{player}']", f".optimizers['{player}']"))
        assert found.get(path) == (None if own else f"[0]{path}")


@BOTH
def test_an_update_keeps_the_types_of_the_state(rule):
    made = averaged(RULES[rule](mlp_game(norm="spectral").add(r1(1.0)), ADAM))
    state = jax.eval_shape(made.init, KEY, points())
    shapes = jax.eval_shape(made.update, state, points())[0]
    assert jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), shapes) == jax.tree.map(
        lambda leaf: (leaf.shape, leaf.dtype), state
    )


@ONE
def test_step_by_step_is_a_scan_of_steps(rule):
    made = averaged(RULES[rule](mlp_game(norm="spectral"), ADAM))
    state = jax.jit(made.init)(KEY, points())
    batches = {"image": jnp.stack([points(seed=seed)["image"] for seed in range(4)])}
    scanned, metrics = jax.jit(lambda state: jax.lax.scan(made.update, state, batches))(state)
    update = jax.jit(made.update)
    for index in range(4):
        state, own = update(state, jax.tree.map(lambda leaf, i=index: leaf[i], batches))
        assert_close(own, jax.tree.map(lambda leaf, i=index: leaf[i], metrics), 1e-4)
    assert_close(scanned, state, 1e-5)


@pytest.mark.full
@BOTH
def test_a_population_of_seeds_is_its_single_runs(rule):
    made = averaged(RULES[rule](mlp_game(), SGD))

    def run(seed):
        state = made.init(jax.random.key(seed), points())
        return jax.lax.fori_loop(0, 3, lambda _, state: made.update(state, points())[0], state)

    together = jax.jit(jax.vmap(run))(jnp.arange(3))
    single = jax.jit(run)
    for seed in range(3):
        assert_close(jax.tree.map(lambda leaf, i=seed: leaf[i], together), single(seed), 1e-5)
    assert differ(single(0).variables, single(1).variables)


@pytest.mark.full
@BOTH
def test_pmap_over_seeds_is_jit(rule):
    made = RULES[rule](mlp_game(), SGD)
    init = lambda seed: made.init(jax.random.key(seed), points())
    states = jax.jit(jax.vmap(init))(jnp.arange(8))
    batches = jax.tree.map(lambda leaf: jnp.stack([leaf] * 8), points())
    together, _ = jax.pmap(made.update)(states, batches)
    update = jax.jit(made.update)
    for seed in (0, 7):
        single, _ = update(jax.tree.map(lambda leaf, i=seed: leaf[i], states), points())
        same = jax.tree.map(lambda leaf, i=seed: leaf[i], together.variables)
        assert_close(same, single.variables, 1e-5)


DISTRIBUTED = {
    # name: game, data, discriminator steps; with several, the striding must keep the sharding
    "dcgan with batch normalisation": (dcgan, images, 1),
    "sngan with spectral normalisation": (sngan, images, 1),
    "wgan_gp": (lambda: mlp_game("wasserstein", "layer").add(wgan_gp(1.0)), points, 2),
    "r1": (lambda: mlp_game().add(r1(10.0)), points, 2),
}


FULL = pytest.mark.full
SNGAN = pytest.param("sngan with spectral normalisation", marks=FULL)


@pytest.mark.full
@pytest.mark.parametrize(
    "name",
    [
        "dcgan with batch normalisation",
        "sngan with spectral normalisation",
        "wgan_gp",
        "r1",
    ],
)
def test_one_device_is_eight_devices(name):
    make, data, steps = DISTRIBUTED[name]
    made = averaged(alternating(make(), SGD, discriminator_steps=steps))
    batch = data(16 * steps)
    state = jax.jit(made.init)(KEY, batch)
    mesh = jax.make_mesh((8,), ("data",), axis_types=(jax.sharding.AxisType.Auto,))
    whole, rows = (NamedSharding(mesh, PartitionSpec(*axes)) for axes in ((), ("data",)))
    update = jax.jit(made.update)
    first, _ = update(state, batch)
    one_device, metrics = update(first, batch)
    sharded = jax.device_put(batch, rows)
    assert len(sharded["image"].sharding.device_set) == 8
    update = jax.jit(made.update, out_shardings=whole)
    first, _ = update(jax.device_put(state, whole), sharded)
    together, same_metrics = update(first, sharded)
    assert_close(together, one_device, 1e-5)
    assert_close(same_metrics, metrics, 1e-4)
    assert differ(one_device.variables[GENERATOR], state.variables[GENERATOR])


# Every second loss under one of both rules, each under both in the full product.
PAIRS = covering(list(RULES), list(LOSSES)[::2], 1)


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        pytest.param(name, rule, marks=[] if (rule, name) in PAIRS else [FULL])
        for name in LOSSES
        for rule in RULES
    ],
)
def test_every_loss_moves_both_players(name, rule):
    """One step a player, operation by operation: all losses share what is compiled for those."""
    made = {**RULES, "alternating": alternating}[rule](mlp_game(name), ADAM)
    state = made.init(KEY, points())
    after, metrics = made.update(state, points())
    for player in PLAYERS:
        assert differ(after.variables[player]["params"], state.variables[player]["params"])
        assert float(metrics[f"{player}/gradient_norm"]) > 0
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves((after.variables, metrics)))


def test_no_key_serves_twice():
    game = gan(
        mlp_generator((2,), (8,)),
        mlp_discriminator((8,)),
        label_flips(non_saturating(), 0.1),
        normal(3),
    )
    made = alternating(
        with_augmentation(game, instance_noise(0.1)),
        SGD,
        discriminator_steps=2,
        generator_steps=2,
    )
    with jax.debug_key_reuse(True):
        state = made.init(jax.random.key(0), points())
        state, _ = jax.jit(made.update)(state, points())
    assert int(state.step) == 1


@pytest.mark.full
def test_every_update_uses_a_new_key():
    game = critic_game(
        linear, jnp.ones(1), latent=lambda key, image: jax.random.normal(key, image.shape)
    )
    made = simultaneous(game, SGD)
    batch = {"image": jnp.zeros((3, 1))}
    state, logits = made.init(KEY, batch), set()
    for _ in range(5):
        state, metrics = made.update(state, batch)
        logits.add(float(metrics["discriminator/fake_logit"]))
    assert len(logits) == 5


SHARING = {
    "mlp": (lambda: mlp_game(dim=16), lambda: points(64, 16)),
    "dcgan with batch normalisation": (dcgan, images),
    "sngan with spectral normalisation": (sngan, images),
    "wgan_gp": (
        lambda: mlp_game("wasserstein", dim=16).add(wgan_gp()),
        lambda: points(8, 16),
    ),
}


@pytest.mark.parametrize("name", ["mlp", "dcgan with batch normalisation", SNGAN, "wgan_gp"])
def test_simultaneous_shares_one_forward_pass(name):
    """Both gradients together cost less than apart by the generator's pass at least."""
    game, batch = (make() for make in SHARING[name])
    made = simultaneous(game, SGD)
    state = jax.eval_shape(made.init, KEY, batch)

    def separate(player):
        return flops(
            lambda state, batch: gradient(
                game, player, state.variables, batch, jax.random.fold_in(state.key, 0), state.step
            )[2],
            state,
            batch,
        )

    scene = lambda state, batch: game.scene(state.variables, batch, state.key, state.step)
    fakes = flops(lambda state, batch: scene(state, batch).meeting["fake"].values, state, batch)
    together = flops(
        lambda state, batch: gradients(game, state.variables, batch, state.key, state.step).grads,
        state,
        batch,
    )
    assert together < separate(GENERATOR) + separate(DISCRIMINATOR) - 0.9 * fakes


@pytest.mark.parametrize("name", ["mlp", "dcgan with batch normalisation", SNGAN, "wgan_gp"])
def test_gradients_had_together_are_those_had_apart(name):
    game, batch = (make() for make in SHARING[name])
    state = jax.jit(simultaneous(game, SGD).init)(KEY, batch)

    @jax.jit
    def both(state, batch):
        arguments = state.variables, batch, state.key, state.step
        return gradients(game, *arguments), {p: gradient(game, p, *arguments) for p in PLAYERS}

    together, separate = both(state, batch)
    for player, apart in separate.items():
        same = together.losses[player], together.auxes[player], together.grads[player]
        for x, y in zip(jax.tree.leaves(same), jax.tree.leaves(apart), strict=True):
            np.testing.assert_allclose(x, y, rtol=2e-4, atol=2e-6)
