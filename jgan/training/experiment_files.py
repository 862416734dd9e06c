"""Experiment files: those that come with jgan, which a bare name stands for, and copies of them to change."""

import ast
import difflib
import os
import re
import shlex
from pathlib import Path

from jgan.errors import UserError
from jgan.files import make_folder, write_atomically

_PACKAGE = Path(__file__).parents[1]


def shipped_experiments() -> dict[str, Path]:
    """The files of the experiments that come with jgan, by name, in alphabetical order."""
    installed = _PACKAGE / "experiments"
    # In a checkout they lie beside the package.
    folder = installed if installed.is_dir() else _PACKAGE.parent / "experiments"
    return {path.stem: path for path in sorted(folder.glob("*.py"))}


def experiment_path(name: str | Path) -> Path:
    """The file of an experiment.

    Args:
      name: A text that has no separator of folders and does not end in ``.py`` is the name of an experiment
        that comes with jgan, whatever the current folder holds. Every other text, and every `Path`, is the
        path of a file.

    Raises:
      UserError: if there is no experiment of that name, or no such file.

    >>> experiment_path("r1").name
    'r1.py'
    >>> experiment_path("r7")
    Traceback (most recent call last):
    ...
    jgan.errors.UserError: there is no experiment 'r7' (did you mean 'r1'?); allowed are the names that ...
    """
    if isinstance(name, str) and not _is_path(name):
        known = shipped_experiments()
        if name not in known:
            near = difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.5)
            meant = f" (did you mean {' or '.join(map(repr, near))}?)" if near else ""
            raise UserError(
                f"there is no experiment {name!r}{meant}; allowed are the names that `jgan list` shows, and "
                "paths of files, which end in .py."
            )
        return known[name]
    path = Path(name)
    if not path.is_file():
        wrong = "is a folder" if path.is_dir() else "does not exist"
        shipped = path.suffix == ".py" and path.stem in shipped_experiments()
        or_name = f", or the name {path.stem!r} for the one that comes with jgan" if shipped else ""
        raise UserError(
            f"experiment file {str(path)!r} {wrong}; give the path of a Python file{or_name}."
        )
    return path


def _is_path(text: str) -> bool:
    return text.lower().endswith(".py") or any(sign in text for sign in (os.sep, os.altsep) if sign)


def summary_line(path: Path) -> str:
    """The first line of an experiment file's docstring; the file is parsed and not imported.

    Where it cannot be parsed, the text says so.
    """
    try:
        return (ast.get_docstring(ast.parse(path.read_bytes())) or "").split("\n")[0]
    except SyntaxError as error:
        return f"(syntax error in line {error.lineno})" if error.lineno else "(syntax error)"


def copy_experiment(file: str | Path, source: str | Path) -> None:
    """Write a copy of an experiment to change.

    A line of the module's docstring that shows a command with the experiment, such as
    ``jgan train experiments/r1.py``, shows it with the copy.

    Args:
      file: the path of the copy, whose folder is made if it is not there.
      source: the experiment, as in `experiment_path`.

    Raises:
      UserError: if ``file`` exists already or cannot be written, or there is no such experiment.
    """
    file, original = Path(file), experiment_path(source)
    if os.path.lexists(file):
        raise UserError(f"{str(file)!r} exists already; give another name, or remove it first.")
    make_folder(file.parent)
    write_atomically(file, _with_command(original.read_bytes(), original.stem, file))


def _with_command(content: bytes, name: str, file: Path) -> bytes:
    """The content of an experiment file whose docstring's commands name another file."""
    try:
        tree = ast.parse(content)
    except SyntaxError:
        return content
    if ast.get_docstring(tree) is None:
        return content
    end = tree.body[0].end_lineno
    lines = content.splitlines(keepends=True)
    typed = shlex.quote(str(file)).replace("\\", "\\\\").replace('"', '\\"')
    command = re.compile(rf"\bjgan (\w+) (?:[^\s\"]*/)?{re.escape(name)}(?:\.py)?(?![^\s\"])")
    docstring = b"".join(lines[:end]).decode(errors="surrogateescape")
    changed = command.sub(lambda found: f"jgan {found[1]} {typed}", docstring)
    return b"".join([changed.encode(errors="surrogateescape"), *lines[end:]])
