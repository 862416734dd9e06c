"""Every experiment file builds, moves both players, and makes claims that fit its own arguments.

Whether the claims hold is `jgan verify`'s to say; it trains for minutes.
"""

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
from covering import covering

from jgan.data.registry import remembered
from jgan.errors import UserError
from jgan.game import PLAYERS, Batch
from jgan.rules import TrainState
from jgan.training.argument_groups import described
from jgan.training.experiment import Experiment, ExperimentFile, load_experiment
from jgan.training.feed import make_feed
from jgan.training.fit import begin, layout_of
from jgan.training.loop import first_state

FOLDER = Path(__file__).parents[1] / "experiments"
PICTURES_ONLY = ("age_cgan", "cogan", "lapgan", "limited_data", "photos", "r3gan")
PICTURES_ONLY += ("stargan", "stylegan", "stylegan2", "stylegan3")
TRANSLATIONS = {
    "pix2pix": "pairs of pictures",
    "pix2pixhd": "pairs of pictures",
    "cyclegan": "pictures of two domains",
    "spade": "pictures with maps of labels",
    "talking_heads": "clips of persons",
    "privacy": "pictures with identities",
    "attgan": "pictures with attributes and kinds",
}
"""Experiments that translate, and what they ask for."""
FILES = {path.stem: load_experiment(path) for path in sorted(FOLDER.glob("*.py"))}


DATA = ("ring", "pictures")
OTHERS = [name for name in FILES if name not in TRANSLATIONS]
# Some are compiled in every run, as many of their systems are by other tests; all on both in the full product.
CHOSEN = {
    pair[::-1]
    for pair in covering(DATA, [n for n in OTHERS if n not in PICTURES_ONLY][::10], 1, least=1)
}
PAIRS = [(name, data) for name in OTHERS for data in DATA]
TINY = {"steps": 2, "batch_size": 4}


@pytest.fixture(params=FILES)
def file(request: pytest.FixtureRequest) -> ExperimentFile:
    return FILES[request.param]


def test_the_docstring_opens_with_paper_and_command(file: ExperimentFile) -> None:
    lines = file.path.read_text().splitlines()
    assert "arXiv" in "".join(lines[:3])
    assert re.fullmatch(rf"jgan \w+ experiments/{file.path.name}( .*)?", lines[2])


def test_every_flag_is_described_in_whole_sentences(file: ExperimentFile) -> None:
    texts = described(inspect.getdoc(file.build) or "", "Args")
    assert list(texts) == list(inspect.signature(file.build).parameters)
    for text in texts.values():
        assert text[0].isupper()
        assert text.endswith(".")
    # Described by the file itself, which knows no argument that is not there.
    own = described(inspect.getdoc(inspect.unwrap(file.build)) or "", "Args")
    assert set(own) <= set(texts)


def test_claims_have_bounds_and_controls(file: ExperimentFile) -> None:
    with remembered({}):  # the data of one experiment are the same every time
        experiment = file.build()
        assert experiment.claims
        asked: list[dict[str, Any]] = []
        for claim in experiment.claims:
            assert claim.control
            assert claim.at_least is not None or claim.at_most is not None
            for change in ({}, claim.control, *claim.rivals.values()):
                asked += [{**claim.setting, **change}]
        for number, arguments in enumerate(asked):
            if arguments not in asked[:number]:
                file.build(**arguments)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("data") / "pictures.npz"
    images = np.random.default_rng(0).integers(0, 256, (20, 8, 8, 3), np.uint8)
    np.savez(path, image=images, label=np.arange(20, dtype=np.int32) % 4)
    return str(path)


@pytest.fixture
def build(pictures: str) -> Callable[[str, str], Experiment]:
    """A tiny experiment of a file on one kind of data."""

    def made(name: str, data: str) -> Experiment:
        if data == "its own":
            return FILES[name].build(width=2, judge_width=2).resized(**TINY)
        built = FILES[name].build(data=pictures if data == "pictures" else data, width=2)
        return built.resized(**TINY)

    return made


@pytest.mark.parametrize("name", PICTURES_ONLY)
def test_pictures_are_asked_for(name: str) -> None:
    with pytest.raises(UserError, match=r"^data is 'ring', but this experiment needs pictures"):
        FILES[name].build(data="ring")


@pytest.mark.parametrize("name", ["photos", "r3gan", "stylegan", "stylegan2", "stylegan3"])
def test_sides_are_asked_for_that_doubling_reaches(name: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "mine.npz", image=np.zeros((3, 30, 30, 3), np.uint8))
    with pytest.raises(
        UserError, match=r"^data is .*, whose pictures have 30x30 pixels, .* 28 or 32;"
    ):
        FILES[name].build(data=str(tmp_path / "mine.npz"))


@pytest.mark.parametrize(
    ("name", "argument", "message"),
    [
        ("limited_data", {"examples": 0}, "examples is 0, but must be at least 1."),
        ("limited_data", {"gamma_every": 0}, "gamma_every is 0, but must be at least 1."),
        ("r3gan", {"latent": 0}, "latent is 0, but must be at least 1."),
        ("r3gan", {"half_life": -1.0}, "half_life is -1.0, but must be a finite number of at"),
        ("r3gan", {"final_beta2": 1.0}, "final_beta2 is 1.0, but must lie in [0, 1)."),
        ("stylegan2", {"latent": 0}, "latent is 0, but must be at least 1."),
        ("stylegan2", {"path_length": -1.0}, "path_length is -1.0, but must be a finite number of"),
        ("stylegan2", {"path_length_every": 0}, "path_length_every is 0, but must be at least 1."),
        ("stylegan2", {"beta2": 2.0}, "beta2 is 2.0, but must lie in [0, 1)."),
        ("stylegan3", {"depth": 2}, "depth is 2, but must be at least 3."),
        ("stylegan3", {"blur": -1.0}, "blur is -1.0, but must be a finite number of at least 0."),
        ("stylegan3", {"blur_steps": 0}, "blur_steps is 0, but must be at least 1."),
    ],
)
def test_messages_name_the_flag(name: str, argument: dict[str, float], message: str) -> None:
    with pytest.raises(UserError, match=f"^{re.escape(message)}"):
        FILES[name].build(**argument)


def test_pictures_of_two_channels_are_not_augmented(tmp_path: Path) -> None:
    np.savez(tmp_path / "two.npz", image=np.zeros((3, 8, 8, 2), np.uint8))
    message = "^augmentation_probability is 0.5, which is for pictures of 1 or 3 channels, .* use 0"
    with pytest.raises(UserError, match=message):
        FILES["r3gan"].build(data=str(tmp_path / "two.npz"), augmentation_probability=0.5)


@pytest.mark.parametrize(("kind", "count"), [("t", 1), ("r", 2)])
def test_stylegan3_is_augmented_behind_its_blur(kind: str, count: int, pictures: str) -> None:
    built = FILES["stylegan3"].build(data=pictures, kind=kind, augmentation="diff", width=2)
    assert built.game.composition is not None
    assert len(built.game.composition.augmentations) == count


@pytest.mark.parametrize("name", TRANSLATIONS)
@pytest.mark.parametrize("data", DATA)
def test_what_is_translated_is_asked_for(name: str, data: str, pictures: str) -> None:
    wanted = f"but this experiment needs {TRANSLATIONS[name]}"
    with pytest.raises(UserError, match=wanted):
        FILES[name].build(data=pictures if data == "pictures" else data)


RUNNABLE = [pair for pair in PAIRS if pair not in {(name, "ring") for name in PICTURES_ONLY}]
RUNNABLE += [(name, "its own") for name in TRANSLATIONS]
# In every run an update is traced on points or on pictures, by turns; on both in the full product.
TRACED = {pair[::-1] for pair in covering(DATA, [*FILES], 1)} | {
    (name, "pictures") for name in PICTURES_ONLY
}
TRACED |= {(name, "its own") for name in TRANSLATIONS}


def first(experiment: Experiment) -> tuple[TrainState, Batch]:
    rule, source = experiment.rule, experiment.source
    batch = source.first(experiment.batch_size * rule.minibatches)
    return jax.eval_shape(lambda: first_state(rule, batch, 0)), batch


@pytest.mark.full
@pytest.mark.parametrize(("name", "data"), [pair for pair in RUNNABLE if pair not in TRACED])
def test_a_run_can_begin(build, name: str, data: str) -> None:
    state, _ = first(build(name, data))
    assert set(state.variables) == set(PLAYERS)


@pytest.mark.parametrize(
    ("name", "data"),
    [pytest.param(*pair, marks=[] if pair in TRACED else [pytest.mark.full]) for pair in RUNNABLE],
)
def test_an_update_keeps_shapes_and_types(build, name: str, data: str) -> None:
    experiment = build(name, data)
    state, batch = first(experiment)
    after, metrics = jax.eval_shape(experiment.rule.update, state, batch)
    kinds = lambda state: jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), state)
    assert kinds(after) == kinds(state)
    assert {f"{player}/loss" for player in PLAYERS} <= set(metrics)


@pytest.mark.parametrize(
    ("name", "data"),
    [pytest.param(*pair, marks=[] if pair in CHOSEN else [pytest.mark.full]) for pair in RUNNABLE],
)
def test_two_updates_move_both_players(build, name: str, data: str) -> None:
    experiment = build(name, data)
    layout = layout_of(experiment)
    state = begin(experiment, 0, layout)
    before = jax.device_get(state.variables)
    after, metrics = make_feed(experiment, state, layout)(state, 2)
    for player in PLAYERS:
        assert np.isfinite(metrics[f"{player}/loss"])
        start = jax.tree.leaves(before[player]["params"])
        end = jax.tree.leaves(after.variables[player]["params"])
        pairs = zip(start, end, strict=True)
        # One-player games have an opponent without parameters.
        assert not start or any(not np.array_equal(x, y) for x, y in pairs)
