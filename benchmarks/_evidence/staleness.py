"""Which rows of the kept evidence the code no longer makes: their first updates are others today (law 10)."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from jgan.claims.evidence import EvidenceRow, Key, Table
from jgan.claims.first_updates import first_updates, same_first_updates
from jgan.claims.trainings import Plan, Training
from jgan.files import parse_json, write_atomically
from jgan.versions import code_hash


class Compared:
    """What has been compared under the code of today, so that an interrupted comparison goes on.

    Args:
      place: a file that is kept; None for none.
    """

    def __init__(self, place: Path | None) -> None:
        self._place = place
        self._found: dict[str, bool] = {}
        try:
            content = parse_json(place.read_text()) if place else {}
            if content["code"] == code_hash():
                self._found = dict(content["stale"])
        except (OSError, ValueError, TypeError, KeyError):
            pass  # compared anew

    def stale(self, training: Training, row: EvidenceRow) -> bool:
        """Whether a training begins otherwise than a row that was made of it says."""
        own = json.dumps([training.name, row.seed, row.first_updates])
        name = hashlib.sha256(own.encode()).hexdigest()[:24]
        if name not in self._found:
            now = first_updates(training.experiment, row.seed)
            self._found[name] = not same_first_updates(row.first_updates, now)
            if self._place:
                content = {"code": code_hash(), "stale": self._found}
                write_atomically(self._place, json.dumps(content) + "\n")
        return self._found[name]


def stale_keys(experiment: str, plan: Plan, table: Table, compared: Compared) -> Iterator[Key]:
    """The keys of an experiment's rows that are stale.

    A row is stale if its training has another number of steps today, or if its first updates are others. These
    are made for the first recorded seed of each training, and speak for the other seeds.

    Args:
      experiment: name of its subject.
      plan: its claims and trainings.
      table: of all that is recorded; rows of what is claimed no more are left out.
      compared: keeps what is found.
    """
    rows = [row for row in table.values() if row.experiment == experiment]
    for (claim, variant), training in plan.trainings.items():
        own = sorted(
            (row for row in rows if row[1:3] == (claim, variant)), key=lambda row: row.seed
        )
        other = {row.key for row in own if row.steps != training.experiment.steps}
        yield from other
        rest = [row for row in own if row.key not in other]
        if rest and compared.stale(training, rest[0]):
            yield from (row.key for row in rest)
