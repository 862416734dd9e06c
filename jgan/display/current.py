"""The display that is open, and what code says to it."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import TextIO

from jgan.display.choice import choose_display
from jgan.display.displays import Display, Muted, Silent
from jgan.display.tasks import Task

TICK = 0.25
"""Seconds between two drawings of a live line."""
_NONE = Silent()
_CURRENT: ContextVar[Display] = ContextVar("display", default=_NONE)


@contextmanager
def showing(stream: TextIO, quiet: bool = False) -> Iterator[None]:
    """Show tasks and what is said on ``stream`` as long as the context lasts.

    Within another such context that one goes on, and nothing is opened.

    Args:
      stream: a live bar is drawn if it is a terminal or a notebook's; other streams get plain lines.
      quiet: whether only warnings are shown.
    """
    if _CURRENT.get() is not _NONE:
        yield
        return
    with shown_on(choose_display(stream, quiet)):
        yield


@contextmanager
def shown_on(display: Display) -> Iterator[None]:
    """Show everything on a display as long as the context lasts."""
    token = _CURRENT.set(display)
    ended = threading.Event()

    def tick() -> None:
        while not ended.wait(TICK):
            try:
                display.tick()
            except (OSError, ValueError):  # nobody reads the stream any more
                return

    ticker = threading.Thread(target=tick, name="jgan display", daemon=True)
    ticker.start()
    try:
        yield
    finally:
        ended.set()
        ticker.join()
        display.clear()
        _CURRENT.reset(token)


def silence() -> None:
    """Show nothing from here to the end of the context: of several processes of a run one is enough."""
    _CURRENT.get().clear()
    _CURRENT.set(Muted(Silent()))


@contextmanager
def muted() -> Iterator[None]:
    """Show tasks, but nothing that is said, as long as the context lasts: for trainings within others."""
    token = _CURRENT.set(Muted(_CURRENT.get()))
    try:
        yield
    finally:
        _CURRENT.reset(token)


def seconds_shown() -> float:
    """Seconds since the display was opened, which is when its command began; 0 without one."""
    display = _CURRENT.get()
    return 0.0 if display is _NONE else display.clock() - display.opened


def say(text: str) -> None:
    """Show a line, or several, that stays above whatever is live."""
    _CURRENT.get().say(text)


def print_result(text: str) -> None:
    """Print what a command was asked for on the output stream; ``--quiet`` does not silence it."""
    _CURRENT.get().print_result(text)


def warn(text: str) -> None:
    """Show a warning, which stays and which ``--quiet`` does not silence.

    Args:
      text: a sentence without its full stop or with it; "warning: " is put before it.
    """
    _CURRENT.get().warn(text)


def task(
    name: str,
    total: int | None = None,
    unit: str = "",
    *,
    done: int = 0,
    note: str = "",
    announced: bool = False,
    lasting: bool = False,
    apart: bool = False,
) -> AbstractContextManager[Task]:
    """Show a task as long as the context lasts.

    Args:
      name: what is done, such as ``"reading pictures"``; "" where ``unit`` says it.
      total: how many are to be done, None where it is not known.
      unit: what is counted, in the plural.
      done: how many were done before; the speed does not count them.
      note: what a person should know beforehand, such as ``"usually 10 to 30 s"``.
      announced: whether a log, too, names it when it begins, and not only after some seconds.
      lasting: whether the result stays: how far the task came, or how long it took.
      apart: whether its time is left out from the speed of the tasks around it.

    Returns:
      A context that gives a `Task`, whose ``update`` says how far it is.
    """
    return _CURRENT.get().task(
        name,
        total,
        unit,
        done=done,
        note=note,
        announced=announced,
        lasting=lasting,
        apart=apart,
    )
