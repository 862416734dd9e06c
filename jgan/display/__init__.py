"""What a person sees while something takes time: a live bar on a terminal, plain lines in a log.

Code that takes time names it, whoever runs it:

    with task("reading pictures", total=count, unit="pictures") as reading:
        ...
        reading.update(done)

A command opens the display that suits its stream by `showing`; without one nothing is shown. Whatever is
said meanwhile (`say`, `warn`) stands above the bar. Results (`print_result`) go to the output stream.
"""

from jgan.display.current import (
    muted,
    print_result,
    say,
    seconds_shown,
    showing,
    silence,
    task,
    warn,
)
from jgan.display.tasks import Task
from jgan.display.words import duration, speed

__all__ = [
    "Task",
    "duration",
    "muted",
    "print_result",
    "say",
    "seconds_shown",
    "showing",
    "silence",
    "speed",
    "task",
    "warn",
]
