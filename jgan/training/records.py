"""What became of the members of a sweep, as its directory keeps it."""

from typing import Any, NamedTuple


class Record(NamedTuple):
    """What became of a member.

    Attributes:
      setting: of it.
      seed: of it.
      diverged: the step at which its metrics were no longer finite, or None.
      measures: what was measured at the end; empty if it diverged.
      metrics: its last row.
      course: what was measured on the way and at the end, each with its ``"step"``; up to where it diverged.
    """

    setting: dict[str, Any]
    seed: int
    diverged: int | None
    measures: dict[str, float]
    metrics: dict[str, float]
    course: list[dict[str, float]] = []


def records_in(stored: Any) -> list[Record]:
    """The records that a batch's file holds, from its JSON.

    Raises:
      ValueError: if it holds something else.
    """
    try:
        records = [Record(**one) for one in stored]
    except TypeError as error:
        raise ValueError("it holds no records of a sweep's members") from error
    for record in records:
        numbers = [record.measures, record.metrics, *record.course]
        if not (
            isinstance(record.setting, dict)
            and isinstance(record.seed, int)
            and isinstance(record.diverged, int | None)
            and all(isinstance(own, dict) and all(map(_is_number, own.values())) for own in numbers)
            and all("step" in own for own in record.course)
        ):
            raise ValueError("it holds a record that is damaged")
    return records


def _is_number(value: Any) -> bool:
    return value is None or isinstance(value, int | float)
