"""The members of a sweep, in batches that are one program each."""

import hashlib
import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from jgan.sweeps.axes import Axis, Setting, as_trained


class Member(NamedTuple):
    """One training of a sweep: its settings and its seed."""

    setting: Setting
    seed: int

    @property
    def key(self) -> str:
        """Equal for members that are the same training, however their numbers are written.

        >>> Member({"lr": 1e-3, "loss": "hinge"}, 0).key == Member({"loss": "hinge", "lr": 0.001}, 0).key
        True
        """
        setting = {name: as_trained(value) for name, value in self.setting.items()}
        return json.dumps([setting, self.seed], sort_keys=True)

    @property
    def order(self) -> Any:
        """What members are sorted by: their settings by name, numbers by size, then the seed."""
        by_size = lambda value: (
            (0, value, "") if isinstance(value, int | float) else (1, 0, str(value))
        )
        return [by_size(self.setting[name]) for name in sorted(self.setting)], self.seed


class Batch(NamedTuple):
    """Members that are one program: they differ in seeds and in settings that can be traced.

    Attributes:
      arguments: what they share.
      members: all of them.
      traced: names of the settings that differ.
    """

    arguments: dict[str, Any]
    members: list[Member]
    traced: list[str]

    def as_json(self) -> dict[str, Any]:
        """The fields as JSON holds them."""
        return {**self._asdict(), "members": [list(member) for member in self.members]}


def batch_from_json(content: Mapping[str, Any]) -> Batch:
    """A batch from what `Batch.as_json` made; lists of its arguments are tuples again."""
    arguments = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in content["arguments"].items()
    }
    return Batch(arguments, [Member(*one) for one in content["members"]], content["traced"])


def plan(
    arguments: Mapping[str, Any],
    axes: Sequence[Axis],
    chosen: Sequence[Setting],
    seeds: Sequence[int],
    at_once: Callable[[dict[str, Any]], int],
) -> list[Batch]:
    """Group a sweep's members into programs.

    Settings that change the program (architectures, losses, counts) make groups; the members of a group are
    cut into batches of at most ``at_once(arguments)``. Without seeds there are none.
    """
    if not seeds:
        return []
    traced = [axis.name for axis in axes if axis.traced]
    groups: dict[str, tuple[dict[str, Any], list[Member]]] = {}
    for setting in chosen:
        shared = {name: value for name, value in setting.items() if name not in traced}
        _, members = groups.setdefault(json.dumps(shared), (shared, []))
        members += [Member(setting, seed) for seed in seeds]
    batches = []
    for shared, members in groups.values():
        whole = {name: value for name, value in arguments.items() if name not in traced} | shared
        size = at_once({**arguments, **members[0].setting})
        batches += [
            Batch(whole, members[start : start + size], traced)
            for start in range(0, len(members), size)
        ]
    return batches


def remaining(batches: Sequence[Batch], finished: Collection[str]) -> list[Batch]:
    """Batches of the members that are not finished, as full as those that were planned.

    Args:
      batches: by `plan`.
      finished: keys of members.
    """
    groups: dict[str, list[Batch]] = {}
    for batch in batches:
        groups.setdefault(json.dumps([batch.arguments, batch.traced]), []).append(batch)
    found = []
    for own in groups.values():
        size = max(len(batch.members) for batch in own)
        left = [one for batch in own for one in batch.members if one.key not in finished]
        found += [
            own[0]._replace(members=left[start : start + size])
            for start in range(0, len(left), size)
        ]
    return found


def member_folder(folder: Path, setting: Setting, seed: int) -> Path:
    """Where what is kept of a member of the sweep in ``folder`` lies: pictures, its state, evaluations.

    >>> member_folder(Path("sweep"), {"lr": 0.001}, 3).as_posix()
    'sweep/members/lr-0.001-3-53e07325'
    """
    key = json.dumps([setting, seed], sort_keys=True)
    words = re.sub(r"[^\w.]+", "-", key).strip("-")[:80]
    return folder / "members" / f"{words}-{hashlib.sha256(key.encode()).hexdigest()[:8]}"
