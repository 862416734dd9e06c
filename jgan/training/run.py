"""A run directory: settings, metrics, sample grids and checkpoints of one training.

settings.json     everything that decides the result, and the versions that made it
experiment.py     the experiment file as it was
metrics.jsonl     one row of metrics a line
samples/          grids from fixed latents, one file a step; samples.png is the newest
checkpoints/      whole train states, by Orbax
"""

import fcntl
import hashlib
import json
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

import jax

from jgan.errors import UserError
from jgan.training.files import make_folder, write_atomically

VERSIONED = ("jgan", "jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "numpy")


def versions() -> dict[str, str]:
    """Versions of what a result depends on."""
    found = {"python": platform.python_version()}
    for package in VERSIONED:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed as a package"
    return found


def settings_of(
    experiment: str | Path, arguments: dict[str, Any], *, seed: int, batch_size: int, steps: int
) -> dict[str, Any]:
    """What decides a run's result, as JSON: the experiment file and its arguments, seed, sizes."""
    path = Path(experiment)
    return {
        "experiment": path.name,
        "experiment_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "arguments": arguments,
        "seed": seed,
        "batch_size": batch_size,
        "steps": steps,
        "versions": versions(),
        "device": f"{jax.device_count()} x {jax.devices()[0].device_kind}",
    }


class RunDirectory:
    """One run's directory, held by one process at a time."""

    def __init__(self, path: str | Path) -> None:
        self.path = make_folder(path)
        self.checkpoints = self.path / "checkpoints"
        self.metrics = self.path / "metrics.jsonl"
        self.samples = make_folder(self.path / "samples")
        try:
            self._lock = open(self.path / ".lock", "w")  # noqa: SIM115  held until the process ends
        except OSError as error:
            raise UserError(
                f"folder {str(self.path)!r} is not writable: {error.strerror}."
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            raise UserError(
                f"run directory {str(self.path)!r} is in use by another process; choose another --out."
            ) from error

    def close(self) -> None:
        """Let another process have the directory."""
        self._lock.close()

    def write_settings(self, settings: dict[str, Any], experiment: Path) -> None:
        """Write settings and experiment file, after comparing them with an earlier start of this run.

        A run may be continued with more steps, on other versions or devices; nothing else may differ.

        Raises:
          UserError: naming the first setting that differs.
        """
        file = self.path / "settings.json"
        if file.exists():
            before = read_settings(self.path)
            for name in ("experiment", "arguments", "seed", "batch_size"):
                _refuse_difference(self.path, name, before.get(name), settings[name])
            if before.get("experiment_sha256") != settings["experiment_sha256"]:
                raise UserError(
                    f"run directory {str(self.path)!r} was made with another version of the file "
                    f"{settings['experiment']!r}; restore it (a copy is in the run directory) to continue, "
                    "or use another --out to start a new run."
                )
        write_atomically(self.path / "experiment.py", experiment.read_bytes())
        write_atomically(file, json.dumps(settings, indent=2) + "\n")

    def rows(self, until: int) -> list[dict[str, float]]:
        """Rows of metrics up to step ``until``; later ones, of an interrupted run, are removed."""
        if not self.metrics.exists():
            return []
        rows = []
        for line in self.metrics.read_text().splitlines():
            try:
                rows.append(json.loads(line))
            except json.JSONDecodeError:  # the line that was being written when the process died
                break
        kept = [row for row in rows if row["step"] <= until]
        write_atomically(self.metrics, "".join(json.dumps(row) + "\n" for row in kept))
        return kept

    def append(self, row: dict[str, float]) -> None:
        """Add a row of metrics."""
        with open(self.metrics, "a") as file:
            file.write(json.dumps(row) + "\n")


def _refuse_difference(path: Path, name: str, before: Any, now: Any) -> None:
    if isinstance(before, dict) and isinstance(now, dict):
        for key in sorted({*before, *now}):
            _refuse_difference(path, key, before.get(key), now.get(key))
    elif before != now:
        raise UserError(
            f"run directory {str(path)!r} was made with {name} = {before!r}, not {now!r}; "
            "use the same value to continue it, or another --out to start a new run."
        )


def read_settings(path: str | Path) -> dict[str, Any]:
    """The settings of the run in ``path``.

    Raises:
      UserError: if it is not a run directory.
    """
    file = Path(path) / "settings.json"
    try:
        return json.loads(file.read_text())
    except OSError as error:
        raise UserError(
            f"{str(path)!r} is not a run directory: it has no settings.json."
        ) from error
    except json.JSONDecodeError as error:
        raise UserError(f"{str(file)!r} is not valid JSON: {error}.") from error
