"""Settings that are searched: the same for the same seed, the first of more, and evenly spread."""

import json
import math

import numpy as np
import pytest
import scipy.stats

from jgan.sweeps.axes import parse_axis
from jgan.sweeps.search import Search, SearchFile, settings


def experiment(*, lr: float = 1e-3, gamma: float = 1.0, width: int = 8, loss: str = "ns") -> None:
    """Nothing."""


def axes(*texts):
    return [parse_axis(text, experiment) for text in texts]


RANGES = (
    "lr=loguniform(1e-5,1e-1)",
    "gamma=uniform(2,3)",
    "width=loginteger(3,96)",
    "loss=ns,hinge",
)


@pytest.mark.parametrize("kind", ["random", "sobol"])
def test_more_settings_begin_with_the_same(kind):
    found = settings(axes(*RANGES), 64, Search(kind, 3))
    assert found[:32] == settings(axes(*RANGES), 32, Search(kind, 3))
    assert len({json.dumps(setting) for setting in found}) == 64
    assert found[:32] != settings(axes(*RANGES), 32, Search(kind, 4))
    for setting in found:
        assert 1e-5 <= setting["lr"] <= 1e-1
        assert 2 <= setting["gamma"] <= 3
        assert setting["width"] in range(3, 97)


def test_sobol_has_one_setting_in_each_part_of_every_axis():
    found = settings(axes(*RANGES[:2]), 64, Search("sobol", 7))
    parts = [math.floor(64 * (math.log10(setting["lr"]) + 5) / 4) for setting in found]
    assert sorted(parts) == list(range(64))
    pairs = [
        (math.floor(2 * (math.log10(own["lr"]) + 5)), math.floor(8 * (own["gamma"] - 2)))
        for own in found
    ]
    assert len(set(pairs)) == 64  # and one in each of 64 squares of both axes
    random = settings(axes(*RANGES[:2]), 64, Search("random", 7))
    parts = [math.floor(64 * (math.log10(setting["lr"]) + 5) / 4) for setting in random]
    assert len(set(parts)) < 50


def test_whole_numbers_of_a_logarithmic_range_have_their_shares():
    """Of k the share is log((k + 1) / k) over that of the range."""
    found = settings([*axes("width=loginteger(2,9)"), *axes("lr=uniform(0,1)")], 4000)
    counts = np.bincount([setting["width"] for setting in found], minlength=10)[2:]
    shares = np.array([math.log((k + 1) / k) for k in range(2, 10)]) / math.log(10 / 2)
    assert scipy.stats.chisquare(counts, 4000 * shares).pvalue > 0.01


def test_settings_that_were_found_stand_exactly(tmp_path):
    kind = Search("sobol", 0)
    found = settings(axes(*RANGES), 6, kind)
    file = SearchFile(tmp_path, RANGES, kind)
    assert file.read() == []
    file.write(found)
    file.write(found[:3])
    assert file.read() == found
    assert SearchFile(tmp_path, RANGES, Search("sobol", 1)).read() == []
    assert SearchFile(tmp_path, RANGES[:3], kind).read() == []
    # Those of another version of the generator stay the first, and its own follow.
    other = [{**setting, "lr": setting["lr"] / 2} for setting in found[:4]]
    grown = settings(axes(*RANGES), 9, kind, other)
    assert grown[:4] == other
    assert grown[4:] == settings(axes(*RANGES), 5, kind)
    (tmp_path / "search.json").write_text('{"over": ')
    assert file.read() == []
