"""A table as Markdown, CSV, LaTeX and JSON."""

import csv
import io
import json
import re
from collections.abc import Callable
from typing import Any

from jgan.tables.columns import Words, as_lines, as_words
from jgan.tables.comparison import Comparison, as_json

_SPECIAL = re.compile(r"[&%$#_{}~^\\<>|±↑↓]")
_LATEX = {
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    **{"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}"},
    **{"<": "$<$", ">": "$>$", "|": r"\textbar{}"},
    **{"±": r"$\pm$", "↑": r"$\uparrow$", "↓": r"$\downarrow$"},
}


def markdown(found: Comparison) -> str:
    """The table and its notes in Markdown."""
    words = as_words(found)
    escaped = lambda cells: " | ".join(cell.replace("|", r"\|") for cell in cells)
    lines = [f"| {escaped(words.columns)} |", "|" + "---|" * len(words.columns)]
    lines += [f"| {escaped(cells)} |" for cells in words.cells]
    return "\n".join([*lines, "", *(f"* {note}" for note in words.notes)]) + "\n"


def comma_separated(found: Comparison) -> str:
    """A line for each row, task and metric, with plain numbers."""
    lines = as_lines(found)
    columns = list({name: None for line in lines for name in line})
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return buffer.getvalue()


def latex(found: Comparison) -> str:
    r"""A ``tabular`` for ``\input``, in the lines of the package booktabs; its notes are in the last row."""
    words = as_words(found)
    kinds = "".join("r" if _is_number(words, place) else "l" for place in range(len(words.columns)))
    row = lambda cells: " & ".join(map(escaped, cells)) + r" \\"
    notes = " ".join(map(escaped, words.notes))
    lines = [
        "% needs \\usepackage{booktabs}",
        rf"\begin{{tabular}}{{@{{}}{kinds}@{{}}}}",
        r"\toprule",
        row(words.columns),
        r"\midrule",
        *map(row, words.cells),
        r"\bottomrule",
        rf"\multicolumn{{{len(kinds)}}}{{@{{}}p{{\linewidth}}@{{}}}}{{\footnotesize {notes}}} \\",
        r"\end{tabular}",
    ]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    r"""Text as LaTeX sets it.

    >>> print(escaped("fd_1 ↓ 95 %"))
    fd\_1 $\downarrow$ 95 \%
    """
    return _SPECIAL.sub(lambda found: _LATEX[found[0]], text)


def _is_number(words: Words, place: int) -> bool:
    return all(re.match(r"[-+]?[\d.]", cells[place]) for cells in words.cells)


def jsons(found: Comparison) -> str:
    """Everything that the table rests on."""
    return json.dumps(as_json(found), indent=1, allow_nan=False, default=list) + "\n"


TEXTS: dict[str, Callable[[Comparison], str]] = {
    ".md": markdown,
    ".csv": comma_separated,
    ".tex": latex,
    ".json": jsons,
}
"""By the suffix of a file."""


def printed(found: Comparison) -> list[dict[str, Any]]:
    """The rows as a terminal and a notebook show them."""
    words = as_words(found)
    return [dict(zip(words.columns, cells, strict=True)) for cells in words.cells]
