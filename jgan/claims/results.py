"""What ``jgan verify`` keeps of one training beside its run: ``verify.json`` in the run directory."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from jgan.claims.first_updates import FirstUpdates
from jgan.errors import UserError
from jgan.files import make_folder, parse_json, write_atomically

FORMAT = 1
NAME = "verify.json"
TRAINING, FINISHED, DIVERGED = STATES = ("training", "finished", "diverged")


class Result(NamedTuple):
    """One training, as far as it has come.

    Attributes:
      state: one of `STATES`.
      seconds: of training, over all the calls that took part in it, compilation included.
      peak_memory: of a training process, in MiB.
      commit: of the code that trained, by `jgan.versions.commit`.
      date: of the training's begin, such as ``"2026-01-31"``.
      versions: by `jgan.versions.versions`.
      code: hash of the code that measured the values and last made the first updates.
      first_updates: losses and gradient norms of each stage's first updates.
      values: what was measured of the finished training, by claim; NaN for a training that diverged.
      beside: what must be read beside a value, by claim, where there is something.
    """

    state: str
    seconds: float
    peak_memory: float
    commit: str
    date: str
    versions: dict[str, str]
    code: str
    first_updates: FirstUpdates
    values: dict[str, float] = {}
    beside: dict[str, str] = {}


def read_result(run: Path) -> Result | None:
    """The result in a run directory, None if there is none.

    Raises:
      UserError: if it is damaged or was written by another version of jgan.
    """
    file = run / NAME
    try:
        found: Any = parse_json(file.read_text())
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        found = None
    if isinstance(found, dict) and found.get("format", FORMAT) != FORMAT:
        raise UserError(
            f"{str(file)!r} has the format {found['format']!r} of another version of jgan, not {FORMAT}; "
            "choose another --out."
        )
    try:
        result = Result(**{name: found[name] for name in Result._fields})
    except (TypeError, KeyError) as error:
        raise UserError(
            f"{str(file)!r} is damaged; remove the folder it is in, which is then trained again."
        ) from error
    return result


def write_result(run: Path, result: Result) -> None:
    """Keep a result in its run directory."""
    content = {"format": FORMAT, **result._asdict()}
    write_atomically(make_folder(run) / NAME, json.dumps(content, indent=1) + "\n")
