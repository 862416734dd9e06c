"""Where rows of metrics and pictures go: JSON lines, a spreadsheet's table; `jgan.runs.trackers` has others.

A log is opened at the step that the run goes on from: what a killed run wrote after it, a half-written
last line included, is taken back, so that the files of a resumed run are those of an uninterrupted one.
"""

import csv
import io
import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from jgan.errors import UserError
from jgan.files import parse_json, write_atomically

Row = dict[str, float]


class Log(Protocol):
    """A place for rows and pictures."""

    def row(self, row: Row) -> None:
        """Add scalars by name; one of them is the whole number ``"step"``."""
        ...

    def picture(self, name: str, step: int, pixels: np.ndarray) -> None:
        """Add a picture ``(H, W, C)`` uint8 of 1, 3 or 4 channels; logs of numbers leave it out."""
        ...

    def close(self) -> None:
        """Write what is pending."""
        ...


class Logs:
    """Several logs as one."""

    def __init__(self, logs: Iterable[Log]) -> None:
        self._logs = list(logs)

    def row(self, row: Row) -> None:
        """Add a row to each."""
        for log in self._logs:
            log.row(row)

    def picture(self, name: str, step: int, pixels: np.ndarray) -> None:
        """Add a picture to each."""
        for log in self._logs:
            log.picture(name, step, pixels)

    def close(self) -> None:
        """Close each."""
        for log in self._logs:
            log.close()


def read_rows(path: Path, until: float = math.inf) -> list[Row]:
    """Rows up to step ``until`` of a file of JSON lines; none if it is not there.

    Reading stops at the first line that is not whole. A value that was not finite is NaN.
    """
    return [row for _, row in _whole_lines(path) if row["step"] <= until]


class JsonLines:
    """One JSON object a line. Values that are not finite become null, for which JSON has a word."""

    def __init__(self, path: Path, until: int = 0) -> None:
        """Open ``path``, without its rows after step ``until``."""
        self._path = path
        if path.exists():
            kept = [line for line, row in _whole_lines(path) if row["step"] <= until]
            write_atomically(path, "".join(kept))

    def row(self, row: Row) -> None:
        """Add a line."""
        finite = {name: value if math.isfinite(value) else None for name, value in row.items()}
        append(self._path, json.dumps(finite) + "\n")

    def picture(self, name: str, step: int, pixels: np.ndarray) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing: every line is in the file at once."""


class Csv:
    """A table with a header, one row a line, which spreadsheets open.

    Columns are in the order in which metrics first appeared, ``step`` first. For a metric that appears
    later the file is written anew with a wider header; rows without it have an empty cell. Values that
    are not finite are ``nan``, ``inf`` and ``-inf``.
    """

    def __init__(self, path: Path, until: int = 0) -> None:
        """Open ``path``, without its rows after step ``until``.

        Raises:
          UserError: if the file is there and holds something else.
        """
        self._path = path
        self._columns = ["step"]
        if path.exists():
            self._columns, *rows = self._read()
            self._write([row for row in rows if int(row[0]) <= until])

    def row(self, row: Row) -> None:
        """Add a line, and columns for metrics that are new."""
        new = [name for name in row if name not in self._columns]
        if new or not self._path.exists():
            rows = self._read()[1:] if self._path.exists() else []
            self._columns += new
            self._write([cells + [""] * len(new) for cells in rows])
        cells = [int(row["step"]), *(row.get(name, "") for name in self._columns[1:])]
        append(self._path, _table([cells]))

    def picture(self, name: str, step: int, pixels: np.ndarray) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing: every line is in the file at once."""

    def _read(self) -> list[list[str]]:
        """Header and rows, without a last line that is not whole."""
        text = self._path.read_text(errors="replace")
        lines = list(csv.reader(io.StringIO(text[: text.rfind("\n") + 1], newline="")))
        if not lines or lines[0][:1] != ["step"]:
            raise UserError(
                f"{str(self._path)!r} is not a table of metrics, whose first column is 'step'; "
                "move it away or choose another --out."
            )
        header, *rows = lines
        return [header, *(row for row in rows if len(row) == len(header) and row[0].isdigit())]

    def _write(self, rows: list[list[str]]) -> None:
        write_atomically(self._path, _table([self._columns, *rows]))


def _whole_lines(path: Path) -> Iterable[tuple[str, Row]]:
    """The lines and rows of a file of JSON lines, up to the first line that is not whole."""
    text = path.read_text(errors="replace") if path.exists() else ""
    for line in text.splitlines(keepends=True):
        try:
            row = parse_json(line if line.endswith("\n") else "")
            values = {name: _checked(value) for name, value in row.items()}
            int(values["step"])
        # What was being written when the process died; or somebody else wrote it.
        except (ValueError, AttributeError, TypeError, KeyError, OverflowError):
            return
        yield line, values


def _checked(value: Any) -> Any:
    """A value of a row, or those of a population's members."""
    if not isinstance(value, int | float | list | None):
        raise TypeError
    return math.nan if value is None else value


def _table(rows: Iterable[Sequence[Any]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue()


def append(path: Path, text: str) -> None:
    """Add text to a file.

    Raises:
      UserError: if it cannot be written.
    """
    try:
        with open(path, "a") as file:
            file.write(text)
    except OSError as error:
        raise UserError(f"{str(path)!r} cannot be written: {error.strerror}.") from error
