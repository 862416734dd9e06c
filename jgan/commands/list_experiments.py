"""The experiments that come with jgan, or those of a folder."""

from pathlib import Path

from jgan.commands.command import command
from jgan.commands.notebook import Table
from jgan.commands.paths import Place
from jgan.errors import UserError
from jgan.training.experiment_files import shipped_experiments, summary_line


@command
def list_experiments(folder: Place | None = None) -> Table:
    """List the experiments that come with jgan, or the experiment files of a folder, as ``jgan list`` does.

    Args:
      folder: Folder whose experiment files are listed (default: the experiments that come with jgan).

    Returns:
      A row for each experiment: ``"experiment"``, the text that `jgan.train` takes for it, and ``"summary"``,
      the first line of its docstring.

    Raises:
      UserError: If there is no such folder.
    """
    if folder is None:
        files = shipped_experiments()
    else:
        folder = Path(folder)
        if not folder.is_dir():
            wrong = "is not a folder" if folder.exists() else "does not exist"
            raise UserError(f"{str(folder)!r} {wrong}; name one that holds experiment files.")
        files = {str(path): path for path in sorted(folder.glob("*.py"))}
    return Table(
        {"experiment": name, "summary": summary_line(path)} for name, path in files.items()
    )
