"""Rows of numbers that show themselves as a table, and other HTML for notebooks."""

import base64
from collections.abc import Callable
from typing import Any

from jgan.reports.html import Html, tag


class Table(list[dict[str, Any]]):
    """A list of rows, each a dict by column, that a notebook shows as a table and `print` as aligned text.

    >>> print(Table([{"step": 1, "score": 0.51234567}, {"step": 20}]))
    step   score
       1  0.5123
      20       -
    """

    SHOWN = 20
    """Rows that a notebook shows, half of them the first and half the last."""

    @property
    def columns(self) -> list[str]:
        """The names of all columns, in the order in which they come."""
        return list({name: None for row in self for name in row})

    def column(self, name: str) -> list[Any]:
        """The values of a column, None in rows that have none.

        >>> Table([{"step": 1, "score": 0.5}, {"step": 20}]).column("score")
        [0.5, None]
        """
        return [row.get(name) for row in self]

    def sorted_by(self, column: str, descending: bool = False) -> "Table":
        """The rows by the values of a column, the smallest or the greatest first, and rows without one last."""
        sign = -1 if descending else 1
        key = lambda row: (row.get(column) is None, sign * (row.get(column) or 0))
        return Table(sorted(self, key=key))

    def __str__(self) -> str:
        lines = [self.columns, *([shown(row.get(c)) for c in self.columns] for row in self)]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.columns))]
        return "\n".join(
            "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True))
            for line in lines
        )

    def as_html(self) -> Html:
        """The rows as an element, those in the middle of many left out."""
        half = self.SHOWN // 2
        gap = [] if len(self) <= self.SHOWN else [dict.fromkeys(self.columns, "…")]
        rows = [*self[:half], *gap, *self[-half:]] if gap else self
        head = tag("tr", [tag("th", name) for name in self.columns])
        body = [tag("tr", [tag("td", shown(row.get(c))) for c in self.columns]) for row in rows]
        return tag("table", tag("thead", head), tag("tbody", body))

    def _repr_html_(self) -> str:
        return self.as_html()


def shown(value: Any) -> str:
    """A value as a cell of a table, "-" for None.

    >>> shown(0.00012345678), shown(None), shown(3)
    ('0.0001235', '-', '3')
    """
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def embedded(picture: bytes, kind: str = "png") -> Html:
    """A picture's file as an element that needs no other file."""
    content = base64.b64encode(picture).decode()
    return tag("img", src=f"data:image/{kind};base64,{content}", alt="")


def pairs_table(entries: dict[str, Any]) -> Html:
    """Names and values side by side."""
    return tag(
        "table", tag("tbody", [tag("tr", tag("th", k), tag("td", v)) for k, v in entries.items()])
    )


class Numbers(dict[str, Any]):
    """Numbers by name as JSON holds them, which print, and show in a notebook, as text.

    Args:
      numbers: by name.
      text: says the same in lines.
    """

    def __init__(self, numbers: dict[str, Any], text: Callable[[dict[str, Any]], str]) -> None:
        super().__init__(numbers)
        self._text = text

    def __str__(self) -> str:
        return self._text(self)

    def _repr_html_(self) -> str:
        return tag("pre", str(self))
