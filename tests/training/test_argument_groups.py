"""Groups of arguments: flags of a frozen dataclass's fields."""

import inspect
import re
import typing
from dataclasses import dataclass, field
from typing import Literal

import pytest

from jgan.cli.flags import Parser, add_flags
from jgan.errors import UserError
from jgan.sweeps.axes import parse_axis
from jgan.training.argument_groups import described, flattened
from jgan.training.experiment import load_experiment


@dataclass(frozen=True)
class Clock:
    """A time of day.

    Attributes:
      hours: Full hours.
      minutes: Minutes past the
        hour.
      kind: Kind of clock.
    """

    hours: int = 0
    minutes: float = 0.0
    kind: Literal["sun", "sand"] = "sun"
    ticks: int = field(default=0, init=False)


@dataclass(frozen=True)
class Alarm(Clock):
    """A clock that rings.

    Attributes:
      hours: Hour of the alarm.
      loud: Whether it is heard.
    """

    loud: bool = False


@dataclass(frozen=True)
class Lamp:
    """A lamp.

    Attributes:
      colour: Colour of the light.
    """

    colour: str | None = None


def morning(
    *,
    name: str = "x",
    clock: Alarm = Alarm(hours=7, kind="sand"),
    size: int = 3,
    lamp: Lamp = Lamp(),
) -> tuple[object, ...]:
    """Wake up.

    It is early.

    Args:
      name: Who wakes up.
      kind: Kind of the alarm clock.

    Returns:
      All of it.
    """
    return name, clock, size, lamp


FLAT = flattened(morning)
DEFAULTS = {
    "name": "x",
    "hours": 7,
    "minutes": 0.0,
    "kind": "sand",
    "loud": False,
    "size": 3,
    "colour": None,
}


def parse(*words: str) -> dict[str, object]:
    parser = Parser(prog="test")
    names = add_flags(parser, FLAT)
    parsed = vars(parser.parse_args(list(words)))
    return {name: parsed[name] for name in names}


def test_fields_stand_in_the_place_of_their_group() -> None:
    parameters = inspect.signature(FLAT).parameters
    assert {name: one.default for name, one in parameters.items()} == DEFAULTS
    assert list(parameters) == list(DEFAULTS)
    assert typing.get_type_hints(FLAT) == {
        "name": str,
        "hours": int,
        "minutes": float,
        "kind": Literal["sun", "sand"],
        "loud": bool,
        "size": int,
        "colour": str | None,
    }


def test_the_function_is_given_whole_groups() -> None:
    assert FLAT() == ("x", Alarm(hours=7, kind="sand"), 3, Lamp())
    assert FLAT(minutes=5.0, size=4, colour="red", kind="sun") == (
        "x",
        Alarm(hours=7, minutes=5.0),
        4,
        Lamp("red"),
    )
    with pytest.raises(TypeError, match="unexpected keyword argument 'seconds'"):
        FLAT(seconds=1)
    with pytest.raises(TypeError, match="multiple values for keyword argument 'clock'"):
        FLAT(clock=Alarm())


def test_fields_are_flags_of_their_types() -> None:
    assert parse() == DEFAULTS
    words = ["--hours", "8", "--kind", "sun", "--loud", "--colour", "none", "--minutes", "-1"]
    assert parse(*words) == {**DEFAULTS, "hours": 8, "kind": "sun", "loud": True, "minutes": -1.0}
    with pytest.raises(UserError, match="invalid choice: 'water'"):
        parse("--kind", "water")


def test_fields_are_axes_of_sweeps() -> None:
    assert parse_axis("hours=8,9", FLAT).values == [8, 9]
    assert parse_axis("minutes=uniform(0,1)", FLAT).traced


def test_help_is_the_group_s_unless_the_function_has_its_own() -> None:
    assert described(inspect.getdoc(FLAT) or "", "Args") == {
        "name": "Who wakes up.",
        "hours": "Hour of the alarm.",
        "minutes": "Minutes past the hour.",
        "kind": "Kind of the alarm clock.",
        "loud": "Whether it is heard.",
        "colour": "Colour of the light.",
    }
    assert (inspect.getdoc(FLAT) or "").startswith("Wake up.\n\nIt is early.\n\nReturns:")


def test_functions_without_groups_stay_as_they_are() -> None:
    def plain(*, size: "int" = 3) -> int:
        """Give it back."""
        return size

    flat = flattened(plain)
    assert inspect.signature(flat) == inspect.signature(plain)
    assert (flat(size=4), flat.__doc__) == (4, plain.__doc__)


def test_two_arguments_of_one_name_are_refused() -> None:
    def twice(*, clock: Clock = Clock(), alarm: Alarm = Alarm()) -> None: ...

    with pytest.raises(UserError) as caught:
        flattened(twice)
    assert str(caught.value) == (
        "field 'hours' of the group 'alarm' of the experiment function has the name of the field 'hours' of "
        "the group 'clock'; give one of them another name."
    )

    def hidden(*, colour: str = "red", lamp: Lamp = Lamp()) -> None: ...

    with pytest.raises(
        UserError, match=r"^field 'colour' of the group 'lamp' .* the argument 'colour';"
    ):
        flattened(hidden)

    def after(*, lamp: Lamp = Lamp(), colour: str = "red") -> None: ...

    with pytest.raises(
        UserError, match=r"^argument 'colour' .* the field 'colour' of the group 'lamp';"
    ):
        flattened(after)


def test_groups_are_frozen() -> None:
    @dataclass
    class Loose:
        size: int = 3

    def build(*, loose: Loose = Loose()) -> None: ...  # noqa: B008  that is the mistake

    with pytest.raises(UserError, match=r"'loose' .* is a Loose, but a group .* must be a frozen"):
        flattened(build)


FILE = """
from __future__ import annotations
from dataclasses import dataclass
from jgan import Adam, Experiment

@dataclass(frozen=True)
class Mine:
    size: NUMBER = 3

def experiment(*, mine: Mine = Mine(), adam: Adam = Adam(lr=1.0)) -> Experiment:
    raise ValueError(f"{mine.size} {adam.lr} {adam.beta1}.")
"""


def test_experiments_in_files_have_groups(tmp_path) -> None:
    file = tmp_path / "file.py"
    file.write_text(FILE.replace("NUMBER", "int"))
    build = load_experiment(file).build
    assert list(inspect.signature(build).parameters) == [
        *["size", "lr", "beta1", "beta2", "decay", "horizon"]
    ]
    assert parse_axis("size=1,2", build).values == [1, 2]
    with pytest.raises(UserError, match=re.escape("3 1.0 0.1.")):
        build(beta1=0.1)
    file.write_text(FILE)
    with pytest.raises(
        UserError, match=r"file.py' fails.* NameError: name 'NUMBER' is not defined"
    ):
        load_experiment(file)
