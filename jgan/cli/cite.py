"""``jgan cite [RUN]``: BibTeX entries of jgan and of the papers that a run rests on."""

from jgan.cli.command_flags import call
from jgan.cli.flags import Parser
from jgan.commands.cite import cite
from jgan.commands.paths import named_path, output
from jgan.files import make_folder, write_atomically


def main(words: list[str]) -> int:
    """Run the command; returns the exit code."""
    parser = Parser(prog="jgan cite", description=__doc__)
    parser.add_argument(
        "run",
        nargs="?",
        type=named_path,
        metavar="RUN",
        help="Run directory (default: only jgan is cited).",
    )
    parser.add_argument(
        "--out",
        type=output(".bib"),
        metavar="FILE.bib",
        help="File that the entries are written to (default: they are printed).",
    )
    options = parser.parse_args(words)
    text = call(cite, options, options.run)
    if options.out is None:
        print(text, end="")
        return 0
    make_folder(options.out.parent)
    write_atomically(options.out, text)
    print(f"wrote {options.out}")
    return 0
