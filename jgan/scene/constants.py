"""Declared constants: values that a paper holds fixed although they depend on the parameters.

A ratio of gradients that serves as a weight, a running mean, the output of a controller: the gradients of a
game are those of its losses with such values held fixed. Everything else in a game is differentiated
as it stands. `constant` marks these values, so that a comparison with finite differences can hold the same
values fixed on both sides.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import jax

Recorded = list[tuple[str, Any]]
"""Names and values in the order in which they were declared."""


class _Tape:
    def __init__(self, replayed: Sequence[tuple[str, Any]] | None) -> None:
        self.recorded: Recorded = []
        self.replayed = None if replayed is None else list(replayed)

    def take(self, name: str, value: Any) -> Any:
        if self.replayed is not None:
            if len(self.recorded) == len(self.replayed):
                raise ValueError(
                    f"the constant {name!r} is declared, but only {len(self.replayed)} were recorded; "
                    "replay what the same function recorded."
                )
            expected, value = self.replayed[len(self.recorded)]
            if expected != name:
                raise ValueError(
                    f"the constant {name!r} is declared where {expected!r} was recorded; "
                    "replay what the same function recorded."
                )
        self.recorded.append((name, value))
        return value


_TAPE: ContextVar[_Tape | None] = ContextVar("constants", default=None)


def constant(name: str, value: Any) -> Any:
    """``value``, held fixed under every derivative.

    >>> float(jax.grad(lambda x: constant("scale", x) * x)(3.0))
    3.0
    """
    # First, so that what is recorded inside a derivative carries none of its tangents.
    value = jax.lax.stop_gradient(value)
    tape = _TAPE.get()
    return value if tape is None else tape.take(name, value)


def taped() -> bool:
    """Whether constants are being recorded or replayed, in which case loops must not be compiled."""
    return _TAPE.get() is not None


@contextmanager
def recording() -> Iterator[Recorded]:
    """Within it the declared constants are appended to the list that it yields.

    >>> with recording() as found:
    ...     _ = constant("scale", 2.0)
    >>> [(name, float(value)) for name, value in found]
    [('scale', 2.0)]
    """
    tape = _Tape(None)
    token = _TAPE.set(tape)
    try:
        yield tape.recorded
    finally:
        _TAPE.reset(token)


@contextmanager
def replaying(recorded: Sequence[tuple[str, Any]]) -> Iterator[None]:
    """Within it declared constants have the recorded values instead of their own, in the same order."""
    token = _TAPE.set(_Tape(recorded))
    try:
        yield
    finally:
        _TAPE.reset(token)
