"""``jgan list``: the experiments that come with jgan, or those of a folder."""

import inspect
from pathlib import Path

from jgan.cli.flags import Parser
from jgan.commands.list_experiments import list_experiments
from jgan.commands.paths import named_path
from jgan.errors import UserError


def main(words: list[str]) -> int:
    """Run the command; returns the exit code."""
    parser = Parser(prog="jgan list", description=__doc__)
    parser.add_argument(
        "folder",
        nargs="?",
        type=named_path,
        help="Folder whose experiment files are listed (default: the experiments that come with jgan).",
    )
    for line in listing(parser.parse_args(words).folder):
        print(line)
    return 0


def listing(folder: Path | None = None) -> list[str]:
    """A line for each experiment, as `list_experiments` finds them."""
    width = 16 if folder is None else 32
    rows = inspect.unwrap(list_experiments)(folder)
    return [f"{row['experiment']:<{width}} {row['summary']}" for row in rows]


def require_experiment(command: str, words: list[str]) -> None:
    """Show the experiments that come with jgan where a command is called without one.

    Args:
      command: its name.
      words: that follow it on the command line; ``--help`` needs no experiment.

    Raises:
      UserError: if the first of them names no experiment.
    """
    if words and (not words[0].startswith("-") or words[0] in ("-h", "--help")):
        return
    for line in listing():
        print(line)
    print(flush=True)
    raise UserError(
        f"jgan {command} needs an experiment first: jgan {command} NAME [flags] with one of these names, or "
        f"jgan {command} FILE.py [flags]; jgan {command} NAME --help describes the flags."
    )
