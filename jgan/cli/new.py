"""``jgan new FILE.py --from EXPERIMENT``: a copy of an experiment to change."""

import shlex

from jgan.cli.command_flags import about, add_arguments, call
from jgan.cli.flags import Parser
from jgan.commands.new import new
from jgan.commands.paths import output


def main(words: list[str]) -> int:
    """Run the command; returns the exit code."""
    parser = Parser(prog="jgan new", description=about(new))
    parser.add_argument(
        "file",
        type=output(".py"),
        metavar="FILE.py",
        help="Path of the new experiment file. A file that exists is not overwritten.",
    )
    add_arguments(parser, new, flags={"source": "--from"}, metavars={"source": "EXPERIMENT"})
    options = parser.parse_args(words)
    file = call(new, options, options.file)
    print(f"wrote {file}; `jgan train {shlex.quote(str(file))}` trains it")
    return 0
