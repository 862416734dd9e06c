"""A run as an object: what was trained, and what can be done with it."""

from collections.abc import Callable
from importlib import import_module
from types import MethodType
from typing import TYPE_CHECKING, Any

import jax

from jgan.commands.batches import training_batch
from jgan.commands.command import command
from jgan.commands.kinds import Count, NotNegative
from jgan.commands.notebook import Table, embedded, pairs_table
from jgan.commands.saved_run import SavedRun
from jgan.errors import UserError
from jgan.game import Batch
from jgan.numerics.field import field, operator
from jgan.numerics.selfmap import SelfMap
from jgan.runs.logs import read_rows

if TYPE_CHECKING:
    from jgan.commands.evaluation import Evaluation
    from jgan.commands.findings import Findings
    from jgan.commands.interpolate import Interpolation
    from jgan.commands.path_angle import PathAngles
    from jgan.commands.report import Page
    from jgan.commands.translate import Translations


class _Command:
    """A method that is the command of the same name, imported when it is first used.

    What a run is trained with need not wait for what it is looked at with.
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, run: Any, owner: type | None = None) -> Any:
        module = import_module(f"jgan.commands.{self._name}")
        function = getattr(module, self._name)
        return function if run is None else MethodType(function, run)


def _command() -> Any:
    return _Command()


class Run(SavedRun):
    """A run directory at one of its checkpoints, as `jgan.load` and `jgan.train` return it.

    Attributes:
      path: The run directory.
      step: The number of updates that the checkpoint was made after.
      steps: The steps of all checkpoints that the run keeps, oldest first.
      settings: The experiment and its arguments, the seed, sizes, data and versions, as JSON.
      finished: Whether the run was trained to its last step.
      game: The game as it was at the checkpoint.
      state: The checkpoint's content, a `TrainState`.
      variables: Both players' variables, averaged ones where the run keeps them and nothing else was chosen.
      averaged: Whether they are averaged.
      history: The rows of metrics.
      experiment: The experiment up to the stage of the checkpoint. This and `source` read the run's data.
      source: The data that the checkpoint's stage was trained on.
    """

    sample: Callable[..., Any] = _command()
    translate: "Callable[..., Translations]" = _command()
    interpolate: "Callable[..., Interpolation]" = _command()
    evaluate: "Callable[..., Evaluation]" = _command()
    spectrum: Callable[..., Any] = _command()
    path_angle: "Callable[..., PathAngles]" = _command()
    invert: "Callable[..., Findings]" = _command()
    inpaint: "Callable[..., Findings]" = _command()
    dissect: "Callable[..., Findings]" = _command()
    neighbours: "Callable[..., Findings]" = _command()
    report: "Callable[..., Page]" = _command()
    cite: Callable[..., str] = _command()

    @property
    def history(self) -> Table:
        """The rows of metrics of the whole run, means over the steps since the row before."""
        return Table(read_rows(self.path / "metrics.jsonl"))

    @command
    def batch(self, *, size: Count | None = None, seed: NotNegative = 0) -> Batch:
        """Draw the examples of one update from the run's training data, without replacement.

        Args:
          size: Number of examples in a minibatch (default: the run's own number).
          seed: Seed of the draw.

        Returns:
          The fields of the source by name, arrays ``(size * minibatches of an update, ...)``; images lie in
          [-1, 1].

        Raises:
          UserError: If the source has fewer examples.
        """
        return training_batch(self.experiment, size or self.experiment.batch_size, seed)

    @command
    def field(self, *, batch_size: Count | None = None, seed: NotNegative = 0) -> SelfMap:
        """The game's vector field at the checkpoint: minus each player's gradient of its own loss.

        The field is that of the players themselves, not of their averages, on one batch and for one draw of the
        latents, so that it is a function of the parameters alone.

        Args:
          batch_size: Number of examples in a minibatch (default: the run's own number).
          seed: Seed of the examples and of the latents.

        Returns:
          The function and the point, as the functions of `jgan.numerics` take them.
        """
        batch = self.batch(size=batch_size, seed=seed)
        state = self.state
        game = self.whole.until(self.step).game
        return field(game, state.variables, batch, jax.random.key(seed), state.clock)

    @command
    def operator(self, *, batch_size: Count | None = None, seed: NotNegative = 0) -> SelfMap:
        """The operator that one update of the rule applies to both players' parameters and what goes with them.

        Args:
          batch_size: Number of examples in a minibatch (default: the run's own number).
          seed: Seed of the examples.

        Returns:
          The function and the point, as the functions of `jgan.numerics` take them.
        """
        batch = self.batch(size=batch_size, seed=seed)
        return operator(self.experiment.rule, self.state, batch)

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r}, step={self._shown_step()})"

    def _repr_html_(self) -> str:
        settings = self.settings
        arguments = ", ".join(f"{name}={value!r}" for name, value in settings["arguments"].items())
        entries = {
            "run": self.path,
            "experiment": settings["experiment"],
            "arguments": arguments,
            "seed": settings["seed"],
            "checkpoint": f"step {self._shown_step()} of {settings['steps']}",
        }
        entries |= {name: f"{value:.4g}" for name, value in (self.history or [{}])[-1].items()}
        picture = self.path / "samples.png"
        if picture.is_file():
            entries["samples"] = embedded(picture.read_bytes())
        return pairs_table(entries)

    def _shown_step(self) -> Any:
        try:
            return self.step
        except UserError:  # before the first checkpoint
            return None
