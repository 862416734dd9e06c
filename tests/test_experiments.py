"""Every experiment file builds, moves both players, and makes claims that fit its own arguments.

Whether the claims hold is `jgan verify`'s to say; it trains for minutes.
"""

import re
from dataclasses import replace
from pathlib import Path

import jax
import numpy as np
import pytest

from jgan.errors import UserError
from jgan.training.experiment import ExperimentFile, load_experiment
from jgan.training.feed import make_feed
from jgan.training.fit import begin, layout_of

FOLDER = Path(__file__).parents[1] / "experiments"
PICTURES_ONLY = ("cogan", "lapgan")
FILES = {path.stem: load_experiment(path) for path in sorted(FOLDER.glob("*.py"))}


@pytest.fixture(params=FILES)
def file(request: pytest.FixtureRequest) -> ExperimentFile:
    return FILES[request.param]


def test_the_docstring_opens_with_paper_and_command(file: ExperimentFile) -> None:
    lines = file.path.read_text().splitlines()
    assert "arXiv" in "".join(lines[:3])
    assert re.fullmatch(rf"jgan \w+ experiments/{file.path.name}( .*)?", lines[2])


def test_claims_have_bounds_and_controls(file: ExperimentFile) -> None:
    experiment = file.build()
    assert experiment.claims
    for claim in experiment.claims:
        assert claim.control
        assert claim.at_least is not None or claim.at_most is not None
        setting = dict(claim.setting)
        file.build(**setting)
        file.build(**{**setting, **claim.control})


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("data") / "pictures.npz"
    images = np.random.default_rng(0).integers(0, 256, (20, 8, 8, 3), np.uint8)
    np.savez(path, image=images, label=np.arange(20, dtype=np.int32) % 4)
    return str(path)


@pytest.mark.parametrize("data", ["ring", "pictures"])
def test_two_updates_move_both_players(file: ExperimentFile, data: str, pictures: str) -> None:
    if data == "ring" and file.path.stem in PICTURES_ONLY:
        with pytest.raises(UserError, match=r"^data is 'ring', but this experiment needs pictures"):
            file.build(data=data)
        return
    built = file.build(data=pictures if data == "pictures" else data, width=2)
    experiment = replace(built, steps=2, batch_size=4)
    layout = layout_of(experiment)
    state = begin(experiment, 0, layout)
    before = jax.device_get(state.variables)
    after, metrics = make_feed(experiment, state, layout)(state, 2)
    for player in ("generator", "discriminator"):
        assert np.isfinite(metrics[f"{player}/loss"])
        start = jax.tree.leaves(before[player]["params"])
        end = jax.tree.leaves(after.variables[player]["params"])
        pairs = zip(start, end, strict=True)
        # One-player games have an opponent without parameters.
        assert not start or any(not np.array_equal(x, y) for x, y in pairs)
