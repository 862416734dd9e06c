"""``jgan table SWEEP...``: finished sweeps in one table, with intervals, ranks and comparisons."""

from jgan.cli.command_flags import about, add_arguments, call
from jgan.cli.flags import Parser
from jgan.commands.paths import named_path
from jgan.commands.table import table

METAVARS = {"choose": "METRIC@seeds=A:B", "report": "METRIC@seeds=A:B", "out": "FILE"}


def main(words: list[str]) -> int:
    """Run the command; returns the exit code."""
    parser = Parser(prog="jgan table", description=about(table))
    parser.add_argument(
        "sweeps",
        type=named_path,
        nargs="+",
        metavar="SWEEP",
        help="Directory of a sweep, or of a study that holds several.",
    )
    add_arguments(
        parser,
        table,
        metavars={**METAVARS, "best_of": "K", "pictures": "NAME=FOLDER"},
        defaults={
            "mark": "versions,budget",
            "report": "score",
            "best_of": "none",
            "pictures": "none",
            "out": "the table is printed",
        },
        several={"out"},
    )
    options = parser.parse_args(words)
    found = call(table, options, *options.sweeps)
    print(found)
    for note in found.notes:
        print(note)
    for path in options.out:
        print(f"wrote {path}")
    return 0
