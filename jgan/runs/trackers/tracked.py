"""What trackers are given of a run."""

import json
import uuid
from pathlib import Path
from typing import Any, NamedTuple

from jgan.files import parse_json, write_atomically

PROJECT = "jgan"
"""What runs are gathered under, unless a package's environment variable names something else."""


class TrackedRun(NamedTuple):
    """A run as trackers know it.

    Attributes:
      path: the run directory.
      settings: of the run, from settings.json.
      until: the step that it goes on from, 0 at its beginning.
    """

    path: Path
    settings: dict[str, Any]
    until: int = 0

    @property
    def name(self) -> str:
        """The name of the run directory."""
        return self.path.resolve().name

    @property
    def config(self) -> dict[str, Any]:
        """What the run was trained with: the experiment, its arguments, seed and sizes."""
        sizes = ("experiment", "seed", "batch_size", "steps")
        kept = {name: self.settings[name] for name in sizes if name in self.settings}
        return {**kept, **self.settings.get("arguments", {})}

    def identifier(self, tracker: str) -> str | None:
        """The identifier by which a tracker knows the run, from RUN/tracking.json; None before it has one."""
        known = self._identifiers().get(tracker)
        return known if isinstance(known, str) else None

    def keep_identifier(self, tracker: str, identifier: str | None = None) -> str:
        """Keep an identifier, a random one by default, in RUN/tracking.json; returns it."""
        identifier = identifier or uuid.uuid4().hex[:16]
        kept = {**self._identifiers(), tracker: identifier}
        write_atomically(self.path / "tracking.json", json.dumps(kept, indent=2) + "\n")
        return identifier

    def _identifiers(self) -> dict[str, Any]:
        try:
            known = parse_json((self.path / "tracking.json").read_text())
        except (OSError, ValueError):
            return {}
        return known if isinstance(known, dict) else {}
