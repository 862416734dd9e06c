"""Members of sweeps as a table sees them: a setting, a seed, what it came to, and what that depends on."""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from jgan.errors import UserError
from jgan.files import parse_json
from jgan.runs.run import read_settings
from jgan.sweeps.plans import member_folder
from jgan.sweeps.records import BETTER, Record, better_of
from jgan.sweeps.sweep import finished_records

EXPERIMENT = "experiment"
"""Name under which a setting has its experiment, beside the experiment's arguments."""
APART = ("run", "step", "seconds", "versions", "device", "samples_of", "metrics", "first", "second")
"""Entries of an evaluation's protocol that do not decide whether its numbers can be compared."""


class Circumstances(NamedTuple):
    """What numbers depend on besides the setting and the seed.

    Attributes:
      data: by `jgan.runs.identities.identities`, or None.
      versions: of jgan, JAX and others.
      code: SHA-256 of the experiment's file, or None.
      budget: steps and batch size.
    """

    data: Any
    versions: dict[str, str]
    code: str | None
    budget: dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What one training came to.

    Attributes:
      sweep: its directory.
      setting: the experiment under `EXPERIMENT`, and all arguments.
      seed: of it.
      diverged: whether it did.
      values: by metric; none if it diverged.
      protocols: of each metric, as JSON.
      better: of each metric, "lower" or "higher".
      circumstances: what else its numbers depend on; None for pictures that were made elsewhere.
      name: of pictures that were made elsewhere; they have no setting, and seeds below 0.
      halved: whether its training ended at a rung, because others were better; its values are of that step.
      decided: whether its seed was one of those by which settings were chosen at rungs.
      remeasured: metrics that it was measured by more than once, by unlike protocols; the last one counts.
    """

    sweep: Path
    setting: dict[str, Any]
    seed: int
    diverged: bool
    values: dict[str, float]
    protocols: dict[str, Any]
    better: dict[str, str]
    circumstances: Circumstances | None
    name: str = ""
    halved: bool = False
    decided: bool = False
    remeasured: frozenset[str] = frozenset()

    def loss(self, metric: str) -> float:
        """The metric such that lower is better; infinity if the training diverged or it is not finite."""
        value = self.values.get(metric, math.nan)
        if self.diverged or not math.isfinite(value):
            return math.inf
        return -value if self.better[metric] == "higher" else value


def read_outcomes(paths: Sequence[Path]) -> tuple[list[Outcome], list[str]]:
    """The finished members of sweeps, and sentences about what is missing.

    Args:
      paths: directories of sweeps, or of studies, which hold directories of sweeps.

    Raises:
      UserError: if a directory is none of them or holds no finished member, a file is damaged, or two sweeps
        have the same member.
    """
    found: list[Outcome] = []
    notes: list[str] = []
    for sweep in [sweep for path in paths for sweep in _sweeps(path)]:
        own = list(_members(sweep))
        if not (sweep / "summary.csv").is_file():
            notes.append(f"The sweep {str(sweep)!r} is not finished; {len(own)} members are.")
        found += own
    _refuse_twice(found)
    return found, notes


def _sweeps(path: Path) -> list[Path]:
    """The sweep in a directory, or those in the directories of a study."""
    inner = [] if (path / "settings.json").is_file() else sorted(path.glob("*/settings.json"))
    sweeps = [file.parent for file in inner if "sweep" in read_settings(file.parent)]
    if not sweeps and "sweep" not in read_settings(path):
        raise UserError(
            f"{str(path)!r} is the directory of a single run, but a table is made of sweeps; train the run's "
            "settings and seeds by jgan sweep."
        )
    return sweeps or [path]


def _members(path: Path) -> Iterator[Outcome]:
    settings = read_settings(path)
    records = finished_records(path)
    if not records:
        raise UserError(
            f"the sweep {str(path)!r} has no finished members yet; go on with it first."
        )
    for record in records.values():
        yield _outcome(path, settings, record)


def _outcome(path: Path, settings: dict[str, Any], record: Record) -> Outcome:
    sweep = settings["sweep"]
    protocol = sweep.get("score") or sweep.get("distance") or {}
    values, better = dict(record.measures), {**BETTER, "score": better_of("score", protocol)}
    protocols: dict[str, Any] = {name: {} for name in values}
    protocols |= {name: protocol for name in ("score", "distance") if name in values}
    remeasured = set()
    for entry in _evaluations(member_folder(path, record.setting, record.seed)):
        for value in entry["values"]:
            name = str(value["name"])
            values[name], better[name] = _number(value["value"]), value.get("better", "")
            kept = {key: v for key, v in entry["protocol"].items() if key not in APART}
            kept |= (value.get("settings") or {}).get("protocol", {})
            if protocols.get(name, kept) != kept:
                remeasured.add(name)
            protocols[name] = kept
    budget = {name: settings.get(name) for name in ("steps", "batch_size")}
    own = {name: record.setting[name] for name in budget if name in record.setting}
    own |= {} if record.halved is None else {"steps": record.halved}
    first, end = sweep.get("rung_seeds") or (0, 0)
    return Outcome(
        path,
        {
            EXPERIMENT: Path(str(settings[EXPERIMENT])).stem,
            **settings["arguments"],
            **record.setting,
        },
        record.seed,
        record.diverged is not None,
        values,
        protocols,
        better,
        Circumstances(
            settings.get("data"),
            settings.get("versions", {}),
            settings.get("experiment_sha256"),
            {**budget, **own},
        ),
        halved=record.halved is not None,
        decided=first <= record.seed < end,
        remeasured=frozenset(remeasured),
    )


def _evaluations(folder: Path) -> list[dict[str, Any]]:
    """What ``jgan evaluate`` wrote of a kept member."""
    file = folder / "evaluations.json"
    if not file.is_file():
        return []
    try:
        entries = parse_json(file.read_text())["evaluations"]
        if all(isinstance(entry["protocol"], dict) and entry["values"] for entry in entries):
            return entries
    except (OSError, ValueError, TypeError, KeyError):
        pass
    raise UserError(f"{str(file)!r} is damaged; remove it and evaluate the sweep again.")


def _number(value: Any) -> float:
    """A value of an evaluation, which writes infinities and NaN by name."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


def _refuse_twice(outcomes: Sequence[Outcome]) -> None:
    """Refuse a member that two sweeps have, which would count twice."""
    known: dict[str, Outcome] = {}
    for own in outcomes:
        budget = own.circumstances.budget if own.circumstances else None
        other = known.setdefault(json.dumps([own.setting, own.seed, budget], sort_keys=True), own)
        if other is not own:
            raise UserError(
                f"seed {own.seed} of one setting is in {str(other.sweep)!r} and in {str(own.sweep)!r} and "
                "would count twice; leave one of them out."
            )
