"""``jgan report RUN...``: one HTML file about runs and sweeps, with all that it shows inside.

It needs no network and no server: any browser opens it, and it can be sent to somebody as it is. Runs that
differ only in the seed are a group with mean and spread; a sweep's directory stands for all its members.
"""

from pathlib import Path

from jgan.cli.flags import Parser
from jgan.commands.paths import named_path, output
from jgan.files import make_folder, write_atomically
from jgan.reports.page import report


def main(words: list[str]) -> int:
    """Run the command; returns the exit code."""
    parser = Parser(prog="jgan report", description=__doc__)
    parser.add_argument(
        "runs", type=named_path, nargs="+", metavar="RUN", help="run or sweep directory"
    )
    parser.add_argument(
        "--out",
        type=output(".html"),
        help="FILE.html (default: RUN/report.html; ./report.html for several)",
    )
    options = parser.parse_args(words)
    folder = options.runs[0] if len(options.runs) == 1 else Path()
    out = options.out or folder / "report.html"
    content = report(options.runs)
    make_folder(out.parent)
    write_atomically(out, content)
    print(f"wrote {out} ({len(content.encode()) / 1e6:.2g} MB)")
    return 0
