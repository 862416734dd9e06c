"""Measure an experiment's claims, and show that each fails for its control."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from jgan.errors import UserError
from jgan.training.experiment import Claim, Experiment, Trained
from jgan.training.fit import Diverged, fit

Seen = Callable[[Claim, Trained | None, Trained | None], None]
"""``(claim, training, control)``: told of both trainings of a claim; None is one that diverged."""


class Verdict(NamedTuple):
    """One claim measured: its value, the control's value, and whether each is as it must be."""

    claim: Claim
    value: float
    control: float

    @property
    def proven(self) -> bool:
        """Whether the claim holds and its control fails."""
        return self.claim.holds(self.value) and not self.claim.holds(self.control)


def verify(
    build: Callable[..., Experiment],
    arguments: dict[str, Any],
    *,
    seed: int = 0,
    steps: int | None = None,
    seen: Seen | None = None,
) -> Iterator[Verdict]:
    """Train the experiment and its controls, yielding a verdict for each claim.

    Args:
      build: the experiment file's ``experiment`` function.
      arguments: given on the command line; a claim's setting and control override them.
      seed: of every training.
      steps: of every training; None for each claim's own.
      seen: called for each claim with its training and its control's, before they are measured.

    Trainings with equal arguments are shared between claims. One that diverges measures as NaN, which
    meets no bound.

    Raises:
      UserError: if the experiment makes no claims, or a claim names an argument it does not have.
    """
    claims = build(**arguments).claims
    if not claims:
        raise UserError("this experiment makes no claims, so there is nothing to verify.")
    for claim in claims:
        _check(claim, build)
    finished: dict[str, Trained | None] = {}

    def trained(claim: Claim, changes: dict[str, Any]) -> Trained | None:
        experiment = build(**{**arguments, **changes})
        length = steps or claim.steps or experiment.steps
        name = repr((sorted(changes.items()), length))
        if name not in finished:
            try:
                finished[name] = fit(experiment.resized(length), seed)
            except Diverged:
                finished[name] = None
        return finished[name]

    for claim in claims:
        setting = dict(claim.setting)
        own, control = (trained(claim, it) for it in (setting, {**setting, **claim.control}))
        if seen:
            seen(claim, own, control)
        yield Verdict(claim, _measured(claim, own), _measured(claim, control))


def _measured(claim: Claim, trained: Trained | None) -> float:
    return float("nan") if trained is None else float(claim.measure(trained))


def _check(claim: Claim, build: Callable[..., Experiment]) -> None:
    known = inspect.signature(build).parameters
    unknown = next((name for name in (*claim.setting, *claim.control) if name not in known), None)
    if unknown:
        raise UserError(
            f"claim {claim.name!r} sets {unknown!r}, but the experiment has only {', '.join(known)}."
        )
