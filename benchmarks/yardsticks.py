"""Yardsticks without Inception: published protocols, measured, beside the published rows.

    python -m benchmarks.yardsticks likelihood bilinear transport
    python -m benchmarks.yardsticks stacked --scale published --digits mnist:FOLDER --minutes 600
    python -m benchmarks.yardsticks --tables

Every cell, one row of a table under one seed, is measured once and kept in results/yardstick-NAME.json;
docs/yardsticks.md is then written anew from all of them. Trainings are runs in runs/yardsticks: one that a
signal, a kill or the end of --minutes stops goes on with the same command.
"""

import argparse
import re
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks._yardsticks import bilinear, digits, likelihood, points, transport
from benchmarks._yardsticks.kept import Cell, Options, measure, read
from jgan.errors import UserError
from jgan.files import write_atomically
from jgan.runs.stop import STOPPED, stop_requests

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
DOCUMENT = ROOT / "docs" / "yardsticks.md"
SCALES = ("published", "laptop", "smoke")


class Yardstick(NamedTuple):
    """One protocol.

    Attributes:
      cells: what it measures.
      text: its tables in Markdown, from what was kept.
      seeds: how many trainings of each kind.
    """

    cells: Callable[[Options], Iterator[Cell]]
    text: Callable[[dict[str, Any]], str]
    seeds: int


YARDSTICKS = {
    "likelihood": Yardstick(likelihood.cells, likelihood.text, 10),
    "bilinear": Yardstick(bilinear.cells, bilinear.text, 5),
    "transport": Yardstick(transport.cells, transport.text, 2),
    "points": Yardstick(points.cells, points.text, 5),
    "stacked": Yardstick(digits.stacked_cells, digits.stacked_text, 1),
    "mnist": Yardstick(digits.mnist_cells, digits.mnist_text, 1),
}
FIRST_SEED = 3
"""The seeds before it are those of the catalogue's claims."""


def main(words: Sequence[str] | None = None) -> int:
    """Measure what is missing, then write the tables; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    add = parser.add_argument
    add("names", nargs="*", metavar="NAME", help=f"yardsticks: {', '.join(YARDSTICKS)}")
    add("--scale", choices=SCALES, default="laptop", help="sizes of the trainings")
    add("--only", default="", metavar="TEXT", help="rows whose name holds this text")
    add("--seeds", type=int, help=f"how many, from {FIRST_SEED} (default: the yardstick's)")
    add("--digits", default="fashion", help="labelled pictures, such as mnist:FOLDER")
    add("--minutes", type=float, help="stop after so long; the same command goes on")
    add("--runs", type=Path, default=Path("runs/yardsticks"), help="folder of the trainings")
    add("--results", type=Path, default=RESULTS, help="folder of the results")
    add("--document", type=Path, default=DOCUMENT, help="page whose tables are written")
    add("--tables", action="store_true", help="measure nothing")
    options = parser.parse_args(words)
    try:
        return _run(options)
    except UserError as error:
        print(f"yardsticks: {error}", file=sys.stderr)
        return 2


def _run(options: argparse.Namespace) -> int:
    unknown = [name for name in options.names if name not in YARDSTICKS]
    if unknown:
        raise UserError(f"{unknown[0]!r} is no yardstick; there are {', '.join(YARDSTICKS)}.")
    if not options.names and not options.tables:
        raise UserError(f"no yardstick was named; there are {', '.join(YARDSTICKS)}.")
    if options.seeds is not None and options.seeds < 1:
        raise UserError(f"--seeds is {options.seeds}, but must be at least 1.")
    if options.minutes is not None and options.minutes <= 0:
        raise UserError(f"--minutes is {options.minutes}, but must be positive.")
    finished = True
    with within(options.minutes) as stop:
        for name in () if options.tables else options.names:
            chosen = YARDSTICKS[name]
            count = options.seeds or chosen.seeds
            seeds = tuple(range(FIRST_SEED, FIRST_SEED + count))
            own = Options(options.scale, seeds, options.runs, options.digits)
            cells = (cell for cell in chosen.cells(own) if options.only in cell.row)
            finished &= measure(file_of(options.results, name), cells, stop)
    if options.document.exists():
        text = rewritten(options.document.read_text(), options.results)
        write_atomically(options.document, text)
        print(f"wrote {options.document}")
    if not finished:
        print("stopped before the end; the same command goes on from here")
    return 0 if finished else STOPPED


def file_of(folder: Path, name: str) -> Path:
    """Where the results of a yardstick are kept."""
    return folder / f"yardstick-{name}.json"


def rewritten(text: str, folder: Path) -> str:
    """A page with the tables of the kept results between the comments ``<!-- NAME -->`` and ``<!-- /NAME -->``.

    Raises:
      UserError: if it has no such comments for results that are there.
    """
    for name, yardstick in YARDSTICKS.items():
        file = file_of(folder, name)
        if not file.exists():
            continue
        between = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        found = between.search(text)
        if not found:
            raise UserError(f"the page has no table <!-- {name} --> ... <!-- /{name} -->.")
        made = f"{found[1]}\n{yardstick.text(read(file))}\n{found[2]}"
        text = text[: found.start()] + made + text[found.end() :]
    return text


@contextmanager
def within(minutes: float | None) -> Iterator[Callable[[], bool]]:
    """Whether to stop: the time is over, or a signal asked for it; a training saves its state first."""
    with stop_requests() as requests:
        before = signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGTERM))
        signal.setitimer(signal.ITIMER_REAL, 60 * (minutes or 0))
        try:
            yield requests.requested
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)


if __name__ == "__main__":
    sys.exit(main())
