"""A task: something that takes time, how far it is, how fast it goes and how long it will still take."""

import math
import time
from collections.abc import Callable, Sequence

from jgan.display.words import clock as shown_clock
from jgan.display.words import speed


class Task:
    """Something that takes time.

    Args:
      name: what is done, such as ``"reading pictures"``; "" where ``unit`` says it.
      total: how many are to be done, None where it is not known.
      unit: what is counted, in the plural.
      done: how many were done before; the speed does not count them.
      note: what a person should know beforehand, such as ``"usually 10 to 30 s"``.
      clock: seconds from any moment.
    """

    def __init__(
        self,
        name: str,
        total: int | None = None,
        unit: str = "",
        done: int = 0,
        note: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name, self.total, self.unit, self.note = name, total, unit, note
        self.done = self.before = float(done)
        self.fields: tuple[str, ...] = ()
        self.details: tuple[str, ...] = ()
        self._clock = clock
        self.excluded = 0.0
        self._start = clock()
        self._first = self._last = 0.0

    def update(self, done: float, fields: Sequence[str] = (), details: Sequence[str] = ()) -> None:
        """Note how far the task is.

        Args:
          done: how many are done.
          fields: what is shown beside it, the most important first.
          details: what is shown besides where there is room for it and for a bar.
        """
        self.done, self.fields, self.details = done, tuple(fields), tuple(details)
        self._last = self._active

    def exclude(self, seconds: float) -> None:
        """Leave out seconds that were spent on something else, such as compiling, from speed and time left."""
        self.excluded += seconds

    def skip(self, count: float) -> None:
        """Note that another ``count`` were done before, which the speed does not count."""
        self.done += count
        self.before += count

    def restart(self) -> None:
        """Let speed and time left be those of what follows, which is of another kind."""
        self.before, self._first = self.done, self._active

    @property
    def seconds(self) -> float:
        """Seconds since the task began."""
        return self._clock() - self._start

    @property
    def _active(self) -> float:
        """Seconds since the task began without those that are left out."""
        return self.seconds - self.excluded

    @property
    def rate(self) -> float | None:
        """How many are done in a second, what is left out aside; None before the first."""
        seconds = self._last - self._first
        return (
            (self.done - self.before) / seconds if self.done > self.before and seconds > 0 else None
        )

    @property
    def left(self) -> float | None:
        """Seconds that the rest will still take; None where that is not known."""
        if self.rate is None or self.total is None:
            return None
        since = self._active - self._last
        return max((self.total - self.done) / self.rate - since, 0.0)

    @property
    def title(self) -> str:
        """The name, with the note on what is to be expected."""
        return f"{self.name} ({self.note})" if self.note else self.name

    @property
    def count(self) -> str:
        """How many are done, of how many: ``350/2,000 steps``."""
        of = "" if self.total is None else f"/{self.total:,}"
        return f"{math.floor(self.done + 1e-6):,}{of} {self.unit}".strip()

    def line(self) -> list[str]:
        """The fields that describe the task now, the most important first."""
        if self.total is None and not self.done:
            return [f"{self.title}, {shown_clock(self.seconds)}", *self.fields]
        found = [f"{self.name} {self.count}".strip()]
        ended = self.total is not None and self.done >= self.total
        if self.left is not None and not ended:
            found.append(f"{shown_clock(self.left)} left")
        if self.rate is not None:
            found.append(speed(self.rate, self.unit))
        if self.left is None or ended:
            found.append(f"{'in ' if ended else ''}{shown_clock(self.seconds)}")
        return [*found, *self.fields]
