"""HTML from Python: text is escaped unless it was made by `tag`."""

import html
import json
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

VOID = {"img", "input", "link", "meta"}


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def tag(name: str, *children: Any, **attributes: Any) -> Html:
    """An element. Children that are no `Html` are escaped; None is left out, sequences are joined.

    Attributes lose a trailing underscore, others become hyphens; True is a bare one, None and False none.

    >>> tag("p", "1 < 2", tag("b", "&"), class_="note", data_x=3)
    '<p class="note" data-x="3">1 &lt; 2<b>&amp;</b></p>'
    """
    attribute_text = ""
    for key, value in attributes.items():
        key = key.rstrip("_").replace("_", "-")
        if value is True:
            attribute_text += f" {key}"
        elif value is not None and value is not False:
            attribute_text += f' {key}="{html.escape(str(value))}"'
    if name in VOID:
        return Html(f"<{name}{attribute_text}>")
    return Html(f"<{name}{attribute_text}>{join(children)}</{name}>")


def join(children: Any) -> Html:
    """Children one after the other, escaped unless they are `Html`."""
    if isinstance(children, list | tuple):
        return Html("".join(join(child) for child in children))
    if children is None:
        return Html("")
    return children if isinstance(children, Html) else Html(html.escape(str(children)))


def section(name: str, title: str, *children: Any) -> Html:
    """A part of the page that the contents lead to."""
    return tag("section", tag("h2", title), *children, id=name)


def cards(pictures: Sequence[tuple[str, Html | None]]) -> list[Html]:
    """Pictures under their titles; what is None is left out."""
    return [
        tag("figure", tag("figcaption", title), picture, class_="chart")
        for title, picture in pictures
        if picture
    ]


def details(summary: Any, *children: Any, **attributes: Any) -> Html:
    """A part that opens when asked for."""
    return tag("details", tag("summary", summary), *children, **attributes)


def quiet(text: str) -> Html:
    """A remark."""
    return tag("p", text, class_="quiet")


class Cell(NamedTuple):
    """A cell of a table.

    Attributes:
      shown: what is shown.
      value: the number it is sorted by; None to sort by the text.
    """

    shown: Any
    value: float | None = None


def number(value: Any, deviation: float | None = None) -> Cell:
    """A number as a cell, with its deviation if there is one; nothing for None.

    >>> number(1.23456, 0.0123).shown
    '1.235 ± 0.012'
    """
    if value is None:
        return Cell("")
    value = float(value)
    uncertainty = "" if deviation is None else f" ± {deviation:.2g}"
    return Cell(readable(value) + uncertainty, value if math.isfinite(value) else None)


def readable(value: float) -> str:
    """A number with the digits that mean something; typographic signs.

    >>> readable(123456.0), readable(-0.00001234), readable(float("inf"))
    ('123,456', '−1.234e−05', '∞')
    """
    whole = value.is_integer() and abs(value) < 1e9
    text = f"{int(value):,}" if whole else f"{value:.4g}"
    return text.replace("-", "−").replace("inf", "∞")


def mean(found: tuple[float, float | None] | None) -> Cell:
    """Mean and deviation as a cell."""
    return Cell("") if found is None else number(*found)


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]], caption: str) -> Html:
    """A table that the page's script makes sortable; columns that are empty everywhere are left out.

    Args:
      columns: their names.
      rows: of cells; what is no `Cell` is shown as it is, numbers by `number`.
      caption: what the table tells, in words.
    """
    cells = [[_cell(value) for value in row] for row in rows]
    kept = [index for index in range(len(columns)) if any(row[index].shown != "" for row in cells)]
    numeric = {
        index: all(row[index].value is not None or row[index].shown == "" for row in cells)
        for index in kept
    }
    style = lambda index: "number" if numeric[index] else None
    head = [tag("th", columns[index], scope="col", class_=style(index)) for index in kept]
    body = [
        tag(
            "tr",
            [tag("td", row[i].shown, class_=style(i), data_value=row[i].value) for i in kept],
        )
        for row in cells
    ]
    whole = tag(
        "table",
        tag("thead", tag("tr", head)),
        tag("tbody", body),
        class_="sortable",
        aria_label=caption,
    )
    scroll = tag("div", whole, class_="scroll", tabindex=0, role="region", aria_label=caption)
    # Beside the table, so that it is not as wide as what has to be scrolled.
    return tag(
        "div", scroll, tag("p", caption, class_="caption", aria_hidden="true"), class_="table"
    )


def _cell(value: Any) -> Cell:
    if isinstance(value, Cell):
        return value
    if isinstance(value, bool) or value is None:
        return Cell("" if value is None else str(value))
    return number(value) if isinstance(value, int | float) else Cell(value)


def pairs(entries: dict[str, Any]) -> Html:
    """Names and values, values as JSON writes them unless they are text."""
    rows = [
        (tag("dt", name), tag("dd", value if isinstance(value, Html) else plain(value)))
        for name, value in entries.items()
    ]
    return tag("dl", [tag("div", entry) for entry in rows])


def plain(value: Any) -> str:
    """Text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def flat(value: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings by names with dots.

    >>> flat({"a": {"b": 1}, "c": [2]})
    {'a.b': 1, 'c': [2]}
    """
    found: dict[str, Any] = {}
    for name, inner in value.items():
        found |= (
            flat(inner, f"{prefix}{name}.") if isinstance(inner, dict) else {prefix + name: inner}
        )
    return found
