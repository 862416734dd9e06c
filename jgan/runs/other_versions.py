"""Runs that another version of jgan has made: what goes wrong with them is said with its name."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from jgan.data.stand_in import DataNeeded
from jgan.errors import UserError
from jgan.runs.checkpoint import Gone
from jgan.versions import versions


def other_version(settings: Any) -> str | None:
    """The version of jgan that wrote the settings of a run, None if it is this one or they do not say.

    >>> other_version({"versions": {"jgan": "0.0.1"}})
    '0.0.1'
    >>> other_version({})
    """
    made_by = settings.get("versions") if isinstance(settings, Mapping) else None
    version = made_by.get("jgan") if isinstance(made_by, Mapping) else None
    return version if isinstance(version, str) and version != versions()["jgan"] else None


@contextmanager
def naming_version(version: str | None) -> Iterator[None]:
    """Add to a mistake that the run was made by another version of jgan, which may be its cause.

    Args:
      version: by `other_version`; None changes nothing.

    Raises:
      UserError: that which is raised inside.

    >>> with naming_version("0.0.1"):
    ...     raise UserError("its checkpoint does not fit.")
    Traceback (most recent call last):
    jgan.errors.UserError: its checkpoint does not fit; the run was made by jgan 0.0.1, ...
    """
    try:
        yield
    except (DataNeeded, Gone):  # others ask again
        raise
    except UserError as error:
        if version is not None and not isinstance(error.__cause__, FileNotFoundError):
            sentence = str(error).removesuffix(".")
            now = versions()["jgan"]
            error.args = (
                f"{sentence}; the run was made by jgan {version}, and not all of its runs can be read by jgan "
                f"{now}.",
                *error.args[1:],
            )
        raise
