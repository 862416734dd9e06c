"""The flags of every command, as their own parsers tell them, and words that may stand behind each."""

import argparse
import contextlib
import importlib
import io
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from unittest import mock

from jgan.cli.flags import Parser
from jgan.cli.main import COMMANDS
from jgan.commands.paths import named_path


class Flag(NamedTuple):
    """A flag, or a positional argument, of a command.

    Attributes:
      name: as it is written, such as ``--steps``.
      kind: ``"int"``, ``"float"``, ``"path"``, ``"output"``, ``"text"``, ``"choice"`` or ``"switch"``.
      choices: words that it allows, of those flags that allow certain ones only.
      many: whether several words may follow.
    """

    name: str
    kind: str
    choices: tuple[str, ...] = ()
    many: bool = False


_HUGE = "99999999999999999999"
_LONG = "1" * 5000
WORDS = {
    "int": (
        *("0", "1", "2", "3", "-1", "1.5", "many", "", "nan", "1e3", "none", "٣", "0x2", _HUGE),
    ),
    "float": (
        *(
            "0",
            "1",
            "0.5",
            "-1",
            "1e-3",
            "nan",
            "inf",
            "-inf",
            "fast",
            "",
            "1e400",
            "none",
            "1e-400",
            "1,5",
        ),
    ),
    "path": (
        *(
            "",
            " ",
            "~nobody of that name/x",
            "a\0b",
            "a\ud800",
            "n" * 300,
            "/proc/x",
            "/dev/null",
            ".",
        ),
        *(
            "new",
            "new.png",
            "new.NPZ",
            "new.json",
            "new.xyz",
            "a.png/b.png",
            "{here}",
            "{world}/file/x",
        ),
        *("{world}/run", "{world}/folder", "{world}/pictures.npz", "{world}/probe.py"),
    ),
    "text": (
        *(
            "",
            " ",
            "none",
            "samples",
            "0",
            "1",
            "-1",
            "10**9",
            "é",
            "\ud800",
            "a\0b",
            "center",
            "label",
            "²",
        ),
        *("sw", "sw,", ",", "fd", "{world}/run", "{here}/x.npz", "%", "ring", _LONG),
    ),
    "choice": ("", "nonsense", "--", "0"),
}
"""By kind: words that are right for some flags and wrong for others."""
LARGE = {"int": ("2147483647", "999999"), "float": ("1e300",)}
"""By kind: words that are right, where nothing is computed from them."""
WRONG = {
    "int": (
        "many",
        "1.5",
        "",
        "nan",
        "1e3",
        "99999999999999999999",
        "-99999999999999999999",
        "0x2",
        "1" * 5000,
    ),
    "float": ("fast", "nan", "inf", "-inf", "", "1e400", "1,5"),
    "path": ("", "  ", "~nobody of that name/x", "a\0b", "a\ud800"),
    "choice": ("nonsense", "", "0"),
}
"""By kind: words that are wrong for every flag of it."""
WORDS["output"] = WORDS["path"]
WRONG["output"] = (
    *WRONG["path"],
    "n" * 300,
    "x.bmp",
    "{world}/probe.py/new.png",
    "{world}/file/deep/new",
)


def parser_of(command: str, words: Sequence[str] = ()) -> Parser:
    """The parser with which a command reads its words, caught when it is asked for help."""
    caught: list[Parser] = []

    def catch(self: Parser, file: object = None) -> None:
        caught.append(self)

    module = importlib.import_module(f"jgan.cli.{command.replace('-', '_')}")
    with (
        mock.patch.object(Parser, "print_help", catch),
        contextlib.suppress(SystemExit),
        contextlib.redirect_stdout(io.StringIO()),
    ):
        module.main([*words, "--help"])
    return caught[0]


def flags_of(command: str, words: Sequence[str] = ()) -> list[Flag]:
    """All flags of a command; ``words`` stand before ``--help``, such as the experiment file of ``train``."""
    return list(_flags(parser_of(command, words)))


def positionals_of(command: str) -> list[str]:
    """The names of what a command takes without flags."""
    return [action.dest for action in parser_of(command)._actions if not action.option_strings]


def _flags(parser: Parser) -> Iterator[Flag]:
    for action in parser._actions:
        if action.option_strings and not isinstance(action, argparse._HelpAction):
            many = action.nargs == "+" or (isinstance(action.nargs, int) and action.nargs > 1)
            kind = _kind(action)
            choices = tuple(map(str, action.choices or ()))
            yield Flag(
                action.option_strings[0],
                kind,
                _written(action) if kind == "output" else choices,
                many,
            )


def _written(action: argparse.Action) -> tuple[str, ...]:
    """The names that a flag allows for what is written."""
    assert callable(action.type)
    found = []
    for name in ("new", "new.png", "new.npz", "new.json", "new.html"):
        with contextlib.suppress(argparse.ArgumentTypeError):
            action.type(name)
            found.append(name)
    return tuple(found)


def _kind(action: argparse.Action) -> str:
    if action.nargs == 0:
        return "switch"
    if action.choices is not None:
        return "choice"
    kind = action.type
    if kind is named_path:
        return "path"
    if "output" in getattr(kind, "__qualname__", ""):
        return "output"
    name = getattr(kind, "__name__", "text")
    return name if name in ("int", "float") else "text"


def all_flags(probe: str) -> dict[str, list[Flag]]:
    """The flags of every command, those of an experiment file included where a command takes one."""
    of_files = ("train", "sweep", "verify")
    return {name: flags_of(name, [probe] if name in of_files else []) for name in COMMANDS}
