"""``jgan report RUN...``: one HTML file about runs and sweeps, with all that it shows inside.

It needs no network and no server: any browser opens it, and it can be sent to somebody as it is. Runs that
differ only in the seed are a group with mean and standard deviation; a sweep's directory stands for all its
members.
"""

from pathlib import Path

from jgan.cli.command_flags import about, add_arguments, call
from jgan.cli.flags import Parser
from jgan.commands.paths import named_path
from jgan.commands.report import report


def main(words: list[str]) -> int:
    """Run the command; returns the exit code."""
    parser = Parser(prog="jgan report", description=about(report))
    parser.add_argument(
        "runs", type=named_path, nargs="+", metavar="RUN", help="Directory of a run or of a sweep."
    )
    add_arguments(
        parser,
        report,
        metavars={"choose": "METRIC@seeds=A:B"},
        defaults={"out": "RUN/report.html; ./report.html for several"},
    )
    options = parser.parse_args(words)
    folder = options.runs[0] if len(options.runs) == 1 else Path()
    page = call(report, options, *options.runs, out=None)
    out = page.save(options.out or folder / "report.html")
    print(f"wrote {out} ({len(page.encode()) / 1e6:.2g} MB)")
    return 0
