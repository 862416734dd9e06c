"""The results of finished sweeps as one table, with intervals, ranks and comparisons."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from jgan.commands.command import command
from jgan.commands.kinds import Count, Share
from jgan.commands.made_elsewhere import picture_outcomes
from jgan.commands.notebook import Table
from jgan.commands.paths import Place, output
from jgan.errors import UserError
from jgan.files import make_folder, write_atomically
from jgan.tables.columns import as_words
from jgan.tables.comparison import Comparison, Request, comparison
from jgan.tables.estimates import Method
from jgan.tables.formats import TEXTS, printed
from jgan.tables.likeness import KINDS, MARKED
from jgan.tables.outcomes import read_outcomes
from jgan.tables.plots import draw
from jgan.tables.selections import parse_selection

Names = str | Sequence[str]
"""Names with commas between, or a list of them."""
Files = str | Path | Sequence[str | Path]
FIGURES = (".png", ".pdf", ".svg")


class SweepTable(Table):
    """The rows of a table as text, and the numbers behind them.

    Args:
      found: the numbers.
    """

    def __init__(self, found: Comparison) -> None:
        super().__init__(printed(found))
        self.comparison = found

    @property
    def notes(self) -> list[str]:
        """Sentences to be read with the numbers."""
        return as_words(self.comparison).notes

    def save(self, path: str | Path, *, plot: str = "intervals") -> Path:
        """Write the table, in the format that the file's suffix says, or a figure of it.

        Args:
          path: FILE.md, .csv, .tex, .json, or .png, .pdf, .svg for a figure.
          plot: kind of the figure: intervals, profiles, ranks or best.

        Raises:
          UserError: if it cannot be written, or the table has not what the figure needs.
        """
        out = Path(path)
        if out.suffix.lower() in FIGURES:
            draw(self.comparison, plot, out)
            return out
        make_folder(out.parent)
        write_atomically(out, TEXTS[out.suffix.lower()](self.comparison))
        return out


@command
def table(
    *sweeps: Place,
    by: Names | None = None,
    tasks: str | None = None,
    choose: str | None = None,
    report: str = "score",
    summary: Literal["mean", "iqm"] = "mean",
    interval: Literal["t", "bootstrap"] = "t",
    level: Share = 0.95,
    baseline: Names | None = None,
    best_of: Sequence[Count] = (),
    mark: Names = MARKED,
    pictures: Sequence[str] = (),
    plot: Literal["intervals", "profiles", "ranks", "best"] = "intervals",
    out: Files = (),
) -> SweepTable:
    """Compare the settings of finished sweeps in one table.

    A row is a setting, and its numbers are over seeds. Ranks count trainings that diverged as the worst, and
    means give their number. Numbers with different protocols or data are refused.

    Args:
      *sweeps: Directories of sweeps, or of studies that hold several.
      by: Names of the settings whose values make rows, such as loss,penalty; experiment is one of them
        (default: all that vary).
      tasks: Setting whose values are tasks, such as data: a column each, with ranks over all of them.
      choose: METRIC@seeds=A:B: of each row the setting that is best by this metric on the seeds from A to below
        B.
      report: METRIC,METRIC@seeds=A:B: metrics and seeds that are reported, by default all seeds but those of
        choose.
      summary: Summary over the seeds: mean with standard deviation, or iqm, the interquartile mean.
      interval: Interval of the summary: t, Student's or that of the trimmed mean, or bootstrap.
      level: Confidence level of the intervals.
      baseline: Values of the row that the others are compared with, such as loss=hinge,lr=0.001.
      best_of: Numbers k for columns of the expected result of the best of k settings; with choose.
      mark: Differences between rows that are marked instead of refused, of protocol, data, versions, budget;
        none refuses all.
      pictures: NAME=FOLDER: pictures of another program as a row, with the score of the first sweep; folders
        with the same name are seeds of it.
      plot: Kind of a figure: intervals, profiles, ranks with critical differences, or best, the expected best
        of several settings.
      out: FILE.md, .csv, .tex, .json for the table, .png, .pdf, .svg for a figure; several are possible.

    Returns:
      The rows as text, with the numbers behind them.

    Raises:
      UserError: If a directory holds no finished sweep, a name is unknown, or numbers cannot be compared.
    """
    files = [_file(path) for path in ([out] if isinstance(out, str | Path) else out)]
    if not sweeps:
        raise UserError("a table needs at least one sweep; name the directories of sweeps.")
    request = Request(
        by=None if by is None else names_of(by),
        tasks=tasks,
        choose=None if choose is None else parse_selection("--choose", choose),
        report=parse_selection("--report", report),
        method=Method(summary, interval, level),
        baseline=names_of(baseline or ()),
        best_of=tuple(best_of),
        mark=_kinds(mark),
    )
    if request.best_of and request.choose is None:
        raise UserError("--best-of needs a search: give --choose METRIC@seeds=A:B.")
    outcomes, notes = read_outcomes([Path(path) for path in sweeps])
    if pictures:
        outcomes += picture_outcomes(pictures, outcomes[0].sweep)
    found = SweepTable(comparison(outcomes, request, notes))
    for path in files:
        found.save(path, plot=plot)
    return found


def names_of(given: Names) -> list[str]:
    """Names from a list, or from a text with commas between."""
    words = given.split(",") if isinstance(given, str) else given
    return [word.strip() for word in words if word.strip()]


def _kinds(given: Names) -> list[str]:
    names = [name for name in names_of(given) if name != "none"]
    unknown = next((name for name in names if name not in KINDS), None)
    if unknown:
        raise UserError(f"--mark names {unknown!r}, but must be of {', '.join(KINDS)}, or none.")
    return names


def _file(path: Any) -> Path:
    try:
        return output(*TEXTS, *FIGURES)(str(path))
    except argparse.ArgumentTypeError as error:
        raise UserError(f"--out {error}.") from error
