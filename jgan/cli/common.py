"""What several commands share: flags, and building an experiment from a command line."""

import argparse
import sys
from typing import Any, NamedTuple

from jgan.cli.flags import Parser, add_flags
from jgan.commands.kinds import MOST, at_least
from jgan.errors import UserError
from jgan.game import Variables
from jgan.runs.saved import Data, Saved
from jgan.training.experiment import ExperimentFile, load_experiment


def seeds(text: str) -> range:
    """An argparse type: ``N``, the seeds from 0 to N - 1, or ``A:B``, those from A to B - 1.

    >>> seeds("3"), seeds("100:103")
    (range(0, 3), range(100, 103))
    """
    first, colon, end = text.rpartition(":")
    try:
        found = range(int(first) if colon else 0, int(end))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"is {text!r}, but must be a number of seeds, or A:B for those from A to below B"
        ) from None
    if not found or found.start < 0 or found.stop > MOST:
        raise argparse.ArgumentTypeError(
            f"is {text!r}, but must give at least 1 seed, none of them below 0 or above {MOST}"
        )
    return found


def add_checkpoint_flags(parser: Parser) -> None:
    """Flags that say which variables of a run are asked."""
    parser.add_argument("--step", type=at_least(0), help="checkpoint (default: the newest)")
    ema = parser.add_mutually_exclusive_group()
    ema.add_argument(
        "--ema", dest="ema", action="store_true", default=None, help="averaged generator"
    )
    ema.add_argument("--no-ema", dest="ema", action="store_false", help="the generator itself")


def add_data_flags(parser: Parser) -> None:
    """Flags that say where the data of a run are now; read by `data_of`."""
    add = parser.add_argument_group("the run's data").add_argument
    add("--data", help="where they lie now (default: where they lay in training)")
    add(
        "--accept-data",
        action="store_true",
        help="take them though they are not those that the run was trained on",
    )


def data_of(options: argparse.Namespace) -> Data:
    """Where the data of a run come from, by the flags of `add_data_flags`."""
    return Data(options.data, options.accept_data)


def checkpoint_words(step: int, averaged: bool) -> str:
    """Which generator was asked, in words.

    >>> checkpoint_words(500, True)
    'step 500, averaged generator'
    """
    return (
        f"step {step}, {'averaged generator' if averaged else 'the generator itself, not averaged'}"
    )


def trained_variables(saved: Saved, ema: bool | None = None) -> tuple[Variables, bool]:
    """Variables of a checkpoint, averaged ones if ``ema``, or if None and there are any; and whether they are.

    Raises:
      UserError: if there is no average though it is asked for.
    """
    if ema and not saved.state.averages:
        raise UserError(
            "--ema was given, but this run keeps no average of its generator; use --no-ema."
        )
    averaged = ema is not False and bool(saved.state.averages)
    return (saved.state.averaged_variables() if averaged else saved.state.variables), averaged


def not_kept(error: UserError, elsewhere: bool = True) -> None:
    """Say on the error stream that a result could only be printed, as for a run directory that is read-only.

    Args:
      error: why.
      elsewhere: whether --out names another place for the result.
    """
    advice = " Another place can be given by --out." if elsewhere else ""
    print(f"the result was not kept: {error}{advice}", file=sys.stderr)


def add_view_flag(parser: Parser) -> None:
    """The flag that says what is looked at."""
    parser.add_argument(
        "--view", default="samples", help="which view of the game (default: samples)"
    )


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


def flag(name: str) -> str:
    """A flag as it is typed.

    >>> flag("batch_size")
    '--batch-size'
    """
    return "--" + name.replace("_", "-")
