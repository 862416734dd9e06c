"""Every system of the catalogue keeps the laws: one battery over a table of tiny games."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from helpers import KEY, STEP, assert_close, assert_same, differ

from jgan.augmentation import instance_noise, with_augmentation
from jgan.batch_axis import spread
from jgan.data import Source
from jgan.game import DISCRIMINATOR, PLAYERS, Game
from jgan.gans.acgan import acgan
from jgan.gans.answers import answer
from jgan.gans.autoencoder import plain_autoencoder
from jgan.gans.began import began
from jgan.gans.bigan import bigan
from jgan.gans.bigbigan import bigbigan
from jgan.gans.can import can
from jgan.gans.cogan import cogan
from jgan.gans.conditional import conditional
from jgan.gans.ebgan import ebgan
from jgan.gans.feature_matching import feature_matching_gan
from jgan.gans.gan import gan
from jgan.gans.historical import with_historical_average
from jgan.gans.infogan import Codes, infogan
from jgan.gans.lapgan import lapgan
from jgan.gans.mixture import gaussian_mixture
from jgan.gans.packing import packed
from jgan.gans.pixelcnn import pixelcnn
from jgan.gans.semi_supervised import semi_supervised
from jgan.gans.unrolled import unrolled
from jgan.gans.vae import vae
from jgan.gans.vae_gan import vae_gan
from jgan.latents import normal
from jgan.losses import hinge, non_saturating
from jgan.networks import mlp_discriminator, mlp_generator
from jgan.networks.autoencoder import autoencoder
from jgan.networks.conditional import (
    conditional_generator,
    labelled,
    projection_discriminator,
)
from jgan.networks.coupled import coupled_discriminator, coupled_generator
from jgan.networks.detail import beside, detail_generator
from jgan.networks.heads import generator_for, heads
from jgan.networks.joint import drawn, joint_discriminator
from jgan.networks.masked import pixelcnn_network
from jgan.networks.variational import encoder
from jgan.networks.virtual import virtual_generator
from jgan.numerics.field import field
from jgan.penalties import r1, with_penalty
from jgan.rules import Rule, alternating, averaged, simultaneous
from jgan.rules.rule import move
from jgan.training.checkpoint import Checkpoints
from jgan.training.devices import AXIS, Layout

CLASSES, SHAPE = 3, (8, 8, 1)
PRIOR, LOSS = normal(3), non_saturating()
DCGAN = {"body": "dcgan", "width": 2, "norm": "none"}
MLP = {"body": "mlp", "width": 1, "norm": "none"}
RNG = np.random.default_rng(0)
SOURCE = Source(
    {
        "image": RNG.integers(0, 256, (48, *SHAPE), np.uint8),
        "label": RNG.integers(0, CLASSES, 48).astype(np.int32),
        "other": RNG.integers(0, 256, (48, *SHAPE), np.uint8),
    },
    "noise",
)
BATCH = jax.tree.map(jnp.asarray, SOURCE.first(16))


def generator(body="mlp"):
    return generator_for(SHAPE, body=body, width=2)


def judge(body):
    return answer(heads({"logit": 1}, **body), "logit")


def packs():
    discriminator = mlp_discriminator((8,))
    return packed(gan(generator(), discriminator, LOSS, PRIOR), discriminator, 2)


class System(NamedTuple):
    """How a system is built, and what its views show of 16 examples."""

    build: Callable[[], Game]
    views: tuple[str, ...] = ("samples",)
    alone: bool = False


LABELS = ("classes", "samples")
REBUILT = ("reconstructions", "samples")
SYSTEMS = {
    "cgan": System(
        lambda: conditional(
            labelled(generator("dcgan"), CLASSES), labelled(judge(DCGAN), CLASSES), LOSS, PRIOR
        ),
        LABELS,
    ),
    "cgan with embeddings": System(
        lambda: conditional(
            labelled(generator(), CLASSES, 2), labelled(judge(MLP), CLASSES, 2), LOSS, PRIOR
        ),
        LABELS,
    ),
    "projection": System(
        lambda: conditional(
            conditional_generator(SHAPE, CLASSES, width=2),
            projection_discriminator(CLASSES, width=2),
            hinge(),
            PRIOR,
        ),
        LABELS,
    ),
    "acgan": System(
        lambda: acgan(
            labelled(generator(), CLASSES),
            heads({"logit": 1, "class": CLASSES}, **DCGAN),
            LOSS,
            PRIOR,
        ),
        LABELS,
    ),
    "infogan": System(
        lambda: infogan(
            generator(), heads({"logit": 1, "code": 5}, hidden=4, **MLP), LOSS, Codes(3, 2, 4)
        ),
        ("codes", "samples"),
    ),
    "ebgan": System(
        lambda: ebgan(
            generator(), autoencoder(code=4, width=2, body="dcgan"), PRIOR, margin=9.0, pull=3.0
        ),
        ("reconstructions", "samples"),
    ),
    "began": System(
        lambda: began(
            generator(), autoencoder(code=4, width=1, body="mlp"), PRIOR, gamma=3.0, rate=0.1
        ),
        ("reconstructions", "samples"),
    ),
    "minibatch discrimination and noise": System(
        lambda: gan(
            generator(),
            answer(heads({"logit": 1}, kernels=3, noise=0.1, **MLP), "logit"),
            LOSS,
            PRIOR,
        )
    ),
    "feature matching": System(
        lambda: feature_matching_gan(generator(), heads({"logit": 1}, **MLP), LOSS, PRIOR)
    ),
    "virtual batch normalisation": System(
        lambda: gan(virtual_generator(SHAPE, PRIOR, width=1, reference=5), judge(MLP), LOSS, PRIOR)
    ),
    "packing": System(packs),
    "bigan": System(
        lambda: bigan(
            generator(),
            answer(heads({"code": 3}, body="mlp", width=1), "code"),
            answer(joint_discriminator(**MLP), "logit"),
            LOSS,
            PRIOR,
        ),
        ("reconstructions", "samples"),
    ),
    "bigbigan": System(
        lambda: bigbigan(
            generator(),
            drawn(encoder(3, **MLP)),
            joint_discriminator(body="mlp", width=1, norm="spectral", unary=True),
            hinge(),
            PRIOR,
        ),
        ("reconstructions", "samples"),
    ),
    "cogan": System(
        lambda: cogan(
            coupled_generator(generator_for((8, 8, 2), width=2)),
            coupled_discriminator(judge(DCGAN)),
            LOSS,
            PRIOR,
        ),
        ("pairs", "samples"),
    ),
    "lapgan": System(
        lambda: lapgan(
            [
                detail_generator(width=2, size=3, layers=2),
                generator_for((4, 4, 1), body="mlp", width=1),
            ],
            [beside(judge(MLP)), judge(MLP)],
            LOSS,
            PRIOR,
        ),
        ("levels", "samples"),
    ),
    "can": System(
        lambda: can(generator(), heads({"logit": 1, "class": CLASSES}, **MLP), LOSS, PRIOR)
    ),
    "historical averaging": System(
        lambda: with_historical_average(
            gan(mlp_generator(SHAPE, (4,)), judge(MLP), LOSS, PRIOR), 0.5
        )
    ),
}
SYSTEMS |= {
    "vae": System(
        lambda: vae(encoder(3, width=2, norm="batch"), generator("dcgan"), 3), REBUILT, alone=True
    ),
    "autoencoder": System(
        lambda: plain_autoencoder(answer(heads({"code": 3}, **MLP), "code"), generator(), 3),
        REBUILT,
        alone=True,
    ),
    "gaussian mixture": System(
        lambda: gaussian_mixture(
            {
                "weights": jnp.zeros(2),
                "means": jnp.zeros((2, 64)).at[0].set(0.2),
                "precisions": jnp.stack([2 * jnp.eye(64), jnp.eye(64)]),
            }
        ),
        alone=True,
    ),
    "pixelcnn": System(
        lambda: pixelcnn(pixelcnn_network(3, layers=2, width=2, size=3), 3), alone=True
    ),
    "vae-gan": System(
        lambda: vae_gan(
            encoder(3, width=1, body="mlp"),
            generator("dcgan"),
            heads({"logit": 1}, **MLP),
            LOSS,
            3,
            gamma=0.5,
        ),
        REBUILT,
    ),
    "semi-supervised": System(
        lambda: semi_supervised(
            generator(), heads({"class": CLASSES}, noise=0.1, **MLP), PRIOR, SOURCE.first(5)
        )
    ),
    "unrolled": System(
        lambda: unrolled(gan(generator("dcgan"), judge(DCGAN), LOSS, PRIOR), 2, optax.sgd(0.02))
    ),
}
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
    latent = game.sampler.latent(KEY, BATCH)
    others = jax.tree.map(lambda leaf: leaf.at[1:].set(0), latent)

    @jax.jit
    def look(variables):
        shown = {view: show(variables, BATCH, KEY) for view, show in game.views.items()}
        return shown, [game.sampler.generate(variables, BATCH, z) for z in (latent, others)]

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
    changed = with_penalty(with_augmentation(game, instance_noise(0.5)), r1(1.0))
    assert set(changed.views) == set(game.views)

    @jax.jit
    def both(variables):
        plain, _ = game.losses[DISCRIMINATOR](variables, BATCH, KEY, STEP)
        value, aux = changed.losses[DISCRIMINATOR](variables, BATCH, KEY, STEP)
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
