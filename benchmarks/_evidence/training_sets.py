"""What of the kept evidence is missing or stale, as sets of trainings that are run together."""

import math
from collections.abc import Iterable, Sequence
from statistics import median
from typing import NamedTuple

from jgan.claims.evidence import EvidenceRow, Key, Table
from jgan.claims.trainings import CONTROL, Plan, variants

SECONDS_A_STEP = 0.05
"""Where nothing is recorded yet."""


class TrainingSet(NamedTuple):
    """One training under all the seeds for which results are wanted.

    Attributes:
      experiment: name of its subject.
      training: its name, by `jgan.claims.trainings.plan`.
      keys: of the rows that it makes.
      steps: of one training.
      seconds: that all its trainings are expected to take.
    """

    experiment: str
    training: str
    keys: tuple[Key, ...]
    steps: int
    seconds: float

    @property
    def seeds(self) -> list[int]:
        """Of its trainings."""
        return sorted({key[3] for key in self.keys})


def wanted_keys(
    experiment: str, plan: Plan, seeds: Sequence[int], control_seeds: int
) -> dict[str, list[Key]]:
    """The rows that an experiment is to have, by the training that makes them.

    Args:
      experiment: name of its subject.
      plan: its claims and trainings.
      seeds: of systems and rivals.
      control_seeds: how many of them controls have.
    """
    found: dict[str, list[Key]] = {}
    for claim in plan.claims:
        for variant in variants(claim):
            own = seeds[:control_seeds] if variant == CONTROL else seeds
            name = plan.trainings[claim.name, variant].name
            keys = [(experiment, claim.name, variant, seed) for seed in own]
            found.setdefault(name, []).extend(keys)
    return found


def training_sets(
    experiment: str, plan: Plan, wanted: dict[str, list[Key]], table: Table, stale: Iterable[Key]
) -> list[TrainingSet]:
    """The sets that make the rows which are missing or stale.

    Args:
      experiment: name of its subject.
      plan: its claims and trainings.
      wanted: by `wanted_keys`.
      table: of all that is recorded.
      stale: keys of rows that are to be made anew.
    """
    steps = {own.name: own.experiment.steps for own in plan.trainings.values()}
    again = set(stale)
    found = []
    for name, keys in wanted.items():
        missing = tuple(key for key in keys if key not in table or key in again)
        if missing:
            own = TrainingSet(experiment, name, missing, steps[name], math.nan)
            found.append(own._replace(seconds=expected_seconds(own, table)))
    return found


def expected_seconds(own: TrainingSet, table: Table) -> float:
    """How long a set will take: as its recorded trainings, or as others of so many steps."""
    variants = {key[:3] for key in own.keys}
    like: list[EvidenceRow] = [row for key, row in table.items() if key[:3] in variants]
    if like:
        return len(own.seeds) * median(row.seconds for row in like)
    rates = [row.seconds / row.steps for row in table.values()]
    return len(own.seeds) * own.steps * (median(rates) if rates else SECONDS_A_STEP)


def restated(table: Table, experiment: str, plan: Plan) -> Table:
    """The table with an experiment's rows judged by its claims of today, without what is claimed no more."""
    claims = {claim.name: claim for claim in plan.claims}
    found: Table = {}
    for key, row in table.items():
        if row.experiment != experiment:
            found[key] = row
        elif (row.claim, row.variant) in plan.trainings:
            claim = claims[row.claim]
            found[key] = row._replace(bound=claim.bound(), holds=claim.holds(row.value))
    return found
