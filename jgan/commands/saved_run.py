"""A run directory at one of its checkpoints, read when it is first looked at."""

import contextlib
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from jgan.commands.paths import named_path
from jgan.data import Source
from jgan.data.identity import compare
from jgan.data.stand_in import DataNeeded
from jgan.errors import UserError
from jgan.evaluation.samples import sampler
from jgan.game import Game, Variables
from jgan.rules import TrainState
from jgan.runs.identities import identities
from jgan.runs.run import read_settings
from jgan.runs.saved import (
    DATA,
    Data,
    Saved,
    at_checkpoint,
    checkpoint_steps,
    load_checkpoint,
    newest_step,
    whole_experiment_of_run,
)
from jgan.training.experiment import Experiment

type RunLike = SavedRun | str | Path
"""A run, or the path of its directory."""
BuildExperiment = Callable[..., Experiment]


class SavedRun:
    """A run directory at one of its checkpoints.

    Nothing is read before it is needed. The data are read only by what needs their values: games that are
    conditioned on labels, or on nothing, are sampled with a stand-in that has the data's shapes and classes.

    Args:
      path: the run directory.
      step: of the checkpoint; the newest by default.
      average: whether the averaged generator is looked at; by default where there is one.
      data: where the run's data come from.
      experiment: what was trained, or the function that builds it, in place of the file in the directory.
    """

    def __init__(
        self,
        path: Path,
        *,
        step: int | None = None,
        average: bool | None = None,
        data: Data = DATA,
        experiment: Experiment | BuildExperiment | None = None,
    ) -> None:
        self.path, self.data = path, data
        self._step, self._average, self._given = step, average, experiment
        self._known: dict[bool, tuple[Experiment, dict[str, Any]]] = {}
        self._saved: dict[bool, Saved] = {}
        self._refuse: Callable[[Experiment], None] = lambda experiment: None
        self._samplers: dict[Any, Callable[..., Iterator[Any]]] = {}

    def __fspath__(self) -> str:
        return str(self.path)

    @property
    def whole(self) -> Experiment:
        """What was trained, all its stages; reads the run's data."""
        return self._whole(with_data=True)[0]

    @property
    def with_data(self) -> Saved:
        """The checkpoint and what it is looked at with, the run's data among it."""
        return self._load(with_data=True)

    def reopened(self) -> "SavedRun":
        """The same run, of which nothing has been read yet."""
        return SavedRun(
            self.path,
            step=self._step,
            average=self._average,
            data=self.data,
            experiment=self._given,
        )

    @property
    def saved(self) -> Saved:
        """The checkpoint and what it is looked at with, of which the data may be a stand-in."""
        needed = self.data.name is not None or self._given is not None
        if needed or True in self._saved:
            return self.with_data
        try:
            return self._load(with_data=False)
        except DataNeeded:
            return self.with_data

    def check(self, refuse: Callable[[Experiment], None], *, with_data: bool = False) -> Saved:
        """The checkpoint, after an experiment that does not serve was refused; before it is read, if it is not.

        Args:
          refuse: raises for such an experiment.
          with_data: whether the run's data are read.
        """
        read = bool(self._saved)
        self._refuse = refuse
        try:
            saved = self.with_data if with_data else self.saved
        finally:
            self._refuse = lambda experiment: None
        if read:
            refuse(saved.experiment)
        return saved

    def look[T](self, function: Callable[[Saved], T]) -> T:
        """What a function finds in the checkpoint, with the run's data only where it needs their values."""
        with contextlib.suppress(DataNeeded):
            return function(self.saved)
        return function(self.with_data)

    def _load(self, *, with_data: bool) -> Saved:
        if with_data not in self._saved:
            whole, settings = self._whole(with_data=with_data)
            other = self._saved.get(not with_data)
            if other is None:
                found = load_checkpoint(whole, settings, self.path, self._step, self._refuse)
            else:
                found = other._replace(experiment=at_checkpoint(whole, other.step))
            self._saved[with_data] = found
        return self._saved[with_data]

    def _whole(self, *, with_data: bool) -> tuple[Experiment, dict[str, Any]]:
        """The experiment with all its stages, and the settings by which it was made."""
        if with_data not in self._known:
            data = self.data._replace(stand_in=not with_data)
            if self._given is None:
                self._known[with_data] = whole_experiment_of_run(self.path, data)
            else:
                self._known[with_data] = _rebuilt(self._given, self.path, data)
        return self._known[with_data]

    @property
    def step(self) -> int:
        """The number of updates that the checkpoint was made after."""
        if self._saved:
            return self.saved.step
        return newest_step(self.path) if self._step is None else self._step

    @property
    def steps(self) -> list[int]:
        """The steps of all checkpoints that the run keeps, oldest first."""
        return checkpoint_steps(self.path)

    @property
    def settings(self) -> dict[str, Any]:
        """What decides the run's result: the experiment and its arguments, seed, sizes, data, versions."""
        return read_settings(self.path)

    @property
    def finished(self) -> bool:
        """Whether the run was trained to its last step."""
        return max(self.steps, default=0) >= self.settings["steps"]

    @property
    def experiment(self) -> Experiment:
        """What was trained, up to the stage of the checkpoint; reads the run's data."""
        return self.with_data.experiment

    @property
    def source(self) -> Source:
        """The data that the checkpoint's stage was trained on."""
        return self.experiment.source

    @property
    def game(self) -> Game:
        """The game as it was at the checkpoint."""
        return self.saved.experiment.game

    @property
    def state(self) -> TrainState:
        """The checkpoint's content, on the first device."""
        return self.saved.state

    @property
    def averaged(self) -> bool:
        """Whether `variables` are averaged ones.

        Raises:
          UserError: if there is no average though it is wanted.
        """
        averages = bool(self.state.averages)
        if self._average and not averages:
            raise UserError(
                "--ema was given, but this run keeps no average of its generator; use --no-ema."
            )
        return self._average is not False and averages

    @property
    def variables(self) -> Variables:
        """Both players' variables, averaged ones where they are wanted."""
        return self.state.averaged_variables() if self.averaged else self.state.variables

    def batches(
        self, view: str, count: int, seed: int, options: dict[str, float]
    ) -> Iterator[np.ndarray]:
        """Samples as `jgan.evaluation.samples.sampler` streams them, compiled once a view and its options."""
        experiment = self.saved.experiment
        key = (id(experiment), view, *sorted(options.items()))
        if key not in self._samplers:
            self._samplers[key] = sampler(experiment.game, experiment.source, view, options=options)
        return self._samplers[key](self.variables, count, seed)


def _rebuilt(
    given: Experiment | BuildExperiment, path: Path, data: Data
) -> tuple[Experiment, dict[str, Any]]:
    """An experiment that was made in Python, as the settings of the run in ``path`` have it."""
    settings = read_settings(path)
    if isinstance(given, Experiment):
        whole = given
    else:
        arguments = settings["arguments"].items()
        # JSON has no tuples, experiments no lists.
        whole = given(**{k: tuple(v) if isinstance(v, list) else v for k, v in arguments})
    whole = whole.resized(settings["steps"], settings["batch_size"])
    if "data" in settings and not data.accept:
        compare(f"run {str(path)!r}", settings["data"], identities(whole))
    return whole, settings


def opened_run(run: RunLike) -> SavedRun:
    """A run as it is, or that in a directory at its newest checkpoint.

    Raises:
      UserError: if it is neither a run nor a path.
    """
    if isinstance(run, SavedRun):
        return run
    if not isinstance(run, str | Path):
        raise UserError(
            f"run is a {type(run).__name__}, but must be a Run or the path of a run directory."
        )
    try:
        return SavedRun(named_path(str(run)))
    except ArgumentTypeError as error:
        raise UserError(f"run {error}.") from error


def checkpoint_words(step: int, averaged: bool) -> str:
    """Which generator is looked at, in words.

    >>> checkpoint_words(500, True)
    'step 500, averaged generator'
    """
    return (
        f"step {step}, {'averaged generator' if averaged else 'the generator itself, not averaged'}"
    )
