"""Commands on a run whose example is several fields of several tables."""

import numpy as np
import pytest

from jgan.cli.main import main

TINY = '''
"""Two players that stay where they are, of dots and photos that do not correspond."""
import jax
import jax.numpy as jnp
import numpy as np
from jgan.data import Source
from jgan.game import PLAYERS, Game
from jgan.rules import Rule, TrainState
from jgan.training.experiment import Experiment


def experiment(*, example: str = "both") -> Experiment:
    """Build it."""
    photo = np.arange(20 * 64, dtype=np.uint8).reshape(20, 8, 8, 1)
    dot = np.random.default_rng(0).normal(size=(30, 2)).astype(np.float32)
    fields = {"photo": photo, "dot": dot, "tokens": np.ones((30, 5), np.int32)}
    source = Source(
        fields,
        "dots and photos",
        tables={"photo": ["photo"], "dot": ["dot", "tokens"]},
        example={"both": ("photo", "dot", "tokens")}.get(example, example),
    )

    def init(key, batch):
        variables = {player: {"params": jnp.ones(2)} for player in PLAYERS}
        return TrainState(jnp.int32(0), key, variables, {}, {})

    def update(state, batch):
        assert batch["photo"].shape == (10, 8, 8, 1) and batch["dot"].shape == (10, 2)
        names = [f"{player}/{name}" for player in PLAYERS for name in ("loss", "gradient_norm")]
        return state.replace(step=state.step + 1), {name: batch["photo"].mean() for name in names}

    views = {"samples": lambda variables, batch, key: source.example_of(batch)}
    return Experiment(Game(lambda key, batch: {}, {}, views=views), Rule(init, update), source, 4, 10)
'''


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fields")
    (folder / "tiny.py").write_text(TINY)
    for name in ("both", "photo", "dot", "tokens"):
        words = ["train", str(folder / "tiny.py"), "--out", str(folder / name), "--example", name]
        assert main(words) == 0
    return folder


@pytest.mark.full
def test_pictures_are_drawn_of_the_fields_that_have_some(runs):
    found = {
        name: sorted(p.stem for p in (runs / name).glob("*.png"))
        for name in ("both", "photo", "dot", "tokens")
    }
    assert found == {
        "both": ["data-dot", "data-photo", "samples-dot", "samples-photo"],
        "photo": ["data", "samples"],
        "dot": ["data", "samples"],
        "tokens": [],
    }


def test_samples_of_several_fields(runs):
    out = runs / "made.npz"
    assert main(["sample", str(runs / "both"), "--count", "35", "--out", str(out)]) == 0
    with np.load(out) as made:
        assert {name: made[name].shape for name in made} == {
            "photo": (35, 8, 8, 1),
            "dot": (35, 2),
            "tokens": (35, 5),
        }
        np.testing.assert_array_equal(made["photo"][20:], made["photo"][:15])
        np.testing.assert_array_equal(made["dot"][30:], made["dot"][:5])


@pytest.mark.parametrize(
    ("run", "command", "message"),
    [
        ("both", "sample", "the view 'samples' shows neither pictures nor points; give a file"),
        ("tokens", "sample", "the view 'samples' shows neither pictures nor points; give a file"),
        ("both", "evaluate", "an example of the source 'dots and photos' is ('photo', 'dot', "),
        (
            "tokens",
            "evaluate",
            "an example of the source 'dots and photos' is 'tokens' of shape (5,)",
        ),
        (
            "photo",
            "neighbours",
            "generates 'photo', examples of shape (8, 8, 1), but jgan neighbours",
        ),
    ],
)
def test_what_needs_pictures_says_so(run, command, message, runs, capsys):
    assert main([command, str(runs / run)]) != 0
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_a_field_of_points_is_evaluated(runs, capsys):
    assert main(["evaluate", str(runs / "dot"), "--metrics", "sw", "--samples", "30"]) == 0
    output = capsys.readouterr().out
    assert "30 samples against 30 of dots and photos" in output
    assert main(["spectrum", str(runs / "dot"), "--batch-size", "21"]) != 0
    assert "'dots and photos' has only 20 examples" in capsys.readouterr().err
