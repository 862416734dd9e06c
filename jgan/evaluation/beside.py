"""What must be read beside a number: whoever computes the number puts it down, whoever reports it reads it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol


class Fact(Protocol):
    """Its text is what is printed beside the number."""

    @property
    def columns(self) -> Mapping[str, float]:
        """Its numbers by the names that they have in tables."""


_FOUND: ContextVar[list[Fact] | None] = ContextVar("beside", default=None)


@contextmanager
def facts_beside() -> Iterator[list[Fact]]:
    """Within it every fact that is put down is kept, once and in order.

    >>> from jgan.features.judge_accuracy import JudgeAccuracy
    >>> with facts_beside() as facts:
    ...     put_beside(JudgeAccuracy(0.88, 1000))
    ...     put_beside(JudgeAccuracy(0.88, 1000))
    >>> [str(fact) for fact in facts]
    ['judge: 0.88 on 1,000 held-out images']
    """
    found: list[Fact] = []
    token = _FOUND.set(found)
    try:
        yield found
    finally:
        _FOUND.reset(token)


def put_beside(fact: Fact) -> None:
    """Put a fact down for whoever reports the number that is being computed, if anyone does."""
    found = _FOUND.get()
    if found is not None and fact not in found:
        found.append(fact)
