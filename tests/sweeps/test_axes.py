import math
from typing import Literal

import pytest

from jgan.errors import UserError
from jgan.sweeps.axes import parse_axis
from jgan.sweeps.search import Search, settings


def experiment(
    *,
    lr: float = 1e-3,
    loss: str = "hinge",
    width: int = 8,
    ema: bool = True,
    norm: Literal["batch", "none"] = "none",
    clip: float | None = None,
) -> None:
    """Nothing."""


def axes(*texts):
    return [parse_axis(text, experiment) for text in texts]


def test_a_grid_has_every_combination_in_order():
    found = settings(axes("loss=hinge,wasserstein", "width=4,8", "ema=true,false"), None)
    assert len(found) == 8
    assert found[0] == {"loss": "hinge", "width": 4, "ema": True}
    assert found[1] == {"loss": "hinge", "width": 4, "ema": False}
    assert found[-1] == {"loss": "wasserstein", "width": 8, "ema": False}
    assert len({tuple(setting.items()) for setting in found}) == 8


def test_draws_are_those_of_their_distributions():
    texts = ("lr=loguniform(1e-5,1e-1)", "width=integer(2,4)", "norm=batch,none")
    found = settings(axes(*texts), 3000, Search(seed=1))
    logs = [math.log10(setting["lr"]) for setting in found]
    assert min(logs) >= -5
    assert max(logs) <= -1
    assert abs(sum(logs) / 3000 + 3) < 0.1
    assert 0.22 < sum(value < -4 for value in logs) / 3000 < 0.28
    counts = [sum(setting["width"] == width for setting in found) for width in (2, 3, 4)]
    assert sum(counts) == 3000
    assert all(900 < count < 1100 for count in counts)
    assert {setting["norm"] for setting in found} == {"batch", "none"}
    uniform = [s["lr"] for s in settings(axes("lr=uniform(1,3)"), 2000)]
    assert abs(sum(uniform) / 2000 - 2) < 0.05


def test_a_setting_that_may_be_left_out_is_varied_as_a_number():
    axis = parse_axis("clip=0.01,0.1", experiment)
    assert axis.traced
    assert settings([axis], None) == [{"clip": 0.01}, {"clip": 0.1}]


def test_no_two_draws_are_equal():
    found = settings(axes("width=integer(2,4)", "norm=batch,none"), 6)
    assert len({tuple(setting.items()) for setting in found}) == 6
    assert settings(axes("width=integer(2,4)", "norm=batch,none"), 4) == found[:4]


def test_draws_depend_on_the_seed_alone():
    one, same, other = (settings(axes("lr=uniform(0,1)"), 5, Search(seed=s)) for s in (0, 0, 1))
    assert one == same
    assert one != other
    assert one[:3] == settings(axes("lr=uniform(0,1)"), 3)


def test_numbers_that_are_no_counts_may_differ_in_one_program():
    found = axes("lr=1e-3", "width=4", "loss=hinge", "ema=true", "norm=none")
    assert [axis.traced for axis in found] == [True, False, False, False, False]


@pytest.mark.parametrize(
    ("texts", "trials", "message"),
    [
        (["beta=1"], None, "^--over names 'beta', which is no setting .* it has lr, loss, width"),
        (["lr"], None, "^--over has 'lr', but must have NAME=VALUES"),
        (["lr="], None, "^--over gives lr no values"),
        (["lr=-1"], None, "^--over gives lr the value -1, but it must be at least 0"),
        (["clip=nan"], None, "^--over gives clip the value nan, but it must be a finite number"),
        (["lr=uniform(-1,1)"], None, "^--over gives lr the value -1, but it must be at least 0"),
        (["lr=fast"], None, "^--over gives lr the value 'fast', but must have float"),
        (["width=1.5"], None, "^--over gives width the value '1.5', but must have int"),
        (["ema=maybe"], None, "^--over gives ema the value 'maybe', but must have bool"),
        (["norm=layer"], None, "^--over gives norm the value 'layer', but must have batch, none"),
        (["lr=uniform(1,0)"], 3, "range 1,0 for lr, which is empty"),
        (["lr=uniform(1,1)"], 3, "which is empty; the first must be less"),
        (["lr=uniform(a,1)"], 3, "range a,1 for lr, which are no numbers"),
        (["lr=loguniform(0,1)"], 3, "loguniform from 0 for lr, but it must be positive"),
        (["width=loginteger(0,4)"], 3, "loginteger from 0 for width, but it must be at least 1"),
        (
            ["lr=loginteger(1,4)"],
            3,
            "^--over has loginteger for lr, whose values are of type float",
        ),
        (["lr=normal(0,1)"], 3, "range 'normal' for lr, but must have one of uniform, loguniform"),
        (["lr=uniform(0,1"], 3, "must have one of uniform, loguniform, integer, loginteger, as"),
        (["lr=integer(0,1)"], 3, "^--over has integer for lr, whose values are of type float"),
        (["loss=uniform(0,1)"], 3, "^--over has uniform for loss, whose values are of type str"),
        (["lr=uniform(0,1)"], None, "range for lr, which needs --trials N"),
        (["lr=1", "lr=2"], None, "^--over names 'lr' twice"),
        (
            ["lr=1e-3,0.01,0.001"],
            None,
            "^--over gives lr the value 0.001 twice, as 1e-3 and 0.001;",
        ),
        (["lr=1,1"], None, "^--over gives lr the value 1 twice; give each value once"),
        (["lr=0.1,0.10000000001"], None, "^--over gives lr the value 0.10000000001 twice"),
        (["clip=0,-0.0"], None, "^--over gives clip the value -0.0 twice"),
        (["width=4,04"], None, "^--over gives width the value 04 twice"),
        (["ema=true,True"], None, "^--over gives ema the value True twice"),
        (["loss=hinge,hinge"], None, "^--over gives loss the value hinge twice"),
        (["width=integer(2,4)", "ema=true,false"], 7, "^--trials is 7, but must be at most 6"),
        (["lr=uniform(1,1.0000001)"], 30, "^--trials is 30, but only 2 different settings"),
    ],
)
def test_mistakes(texts, trials, message):
    with pytest.raises(UserError, match=message):
        settings(axes(*texts), trials)
