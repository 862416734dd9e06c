"""What must be read beside a number: whoever computes the number puts it down, whoever reports it reads it.

A fact is any object; its text is what is printed beside the number.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_FOUND: ContextVar[list[object] | None] = ContextVar("beside", default=None)


@contextmanager
def facts_beside() -> Iterator[list[object]]:
    """Within it every fact that is put down is kept, once and in order.

    >>> with facts_beside() as facts:
    ...     put_beside("judge: 0.88 on 1,000 held-out images")
    ...     put_beside("judge: 0.88 on 1,000 held-out images")
    >>> facts
    ['judge: 0.88 on 1,000 held-out images']
    """
    found: list[object] = []
    token = _FOUND.set(found)
    try:
        yield found
    finally:
        _FOUND.reset(token)


def put_beside(fact: object) -> None:
    """Put a fact down for whoever reports the number that is being computed, if anyone does."""
    found = _FOUND.get()
    if found is not None and fact not in found:
        found.append(fact)
