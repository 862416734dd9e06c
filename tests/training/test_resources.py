import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from helpers import mlp_game

from jgan.data import from_arrays
from jgan.errors import UserError
from jgan.game import PLAYERS
from jgan.gans.gan import gan
from jgan.latents import normal
from jgan.losses import non_saturating
from jgan.networks import dcgan_discriminator, dcgan_generator, mlp_discriminator, mlp_generator
from jgan.rules import alternating, averaged
from jgan.training import compiler, fit
from jgan.training.compiler import Program
from jgan.training.experiment import Experiment
from jgan.training.fit import begin
from jgan.training.resources import Estimate, check_memory, estimate, free_bytes

ADAM = {player: optax.adam(1e-3) for player in PLAYERS}
POINTS = {"image": np.zeros((100, 2), np.float32)}


def nbytes(tree):
    raw = jax.tree.map(
        lambda leaf: (
            jax.random.key_data(leaf) if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key) else leaf
        ),
        tree,
    )
    return sum(np.asarray(leaf).nbytes for leaf in jax.tree.leaves(raw))


def test_sizes_are_those_of_a_real_run():
    rule = averaged(alternating(mlp_game(), ADAM, discriminator_steps=3))
    found = estimate(rule, POINTS, 8)
    state = rule.init(jax.random.key(0), {"image": jnp.zeros((8, 2))})
    assert found.state_bytes == nbytes(state)
    assert found.parameters == {
        "generator": 3 * 8 + 8 + 8 * 2 + 2,
        "discriminator": 2 * 8 + 8 + 8 * 1 + 1,
    }
    assert list(found.parameters) == ["generator", "discriminator"]
    assert found.examples == 24
    assert found.data_bytes == 100 * 2 * 4
    assert found.batch_bytes == 24 * 2 * 4
    assert found.temporary_bytes is not None
    assert found.memory_bytes == (
        found.state_bytes + found.data_bytes + found.batch_bytes + found.temporary_bytes
    )
    assert estimate(rule, POINTS, 8, resident=False).data_bytes == 0


def test_pictures_are_bytes_on_the_device_and_floats_in_a_batch():
    game = gan(
        dcgan_generator((8, 8, 1), width=2),
        dcgan_discriminator(width=2),
        non_saturating(),
        normal(3),
    )
    arrays = {"image": np.zeros((50, 8, 8, 1), np.uint8), "label": np.zeros(50, np.int32)}
    found = estimate(alternating(game, ADAM), arrays, 4)
    assert found.data_bytes == 50 * (64 + 4)
    assert found.batch_bytes == 4 * (64 * 4 + 4)


@pytest.mark.full
def test_temporaries_grow_with_the_batch():
    wide = gan(mlp_generator((2,), (64,)), mlp_discriminator((64,)), non_saturating(), normal(8))
    sizes = [
        estimate(alternating(wide, ADAM), {"image": np.zeros((9000, 2), np.float32)}, count)
        for count in (1000, 8000)
    ]
    small, large = (size.temporary_bytes for size in sizes)
    # Some activations of 64 floats an example must be kept for the backward pass.
    assert large - small >= 7000 * 64 * 4
    assert sizes[1].flops == 8 * sizes[0].flops


def test_nothing_is_trained():
    called = []
    rule = alternating(mlp_game(), ADAM)

    def update(state, batch):
        jax.debug.callback(lambda: called.append(1))
        return rule.update(state, batch)

    estimate(rule._replace(update=update), POINTS, 4)
    jax.effects_barrier()
    assert called == []


def test_networks_that_do_not_fit_the_data():
    with pytest.raises(
        UserError, match=r"makes examples of shape \(2,\), but the data's are \(3,\)"
    ):
        estimate(alternating(mlp_game(), ADAM), {"image": np.zeros((10, 3), np.float32)}, 4)


def test_lines():
    made = Estimate({"generator": 1}, 1_000_000, 2_500_000_000, 0, 3, 5 * 10**12, 100)
    assert made.lines() == [
        "parameters: generator 1",
        "memory: 2.5 GB (state 1 MB, data on the device 2.5 GB, batch 0 B, temporary 3 B)",
        "operations: 5 TFLOP a step in products and convolutions, 50 GFLOP an example",
    ]


def big(count=3000):
    """A training whose state needs 2 x 3 x 4 n² bytes and more: parameters and two moments of each."""
    game = gan(
        mlp_generator((2,), (count,)), mlp_discriminator((count,)), non_saturating(), normal(8)
    )
    return Experiment(game, alternating(game, ADAM), from_arrays(POINTS["image"]), 10, 8)


def test_a_state_that_exceeds_the_memory_is_refused_before_anything_is_compiled(monkeypatch):
    monkeypatch.setattr(fit, "free_bytes", lambda device, copies=1: 1e5)
    monkeypatch.setattr(jax.stages.Lowered, "compile", None)
    with pytest.raises(
        UserError, match=r"state needs .* but 100 kB of memory are free; use narrower"
    ):
        begin(big(), 0)
    monkeypatch.setattr(fit, "free_bytes", lambda device, copies=1: 1000.0)
    with pytest.raises(
        UserError, match=r"state needs .* and the data set 800 B, but 1 kB of memory"
    ):
        begin(big(3), 0, loader="device")


def test_data_that_exceed_the_memory_may_be_streamed():
    state = {"x": jax.ShapeDtypeStruct((10,), jnp.float32)}
    check_memory(state, 60, 100)
    with pytest.raises(UserError, match="use --loader stream, or narrower networks"):
        check_memory(state, 61, 100)
    with pytest.raises(UserError, match="free; use narrower networks"):
        check_memory(state, 61, 100, streams=False)


def test_free_memory_of_a_device_and_of_a_cpu():
    class Device:
        def memory_stats(self):
            return {"bytes_limit": 100, "bytes_in_use": 30}

    assert free_bytes(Device()) == 70
    assert 0 < free_bytes(jax.devices()[0], 2) < np.inf


def test_programs_that_need_more_than_is_free_are_told_of(monkeypatch, caplog):
    program = Program(lambda x: jnp.outer(x, x))
    monkeypatch.setattr(compiler, "free_bytes", lambda device: 1e6)
    assert program(jnp.ones(1000)).shape == (1000, 1000)
    assert "need another 0.004 GB" in caplog.text


def test_memory_of_another_process_is_not_asked_for(monkeypatch):
    class Remote:
        process_index = 1

        def memory_stats(self):
            raise AssertionError

    assert free_bytes(Remote()) > 0
