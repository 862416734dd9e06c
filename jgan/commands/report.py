"""One HTML file about runs and sweeps, with all that it shows inside."""

from pathlib import Path
from typing import Annotated

from jgan.commands.command import command
from jgan.commands.paths import output
from jgan.commands.saved_run import RunLike, opened_run
from jgan.files import make_folder, write_atomically
from jgan.reports.html import tag
from jgan.reports.page import report as report_page

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
def report(*runs: RunLike, out: HtmlFile | None = None) -> Page:
    """Describe runs and sweeps in one HTML file: curves, samples, numbers and settings.

    It needs no network and no server: any browser opens it, and it can be sent to somebody as it is. Runs that
    differ only in the seed are a group with mean and standard deviation; a sweep's directory stands for all its
    members.

    Args:
      *runs: Directories of runs or sweeps, or runs that `jgan.load` returns.
      out: FILE.html to write.

    Returns:
      The content of the file.

    Raises:
      UserError: If a directory is no run's or is named twice.
    """
    page = Page(report_page([opened_run(run).path for run in runs]))
    if out is not None:
        page.save(out)
    return page
