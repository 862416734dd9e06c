"""Files that a run left behind, read with patience: what is not whole is left out and named."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jgan.files import parse_json

Note = Callable[[str], None]


def json_lines(path: Path, note: Note) -> list[dict[str, Any]]:
    """The objects with a step of a file of JSON lines; null, which stands for no finite number, is NaN.

    A last line without its end is what was being written; it is left out in silence.

    Args:
      path: of the file; none are in one that is not there.
      note: told how many other lines could not be read.
    """
    text = path.read_text(errors="replace") if path.is_file() else ""
    rows, unreadable = [], 0
    for line in text[: text.rfind("\n") + 1].splitlines():
        try:
            row = parse_json(line)
            row["step"] = int(row["step"])
            if not all(map(_is_row_value, row.values())):
                raise ValueError
        except (ValueError, TypeError, KeyError, OverflowError):
            unreadable += 1
            continue
        rows.append({name: finite(value) for name, value in row.items()})
    if unreadable:
        lines = "a line" if unreadable == 1 else f"{unreadable} lines"
        note(f"{lines} of {path.name} could not be read and {_is(unreadable)} left out")
    return sorted(rows, key=lambda row: row["step"])


def _is_row_value(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_is_row_value, value))
    return value is None or isinstance(value, int | float)


def finite(value: Any) -> Any:
    """Null to NaN, also within a list."""
    if isinstance(value, list):
        return [finite(inner) for inner in value]
    return math.nan if value is None else value


def json_file(path: Path, note: Note) -> Any:
    """The content of a JSON file, None if it is not there or not readable; the latter is noted."""
    if not path.is_file():
        return None
    try:
        return parse_json(path.read_text())
    except (OSError, ValueError):
        note(f"{path.name} could not be read and is left out")
        return None


def _is(count: int) -> str:
    return "is" if count == 1 else "are"
