"""``jgan cite [RUN]``: BibTeX entries of jgan and of the papers that a run rests on."""

from jgan.cli.command_flags import about, add_arguments, call
from jgan.cli.flags import Parser
from jgan.commands.cite import cite
from jgan.commands.paths import named_path


def main(words: list[str]) -> int:
    """Run the command; returns the exit code."""
    parser = Parser(prog="jgan cite", description=about(cite))
    parser.add_argument(
        "run",
        nargs="?",
        type=named_path,
        metavar="RUN",
        help="Run directory (default: only jgan is cited).",
    )
    add_arguments(parser, cite, metavars={"out": "FILE.bib"})
    options = parser.parse_args(words)
    text = call(cite, options, options.run)
    print(text if options.out is None else f"wrote {options.out}\n", end="")
    return 0
