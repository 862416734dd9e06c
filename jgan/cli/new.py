"""``jgan new FILE.py --from EXPERIMENT``: a copy of an experiment to change."""

import shlex

from jgan.cli.flags import Parser
from jgan.commands.paths import output
from jgan.training.experiment_files import copy_experiment


def main(words: list[str]) -> int:
    """Run the command; returns the exit code."""
    parser = Parser(prog="jgan new", description=__doc__)
    parser.add_argument(
        "file",
        type=output(".py"),
        metavar="FILE.py",
        help="Path of the new experiment file. A file that exists is not overwritten.",
    )
    parser.add_argument(
        "--from",
        dest="source",
        required=True,
        metavar="EXPERIMENT",
        help="Experiment that is copied: a name that `jgan list` shows, or the path of a file.",
    )
    options = parser.parse_args(words)
    copy_experiment(options.file, options.source)
    print(f"wrote {options.file}; `jgan train {shlex.quote(str(options.file))}` trains it")
    return 0
