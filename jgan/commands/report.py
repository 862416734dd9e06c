"""One HTML file about runs and sweeps, with all that it shows inside."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from jgan.commands.command import command
from jgan.commands.paths import output
from jgan.commands.saved_run import RunLike, opened_run
from jgan.commands.table import Names, names_of
from jgan.errors import UserError
from jgan.files import make_folder, write_atomically
from jgan.reports.html import Html, tag
from jgan.reports.html import table as html_table
from jgan.reports.page import report as report_page
from jgan.runs.run import read_settings
from jgan.tables.columns import as_words
from jgan.tables.comparison import Request, comparison
from jgan.tables.outcomes import read_outcomes
from jgan.tables.selections import parse_selection

HtmlFile = Annotated[str | Path, output(".html")]


class Page(str):
    """The text of an HTML file, which a notebook shows in a frame."""

    __slots__ = ()

    def save(self, path: str | Path) -> Path:
        """Write the file.

        Raises:
          UserError: if it cannot be written.
        """
        make_folder(Path(path).parent)
        write_atomically(path, str(self))
        return Path(path)

    def _repr_html_(self) -> str:
        style = "width: 100%; height: 40em; border: 1px solid"
        return tag("iframe", srcdoc=str(self), style=style)


@command
def report(
    *runs: RunLike, by: Names | None = None, choose: str | None = None, out: HtmlFile | None = None
) -> Page:
    """Describe runs and sweeps in one HTML file: curves, samples, numbers and settings.

    The file is self-contained: any browser opens it, without a network or a server. Runs that differ only in
    the seed are a group with mean and standard deviation, and the directory of a sweep stands for all its
    members.

    Args:
      *runs: Directories of runs or sweeps, or runs that `jgan.load` returns.
      by: Names of settings, such as loss,penalty: add the table that jgan table makes of the sweeps, a row for
        each of their values.
      choose: METRIC@seeds=A:B: in that table, of each row the setting that is best by this metric on the seeds
        from A to below B, reported on the other seeds.
      out: FILE.html to write.

    Returns:
      The content of the file.

    Raises:
      UserError: If a directory is no run's or is named twice, or a table cannot be made of the sweeps.
    """
    paths = [opened_run(run).path for run in runs]
    compared = None if by is None and choose is None else _comparison(paths, by, choose)
    page = Page(report_page(paths, compared))
    if out is not None:
        page.save(out)
    return page


def _comparison(paths: Sequence[Path], by: Names | None, choose: str | None) -> Html:
    """The table of the sweeps among some directories."""
    sweeps = [path for path in paths if "sweep" in read_settings(path)]
    if not sweeps:
        raise UserError(
            "--by and --choose make a table of sweeps, but none of the directories is a sweep's."
        )
    request = Request(
        by=None if by is None else names_of(by),
        choose=None if choose is None else parse_selection("--choose", choose),
    )
    outcomes, notes = read_outcomes(sweeps)
    words = as_words(comparison(outcomes, request, notes))
    return html_table(words.columns, words.cells, " ".join(words.notes))
