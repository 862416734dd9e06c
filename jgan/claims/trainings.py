"""Which trainings an experiment's claims are measured on: each is trained once a seed, whoever needs it."""

import hashlib
import inspect
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from jgan.data.identity import resolved
from jgan.data.registry import remembered
from jgan.data.source import Source
from jgan.errors import UserError
from jgan.runs.fork import check_other_run
from jgan.runs.identities import identities
from jgan.training.experiment import Claim, Experiment, ExperimentFile

SYSTEM, CONTROL = "system", "control"


class Training(NamedTuple):
    """What is trained for a variant of a claim, whatever the seed.

    Attributes:
      name: of its folder: a hash of the experiment file, of all arguments, sizes and data, and of where its
        earlier stages come from.
      experiment: of that length.
      arguments: all of them, defaults included.
      earlier: the training that its earlier stages share with others, if they do.
      from_run: the run that its earlier stages are taken from, if they are.
    """

    name: str
    experiment: Experiment
    arguments: dict[str, Any]
    earlier: "Training | None" = None
    from_run: Path | None = None


class Plan(NamedTuple):
    """The claims of an experiment and the trainings that they need.

    Attributes:
      claims: all of them.
      trainings: by claim and variant, which is `SYSTEM`, `CONTROL` or the name of a rival. Those of equal names
        are the same.
    """

    claims: list[Claim]
    trainings: dict[tuple[str, str], Training]

    def measured_on(self, training: Training) -> list[Claim]:
        """The claims that one of the trainings is for."""
        named = {one for (one, _), own in self.trainings.items() if own.name == training.name}
        return [claim for claim in self.claims if claim.name in named]


def variants(claim: Claim) -> dict[str, dict[str, Any]]:
    """For each variant of a claim, the arguments in which it differs from the experiment's own.

    >>> claim = Claim("a", len, {"gamma": 0}, setting={"lr": 0.1}, rivals={"wider": {"width": 64}})
    >>> variants(claim)
    {'system': {'lr': 0.1}, 'control': {'lr': 0.1, 'gamma': 0}, 'wider': {'lr': 0.1, 'width': 64}}
    """
    changes = {SYSTEM: {}, CONTROL: claim.control, **claim.rivals}
    return {name: {**claim.setting, **own} for name, own in changes.items()}


def plan(
    file: ExperimentFile,
    arguments: Mapping[str, Any],
    steps: int | None = None,
    from_run: Path | None = None,
) -> Plan:
    """The trainings that the claims of an experiment need.

    Trainings with equal arguments are shared between claims, and so are the earlier stages of those whose
    `Experiment.needs` and lengths of earlier stages are equal.

    Args:
      file: the experiment's.
      arguments: of the experiment; a claim's setting, control and rivals override them.
      steps: of every training; None for each claim's own.
      from_run: a run directory that trained what the experiment needs. Trainings that need the same take
        their earlier stages from it.

    Raises:
      UserError: if the experiment makes no claims, two have one name, a claim names an argument that it does
        not have or a rival as no rival can be named, or earlier stages cannot be taken from ``from_run``.
    """
    defaults = {
        name: parameter.default
        for name, parameter in inspect.signature(file.build).parameters.items()
    }
    sources: dict[Any, Source] = {}
    built_before: dict[str, Experiment] = {}

    def build(changes: Mapping[str, Any]) -> Experiment:
        own = {**arguments, **changes}
        name = repr(sorted({**defaults, **own}.items()))
        if name not in built_before:
            with remembered(sources):  # data are read once for all variants
                built_before[name] = file.build(**own)
        return built_before[name]

    whole = build({})
    claims = list(whole.claims)
    if not claims:
        raise UserError("this experiment makes no claims, so there is nothing to verify.")
    _check(claims, file.build)
    if from_run is not None:
        _check_from_run(whole, from_run)
    trainings: dict[tuple[str, str], Training] = {}
    for claim in claims:
        for variant, changes in variants(claim).items():
            built = build(changes)
            experiment = built.resized(steps or claim.steps or built.steps)
            own = {**defaults, **arguments, **changes}
            # One that is cut before its last stage has no boundary to begin at.
            shares = built.needs and built.earlier and len(experiment.stages) == len(built.stages)
            taken = from_run if shares and built.needs == whole.needs else None
            earlier = _earlier(file, experiment, own) if shares and taken is None else None
            origin = [earlier and earlier.name, taken and str(taken.resolve())]
            decisive = [resolved(own, experiment.loaded), experiment.sizes(), origin]
            name = _name(file, experiment, decisive)
            trainings[claim.name, variant] = Training(name, experiment, own, earlier, taken)
    return Plan(claims, trainings)


def _earlier(file: ExperimentFile, experiment: Experiment, arguments: dict[str, Any]) -> Training:
    """The training of an experiment's earlier stages, named by what it needs and not by its arguments."""
    until = experiment.until(experiment.ends[-2])
    return Training(_name(file, until, [experiment.needs, until.sizes()]), until, arguments)


def _name(file: ExperimentFile, experiment: Experiment, decisive: Any) -> str:
    content = file.path.read_bytes()
    whole = [hashlib.sha256(content).hexdigest(), identities(experiment), decisive]
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()[:12]


def _check_from_run(whole: Experiment, from_run: Path) -> None:
    check_other_run(whole, from_run)
    if not whole.needs:
        raise UserError(
            f"--from is {str(from_run)!r}, but the experiment's needs is '', so no training is known to "
            "share what its earlier stages train."
        )


def _check(claims: list[Claim], build: Callable[..., Experiment]) -> None:
    known = inspect.signature(build).parameters
    names = [claim.name for claim in claims]
    for claim in claims:
        if names.count(claim.name) > 1:
            raise UserError(f"two claims are called {claim.name!r}; give each a name of its own.")
        taken = next((name for name in claim.rivals if name in (SYSTEM, CONTROL)), None)
        if taken is not None:
            raise UserError(
                f"a rival of claim {claim.name!r} is called {taken!r}, which is the name of another variant; "
                "give it another one."
            )
        names_set = [name for own in variants(claim).values() for name in own]
        unknown = next((name for name in names_set if name not in known), None)
        if unknown is not None:
            raise UserError(
                f"claim {claim.name!r} sets {unknown!r}, but the experiment has only {', '.join(known)}."
            )
