"""Tables in Markdown: what was measured, and below it what was published."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np


class Published(NamedTuple):
    """A row that others published.

    Attributes:
      row: its name.
      source: where it stands.
      values: text by column.
    """

    row: str
    source: str
    values: Mapping[str, str]


def summary(values: Sequence[float | None], digits: int = 3) -> str:
    """Mean ± standard deviation over seeds, without those that have no value, whose number is told.

    >>> summary([1.0, 2.0, None, 3.0])
    '2.000 ± 1.000 (1 of 4 without)'
    """
    kept = np.array([value for value in values if value is not None], float)
    if len(kept) == 0:
        return "-"
    text = f"{kept.mean():.{digits}f}"
    if len(kept) > 1:
        text += f" ± {kept.std(ddof=1):.{digits}f}"
    lost = len(values) - len(kept)
    return text + (f" ({lost} of {len(values)} without)" if lost else "")


def by_row(facts: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The cells of each row, in the order in which rows were first measured."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for cell in facts["cells"].values():
        rows.setdefault(cell["row"], []).append(cell)
    return rows


def column(cells: Iterable[Mapping[str, Any]], name: str) -> list[float | None]:
    """A measure over the cells of a row that have it."""
    return [cell["measures"][name] for cell in cells if name in cell["measures"]]


def table(
    facts: Mapping[str, Any],
    columns: Sequence[str],
    published: Sequence[Published] = (),
    digits: int | Mapping[str, int] = 3,
    rows: Sequence[str] | None = None,
) -> str:
    """One table: a line for each row that was measured, then one for each that was published.

    Args:
      facts: of a file of results.
      columns: measures, which are columns.
      published: rows below.
      digits: decimals, for all columns or by column (3 where it is not named).
      rows: which of the measured rows, in this order; all by default.
    """
    found = by_row(facts)
    places = digits if isinstance(digits, Mapping) else dict.fromkeys(columns, digits)
    lines = [["", "source", *columns, "seeds"]]
    for name in found if rows is None else [row for row in rows if row in found]:
        own = [summary(column(found[name], key), places.get(key, 3)) for key in columns]
        lines.append([name, "jgan", *own, str(len(found[name]))])
    for row in published:
        own = [row.values.get(key, "") for key in columns]
        lines.append([row.row, row.source, *own, row.values.get("seeds", "")])
    head = f"| {' | '.join(lines[0])} |\n|{'---|' * len(lines[0])}\n"
    return head + "".join(f"| {' | '.join(line)} |\n" for line in lines[1:])
