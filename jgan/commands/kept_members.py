"""Members of a sweep that are kept, each as the directory of a run, and measured again without any training."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jgan.commands.evaluation import Evaluation, write_result
from jgan.commands.notebook import Table
from jgan.display import task
from jgan.errors import UserError
from jgan.files import make_folder, write_atomically
from jgan.runs.checkpoint import Checkpoints
from jgan.runs.run import best_of
from jgan.sweeps.histories import finite
from jgan.sweeps.plans import Member, member_folder
from jgan.sweeps.sweep import finished_records
from jgan.training.experiment import Trained

SCORE = "score"


def kept_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a sweep as those of a run that its members are."""
    return {name: value for name, value in settings.items() if name != "sweep"}


class Keep:
    """Keeps the states of members that were measured.

    Args:
      folder: the sweep's directory.
      which: "final", "best", by the score of those measured, or "none".
      settings: by `kept_settings`.
      origin: file of the experiment, or its name where no file is kept of it.
      higher: whether the better score is the higher one.
    """

    def __init__(
        self,
        folder: Path,
        which: str,
        settings: dict[str, Any],
        origin: Path | str,
        higher: bool = False,
    ) -> None:
        self._folder, self._which, self._settings, self._origin = folder, which, settings, origin
        self._sign = -1 if higher else 1

    def __call__(self, member: Member, trained: Trained, measured: Mapping[str, float]) -> None:
        """Keep this one, if it is to be kept at its step."""
        step = int(trained.state.step)
        if self._which == "none" or (self._which == "final" and step < self._settings["steps"]):
            return
        place = make_folder(member_folder(self._folder, member.setting, member.seed))
        best = best_of(place)
        other = self._which == "best" and best is not None and best["step"] != step
        if other and not self._sign * measured[SCORE] < self._sign * best[SCORE]:  # type: ignore[index]
            return
        sizes = {n: member.setting[n] for n in ("batch_size",) if n in member.setting}
        own = {name: value for name, value in member.setting.items() if name not in sizes}
        arguments = {**self._settings["arguments"], **own}
        settings = {**self._settings, **sizes, "arguments": arguments, "seed": member.seed}
        if isinstance(self._origin, Path):
            write_atomically(place / "experiment.py", self._origin.read_bytes())
        write_atomically(place / "settings.json", json.dumps(settings, indent=2) + "\n")
        rows = [{k: v if finite(v) else None for k, v in row.items()} for row in trained.history]
        text = "".join(json.dumps(row) + "\n" for row in rows)
        write_atomically(place / "metrics.jsonl", text)
        with Checkpoints(place / "checkpoints", keep=1) as checkpoints:
            checkpoints.save(trained.state, step)
        if self._which == "best":
            found = {"step": step, SCORE: float(measured[SCORE])}
            write_atomically(place / "best.json", json.dumps(found) + "\n")


def evaluate_members(sweep: Path, evaluate: Callable[[Path], Evaluation]) -> Table:
    """Measure all kept members of a sweep, each result beside the member.

    Args:
      sweep: its directory.
      evaluate: measures the run in a directory.

    Returns:
      A row for each member.

    Raises:
      UserError: if there is no member that was trained to the end and did not diverge, or one was not kept.
    """
    finished = sorted(finished_records(sweep).values(), key=lambda own: own.member.order)
    alive = [own for own in finished if own.diverged is None and own.halved is None]
    places = {own.member.key: member_folder(sweep, own.setting, own.seed) for own in alive}
    if not alive:
        raise UserError(
            f"the sweep {str(sweep)!r} has no member that was trained to the end and did not diverge."
        )
    lost = [own for own in alive if not (places[own.member.key] / "checkpoints").is_dir()]
    if lost:
        raise UserError(
            f"{len(lost)} of {len(alive)} members of the sweep {str(sweep)!r} that were trained to the end "
            "were not kept; jgan sweep --keep final trains a sweep that can be measured again."
        )
    rows = Table()
    with task("", len(alive), "members", lasting=True) as shown:
        for record in alive:
            place = places[record.member.key]
            result = evaluate(place)
            write_result(place / "evaluations.json", result)
            rows.append({**record.setting, "seed": record.seed, **result.numbers})
            shown.update(len(rows), [])
    return rows
