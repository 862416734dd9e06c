"""Successive halving: at rungs, numbers of updates, the better settings go on and the others end."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from jgan.sweeps.axes import Setting
from jgan.sweeps.histories import finite
from jgan.sweeps.plans import Batch, Member
from jgan.sweeps.records import Record

SCORE = "score"


class Rungs(NamedTuple):
    """When settings are compared, and how many of them go on (Jamieson & Talwalkar 2016).

    Attributes:
      steps: numbers of updates, ascending; none for a sweep that trains everything to the end.
      share: of the settings that go on at each rung, rounded up.
      within: names of settings; those that differ in them are not compared with each other, so that of each
        combination of their values the same share goes on.
      end: number of updates of those that go on at all rungs.
      higher: whether the better score is the higher one.
    """

    steps: tuple[int, ...] = ()
    share: float = 0.5
    within: tuple[str, ...] = ()
    end: int = 0
    higher: bool = False


NONE = Rungs()


def halved(
    batches: Sequence[Batch], records: Mapping[str, Record], rungs: Rungs
) -> list[Setting] | None:
    """The settings that end at a rung.

    A setting is as good as the mean score of its seeds. One with more diverged seeds is worse; of equal ones
    the first of the sweep is the better.

    Args:
      batches: all that came to the rung.
      records: what was measured there, by the keys of members.
      rungs: how many go on.

    Returns:
      None if a member has not come to the rung yet.
    """
    settings: dict[str, Setting] = {}
    seeds: dict[str, list[Record]] = {}
    for member in (member for batch in batches for member in batch.members):
        if member.key not in records:
            return None
        name = setting_key(member.setting)
        settings.setdefault(name, member.setting)
        seeds.setdefault(name, []).append(records[member.key])
    groups: dict[str, list[str]] = {}
    for name, setting in settings.items():
        own = {n: setting[n] for n in rungs.within}
        groups.setdefault(setting_key(own), []).append(name)
    ended = []
    for names in groups.values():
        order = sorted(names, key=lambda name: rank(seeds[name], rungs.higher))
        ended += order[going_on(len(names), rungs.share) :]
    return [settings[name] for name in settings if name in ended]


def going_on(count: int, share: float) -> int:
    """How many of so many settings go on.

    >>> [going_on(count, 0.5) for count in (1, 2, 3, 8)], going_on(30, 0.1)
    ([1, 1, 2, 4], 3)
    """
    return math.ceil(round(count * share, 9))


def rank(seeds: Sequence[Record], higher: bool) -> tuple[int, float]:
    """What settings are sorted by, the best first: how many seeds are lost, the mean score of the others."""
    scores = [own.measures.get(SCORE) for own in seeds if own.diverged is None]
    known = [float(score) for score in scores if score is not None and finite(score)]
    mean = math.fsum(known) / len(known) if known else math.inf
    return len(seeds) - len(known), -mean if higher and known else mean


def setting_key(setting: Setting) -> str:
    """Equal for equal settings, however their numbers are written."""
    return json.dumps(Member(setting, 0).key)
