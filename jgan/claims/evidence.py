"""Kept evidence: one row an experiment, claim, variant and seed, in a table that is committed.

======================  =============================================================================
``experiment``          name of the experiment file, without ``.py``
``claim``               name of the claim
``variant``             ``system``, ``control`` or the name of a rival
``seed``                of the training
``value``               what was measured; ``nan`` for a training that diverged
``bound``               of the claim, such as ``>= 8``
``holds``               ``yes`` if the value meets the bound, else ``no``: a claim is proven by ``yes`` in every
                        row of its system and by ``no``, with a finite value, in every row of its control; a
                        rival may have either
``beside``              what must be read beside the value: the accuracy of the judge that it rests on, the
                        share of good samples beside a number of modes
``steps``               updates of the training
``seconds``             of the training, on the machine that made it
``peak_memory``         of its process, in MiB
``commit``, ``date``    of the code that trained, and when
``versions``            of Python and of the packages that matter, as JSON
``first_updates``       losses and gradient norms of first updates (`jgan.claims.first_updates`), as
                        JSON: where the code gives others, the row is stale
======================  =============================================================================
"""

import csv
import fcntl
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from jgan.claims.first_updates import FirstUpdates
from jgan.claims.results import Result
from jgan.claims.trainings import CONTROL, SYSTEM
from jgan.errors import UserError
from jgan.files import make_folder, write_atomically
from jgan.training.experiment import Claim

Key = tuple[str, str, str, int]
"""Experiment, claim, variant and seed."""
_WORDS = {True: "yes", False: "no"}


class EvidenceRow(NamedTuple):
    """One row; see the module for its columns."""

    experiment: str
    claim: str
    variant: str
    seed: int
    value: float
    bound: str
    holds: bool
    beside: str
    steps: int
    seconds: float
    peak_memory: float
    commit: str
    date: str
    versions: dict[str, str]
    first_updates: FirstUpdates

    @property
    def key(self) -> Key:
        """Of which there is one row."""
        return self.experiment, self.claim, self.variant, self.seed


Table = dict[Key, EvidenceRow]


def row_of(
    experiment: str, claim: Claim, variant: str, seed: int, steps: int, result: Result
) -> EvidenceRow:
    """The row of a measured training.

    Args:
      experiment: name of its file, without the suffix.
      claim: that was measured.
      variant: as in `EvidenceRow`.
      seed: of the training.
      steps: of the training.
      result: of the training.
    """
    value = result.values[claim.name]
    return EvidenceRow(
        experiment,
        claim.name,
        variant,
        seed,
        value,
        claim.bound(),
        claim.holds(value),
        result.beside.get(claim.name, ""),
        steps,
        result.seconds,
        result.peak_memory,
        result.commit,
        result.date,
        result.versions,
        result.first_updates,
    )


def read_evidence(path: Path) -> Table:
    """The rows of a table by their keys, in the order of the file; none if there is no file.

    Raises:
      UserError: if it is no such table.
    """
    rows = read_rows(path, EvidenceRow._fields, _read, "evidence")
    return {row.key: row for row in rows}


def read_rows[Row](
    path: Path, columns: Sequence[str], read: Callable[[dict[str, Any]], Row], what: str
) -> list[Row]:
    """The rows of a table in a CSV file; none if there is no file.

    Args:
      path: of the file.
      columns: that it must have, in order.
      read: a row from its texts by column; raises a ValueError or TypeError for one that is none.
      what: the table is of, for the message.

    Raises:
      UserError: if it is no such table.
    """
    try:
        with open(path, newline="") as file:
            lines = csv.DictReader(file)
            if list(lines.fieldnames or ()) != list(columns):
                raise ValueError(f"its columns are not {', '.join(columns)}")
            return [read(line) for line in lines]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError) as error:
        raise UserError(f"{str(path)!r} is no table of {what}: {error}.") from error


def merge_evidence(path: Path, rows: Iterable[EvidenceRow]) -> None:
    """Add rows to a table, or put them in the place of those with the same keys; as `change_evidence`."""
    change_evidence(path, lambda table: table | {row.key: row for row in rows})


def change_evidence(path: Path, change: Callable[[Table], Table]) -> None:
    """Put another table in the place of one, if it differs. Processes that do so wait for each other.

    Raises:
      UserError: if the file is no such table or cannot be written.
    """
    with _held(make_folder(path.parent)):
        before = read_evidence(path)
        after = change(dict(before))
        if _text(after) != _text(before) or not path.exists():
            write_atomically(path, _text(after))


def _text(table: Mapping[Key, EvidenceRow]) -> str:
    """The file: experiments by name, claims as they came, systems before controls before rivals."""
    claims = {name: place for place, name in enumerate(dict.fromkeys(key[:2] for key in table))}
    ranks = {SYSTEM: 0, CONTROL: 1}

    def order(row: EvidenceRow) -> tuple[str, int, int, str, int]:
        place = claims[row.experiment, row.claim]
        return row.experiment, place, ranks.get(row.variant, 2), row.variant, row.seed

    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(EvidenceRow._fields)
    writer.writerows(_cells(row) for row in sorted(table.values(), key=order))
    return buffer.getvalue()


def _cells(row: EvidenceRow) -> list[str]:
    compact = {
        "value": f"{row.value:.6g}",
        "holds": _WORDS[row.holds],
        "seconds": f"{row.seconds:.1f}",
        "peak_memory": f"{row.peak_memory:.0f}",
        "versions": json.dumps(row.versions, separators=(",", ":")),
        "first_updates": json.dumps(row.first_updates, separators=(",", ":")),
    }
    return [str(value) for value in (row._asdict() | compact).values()]


def _read(line: Mapping[str, str]) -> EvidenceRow:
    if line["holds"] not in _WORDS.values():
        raise ValueError(f"holds is {line['holds']!r}, but must be yes or no")
    typed = {
        "seed": int(line["seed"]),
        "value": float(line["value"]),
        "holds": line["holds"] == "yes",
        "steps": int(line["steps"]),
        "seconds": float(line["seconds"]),
        "peak_memory": float(line["peak_memory"]),
        "versions": json.loads(line["versions"]),
        "first_updates": json.loads(line["first_updates"]),
    }
    return EvidenceRow(**{**line, **typed})


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Hold a folder against other processes that hold it in the same way."""
    number = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(number, fcntl.LOCK_EX)
        yield
    finally:
        os.close(number)
