"""One device = eight devices, jit = pmap, resident = streaming, under SGD, where a wrong scale shows."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from covering import covering
from helpers import assert_close, assert_same, mlp_game

from jgan.augmentation import instance_noise, with_augmentation
from jgan.data import from_arrays
from jgan.data.augment import chain, flip, shift
from jgan.data.loader import Reading
from jgan.errors import UserError
from jgan.game import PLAYERS
from jgan.gans.gan import gan
from jgan.gans.unrolled import unrolled
from jgan.latents import normal, uniform
from jgan.losses import get_loss, label_flips, non_saturating
from jgan.networks import (
    dcgan_discriminator,
    dcgan_generator,
    from_linen,
    mlp_discriminator,
    mlp_generator,
)
from jgan.networks.sngan import _Discriminator, _Generator
from jgan.rules import (
    alternating,
    averaged,
    competitive,
    consensus,
    drift_corrected,
    extragradient,
    lola,
    runge_kutta,
    simultaneous,
    symplectic,
)
from jgan.runs.checkpoint import Checkpoints
from jgan.terms.penalties import dragan, r1, r1_r2, wgan_gp
from jgan.terms.regularizers import latent_consistency, lecam
from jgan.training import devices
from jgan.training.devices import Layout, choose_layout, connect, on_host
from jgan.training.experiment import Experiment
from jgan.training.feed import fits_device, make_feed, streamed
from jgan.training.fit import begin
from jgan.training.loop import compile_steps

STEPS = 3
SGD = {player: optax.sgd(0.05) for player in PLAYERS}
RNG = np.random.default_rng(0)
PICTURES = from_arrays(RNG.integers(0, 256, (40, 8, 8, 1), np.uint8), name="noise")
POINTS = from_arrays(RNG.normal(size=(40, 2)).astype(np.float32), name="points")


def dcgan(norm="batch"):
    return gan(
        dcgan_generator((8, 8, 1), width=4),
        dcgan_discriminator(width=4, norm=norm),
        non_saturating(),
        normal(3),
    )


def sngan():
    return gan(
        from_linen(_Generator((8, 8, 1), (4, 4), jnp.float32)),
        from_linen(_Discriminator((4, 4), 1, True, jnp.float32)),
        get_loss("hinge"),
        uniform(3),
    )


def penalised(*penalties, loss="non_saturating"):
    return mlp_game(loss).add(penalties)


def everything_random():
    """Every place that draws a number for each example."""
    loss = label_flips(non_saturating(), 0.3)
    game = gan(mlp_generator((2,), (8,)), mlp_discriminator((8,)), loss, normal(3))
    game = with_augmentation(game, instance_noise(0.3))
    return game.add(wgan_gp(0.1), dragan(0.1), latent_consistency(0.1), lecam(0.1))


turns = lambda game: averaged(alternating(game, SGD, discriminator_steps=2), decay=0.5)
NETWORKS = {
    "DCGAN with batch normalisation": (dcgan, turns, PICTURES),
    "SNGAN with spectral normalisation": (sngan, turns, PICTURES),
    "spectral normalisation": (lambda: mlp_game("hinge", "spectral"), turns, POINTS),
    "WGAN-GP": (lambda: penalised(wgan_gp(1.0), loss="wasserstein"), turns, POINTS),
    "R1 and R2": (lambda: penalised(*r1_r2(1.0)), turns, POINTS),
    "R1 on convolutions": (
        lambda: dcgan("none").add(r1(1.0)),
        lambda game: alternating(game, SGD),
        PICTURES,
    ),
    "everything random": (everything_random, turns, POINTS),
}
RULES = {
    "simultaneous": lambda game: simultaneous(game, SGD),
    "extragradient": lambda game: extragradient(game, SGD),
    "consensus": lambda game: consensus(game, SGD, 0.5),
    "symplectic": lambda game: symplectic(game, SGD),
    "competitive": lambda game: competitive(game, 0.05),
    "lola": lambda game: lola(game, SGD, 0.1),
    "runge-kutta": lambda game: runge_kutta(game, 0.05, regularization=0.1),
    "drift": lambda game: drift_corrected(game, dict.fromkeys(PLAYERS, 0.05)),
    "unrolled": lambda game: alternating(unrolled(game, 2, optax.sgd(0.1)), SGD),
}
CASES = NETWORKS | {name: (mlp_game, rule, POINTS) for name, rule in RULES.items()}


def experiment(name, augment=None):
    game, rule, source = CASES[name]
    source = from_arrays(source.arrays["image"], name="s")
    if augment:
        source = type(source)(source.arrays, "s", None, augment)
    return Experiment(game(), rule(game()), source, steps=STEPS, batch_size=8)


def trained(built, layout, loader="device", reading=None):
    state = begin(built, 0, layout)
    feed = make_feed(built, state, layout, loader, reading)
    return feed(state, STEPS)


@pytest.fixture(scope="module")
def single_device():
    """The run of each case on one device."""
    found = {}

    def run(name):
        if name not in found:
            state, metrics = trained(experiment(name), Layout(tuple(jax.devices()[:1])))
            assert all(np.isfinite(value) for value in metrics.values())
            found[name] = state, metrics
        return found[name]

    return run


FULL = pytest.mark.full
MODES = ("jit", "pmap")
# Two networks under one of both, everything under both in the full product; see gans/test_catalogue.py too.
CHOSEN = covering(MODES, ["everything random", "DCGAN with batch normalisation"], 1, least=1)


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        pytest.param(name, mode, marks=[] if (mode, name) in CHOSEN else [FULL])
        for name in CASES
        for mode in MODES
    ],
)
def test_eight_devices_are_one(name, mode, single_device):
    layout = Layout(tuple(jax.devices()), mode)
    state, metrics = trained(experiment(name), layout)
    assert len(jax.tree.leaves(state.variables)[0].devices()) == 8
    expected, expected_metrics = single_device(name)
    assert_close(state, expected)
    for key, value in expected_metrics.items():
        np.testing.assert_allclose(metrics[key], value, rtol=1e-4, atol=1e-5, err_msg=key)


@pytest.mark.parametrize("count", [pytest.param(2, marks=FULL), 8])
def test_a_loss_on_means_has_those_of_the_whole_batch(count):
    """Relativistic averages are means over the batch inside a function that is not linear."""
    game = mlp_game("relativistic_average")
    built = Experiment(game, simultaneous(game, SGD), POINTS, steps=2, batch_size=8)
    one, several = (
        trained(built, Layout(tuple(jax.devices()[:devices]), "pmap")) for devices in (1, count)
    )
    assert_close(several, one, 1e-6)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("DCGAN with batch normalisation", marks=FULL),
        pytest.param("SNGAN with spectral normalisation", marks=FULL),
        "WGAN-GP",
    ],
)
def test_a_state_split_between_four_devices(name, single_device, monkeypatch, tmp_path):
    monkeypatch.setattr(devices, "SMALLEST_SPLIT", 1)
    layout = Layout(tuple(jax.devices()[:4]), "fsdp")
    built = experiment(name)
    state = begin(built, 0, layout)
    feed = make_feed(built, state, layout)
    split = [leaf for leaf in jax.tree.leaves(state) if not leaf.is_fully_replicated]
    assert sum(leaf.size for leaf in split) > 0.5 * sum(x.size for x in jax.tree.leaves(state))
    for leaf in split:
        assert {shard.data.size for shard in leaf.addressable_shards} == {leaf.size // 4}
    lies = jax.tree.map(lambda leaf: leaf.sharding, state)
    state, metrics = feed(state, STEPS)
    assert jax.tree.map(lambda leaf: leaf.sharding, state) == lies
    expected, expected_metrics = single_device(name)
    assert_close(state, expected)
    for key, value in expected_metrics.items():
        np.testing.assert_allclose(metrics[key], value, rtol=1e-4, atol=1e-5, err_msg=key)
    with Checkpoints(tmp_path / "checkpoints") as checkpoints:
        checkpoints.save(state)
    with Checkpoints(tmp_path / "checkpoints") as checkpoints:
        again = checkpoints.load(state, None, layout.of_state(state))
        assert_same(checkpoints.load(state), state)
    assert_same(again, state)
    assert jax.tree.map(lambda leaf: leaf.sharding, again) == lies
    assert_same(on_host(state), state)


@pytest.mark.parametrize("mode", [pytest.param("jit", marks=FULL), "fsdp"])
def test_each_of_four_devices_does_a_quarter_of_both_moves(mode):
    """The answers would be right too if every device made the generator's whole move."""
    built = replace(experiment("R1 on convolutions"), batch_size=40)

    def operations(layout):
        state = begin(built, 0, layout)
        arrays = layout.replicate(built.source.arrays)
        steps = compile_steps(built.rule, 40, layout)
        return steps.lower(state, arrays, 1).compile().cost_analysis()["flops"]

    single = operations(Layout(tuple(jax.devices()[:1])))
    assert operations(Layout(tuple(jax.devices()[:4]), mode)) < 1.15 * single / 4


@FULL
@pytest.mark.parametrize(("mode", "count"), [("jit", 1), ("jit", 8), ("pmap", 8)])
@pytest.mark.parametrize("name", ["DCGAN with batch normalisation", "WGAN-GP"])
def test_streaming_is_resident(name, mode, count):
    augment = chain(flip(), shift(1)) if "DCGAN" in name else None
    layout = Layout(tuple(jax.devices()[:count]), mode)
    built = experiment(name, augment)
    resident, metrics = trained(built, layout)
    streaming, again = trained(built, layout, "stream", Reading(threads=2))
    assert_close(streaming, resident, 1e-6)
    assert_close(again, metrics, 1e-5)


def test_a_stream_read_by_processes_in_several_blocks(single_device, monkeypatch):
    monkeypatch.setattr("jgan.training.feed.BLOCK_STEPS", 2)
    name = "WGAN-GP"
    layout = Layout(tuple(jax.devices()[:1]))
    state, metrics = trained(experiment(name), layout, "stream", Reading(workers=2))
    assert_close(state, single_device(name)[0], 1e-6)
    assert_close(metrics, single_device(name)[1], 1e-5)


def test_a_stream_goes_on_where_it_was(single_device):
    built, layout = experiment("WGAN-GP"), Layout(tuple(jax.devices()[:1]))
    state = begin(built, 0, layout)
    state, _ = make_feed(built, state, layout, "stream")(state, 1)
    state, _ = streamed(built, state, layout, Reading())(state, STEPS - 1)
    assert_same(state, trained(built, layout, "stream")[0])


@pytest.mark.parametrize(("examples", "used"), [(64, 8), (12, 6), (7, 7), (1, 1), (11, 1)])
def test_devices_that_divide_the_batch(examples, used, eight_devices):
    assert choose_layout(examples).count == used


def test_large_sets_are_streamed(monkeypatch):
    layout = Layout(tuple(jax.devices()[:2]))
    needed = 2 * 2 * PICTURES.nbytes
    for free, fits in ((needed, True), (needed - 1, False)):
        monkeypatch.setattr("jgan.training.resources.available_bytes", lambda free=free: free)
        assert fits_device(PICTURES, layout) is fits


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (
            lambda: choose_layout(8, mode="pjit"),
            r"^parallel is 'pjit', but must be one of jit, fsdp, pmap\.$",
        ),
        (
            lambda: trained(experiment("WGAN-GP"), Layout(tuple(jax.devices()[:1])), "disk"),
            r"^loader is 'disk', but must be one of auto, device, stream\.$",
        ),
        (
            lambda: connect(None, 2, 0),
            r"^--processes and --process need --coordinator HOST:PORT\.$",
        ),
        (lambda: connect("h:1", 2, None), "^--coordinator needs --processes N and --process I"),
        (lambda: connect("h:1", 2, 2), r"^--process is 2, but must be from 0 to 1 of 2\.$"),
        (lambda: connect("auto", None, None), "^the processes could not connect through auto: "),
    ],
)
def test_mistakes(act, message):
    with pytest.raises(UserError, match=message):
        act()
