from collections.abc import Mapping
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import optax
import pytest
from helpers import as_file
from PIL import Image

from jgan.claims.comparisons import GAP, drawer, name_of, side_by_side
from jgan.claims.verify import verify
from jgan.cli.main import main
from jgan.data import from_arrays
from jgan.errors import UserError
from jgan.game import GENERATOR, PLAYERS, Aux
from jgan.gans.single_player import single_player
from jgan.rules import averaged, simultaneous
from jgan.training.experiment import Claim, Experiment, Trained
from jgan.training.fit import fit

SIDE = 63  # of a grid of 64 pictures of 7 x 7, with lines between them
POINTS = """
'''Points that move.'''
import jax.numpy as jnp
import optax
from jgan.data import load
from jgan.game import GENERATOR, PLAYERS, Aux
from jgan.gans.single_player import single_player
from jgan.rules import simultaneous
from jgan.training.experiment import Claim, Experiment

def last(trained):
    return trained.history[-1]["generator/loss"]

def experiment(*, data: str = "ring", lr: float = 1.0) -> Experiment:
    where = lambda variables: variables[GENERATOR]["params"]
    game = single_player(
        lambda key, batch: {"params": jnp.zeros(2)},
        lambda variables, *rest: (where(variables).sum(), Aux()),
        views={"samples": lambda variables, batch, key: where(variables) + 0 * batch["image"]},
    )
    rule = simultaneous(game, dict.fromkeys(PLAYERS, optax.sgd(lr)))
    claims = (Claim("falls", last, {"lr": CONTROL}, at_most=-1.0),)
    return Experiment(game, rule, load(data).take(20), 3, 4, claims)
"""


def brightness(lr: float, views: tuple[str, ...] = ("samples",), channels: int = 1) -> Experiment:
    """Pictures whose one grey value falls by ``lr`` a step from 0."""

    def shade(variables: dict, batch: Mapping, key: object) -> object:
        return 0 * batch["image"] + variables[GENERATOR]["params"]

    game = single_player(
        lambda key, batch: {"params": jnp.zeros(())},
        lambda variables, *rest: (variables[GENERATOR]["params"], Aux()),
        views=dict.fromkeys(views, shade),
    )
    rule = averaged(simultaneous(game, dict.fromkeys(PLAYERS, optax.sgd(lr))), 0.5, warmup=0)
    source = from_arrays(np.full((4, 7, 7, channels), 128, np.uint8), name="grey")
    return Experiment(game, rule, source, steps=1, batch_size=2)


def test_the_averaged_picture_stands_left_of_its_controls() -> None:
    # One step from 0 to -lr, of which the average with decay 1/2 takes half.
    pictures = side_by_side(fit(brightness(1.0)), fit(brightness(-2.0)))
    (sheet,) = pictures.values()
    assert sheet.shape == (SIDE, 2 * SIDE + GAP, 1)
    assert (sheet[:7, :7] == 64).all()  # -1/2 of [-1, 1]
    assert (sheet[:7, -7:] == 255).all()
    assert (sheet[:, SIDE : SIDE + GAP] == 255).all()


def test_what_diverged_is_a_grey_field_and_nothing_is_drawn_of_two() -> None:
    trained = fit(brightness(1.0))
    left = side_by_side(trained, None)["samples"]
    right = side_by_side(None, trained)["samples"]
    assert (left[:, -SIDE:] == 160).all()
    assert (right[:, :SIDE] == 160).all()
    np.testing.assert_array_equal(left[:, :SIDE], right[:, -SIDE:])
    assert side_by_side(None, None) == {}


def test_a_view_of_one_side_and_colours_beside_grey() -> None:
    pictures = side_by_side(
        fit(brightness(1.0, ("samples", "codes"))), fit(brightness(1.0, channels=3))
    )
    assert pictures["samples"].shape[2] == 3
    assert (pictures["samples"][:7, :7] == 64).all()
    assert (pictures["codes"][:, -SIDE:] == 160).all()


def value(trained: Trained) -> float:
    return trained.history[-1]["generator/loss"]


def test_shared_trainings_make_one_picture(tmp_path: Path) -> None:
    pictures: list[dict[str, int]] = []

    def build(*, lr: float = 1.0) -> Experiment:
        built = brightness(lr, ("samples", "codes"))
        claim = Claim("a", value, {"lr": 0.0}, at_most=-1)
        claims = (claim, claim._replace(name="b"), claim._replace(name="c", control={"lr": 0.5}))
        return Experiment(built.game, built.rule, built.source, 2, 2, claims)

    folder = tmp_path / "pictures"
    draw = drawer(folder, "grey", {}, build().claims)

    def show(claim: Claim, *pair: Trained | None) -> None:
        draw(claim, *pair)
        pictures.append({path.name: path.stat().st_ino for path in folder.iterdir()})

    verdicts = list(verify(as_file(build), {}, out=tmp_path / "out", show=show))
    assert [verdict.proven for verdict in verdicts] == [False] * 3  # its loss is -0.5
    first = ["grey-lr-0.0-codes.png", "grey-lr-0.0.png"]
    second = ["grey-lr-0.5-codes.png", "grey-lr-0.5.png"]
    assert [sorted(files) for files in pictures] == [first, first, sorted(first + second)]
    assert pictures[0] == pictures[1]  # not written again


@pytest.mark.parametrize(
    ("claims", "names"),
    [
        ([{"data": "ring"}, {"data": "fashion"}], ["x-ring", "x-fashion"]),
        ([{}, {}], ["x-mnist", "x-mnist"]),
        ([{"lr": 1}, {"lr": -1}], ["x-mnist-lr-1-weight-0", "x-mnist-lr--1-weight-0"]),
        ([{"data": "npz:a b/c d.npz"}], ["x-c-d"]),
        (
            [{"data": f"{half}/c.npz"} for half in "ab"],
            [f"x-c-data-{n}-c.npz-weight-0" for n in "ab"],
        ),
    ],
)
def test_names_are_as_short_as_they_tell_apart(claims: list[dict], names: list[str]) -> None:
    made = [Claim("a", value, {"weight": 0}, setting=setting) for setting in claims]
    assert [name_of(claim, made, "x", {"data": "idx:/tmp/mnist"}) for claim in made] == names


def test_steps_tell_apart_what_nothing_else_does() -> None:
    claims = [Claim("a", value, {"lr": 0}, steps=steps) for steps in (10, 20)]
    assert [name_of(one, claims, "x", {}) for one in claims] == ["x-lr-0-10", "x-lr-0-20"]


@pytest.mark.parametrize(
    ("control", "right", "code"), [("0.0", True, 0), ('float("nan")', False, 1)]
)
def test_the_command_draws_points_over_the_data(
    tmp_path: Path, control: str, right: bool, code: int
) -> None:
    (tmp_path / "move.py").write_text(POINTS.replace("CONTROL", control))
    folder = tmp_path / "some" / "pictures"
    words = ["verify", str(tmp_path / "move.py"), "--out", str(tmp_path / "out")]
    assert main([*words, "--pictures", str(folder)]) == code
    assert [path.name for path in folder.iterdir()] == ["move-ring.png"]
    with Image.open(folder / "move-ring.png") as picture:
        pixels = np.asarray(picture)
    assert pixels.shape == (384, 768 + GAP, 3)
    ink = (pixels == (31, 119, 180)).all(axis=-1)
    assert ink[382, 1]  # three steps to (-3, -3), outside the frame: its lower left corner
    assert not ink[:, 10:384].any()
    assert ink[:, -384:].any() == right  # the control stays at (0, 0), or diverges
    assert (pixels[:, -384:] == 160).all() != right


def test_a_folder_that_cannot_be_made_is_told_before_training(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"folder '.*file/pictures' cannot be created: "):
        drawer(tmp_path / "file" / "pictures", "x", {}, ())
