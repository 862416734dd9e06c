"""Flags of commands are the keyword arguments of their functions."""

import argparse
import inspect
from importlib import import_module
from importlib.util import find_spec

import pytest

from jgan.cli import main as main_module
from jgan.cli.command_flags import NO_FLAGS, add_arguments, call
from jgan.cli.flags import Parser
from jgan.commands.command import command
from jgan.commands.kinds import Count
from jgan.training.argument_groups import described

COMMANDS = [
    name
    for name in (*(word.replace("-", "_") for word in main_module.COMMANDS), "load")
    if find_spec(f"jgan.commands.{name}") is not None
]


def function(name):
    return getattr(import_module(f"jgan.commands.{name}"), name)


@command
def paint(wall: str, *, coats: Count = 2, colour: str | None = None, dry: bool = False) -> str:
    """Paint a wall.

    Args:
      wall: Wall.
      coats: Number of coats.
      colour: Name of the colour (default: white).
      dry: Only say what would be done.
    """
    return f"{wall} {coats} {colour} {dry}"


def test_flags_are_those_of_the_function():
    parser = Parser(prog="jgan paint")
    add_arguments(parser, paint, metavars={"colour": "NAME"})
    text = " ".join(parser.format_help().split())
    assert "Number of coats (default: 2)." in text
    assert "--colour NAME Name of the colour (default: white)." in text
    assert "--dry Only say what would be done." in text
    options = parser.parse_args(["--coats", "3", "--dry"])
    assert call(paint, options, "north") == "north 3 None True"
    assert call(paint, parser.parse_args([]), "north") == "north 2 None False" == paint("north")


def test_options_of_other_functions_are_left_out():
    options = argparse.Namespace(coats=1, wall="south", speed=3)
    assert call(paint, options, "north", colour="red") == "north 1 red False"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_argument_is_described(name):
    parameters = inspect.signature(function(name)).parameters
    texts = described(inspect.getdoc(function(name)) or "", "Args")
    assert set(texts) == set(parameters)
    assert [text for text in texts.values() if not (text[0].isupper() and text[-1] in ".)")] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_sections_of_docstrings(name):
    doc = inspect.getdoc(function(name))
    takes = ["Args", "Raises"] if inspect.signature(function(name)).parameters else []
    assert all(f"\n{section}:\n" in doc for section in [*takes, "Returns"])


def test_every_argument_of_train_has_a_flag(tmp_path, capsys):
    (tmp_path / "empty.py").write_text("def experiment(): ...\n")
    with pytest.raises(SystemExit):
        main_module.main(["train", str(tmp_path / "empty.py"), "--help"])
    text = capsys.readouterr().out
    names = inspect.signature(function("train")).parameters
    flags = {"from_run": "--from"}
    for name, one in names.items():
        if one.kind is inspect.Parameter.KEYWORD_ONLY and name not in NO_FLAGS:
            assert flags.get(name, "--" + name.replace("_", "-")) in text
