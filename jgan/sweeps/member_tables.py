"""The tables of a sweep: a line a member, and a line a setting."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from jgan.files import write_atomically
from jgan.sweeps.records import Record


def summary(records: Sequence[Record]) -> list[dict[str, Any]]:
    """A row for each setting: its values, how many members and how many diverged, and their measures.

    Of each measure there are the mean and ``std``, the standard deviation over the seeds (divisor n - 1), None
    for one seed. Diverged members have no measures and count in no mean. A setting that was not trained to the
    end has ``halved at step``, the number of updates that its measures are of.
    """
    groups: dict[str, list[Record]] = {}
    for record in records:
        groups.setdefault(json.dumps(record.setting, sort_keys=True), []).append(record)
    table = []
    for members in groups.values():
        row: dict[str, Any] = dict(members[0].setting)
        row["members"] = len(members)
        row["diverged"] = sum(own.diverged is not None for own in members)
        row |= _halved(members[0])
        names = {name: None for own in members for name in own.measures}
        for name in names:
            values = [own.measures[name] for own in members if name in own.measures]
            row[f"{name} mean"] = float(np.mean(values))
            row[f"{name} std"] = float(np.std(values, ddof=1)) if len(values) > 1 else None
        table.append(row)
    return table


def _halved(record: Record) -> dict[str, Any]:
    """The column of what was not trained to the end; tables in which everything was have none."""
    return {} if record.halved is None else {"halved at step": record.halved}


def write_tables(folder: Path, records: Sequence[Record]) -> None:
    """``members.csv`` and ``summary.csv``.

    ``diverged`` is a number of members in both: 0 or 1 in a member's line, whose ``diverged at step`` is empty
    unless it diverged.
    """
    members = [
        {
            **own.setting,
            "seed": own.seed,
            "diverged": int(own.diverged is not None),
            "diverged at step": own.diverged,
            **_halved(own),
            **own.measures,
        }
        for own in records
    ]
    for name, rows in (("members", members), ("summary", summary(records))):
        columns = list({column: None for row in rows for column in row})
        buffer = io.StringIO()
        writer = csv.DictWriter(buffer, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_atomically(folder / f"{name}.csv", buffer.getvalue())
