"""What `sweep` is given, checked and in words: settings that vary, rungs, flags without effect."""

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from jgan.commands.command import as_flag
from jgan.errors import UserError
from jgan.sweeps.halving import Rungs
from jgan.sweeps.search import Search
from jgan.training.experiment import Experiment

Over = str | Sequence[str] | Mapping[str, Any]
"""Settings that vary: ``"NAME=VALUES"``, several of them, or values by name."""
BATCH_SIZE = "batch_size"


def search_of(kind: str | None, search_seed: int | None, seed: int, trials: int | None) -> Search:
    """How settings are drawn.

    Raises:
      UserError: if none are.
    """
    for flag, value in (("--search", kind), ("--search-seed", search_seed)):
        if value is not None and trials is None:
            raise UserError(
                f"{flag} is {value}, but without --trials the sweep is the whole grid; give --trials N."
            )
    return Search(kind or "random", seed if search_seed is None else search_seed)


def rungs_of(
    steps: Sequence[int],
    seeds: Any,
    share: float | None,
    within: str | Sequence[str] | None,
    end: int,
    varied: set[str],
    higher: bool,
) -> Rungs:
    """The rungs of a sweep.

    Args:
      steps: numbers of updates, in any order.
      seeds: that decide, or None.
      share: of the settings that go on at each, or None.
      within: names of settings, or None.
      end: number of updates of a member.
      varied: names of the settings that vary.
      higher: whether the better score is the higher one.

    Raises:
      UserError: if a rung is not before the end or comes twice, a name does not vary, or there are no rungs.
    """
    for flag, value in (("--rung-seeds", seeds), ("--share", share), ("--within", within)):
        if value is not None and not steps:
            raise UserError(
                f"{flag} was given, but it needs --rungs, at which settings are halved."
            )
    wrong = next((step for step in steps if step >= end), None)
    if wrong is not None:
        raise UserError(
            f"--rungs has {wrong}, but must be below the number of updates, which is {end}."
        )
    if len(set(steps)) < len(steps):
        raise UserError(f"--rungs has {' '.join(map(str, steps))}, but each may come once.")
    words = within.split(",") if isinstance(within, str) else within or ()
    names = tuple(word.strip() for word in words if word.strip())
    for name in names:
        if name not in varied:
            raise UserError(
                f"--within names {name!r}, but must be of the settings that vary: {', '.join(sorted(varied))}."
            )
    return Rungs(tuple(sorted(steps)), 0.5 if share is None else share, names, end, higher)


def with_batch_size(build: Callable[..., Experiment]) -> Callable[..., Experiment]:
    """The experiment function with the batch size as one more argument, which settings may vary."""
    own = inspect.signature(build)
    if BATCH_SIZE in own.parameters:
        return build

    @functools.wraps(build)
    def sized(**arguments: Any) -> Experiment:
        return build(**but_batch_size(arguments)).resized(None, arguments.get(BATCH_SIZE))

    size = inspect.Parameter(BATCH_SIZE, inspect.Parameter.KEYWORD_ONLY, default=1, annotation=int)
    sized.__signature__ = own.replace(parameters=[*own.parameters.values(), size])  # type: ignore[attr-defined]
    sized.__annotations__ = {**getattr(build, "__annotations__", {}), BATCH_SIZE: int}
    return sized


def but_batch_size(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments for an experiment function that has no batch size."""
    return {name: value for name, value in arguments.items() if name != BATCH_SIZE}


def texts_of(over: Over) -> list[str]:
    """Settings that vary as the command line has them.

    >>> texts_of({"lr": [1e-4, 1e-3], "gamma": "uniform(0,1)"})
    ['lr=0.0001,0.001', 'gamma=uniform(0,1)']
    """
    if isinstance(over, str):
        return [over]
    if not isinstance(over, Mapping):
        return list(over)
    return [f"{name}={_words(values)}" for name, values in over.items()]


def _words(values: Any) -> str:
    many = isinstance(values, Iterable) and not isinstance(values, str)
    return ",".join(map(str, values)) if many else str(values)


def refuse_varied(names: set[str]) -> None:
    """Refuse flags of settings that --over varies."""
    if names:
        flags = " and ".join(as_flag(name) for name in sorted(names))
        raise UserError(
            f"{flags} would change nothing, because --over gives the values of {', '.join(sorted(names))}; "
            "leave one of them out."
        )


def without_effect(names: list[str], finished: int, count: int) -> str:
    """What is said of flags that do not touch what is finished."""
    flags = ", ".join(as_flag(name) for name in names)
    if finished == count:
        return f"all {count} members are finished, so nothing is trained: no effect of {flags}"
    return f"{finished} of {count} members are finished; {flags} for the others only"
