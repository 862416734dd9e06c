"""Measure an experiment's claims, and show that each fails for its control."""

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from jgan.errors import UserError
from jgan.runs.fork import check_other_run, of_other_run
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
    from_run: Path | None = None,
    seen: Seen | None = None,
) -> Iterator[Verdict]:
    """Train the experiment and its controls, yielding a verdict for each claim.

    Args:
      build: the experiment file's ``experiment`` function.
      arguments: given on the command line; a claim's setting and control override them.
      seed: of every training.
      steps: of every training; None for each claim's own.
      from_run: a run directory that trained what the experiment needs. Trainings that need the same take
        their earlier stages from it.
      seen: called for each claim with its training and its control's, before they are measured.

    Trainings with equal arguments are shared between claims, and so are the earlier stages of those whose
    `Experiment.needs` and lengths of earlier stages are equal. One that diverges measures as NaN, which meets
    no bound.

    Raises:
      UserError: if the experiment makes no claims, a claim names an argument it does not have, or the
        experiment's earlier stages cannot be taken from ``from_run``.
    """
    whole = build(**arguments)
    claims = whole.claims
    if not claims:
        raise UserError("this experiment makes no claims, so there is nothing to verify.")
    for claim in claims:
        _check(claim, build)
    if from_run is not None:
        check_other_run(whole, from_run)
        if not whole.needs:
            raise UserError(
                f"--from is {str(from_run)!r}, but the experiment's needs is '', so no training is known to "
                "share what its earlier stages train."
            )
    finished: dict[str, Trained | None] = {}
    needed: dict[tuple[str, tuple[int, ...]], Trained | None] = {}

    def earlier(experiment: Experiment) -> Trained | None:
        name = experiment.needs, tuple(stage.steps for stage in experiment.earlier)
        if name in needed:
            return needed[name]
        until = experiment.until(experiment.ends[-2])
        if from_run is not None and experiment.needs == whole.needs:
            state, _ = of_other_run(experiment, from_run, seed)
            needed[name] = Trained(until, state, [])
        else:
            needed[name] = _trained(until, seed)
        return needed[name]

    def trained(claim: Claim, changes: dict[str, Any]) -> Trained | None:
        built = build(**{**arguments, **changes})
        length = steps or claim.steps or built.steps
        name = repr((sorted(changes.items()), length))
        if name not in finished:
            experiment = built.resized(length)
            # One that is cut before its last stage has no boundary to begin at.
            shares = built.needs and built.earlier and len(experiment.stages) == len(built.stages)
            finished[name] = _trained(experiment, seed, earlier if shares else None)
        return finished[name]

    for claim in claims:
        setting = dict(claim.setting)
        own, control = (trained(claim, it) for it in (setting, {**setting, **claim.control}))
        if seen:
            seen(claim, own, control)
        yield Verdict(claim, _measured(claim, own), _measured(claim, control))


def _trained(
    experiment: Experiment,
    seed: int,
    earlier: Callable[[Experiment], Trained | None] | None = None,
) -> Trained | None:
    """The finished training, from where ``earlier`` ended if it is given; None if it diverges."""
    try:
        if earlier is None:
            return fit(experiment, seed)
        past = earlier(experiment)
        if past is None:
            return None
        last = fit(experiment, seed, begun=past.state)
        return last._replace(history=[*past.history, *last.history])
    except Diverged:
        return None


def _measured(claim: Claim, trained: Trained | None) -> float:
    return float("nan") if trained is None else float(claim.measure(trained))


def _check(claim: Claim, build: Callable[..., Experiment]) -> None:
    known = inspect.signature(build).parameters
    unknown = next((name for name in (*claim.setting, *claim.control) if name not in known), None)
    if unknown:
        raise UserError(
            f"claim {claim.name!r} sets {unknown!r}, but the experiment has only {', '.join(known)}."
        )
