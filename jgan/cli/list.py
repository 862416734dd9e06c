"""``jgan list``: the experiments that come with jgan, or those of a folder, with a line each."""

from pathlib import Path

from jgan.cli.flags import Parser
from jgan.commands.paths import named_path
from jgan.errors import UserError
from jgan.training.experiment_files import shipped_experiments, summary_line


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
    """A line for each experiment: the word that commands take for it, and the first line of its docstring.

    Args:
      folder: whose files are listed, by their paths; None for the experiments that come with jgan, by name.

    Raises:
      UserError: if there is no such folder.
    """
    if folder is None:
        return [f"{name:<16} {summary_line(path)}" for name, path in shipped_experiments().items()]
    if not folder.is_dir():
        wrong = "is not a folder" if folder.exists() else "does not exist"
        raise UserError(f"{str(folder)!r} {wrong}; name one that holds experiment files.")
    return [f"{path!s:<32} {summary_line(path)}" for path in sorted(folder.glob("*.py"))]


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
