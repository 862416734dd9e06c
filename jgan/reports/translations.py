"""Translated pictures beside what they were made from, as one HTML document."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from jgan.reports.embedded_pictures import BUDGET, data_url, evenly
from jgan.reports.html import Html, quiet, tag
from jgan.reports.page import document

MOST_ROWS = 200
LARGEST = 100_000
"""Bytes of a picture at most: a page of few pictures need not be as large as it may be."""


class Row(NamedTuple):
    """A picture and what was made of it.

    Attributes:
      name: of the picture.
      made: files by what they are called on the page.
    """

    name: str
    made: Mapping[str, Path]


def translations_page(
    title: str, lead: str, rows: Sequence[Row], given: Callable[[str], bytes]
) -> str:
    """Rows of pictures and what was made of them, `MOST_ROWS` at most, evenly chosen, as a page.

    Args:
      title: of the page.
      lead: its first sentence.
      rows: in their order.
      given: the content of a PNG file that shows the picture of a name.

    Returns:
      HTML that needs no other file.
    """
    shown = evenly(rows, MOST_ROWS)
    pictures = sum(1 + len(row.made) for row in shown)
    most = min(BUDGET // max(pictures, 1), LARGEST)
    parts: list[Html | None] = [_strip(row, given, most) for row in shown]
    if len(shown) < len(rows):
        parts.append(quiet(f"{len(shown)} of {len(rows):,} pictures, evenly chosen."))
    return document(title, lead, {"Pictures": parts})


def _strip(row: Row, given: Callable[[str], bytes], most: int) -> Html:
    contents = {"input": lambda: given(row.name)}
    contents |= {words: path.read_bytes for words, path in row.made.items()}
    figures = [_figure(words, row.name, read, most) for words, read in contents.items()]
    frames = tag("div", figures, class_="frames", tabindex=0, role="group", aria_label=row.name)
    return tag("div", tag("h4", row.name), frames, class_="strip")


def _figure(words: str, name: str, read: Callable[[], bytes], most: int) -> Html:
    try:
        found = data_url(read(), most)
    except OSError:
        found = None
    if found is None:
        return tag("figure", tag("figcaption", f"{words}: cannot be read"))
    (width, height), url = found
    image = tag("img", src=url, alt=f"{words} of {name}", width=width, height=height)
    return tag("figure", image, tag("figcaption", words))
