"""Rounds in which contenders take turns, disturbed ones thrown away, and what is made of them."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

Measurement = dict[str, Any]
Round = dict[str, Measurement]


class Rounds(NamedTuple):
    """What was measured.

    Attributes:
      kept: rounds to draw conclusions from.
      discarded: how many were thrown away because other processes used the machine.
      disturbed: whether there were too few quiet ones, so that disturbed ones had to be kept.
    """

    kept: list[Round]
    discarded: int
    disturbed: bool


def take_turns(
    contenders: Sequence[str],
    measure: Callable[[str], Measurement],
    rounds: int,
    limit: float,
    say: Callable[[str], None] = lambda line: None,
) -> Rounds:
    """Measure all contenders in turn, in ``rounds`` quiet rounds, trying three times as many at most.

    Args:
      contenders: names; every second round goes through them backwards.
      measure: of one contender; ``"others"`` is the share of the machine that other processes used
        meanwhile, or None if that is unknown, which counts as quiet.
      rounds: how many quiet rounds are wanted.
      limit: the largest ``"others"`` in any measurement of a quiet round.
      say: where news of discarded rounds goes.

    Returns:
      The quiet rounds. If there were fewer than wanted, the least disturbed ones make up the number.
    """
    quiet: list[Round] = []
    loud: list[tuple[float, Round]] = []
    while len(quiet) < rounds and len(quiet) + len(loud) < 3 * rounds:
        order = contenders if (len(quiet) + len(loud)) % 2 == 0 else reversed(contenders)
        one = {name: measure(name) for name in order}
        worst = max(one, key=lambda name: one[name]["others"] or 0.0)
        others = one[worst]["others"] or 0.0
        if others <= limit:
            quiet.append(one)
        else:
            loud.append((others, one))
            say(
                f"round thrown away: other processes used {others:.0%} of the machine "
                f"during {worst}, more than {limit:.0%}"
            )
    missing = rounds - len(quiet)
    spare = [one for _, one in sorted(loud, key=lambda pair: pair[0])[:missing]]
    return Rounds(quiet + spare, len(loud) - len(spare), bool(spare))


def summary(values: Iterable[float]) -> dict[str, float]:
    """Median, least, greatest, and their distance as a share of the median."""
    times = sorted(values)
    median = statistics.median(times)
    relative_range = (times[-1] - times[0]) / median
    return {"median": median, "least": times[0], "greatest": times[-1], "spread": relative_range}


def seconds(rounds: Rounds, name: str) -> list[float]:
    """The contender's seconds per step, round by round."""
    return [one[name]["seconds_per_step"] for one in rounds.kept]


def ratio(rounds: Rounds, ours: str, opponents: Sequence[str]) -> dict[str, Any] | None:
    """Our median over that of the opponent with the smallest one, and the range over the rounds."""
    if not opponents:
        return None
    medians = {name: statistics.median(seconds(rounds, name)) for name in opponents}
    best = min(medians, key=lambda name: medians[name])
    own = seconds(rounds, ours)
    by_round = summary(a / b for a, b in zip(own, seconds(rounds, best), strict=True))
    value = statistics.median(own) / medians[best]
    return {
        "opponent": best,
        "ratio": value,
        "least": by_round["least"],
        "greatest": by_round["greatest"],
    }


def check_same_parameters(sizes: dict[str, dict[str, int]]) -> str | None:
    """One sentence about the first two contenders whose networks differ in size, or None."""
    names = list(sizes)
    for name in names[1:]:
        if sizes[name] != sizes[names[0]]:
            return (
                f"{names[0]} has the parameters {sizes[names[0]]}, but {name} has {sizes[name]}; "
                "both must be the same networks."
            )
    return None
