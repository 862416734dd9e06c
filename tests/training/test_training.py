"""The compiled loop, run directories and resume."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jgan.data import Source, from_arrays
from jgan.errors import UserError
from jgan.game import DISCRIMINATOR, GENERATOR
from jgan.gans.gan import gan
from jgan.latents import normal
from jgan.losses import non_saturating
from jgan.networks import dcgan_discriminator, dcgan_generator
from jgan.rules import alternating, averaged
from jgan.runs.checkpoint import Checkpoints
from jgan.runs.run import RunDirectory
from jgan.runs.train import Options, train
from jgan.training.experiment import Claim, Experiment
from jgan.training.feed import make_feed, place
from jgan.training.fit import Diverged, begin, chunks, fit, layout_of
from jgan.training.loop import compile_steps, draw, run_steps

HERE = Path(__file__)


def images(count: int = 40) -> Source:
    rng = np.random.default_rng(0)
    return from_arrays(rng.integers(0, 256, (count, 8, 8, 1), np.uint8), name="noise")


def tiny(steps: int = 12, lr: float = 1e-3, discriminator_steps: int = 2) -> Experiment:
    """Batch normalisation in G, spectral vectors in D, Adam, an average: every kind of state."""
    game = gan(
        dcgan_generator((8, 8, 1), width=4),
        dcgan_discriminator(width=4, norm="spectral"),
        non_saturating(),
        normal(3),
    )
    optimizers = {GENERATOR: optax.adam(lr), DISCRIMINATOR: optax.adam(lr)}
    rule = averaged(alternating(game, optimizers, discriminator_steps=discriminator_steps))
    return Experiment(game, rule, images(), steps=steps, batch_size=5)


@pytest.fixture(scope="module")
def experiment() -> Experiment:
    return tiny()


def same(first: object, second: object) -> bool:
    """Whether two states are bitwise equal."""
    pairs = zip(jax.tree.leaves(first), jax.tree.leaves(second), strict=True)
    raw = lambda leaf: np.asarray(
        jax.random.key_data(leaf) if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key) else leaf
    )
    return all(np.array_equal(raw(x), raw(y)) for x, y in pairs)


def copied(state: object) -> object:
    return jax.tree.map(jnp.copy, state)


def test_every_example_is_drawn_once_an_epoch(experiment: Experiment) -> None:
    source = from_arrays(np.arange(40, dtype=np.float32)[:, None])
    arrays = {name: jnp.asarray(array) for name, array in source.arrays.items()}
    state = begin(experiment, 3)
    batches = [draw(state.replace(step=jnp.int32(step)), arrays, 10)["image"] for step in range(8)]
    values = np.concatenate(batches).ravel().astype(int)
    for epoch in (values[:40], values[40:]):
        assert sorted(epoch) == list(range(40))
    assert list(values[:40]) != list(values[40:])


@pytest.mark.full
def test_one_dispatch_equals_many(experiment: Experiment) -> None:
    arrays = place(experiment)
    run = compile_steps(experiment.rule, experiment.batch_size)
    at_once, _ = run(begin(experiment, 1), arrays, 6)
    singly = begin(experiment, 1)
    for _ in range(6):
        singly, _ = run(singly, arrays, 1)
    assert same(at_once, singly)
    assert int(at_once.step) == 6


@pytest.mark.parametrize("loader", ["device", "stream"])
def test_the_second_chunk_compiles_nothing(experiment: Experiment, loader: str, caplog) -> None:
    state = begin(experiment, 1)
    feed = make_feed(experiment, state, layout_of(experiment), loader)
    state, _ = feed(state, 2)
    with jax.log_compiles():
        feed(state, 2)
    assert [record for record in caplog.records if "Compiling" in record.message] == []


def test_an_update_is_traced_once(experiment: Experiment) -> None:
    traced = []

    def update(state: object, batch: object) -> object:
        traced.append(batch)
        return experiment.rule.update(state, batch)

    rule = experiment.rule._replace(update=update)
    run = lambda state: run_steps(rule, state, place(experiment), 3, experiment.batch_size)
    jax.eval_shape(run, jax.eval_shape(lambda: begin(experiment, 0)))
    assert len(traced) == 1


def test_metrics_are_means_over_the_chunk(experiment: Experiment) -> None:
    arrays = place(experiment)
    run = compile_steps(experiment.rule, experiment.batch_size)
    state = begin(experiment, 1)
    single = []
    for _ in range(3):
        state, metrics = run(state, arrays, 1)
        single.append(float(metrics["generator/loss"]))
    _, metrics = run(begin(experiment, 1), arrays, 3)
    assert float(metrics["generator/loss"]) == pytest.approx(np.mean(single), rel=1e-5)


@pytest.mark.full
def test_population_of_seeds_equals_single_runs(experiment: Experiment) -> None:
    arrays = place(experiment)
    states = [begin(experiment, seed) for seed in (0, 1)]
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *states)
    together = jax.jit(
        jax.vmap(
            lambda state: run_steps(experiment.rule, state, arrays, 3, experiment.batch_size)[0]
        )
    )(stacked)
    run = compile_steps(experiment.rule, experiment.batch_size)
    for seed, state in enumerate(states):
        single, _ = run(state, arrays, 3)
        for x, y in zip(
            jax.tree.leaves(single.variables), jax.tree.leaves(together.variables), strict=True
        ):
            np.testing.assert_allclose(x, y[seed], atol=2e-5)


def run_to(experiment: Experiment, out: Path, steps: int, **options: int) -> bool:
    settings = {"log_every": 2, "sample_every": 4, "save_every": 4, **options}
    longer = replace(experiment, steps=steps)
    return train(longer, HERE, {}, seed=0, out=out, options=Options(**settings))


def final_state(experiment: Experiment, out: Path) -> object:
    with Checkpoints(out / "checkpoints") as checkpoints:
        return checkpoints.load(begin(experiment, 0))


def test_resume_is_bitwise_the_uninterrupted_run(experiment: Experiment, tmp_path: Path) -> None:
    assert run_to(experiment, tmp_path / "whole", 12)
    assert run_to(experiment, tmp_path / "parts", 5)
    assert run_to(experiment, tmp_path / "parts", 12)
    whole, parts = (final_state(experiment, tmp_path / name) for name in ("whole", "parts"))
    assert same(whole, parts)
    rows = (tmp_path / "parts" / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(row)["step"] for row in rows] == [2, 4, 5, 6, 8, 10, 12]
    assert (tmp_path / "parts" / "samples.png").read_bytes() == (
        tmp_path / "whole" / "samples.png"
    ).read_bytes()


def test_checkpoints_keep_the_newest(experiment: Experiment, tmp_path: Path) -> None:
    run_to(experiment, tmp_path, 12, save_every=2)
    with Checkpoints(tmp_path / "checkpoints") as checkpoints:
        assert checkpoints.steps() == [8, 10, 12]
        early = checkpoints.load(begin(experiment, 0), 8)
        assert int(early.step) == 8
        with pytest.raises(UserError, match=r"no checkpoint of step 3, only of \[8, 10, 12\]"):
            checkpoints.load(early, 3)


@pytest.mark.full
def test_a_checkpoint_of_other_networks_is_refused(experiment: Experiment, tmp_path: Path) -> None:
    run_to(experiment, tmp_path, 2)
    wider = replace(tiny(), rule=tiny(discriminator_steps=1).rule)
    state = begin(wider, 0)
    state = state.replace(variables={**state.variables, GENERATOR: {"params": jnp.zeros(3)}})
    with (
        Checkpoints(tmp_path / "checkpoints") as checkpoints,
        pytest.raises(UserError, match="does not fit"),
    ):
        checkpoints.load(state)


def test_two_processes_do_not_share_a_run(tmp_path: Path) -> None:
    first = RunDirectory(tmp_path)
    with pytest.raises(UserError, match="in use by another process"):
        RunDirectory(tmp_path)
    first.close()
    RunDirectory(tmp_path).close()


def test_sigterm_saves_and_stops(tmp_path: Path) -> None:
    """A real process, a real signal; the rest of the run then equals an uninterrupted one."""
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from test_training import *\n"
        "from jgan.display import showing\n"
        "options = Options(log_every=2, sample_every=10**6, save_every=10**6)\n"
        "out, row = Path(sys.argv[2]), lambda row: print('row', row['step'], flush=True)\n"
        "with showing(sys.stdout):\n"
        "    done = train(tiny(100_000), HERE, {}, seed=0, out=out, options=options, after_row=row)\n"
        "print('finished', done)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(HERE.parent), str(tmp_path / "run")],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "JAX_PLATFORMS": "cpu"},
    )
    assert process.stdout is not None
    assert "row 2\n" in process.stdout
    process.send_signal(signal.SIGTERM)
    rest = process.stdout.read()
    process.stdout.close()
    assert process.wait(60) == 0
    assert "finished False" in rest
    small = tiny()
    stopped = final_state(small, tmp_path / "run")
    step = int(stopped.step)
    assert f"stopped at step {step}" in rest
    arrays = place(small)
    run = compile_steps(small.rule, small.batch_size)
    expected, _ = run(begin(small, 0), arrays, step)
    assert same(stopped, expected)


def test_divergence_stops_with_the_step(experiment: Experiment) -> None:
    broken = tiny(lr=float("inf"))
    state = begin(broken, 0)
    feed = make_feed(broken, state, layout_of(broken))
    with pytest.raises(Diverged, match=r"is (nan|inf|-inf) between steps \d+ and \d+"):
        list(chunks(broken, state, feed, 4))


def test_too_few_examples(experiment: Experiment) -> None:
    with pytest.raises(UserError, match="has only 40 examples; use at most 20"):
        place(replace(experiment, batch_size=30))


def test_fit_returns_the_history(experiment: Experiment) -> None:
    trained = fit(experiment, seed=0, every=5)
    assert [row["step"] for row in trained.history] == [5, 10, 12]
    assert int(trained.state.step) == 12


@pytest.mark.parametrize(
    ("claim", "value", "holds"),
    [
        (Claim("a", lambda trained: 0, {}, at_least=1), 1.0, True),
        (Claim("a", lambda trained: 0, {}, at_least=1), 0.9, False),
        (Claim("a", lambda trained: 0, {}, at_most=1), 1.1, False),
        (Claim("a", lambda trained: 0, {}, at_least=0, at_most=1), 0.5, True),
        (Claim("a", lambda trained: 0, {}, at_most=1), float("nan"), False),
    ],
)
def test_bounds(claim: Claim, value: float, holds: bool) -> None:
    assert claim.holds(value) is holds
