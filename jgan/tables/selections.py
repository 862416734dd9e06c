"""Which metrics of which seeds: one rule for what a setting is chosen by and for what is reported."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from jgan.errors import UserError
from jgan.tables.outcomes import Outcome

SCORE = "score"
_TEXT = re.compile(r"(?:(?P<metrics>[^=@]+?))?@?(?:seeds=(?P<first>\d+):(?P<end>\d+))?")


class Selection(NamedTuple):
    """Metrics and seeds.

    Attributes:
      metrics: names, or beginnings of names; empty for the usual one.
      seeds: None for all.
    """

    metrics: tuple[str, ...] = ()
    seeds: range | None = None

    def has(self, seed: int) -> bool:
        """Whether a seed is one of these."""
        return self.seeds is None or seed in self.seeds


def parse_selection(flag: str, text: str) -> Selection:
    """The selection that ``METRIC,METRIC@seeds=A:B`` describes; either side of the @ may be left out.

    Args:
      flag: that the text was given for.
      text: with the seeds from A to below B.

    Raises:
      UserError: if it is not of this form, or holds no seed.

    >>> parse_selection("--choose", "score@seeds=0:3")
    Selection(metrics=('score',), seeds=range(0, 3))
    >>> parse_selection("--report", "seeds=3:9"), parse_selection("--report", "score,modes").metrics
    (Selection(metrics=(), seeds=range(3, 9)), ('score', 'modes'))
    """
    found = _TEXT.fullmatch(text.strip())
    if not text.strip() or found is None:
        raise UserError(
            f"{flag} is {text!r}, but must be METRIC@seeds=A:B, METRIC or seeds=A:B, with the seeds from A to "
            "below B."
        )
    names = tuple(name.strip() for name in (found["metrics"] or "").split(",") if name.strip())
    if found["first"] is None:
        return Selection(names)
    seeds = range(int(found["first"]), int(found["end"]))
    if not seeds:
        raise UserError(f"{flag} has the seeds {seeds.start}:{seeds.stop}, which are none.")
    return Selection(names, seeds)


def disjoint(choose: Selection, report: Selection, seeds: Sequence[int]) -> None:
    """Refuse to report on a seed that chooses: the best of a search, on the seeds that chose it, is too good.

    Raises:
      UserError: naming the first such seed.
    """
    both = [seed for seed in sorted({*seeds}) if choose.has(seed) and report.has(seed)]
    if both:
        raise UserError(
            f"seed {both[0]} is one that --choose and --report have, but what is reported on the seeds that "
            "chose it looks better than it is; give them different seeds."
        )


def metric_named(name: str, outcomes: Sequence[Outcome]) -> str:
    """The metric with this name, or the only one whose name begins with it, in any case of letters.

    Raises:
      UserError: if there is none or there are several, or a member that did not diverge was not measured by it.
    """
    known = sorted({metric for own in outcomes for metric in own.values})
    exact = [metric for metric in known if metric == name]
    begun = [metric for metric in known if metric.lower().startswith(name.lower())]
    found = exact or begun
    if len(found) != 1:
        what = f"may be {' or '.join(map(repr, found))}" if found else "was not measured"
        raise UserError(f"metric {name!r} {what}; the members have {', '.join(known) or 'none'}.")
    metric = found[0]
    without = [own for own in outcomes if not own.diverged and metric not in own.values]
    if without:
        raise UserError(
            f"{len(without)} of {len(outcomes)} members, such as seed {without[0].seed} of "
            f"{str(without[0].sweep)!r}, were not measured by {metric!r}; jgan evaluate SWEEP measures members "
            "that were kept."
        )
    ways = {own.better.get(metric, "") for own in outcomes if metric in own.values}
    if ways - {"lower", "higher"}:
        raise UserError(
            f"metric {metric!r} has no better side, so that no table can be made by it."
        )
    return metric
