"""The settings that a sweep tries: the grid of all values, or points of a sequence in their ranges."""

import itertools
import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jgan.errors import UserError
from jgan.files import parse_json, write_atomically
from jgan.sweeps.axes import Axis, Setting, as_trained

ATTEMPTS = 1000
"""Points for each setting that is still missing, before it is said that there are too few different ones."""


class Search(NamedTuple):
    """How settings are drawn.

    Attributes:
      kind: "random", independent points, or "sobol", points of a sequence (Sobol' 1967) under a random linear
        scrambling (Matoušek 1998), which fill every axis more evenly, best by powers of two.
      seed: of the points, or of the scrambling.
    """

    kind: str = "random"
    seed: int = 0


RANDOM = Search()


def settings(
    axes: Sequence[Axis],
    trials: int | None,
    search: Search = RANDOM,
    known: Sequence[Setting] = (),
) -> list[Setting]:
    """The settings of a sweep: the grid of all lists, or ``trials`` points.

    More trials begin with the same settings.

    Args:
      axes: what varies.
      trials: number of settings, no two of them equal; with lists alone None takes the whole grid, a number
        draws from it.
      search: how they are drawn.
      known: settings that were drawn before by the same search, the first of those returned. They stand
        whatever the generators of later versions of NumPy and SciPy draw.

    Raises:
      UserError: if a name comes twice, there is a range and no number of trials, or there are fewer different
        settings than trials.
    """
    names = [axis.name for axis in axes]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise UserError(f"--over names {twice!r} twice; give all its values at once.")
    if trials is None:
        ranged = next((axis.name for axis in axes if not axis.values), None)
        if ranged:
            raise UserError(f"--over has a range for {ranged}, which needs --trials N.")
        return [
            dict(zip(names, chosen, strict=True))
            for chosen in itertools.product(*(axis.values for axis in axes))
        ]
    return _searched(axes, trials, search, known)


def _searched(
    axes: Sequence[Axis], trials: int, search: Search, known: Sequence[Setting]
) -> list[Setting]:
    different = math.prod(axis.size for axis in axes)
    if trials > different:
        raise UserError(
            f"--trials is {trials}, but must be at most {different}, for --over has no more different settings."
        )
    key = lambda setting: tuple(as_trained(setting[axis.name]) for axis in axes)
    found: dict[tuple[Any, ...], Setting] = {key(setting): setting for setting in known[:trials]}
    for point in itertools.islice(points(search, len(axes)), ATTEMPTS * trials):
        if len(found) == trials:
            break
        setting = {axis.name: axis.quantile(u) for axis, u in zip(axes, point, strict=True)}
        found.setdefault(key(setting), setting)
    if len(found) < trials:
        raise UserError(
            f"--trials is {trials}, but only {len(found)} different settings were drawn from the ranges of "
            "--over; make them wider."
        )
    return list(found.values())


def points(search: Search, dimensions: int) -> Iterator[list[float]]:
    """Points of the unit cube without end, the same ones for the same search.

    >>> corner = itertools.islice(points(Search("sobol"), 2), 8)
    >>> sorted(int(4 * x) for x, _ in corner)  # two in each quarter
    [0, 0, 1, 1, 2, 2, 3, 3]
    """
    if search.kind == "random":
        rng = np.random.default_rng(search.seed)
        while True:
            yield rng.random(dimensions).tolist()
    from scipy.stats import qmc  # loads slowly

    sequence = qmc.Sobol(dimensions, rng=search.seed)
    while True:
        # One by one: SciPy warns of a beginning that is no power of two.
        yield sequence.random(1)[0].tolist()


class SearchFile:
    """What a sweep has drawn so far, in a file of its directory, exactly.

    Args:
      folder: the sweep's directory.
      over: what was asked for, as on the command line.
      search: how it is drawn.
    """

    def __init__(self, folder: Path, over: Sequence[str], search: Search) -> None:
        self._file = folder / "search.json"
        self._search = {"over": list(over), "search": search.kind, "search_seed": search.seed}

    def read(self) -> list[Setting]:
        """The settings; none if others were asked for, or the file is not whole."""
        try:
            content = parse_json(self._file.read_text())
            same = {name: content[name] for name in self._search} == self._search
            return [dict(setting) for setting in content["settings"]] if same else []
        except (OSError, ValueError, TypeError, KeyError):
            return []

    def write(self, found: Sequence[Setting]) -> None:
        """Keep these, unless the file holds as many of the same search."""
        if len(self.read()) < len(found):
            content = {**self._search, "settings": list(found)}
            write_atomically(self._file, json.dumps(content, indent=1) + "\n")
