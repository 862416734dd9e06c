"""Runs as Python objects: trained, loaded, sampled, looked at."""

import json
import signal
import threading
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from helpers import Heard

import jgan
from jgan.cli.main import main
from jgan.data import load as load_data
from jgan.display.current import shown_on
from jgan.errors import UserError
from jgan.numerics.field import field

FILE = '''
"""A labelled GAN."""
import jgan
import optax
from jgan.data import load
from jgan.networks import labelled, mlp_discriminator, mlp_generator


def experiment(*, data: str = "pictures.npz", lr: float = 1e-3, ema: bool = True) -> jgan.Experiment:
    source = load(data)
    networks = mlp_generator(source.shape, (4,), norm="none"), mlp_discriminator((4,))
    joined = [labelled(network, source.num_classes, 0) for network in networks]
    game = jgan.conditional(*joined, jgan.non_saturating(), jgan.normal(3))
    rule = jgan.alternating(game, {player: optax.adam(lr) for player in jgan.PLAYERS})
    return jgan.Experiment(game, jgan.averaged(rule) if ema else rule, source, 6, 10)
'''
SILENT = {"quiet": True}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("python")
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (40, 8, 8, 1), dtype=np.uint8)
    labels = np.repeat(np.asarray(["boot", "shirt"]), 20)
    np.savez(folder / "pictures.npz", image=pictures, label=labels)
    (folder / "labelled.py").write_text(FILE)
    return folder


@pytest.fixture(scope="module")
def run(folder):
    return jgan.train(
        folder / "labelled.py",
        data=str(folder / "pictures.npz"),
        out=folder / "run",
        log_every=3,
        save_every=3,
        sample_every=3,
        **SILENT,
    )


def arrays(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as file:
        return dict(file)


def toy(*, lr: float = 1e-2, steps: int = 6) -> jgan.Experiment:
    """A GAN of points."""
    source = load_data("ring").take(50)
    game = jgan.gan(*jgan.pair(source.shape, width=2), jgan.hinge(), jgan.normal(2))
    rule = jgan.averaged(jgan.alternating(game, {p: optax.sgd(lr) for p in jgan.PLAYERS}))
    return jgan.Experiment(game, rule, source, steps, 10)


def test_a_trained_run_tells_what_it_is(run, folder):
    assert isinstance(run, jgan.Run)
    assert (run.path, run.step, run.steps, run.finished) == (folder / "run", 6, [0, 3, 6], True)
    assert run.settings["arguments"]["lr"] == 1e-3
    assert run.history.column("step") == [3, 6]
    assert run.history[-1]["generator/loss"] > 0
    assert run.experiment.steps == 6
    assert run.source.class_names == ("boot", "shirt")
    assert int(run.state.step) == 6
    assert set(run.variables) == set(jgan.PLAYERS)
    assert repr(run) == f"Run({str(folder / 'run')!r}, step=6)"
    shown = run._repr_html_()
    assert "labelled.py" in shown
    assert "data:image/png;base64," in shown
    assert "<th>generator/loss</th>" in run.history._repr_html_()


def test_samples_are_those_of_the_command(run, folder):
    made = jgan.load(folder / "run").sample(seed=3, count=5)
    assert main(f"sample {folder}/run --seed 3 --count 5 --out {folder}/five.npz".split()) == 0
    found = arrays(folder / "five.npz")
    np.testing.assert_array_equal(made.to_uint8(), found["image"])
    np.testing.assert_array_equal(made.label, found["label"])
    assert made.shape == (5, 8, 8, 1)
    jgan.sample(folder / "run", seed=3, count=5, out=folder / "again.npz")
    assert (folder / "again.npz").read_bytes() == (folder / "five.npz").read_bytes()


def test_samples_of_a_class_by_name_or_number(run, folder):
    named = run.sample(count=3, label="shirt")
    np.testing.assert_array_equal(named, run.sample(count=3, label=1))
    assert named.label.tolist() == [1, 1, 1]
    words = f"sample {folder}/run --count 3 --class shirt --out {folder}/shirts.npz"
    assert main(words.split()) == 0
    np.testing.assert_array_equal(named.to_uint8(), arrays(folder / "shirts.npz")["image"])
    with pytest.raises(UserError, match=r"^label is 2, but the data have 2 classes"):
        run.sample(label=2)


def test_images_are_arrays_that_show_themselves(run, folder):
    images = run.sample(count=4)
    assert images._repr_png_().startswith(b"\x89PNG")
    assert images[0]._repr_png_().startswith(b"\x89PNG")
    assert type(images.mean(axis=(1, 2, 3))) is np.ndarray
    assert type(images.mean()) is type(np.mean(images)) is type(images.max()) is np.float32
    assert type(-images[:2]) is jgan.Images
    assert images.grid(columns=4).shape == (8, 35, 1)
    assert images.save(folder / "sheet.png").read_bytes().startswith(b"\x89PNG")
    doubled = jax.jit(lambda x: 2 * x)(images)
    np.testing.assert_array_equal(doubled, 2 * np.asarray(images))
    np.testing.assert_array_equal(jnp.asarray(images), images)
    assert isinstance(float(images.mean()), float)


def test_a_checkpoint_and_its_average_are_chosen(run, folder):
    early = jgan.load(folder / "run", step=3, average=False)
    assert (early.step, early.averaged, int(early.state.step)) == (3, False, 3)
    words = f"sample {folder}/run --step 3 --no-ema --count 2 --out {folder}/early.npz"
    assert main(words.split()) == 0
    made = early.sample(count=2)
    np.testing.assert_array_equal(made.to_uint8(), arrays(folder / "early.npz")["image"])
    assert jgan.load(str(folder / "run")).averaged


@pytest.mark.full
def test_the_best_checkpoint(folder):
    run = jgan.train(
        toy, out=folder / "scored", log_every=2, evaluate_every=2, evaluate_samples=50, **SILENT
    )
    best = json.loads((folder / "scored" / "best.json").read_text())["step"]
    assert jgan.load(run.path, best=True, experiment=toy).step == best
    with pytest.raises(UserError, match=r"^best was given, and step is 2; give one of them"):
        jgan.load(run.path, best=True, step=2)
    with pytest.raises(UserError, match=r"has no scores; train it with evaluate_every\.$"):
        jgan.load(folder / "run", best=True)


@pytest.mark.full
def test_field_and_operator_are_those_of_the_game(run):
    found = run.field(batch_size=4, seed=1)
    batch = run.batch(size=4, seed=1)
    assert batch["image"].shape == (4, 8, 8, 1)
    state = run.state
    own = field(run.game, state.variables, batch, jax.random.key(1), state.clock)
    for one, other in zip(
        *map(jax.tree.leaves, (found.function(found.point), own.function(own.point))), strict=True
    ):
        np.testing.assert_array_equal(one, other)
    moved = run.operator(batch_size=4)
    assert jax.tree.structure(moved.function(moved.point)) == jax.tree.structure(moved.point)


def test_a_function_and_an_experiment_are_trained_as_they_are(folder, capsys):
    run = jgan.train(toy, lr=1e-3, out=folder / "toy")
    said = capsys.readouterr()
    assert said.err.startswith("A GAN of points.\n")
    assert "\n6/6 steps  " in said.err
    assert said.out == f"done: {folder}/toy/samples.png\n"
    assert run.settings["experiment"] == "toy"
    assert run.settings["arguments"] == {"lr": 1e-3, "steps": 6}
    assert run.sample(count=3).shape == (3, 2)
    again = jgan.load(run.path, experiment=toy)
    np.testing.assert_array_equal(again.sample(count=3), run.sample(count=3))
    value = jgan.train(toy(lr=1e-3), out=folder / "value", **SILENT)
    np.testing.assert_array_equal(value.sample(count=3), run.sample(count=3))
    with pytest.raises(UserError, match=r"no file is kept; load it in Python by jgan\.load"):
        jgan.load(run.path).sample()
    assert main(["sample", str(run.path)]) == 2


@pytest.mark.full
def test_more_steps_go_on_where_the_run_ended(folder):
    whole = jgan.train(toy, steps=12, out=folder / "whole", **SILENT)
    parts = jgan.train(toy, steps=6, out=folder / "parts", **SILENT)
    heard = Heard()
    with shown_on(heard):
        parts = jgan.train(toy, steps=12, out=folder / "parts")
    assert "resuming at step 6" in heard.lines
    for one, other in zip(
        *(jax.tree.leaves(r.state.variables) for r in (whole, parts)), strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_ctrl_c_leaves_a_run_that_goes_on(folder):
    class Interrupting(Heard):
        interrupted = False

        def noted(self, fields):
            # Once: the second signal ends the process, and a step may be shown more than once.
            if fields[0] == "2/6 steps" and not self.interrupted:
                self.interrupted = True
                signal.raise_signal(signal.SIGINT)

    assert threading.current_thread() is threading.main_thread()
    with shown_on(Interrupting()):
        run = jgan.train(toy, out=folder / "stopped", log_every=2)
    assert not run.finished
    assert run.step < 6
    run = jgan.train(toy, out=folder / "stopped", log_every=2, **SILENT)
    assert (run.finished, run.step) == (True, 6)
    assert run.history.column("step") == [2, 4, 6]


MISTAKES = {
    "count is 0, but must be at least 1.": lambda run: run.sample(count=0),
    "count is 1.5, but must be a whole number.": lambda run: run.sample(count=1.5),
    "seed is -1, but must be at least 0.": lambda run: run.sample(seed=-1),
    "out is 'x.jpg', but must end in .png or .npz or be a folder.": lambda run: run.sample(
        out="x.jpg"
    ),
    "average=True was given, but this run keeps no average": lambda run: bare(run).sample(),
    "view is 'faces', but this experiment has only samples, classes.": lambda run: run.sample(
        view="faces"
    ),
    "heat was given, but the view 'samples' of this": lambda run: run.sample(heat=1.0),
    "is not a run directory: it has no settings.json.": lambda run: jgan.load(run.path.parent),
    "run is 3, but must be the path": lambda run: jgan.load(3),
    "run is a list, but must be a Run or the path": lambda run: jgan.sample([]),
    "experiment is a dict, but must be the path": lambda run: jgan.train({}),
    "speed was given, but the experiment 'toy' has the arguments lr, steps.": lambda run: (
        jgan.train(toy, speed=3)
    ),
    "lr is a set, but must be a number": lambda run: jgan.train(toy, lr={1}),
    "loader is 'disk', but must be one of 'auto', ": lambda run: jgan.train(toy, loader="disk"),
    "dry_run is 1, but must be True or False.": lambda run: jgan.train(toy, dry_run=1),
    "was made with lr = 0.01, not 0.1": lambda run: jgan.train(
        toy, lr=0.1, out=run.path.parent / "toy2", **SILENT
    ),
}


def bare(run):
    path = run.path.parent
    data = str(path / "pictures.npz")
    jgan.train(path / "labelled.py", data=data, ema=False, steps=1, out=path / "bare", **SILENT)
    return jgan.load(path / "bare", average=True)


@pytest.mark.parametrize("sentence", MISTAKES)
def test_mistakes_name_arguments(sentence, run):
    if sentence.startswith("was made with"):
        jgan.train(toy, out=run.path.parent / "toy2", **SILENT)
    with pytest.raises(UserError) as caught:
        MISTAKES[sentence](run)
    assert sentence in str(caught.value)
    assert "--" not in str(caught.value)


def test_a_dry_run_trains_nothing(folder, capsys):
    run = jgan.train(toy, dry_run=True, out=folder / "dry")
    assert capsys.readouterr().out.endswith("nothing was trained: this was a dry run\n")
    assert not run.path.exists()


def test_a_loop_of_ones_own():
    source = load_data("ring")
    networks = jgan.pair(source.shape)
    game = jgan.gan(*networks, jgan.non_saturating(), jgan.normal(8)).add(jgan.r1(1.0))
    rule = jgan.alternating(game, {player: optax.adam(1e-3) for player in jgan.PLAYERS})
    state = rule.init(jax.random.key(0), source.first(64))
    update = jax.jit(rule.update)
    for step in range(3):
        batch = source.at(np.random.default_rng(step).integers(source.size, size=64))
        state, metrics = update(state, batch)
    points = game.views["samples"](state.variables, batch, jax.random.key(1))
    assert points.shape == (64, 2)
    assert np.isfinite(metrics["generator/loss"])
