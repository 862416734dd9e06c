"""A live line at the bottom of a terminal, or in place in a notebook, drawn by tqdm."""

import os
import threading
import time
from collections.abc import Callable
from textwrap import TextWrapper
from typing import Any, TextIO

from tqdm.std import tqdm

from jgan.display.displays import Display
from jgan.display.tasks import Task
from jgan.display.words import GAP, duration, fitted

LEAST_BAR = 8
"""Characters of the shortest bar; a line with less room has none."""
MOST_BAR = 40
USUAL_COLUMNS = 80
"""Of a terminal that does not say how wide it is."""


class _Bar(tqdm):
    """A bar that only its display redraws, so that it needs no monitor and no lock between processes."""

    monitor_interval = 0


class Bars(Display):
    """The innermost task as a live line: how far it is, time left, rate and fields, as far as there is room.

    Args:
      stream: of the terminal.
      bar: tqdm's class: its usual one, or that of a notebook.
      columns: the width of the terminal; None asks it whenever a line is drawn.
      clock: seconds from any moment.
    """

    def __init__(
        self,
        stream: TextIO,
        bar: type[tqdm] = _Bar,
        columns: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(clock)
        self._stream, self._class, self._columns = stream, bar, columns
        self._bar: Any = None
        self._task: Task | None = None
        bar.set_lock(threading.RLock())

    def say(self, text: str) -> None:
        """Print lines above the live one."""
        with self.lock:
            if self._bar is not None:
                self._bar.clear()
                if self._class is _Bar:  # also of the echo that Ctrl-C leaves behind it
                    self._stream.write(" " * self._width() + "\r")
            print(wrapped(text, self._width()), file=self._stream, flush=True)
            self._draw()

    def warn(self, text: str) -> None:
        """Print a warning above the live line."""
        self.say(f"warning: {text}")

    def begun(self, task: Task, announced: bool) -> None:
        """Draw the new task in place of the one that it is a part of."""
        self._draw()

    def ended(self, task: Task, lasting: bool) -> None:
        """Draw the task that goes on, and leave the result of one that lasts."""
        self._clear()
        if lasting:
            fields = fitted([*task.line(), *task.details], self._width())
            text = GAP.join(fields) if task.unit else ""
            self.say(text or f"{task.name}: {duration(task.seconds)}")
        self._draw()

    def tick(self) -> None:
        """Draw the line anew."""
        with self.lock:
            self._draw()

    def clear(self) -> None:
        """Take the live line away; the next tick draws it again."""
        with self.lock:
            self._clear()

    def _clear(self) -> None:
        if self._bar is not None:
            self._bar.close()
        self._bar = self._task = None

    def _draw(self) -> None:
        task = self.tasks[-1] if self.tasks else None
        if task is not self._task:
            self._clear()
        if task is None:
            return
        layout, width = bar_format(task, self.tasks[:-1], self._width())
        if self._bar is None:
            self._task = task
            self._bar = self._class(
                total=task.total,
                initial=task.done,
                file=self._stream,
                leave=False,
                position=0,
                bar_format=layout,
                mininterval=0,
                **({"ncols": width} if self._class is _Bar else {}),
            )
        self._bar.n, self._bar.bar_format = task.done, layout
        if self._class is _Bar:  # a notebook's takes them for pixels
            self._bar.ncols = width
        self._bar.refresh()

    def _width(self) -> int:
        # The last column stays free: some terminals begin a new line once it is written.
        return max(1, (self._columns or _columns_of(self._stream)) - 1)


def _columns_of(stream: TextIO) -> int:
    """The width of a terminal, which is not always that of the output stream."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or USUAL_COLUMNS
    except (OSError, ValueError):
        return USUAL_COLUMNS


def wrapped(text: str, width: int) -> str:
    """Text whose lines are broken between words, and go on indented."""
    break_lines = TextWrapper(
        width, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
    )
    return "\n".join(break_lines.fill(line) for line in text.split("\n"))


def bar_format(task: Task, outer: list[Task], width: int) -> tuple[str, int]:
    """What tqdm draws of a task: its fields, and a bar between the first and the others where there is room.

    Args:
      task: the innermost.
      outer: those that it is a part of; how far they are is shown last.
      width: characters of the line.

    Returns:
      The format, in which tqdm fills in the bar, and how many characters it fills.
    """
    around = [f"{one.name} {one.count}".strip() for one in outer if one.unit]
    least = len(GAP) + len("||") + LEAST_BAR
    shown = fitted(task.line(), width)
    room = width - len(GAP.join(shown))
    bar = []
    if task.total is not None and room >= least:
        bar, room = ["|{bar}|"], room - least
        more = fitted(["", *task.details, *around], room)[1:]
        shown, room = [*shown, *more], room - len(GAP.join(["", *more]))
    first, *others = (part.replace("{", "{{").replace("}", "}}") for part in shown)
    return GAP.join([first, *bar, *others]), width - max(0, room + LEAST_BAR - MOST_BAR)
