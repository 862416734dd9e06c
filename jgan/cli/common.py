"""What several commands share: flags, and building an experiment from a command line."""

import argparse
import sys
from typing import Any, NamedTuple

from jgan.cli.flags import Parser, add_flags
from jgan.errors import UserError
from jgan.training.experiment import ExperimentFile, load_experiment


def not_kept(error: UserError, elsewhere: bool = True) -> None:
    """Say on the error stream that a result could only be printed, as for a run directory that is read-only.

    Args:
      error: why.
      elsewhere: whether --out names another place for the result.
    """
    advice = " Another place can be given by --out." if elsewhere else ""
    print(f"the result was not kept: {error}{advice}", file=sys.stderr)


class Request(NamedTuple):
    """An experiment as asked for on the command line.

    Attributes:
      file: the experiment file.
      arguments: of its ``experiment`` function, defaults included.
      options: the other flags.
    """

    file: ExperimentFile
    arguments: dict[str, Any]
    options: argparse.Namespace


def parse_experiment(command: str, own: Parser, words: list[str], about: str = "") -> Request:
    """Read ``FILE [flags]``: the command's own flags and those of the experiment in FILE.

    FILE is a path, or the name of an experiment that comes with jgan.

    Args:
      command: its name.
      own: its flags.
      words: of the command line, of which the first is FILE or ``--help``.
      about: what the help says of the experiment's flags.

    Raises:
      UserError: for a missing file, an unknown name or flag, or a bad value.
    """
    if words[0] in ("-h", "--help"):
        own.print_help()
        raise SystemExit(0)
    file = load_experiment(words[0])
    own.prog = f"jgan {command} {words[0]}"
    own.description = file.summary
    group = own.add_argument_group("the experiment's own settings", about)
    names = add_flags(group, file.build)  # type: ignore[arg-type]
    parsed = own.parse_args(words[1:])
    return Request(file, {name: getattr(parsed, name) for name in names}, parsed)


def given_flags(parser: Parser, words: list[str]) -> frozenset[str]:
    """The names of the flags that ``FILE [flags]`` has, whatever their values.

    Args:
      parser: that `parse_experiment` has read them with.
      words: of the command line.
    """
    names = vars(parser.parse_args(words[1:]))
    absent = object()
    # What is in the namespace beforehand is replaced by flags, and not by defaults.
    marked = parser.parse_args(words[1:], argparse.Namespace(**dict.fromkeys(names, absent)))
    return frozenset(name for name, value in vars(marked).items() if value is not absent)
