"""The base of all displays, the one that shows nothing but warnings, and the one that writes plain lines."""

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from jgan.display.tasks import Task
from jgan.display.words import GAP, duration

EVERY = 10.0
"""Seconds after which a log has its next line; in a long task a tenth of the time that has passed."""
MOST_SECONDS = 600.0


class Display:
    """Keeps the tasks that run, the innermost last. This one shows warnings only.

    All methods may be called from any thread.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.opened = clock()
        self.tasks: list[Task] = []
        self.lock = threading.RLock()

    def say(self, text: str) -> None:
        """Show a line, or several, that stays."""

    def print_result(self, text: str) -> None:
        """Print a result on the output stream, whatever the display."""
        with self.lock:
            self.clear()
            print(text, flush=True)

    def warn(self, text: str) -> None:
        """Show a warning, which stays."""
        print(f"warning: {text}", file=sys.stderr, flush=True)

    @contextmanager
    def task(
        self,
        name: str,
        total: int | None = None,
        unit: str = "",
        *,
        done: int = 0,
        note: str = "",
        announced: bool = False,
        lasting: bool = False,
        apart: bool = False,
    ) -> Iterator[Task]:
        """Show a task as long as the context lasts; see `jgan.display.task`."""
        task = Task(name, total, unit, done, note, self.clock)
        with self.lock:
            self.tasks.append(task)
            self.begun(task, announced)
        finished = False
        try:
            yield task
            finished = True
        finally:
            with self.lock:
                self.tasks.remove(task)
                if apart:
                    for outer in self.tasks:
                        outer.exclude(task.seconds - task.excluded)
                self.ended(task, lasting and finished)

    def begun(self, task: Task, announced: bool) -> None:
        """Called when a task has begun; one that is announced is named at once, also in a log."""

    def ended(self, task: Task, lasting: bool) -> None:
        """Called when a task has ended; of one that lasts the result stays."""

    def tick(self) -> None:
        """Called some times in a second, to show how time passes."""

    def clear(self) -> None:
        """Leave the stream as other output expects it, at the beginning of a line."""


class Silent(Display):
    """Shows nothing; warnings go to the logger ``jgan``, where a program may look for them."""

    def warn(self, text: str) -> None:
        """Log a warning."""
        logging.getLogger("jgan").warning("warning: %s", text)


class Muted(Display):
    """Shows the tasks of another display, and nothing that is said."""

    def __init__(self, shown: Display) -> None:
        super().__init__(shown.clock)
        self.opened, self._shown = shown.opened, shown

    @contextmanager
    def task(self, *arguments: Any, **options: Any) -> Iterator[Task]:
        """Show a task on the other display, without announcing it or leaving a result."""
        unsaid = {"announced": False, "lasting": False}
        with self._shown.task(*arguments, **{**options, **unsaid}) as task:
            yield task

    def print_result(self, text: str) -> None:
        """Print a result."""
        self._shown.print_result(text)

    def warn(self, text: str) -> None:
        """Do nothing."""


class Lines(Display):
    """Plain lines, some seconds apart, for logs and for terminals that can do no more.

    A task has a line when it has taken `EVERY` seconds, and then again and again, the later the rarer. One that
    is announced has one at once, and one that lasts has a last one with its result.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(clock)
        self._stream = stream
        self._due: dict[Task, float] = {}
        self._last: dict[Task, str] = {}

    def say(self, text: str) -> None:
        """Write lines."""
        with self.lock:
            print(text, file=self._stream, flush=True)

    def warn(self, text: str) -> None:
        """Write a warning."""
        self.say(f"warning: {text}")

    def begun(self, task: Task, announced: bool) -> None:
        """Write what begins, if it is to be announced."""
        self._due[task] = EVERY
        if announced:
            self.say(task.title)

    def ended(self, task: Task, lasting: bool) -> None:
        """Write what came of a task."""
        del self._due[task]
        last = self._last.pop(task, "")
        if not lasting:
            return
        if not task.unit:
            self.say(f"{task.name}: {duration(task.seconds)}")
        elif task.count not in last:
            self.say(GAP.join([*task.line(), *task.details]))

    def tick(self) -> None:
        """Write the innermost task if it is due."""
        with self.lock:
            task = self.tasks[-1] if self.tasks else None
            if task is None or task.seconds < self._due[task]:
                return
            self._last[task] = GAP.join([*task.line(), *task.details])
            self._due[task] = task.seconds + min(max(EVERY, task.seconds / 10), MOST_SECONDS)
            self.say(self._last[task])
