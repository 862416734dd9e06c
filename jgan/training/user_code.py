"""What goes wrong in code that a user wrote, told in a sentence."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from jgan.errors import UserError

MODULES = "jgan_experiment_"
"""How the names begin under which experiment files are imported."""


@contextmanager
def as_user_error(what: str) -> Iterator[None]:
    """Turn what is raised inside into one sentence that names the line of the experiment file.

    ValueErrors and missing files that are told in a sentence already, as jgan's own are, stay as they are.

    Args:
      what: the subject of the sentence.

    Raises:
      UserError: for whatever is raised inside.

    >>> with as_user_error("the game"):
    ...     {}["rate"]
    Traceback (most recent call last):
    ...
    jgan.errors.UserError: the game fails with KeyError: 'rate'; JGAN_TRACEBACK=1 shows where.
    """
    try:
        yield
    except UserError:
        raise
    except (Exception, SystemExit) as error:
        text = str(error).strip()
        if isinstance(error, ValueError | FileNotFoundError) and text.endswith("."):
            raise UserError(" ".join(text.split())) from error
        first = text.split("\n")[0].rstrip(".:")
        reason = f"{type(error).__name__}: {first}" if first else type(error).__name__
        raise UserError(
            f"{what} fails{_place(error.__traceback__)} with {reason}; JGAN_TRACEBACK=1 shows where."
        ) from error


def _place(trace: TracebackType | None) -> str:
    """The last line of an experiment file on the way to an error, in words."""
    lines = [
        line
        for frame, line in traceback.walk_tb(trace)
        if str(frame.f_globals.get("__name__")).startswith(MODULES)
    ]
    return f" in line {lines[-1]}" if lines else ""
