"""What keeps the numbers of one table from being compared: unlike protocols, data, versions, budgets."""

import json
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from jgan.data.identity import difference
from jgan.errors import UserError
from jgan.tables.outcomes import EXPERIMENT, Outcome
from jgan.tables.rows import Row

KINDS = ("protocol", "data", "versions", "budget")
"""What may be unlike. Numbers of unlike protocols or data say nothing about each other."""
MARKED = ("versions", "budget")
"""What is marked by default; the rest is refused."""


class Unlike(NamedTuple):
    """Something in which rows of a table differ.

    Attributes:
      kind: of `KINDS`.
      marks: a letter for each row, by its place.
      meanings: what each letter stands for.
    """

    kind: str
    marks: list[str]
    meanings: dict[str, str]

    @property
    def sentence(self) -> str:
        """What differs, in words.

        >>> Unlike("budget", ["a", "b"], {"a": "10 steps", "b": "20 steps"}).sentence
        'budget: a: 10 steps; b: 20 steps'
        """
        return f"{self.kind}: " + "; ".join(
            f"{mark}: {text}" for mark, text in self.meanings.items()
        )


def check_alike(rows: Sequence[Row], metrics: Sequence[str], marked: Sequence[str]) -> list[Unlike]:
    """What is unlike among the numbers of a table, to be marked.

    Args:
      rows: of the table.
      metrics: that are reported or chosen by.
      marked: kinds that are marked; the others are refused.

    Raises:
      UserError: if rows differ in something that is not to be marked.
    """
    found: dict[tuple[str, str], Unlike] = {}
    for task in {task: None for row in rows for task in row.cells}:
        members = [used(row, task) for row in rows]
        for kind, values in _values(rows, task, members, metrics).items():
            unlike = _unlike(kind, values)
            if unlike is not None:
                found.setdefault((kind, unlike.sentence), unlike)
    for unlike in found.values():
        if unlike.kind not in marked:
            raise UserError(
                f"the numbers differ in {unlike.sentence}. They cannot be compared in one table; leave some of "
                f"them out, or have the difference marked by --mark {unlike.kind}."
            )
    return list(found.values())


def used(row: Row, task: str) -> list[Outcome]:
    """The members that a cell's numbers rest on, those that its setting was chosen from included."""
    cell = row.cells[task]
    return [*cell.outcomes, *(own for one in cell.search for own in one.reported)]


def _values(
    rows: Sequence[Row], task: str, members: Sequence[Sequence[Outcome]], metrics: Sequence[str]
) -> dict[str, list[list[str]]]:
    """For each kind and row, what its members have, in words that are equal for equal things."""
    trained = [[own.circumstances for own in group if own.circumstances] for group in members]
    codes: dict[str, set[str | None]] = {}
    for own in (own for group in members for own in group if own.circumstances):
        codes.setdefault(own.setting[EXPERIMENT], set()).add(own.circumstances.code)  # type: ignore[union-attr]
    data = _numbered([circumstances.data for group in trained for circumstances in group])
    tried = [_search_words(row, task) for row in rows]

    def version(own: Outcome) -> str:
        assert own.circumstances is not None
        several = len(codes[own.setting[EXPERIMENT]]) > 1
        code = (
            {f"{own.setting[EXPERIMENT]}.py": str(own.circumstances.code)[:12]} if several else {}
        )
        return _words({**own.circumstances.versions, **code})

    return {
        "protocol": [
            [
                f"{m}: {_words(own.protocols[m])}"
                for own in group
                for m in metrics
                if m in own.values
            ]
            for group in members
        ],
        "data": [[data(circumstances.data) for circumstances in group] for group in trained],
        "versions": [[version(own) for own in group if own.circumstances] for group in members],
        "budget": [
            [_words(circumstances.budget) + words for circumstances in group]
            for group, words in zip(trained, tried, strict=True)
        ],
    }


def _search_words(row: Row, task: str) -> str:
    """How many settings a row was chosen from, and how many of them were trained to the end."""
    search = row.cells[task].search
    halved = sum(one.halved for one in search)
    whole = f", {len(search) - halved} of them to the end" if halved else ""
    return f", {len(search)} settings tried{whole}" if search else ""


def _unlike(kind: str, values: Sequence[Sequence[str]]) -> Unlike | None:
    """Letters for what rows have; None if all have the same.

    One row may have several values, and then has several letters.
    """
    if kind == "protocol":  # of several metrics each must be alike
        names = list({text.split(": ")[0]: None for group in values for text in group})
        for name in names:
            own = [[text for text in group if text.startswith(f"{name}: ")] for group in values]
            if len({text for group in own for text in group}) > 1:
                return _lettered(kind, own)
        return None
    several = len({text for group in values for text in group}) > 1
    return _lettered(kind, values) if several else None


def _lettered(kind: str, values: Sequence[Sequence[str]]) -> Unlike:
    distinct = list({text: None for group in values for text in group})
    letters = {text: _letter(place) for place, text in enumerate(distinct)}
    marks = ["".join(letters[text] for text in dict.fromkeys(group)) for group in values]
    shown = _differing(distinct)
    return Unlike(kind, marks, {letters[text]: shown[text] for text in distinct})


def _letter(place: int) -> str:
    """a, b, ..., z, a1, b1, ..."""
    return chr(ord("a") + place % 26) + (str(place // 26) if place >= 26 else "")


def _differing(texts: Sequence[str]) -> dict[str, str]:
    """Each text without the parts that all have."""
    parts = {text: text.split(", ") for text in texts}
    shared = set.intersection(*(set(own) for own in parts.values()))
    return {
        text: ", ".join(p for p in own if p not in shared) or text for text, own in parts.items()
    }


def _numbered(data: Sequence[Any]) -> Callable[[Any], str]:
    """A name for each description of data; equal ones have the same, whatever their place is called."""
    known: list[Any] = []

    def name(one: Any) -> str:
        for other in known:
            if _same_data(one, other):
                return _data_words(other, known.index(other), known)
        known.append(one)
        return _data_words(one, len(known) - 1, known)

    for one in data:
        name(one)
    return name


def _same_data(one: Any, other: Any) -> bool:
    if one is None or other is None:
        return one is other
    stages = [own if isinstance(own, list) else [own] for own in (one, other)]
    if len(stages[0]) != len(stages[1]):
        return False
    return all(difference(old, new) is None for old, new in zip(*stages, strict=True))


def _data_words(one: Any, place: int, known: Sequence[Any]) -> str:
    """The name of data and what tells them from the first of those that are known."""
    if one is None:
        return "unknown data"
    first = next((other for other in known if other is not None), one)
    stages = [own if isinstance(own, list) else [own] for own in (first, one)]
    found = next((d for pair in zip(*stages, strict=False) if (d := difference(*pair))), None)
    name = repr(stages[1][0].get("name"))
    return name if found is None else f"{name} has {found}".replace(", ", " and ")


def _words(values: Any) -> str:
    """A dict in words, in the order of its names.

    >>> _words({"steps": 8, "batch_size": None, "distance": "x"})
    'distance x, steps 8'
    """
    pairs = sorted((values or {}).items())
    named = [
        f"{name.replace('_', ' ')} {v if isinstance(v, str) else json.dumps(v, sort_keys=True)}"
        for name, v in pairs
        if v is not None and not (isinstance(v, float) and math.isnan(v))
    ]
    return ", ".join(text.replace(", ", " ") for text in named)
