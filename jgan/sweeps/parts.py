"""Parts of a sweep, for processes that train its members in one directory without speaking with each other."""

import contextlib
import fcntl
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, NamedTuple

from jgan.errors import UserError
from jgan.runs.run import RunDirectory
from jgan.sweeps.plans import Batch


class Part(NamedTuple):
    """Every ``total``-th program of a sweep, from the ``number``-th on, counted from 1."""

    number: int = 1
    total: int = 1

    @property
    def name(self) -> str:
        """In names of files; empty for a whole sweep.

        >>> Part(3, 8).name, Part().name
        ('3-of-8', '')
        """
        return f"{self.number}-of-{self.total}" if self.total > 1 else ""

    def own(self, batches: Sequence[Batch]) -> list[Batch]:
        """Those of all programs that are in this part, whatever is finished of the others."""
        return list(batches[self.number - 1 :: self.total])

    def __str__(self) -> str:
        return f"{self.number}/{self.total}"


WHOLE = Part()


class SweepDirectory(RunDirectory):
    """A sweep's directory, held by one process, or shared by the processes of its parts.

    Args:
      path: of the directory.
      part: that this process trains.

    Raises:
      UserError: if another process trains the same members, or the directory cannot be written.
    """

    def __init__(self, path: Path, part: Part = WHOLE) -> None:
        self._part = part
        self._shared: IO[str] | None = None
        super().__init__(path)

    def _hold(self) -> None:
        if not self._part.name:
            super()._hold()
            return
        self._lock = self._opened(f".lock-{self._part.name}")
        self._take(self._lock, fcntl.LOCK_EX, f"part {self._part} of ")
        self._shared = self._opened(".lock")
        self._take(self._shared, fcntl.LOCK_SH)

    def close(self) -> None:
        """Let another process have the directory."""
        super().close()
        if self._shared:
            self._shared.close()

    @contextlib.contextmanager
    def beginning(self) -> Iterator[bool]:
        """Keep other parts from comparing and writing settings meanwhile; whether some are at work already."""
        if self._shared is None:
            yield False
            return
        with self._opened(".lock-settings") as gate:
            fcntl.flock(gate, fcntl.LOCK_EX)
            yield self._others(self._shared)

    def _others(self, shared: IO[str]) -> bool:
        """Whether other parts are at work, for which this one cannot have the directory for itself."""
        try:
            fcntl.flock(shared, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            found = True
        else:
            found = False
        self._take(shared, fcntl.LOCK_SH)
        return found

    def _opened(self, name: str) -> IO[str]:
        try:
            return open(self.path / name, "w")
        except OSError as error:
            raise UserError(
                f"folder {str(self.path)!r} is not writable: {error.strerror}."
            ) from error

    def _take(self, lock: IO[str], kind: int, what: str = "") -> None:
        try:
            fcntl.flock(lock, kind | fcntl.LOCK_NB)
        except OSError as error:
            self.close()
            raise UserError(
                f"{what}run directory {str(self.path)!r} is in use by another process; choose another --out."
            ) from error
