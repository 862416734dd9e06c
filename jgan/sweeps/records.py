"""What became of the members of a sweep, as its directory keeps it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from jgan.files import parse_json
from jgan.sweeps.plans import Member

BETTER = dict.fromkeys(("score", "distance", "reverse_kl"), "lower")
BETTER |= dict.fromkeys(("modes", "solid", "high_quality"), "higher")
"""Where better is, of what sweeps and studies measure."""
_IN_FILES = {"learning_curve": "course"}


def better_of(measure: str, protocol: Mapping[str, Any]) -> str:
    """Where better is, "lower" or "higher", of a measure; of a score as its protocol says. "" if unknown.

    >>> better_of("score", {}), better_of("score", {"better": "higher"}), better_of("modes", {})
    ('lower', 'higher', 'higher')
    """
    own = protocol.get("better") if measure == "score" else None
    return own or BETTER.get(measure, "")


class Record(NamedTuple):
    """What became of a member.

    Attributes:
      setting: of it.
      seed: of it.
      diverged: the step at which its metrics were no longer finite, or None.
      measures: what was measured at the end; empty if it diverged.
      metrics: its last row.
      learning_curve: what was measured on the way and at the end, each with its ``"step"``; up to where it
        diverged.
      halved: the rung, a number of updates, at which its setting was not among the better ones and its training
        ended; its measures and metrics are of that step. None if it was trained to the end.
    """

    setting: dict[str, Any]
    seed: int
    diverged: int | None
    measures: dict[str, float]
    metrics: dict[str, float]
    learning_curve: list[dict[str, float]] = []
    halved: int | None = None

    @property
    def member(self) -> Member:
        """The setting and the seed."""
        return Member(self.setting, self.seed)

    def as_json(self) -> dict[str, Any]:
        """The fields by their names in files, where the learning curve is called ``"course"``."""
        fields = self._asdict()
        if self.halved is None:
            del fields["halved"]
        return {_IN_FILES.get(name, name): fields[name] for name in fields}


def read_records(file: Path) -> list[Record] | None:
    """The records of a finished batch of members; None if there is no such file, or it is damaged."""
    try:
        records = [_from_json(one) for one in parse_json(file.read_text())]
    except (OSError, ValueError, TypeError):
        return None
    return records if records and all(map(_is_whole, records)) else None


def _from_json(content: dict[str, Any]) -> Record:
    fields = {name: field for field, name in _IN_FILES.items()}
    return Record(**{fields.get(name, name): value for name, value in dict(content).items()})


def _is_whole(record: Record) -> bool:
    numbers = [record.measures, record.metrics, *record.learning_curve]
    return (
        isinstance(record.setting, dict)
        and isinstance(record.seed, int)
        and isinstance(record.diverged, int | None)
        and isinstance(record.halved, int | None)
        and all(isinstance(own, dict) and all(map(_is_number, own.values())) for own in numbers)
        and all("step" in own for own in record.learning_curve)
    )


def _is_number(value: Any) -> bool:
    return value is None or isinstance(value, int | float)
