"""What an experiment is, what it claims, and how one is read from a file."""

import functools
import importlib.util
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from jgan.data import Source
from jgan.errors import UserError
from jgan.game import Game
from jgan.rules import Rule, TrainState
from jgan.training.mistakes import MODULES, as_user_error


@dataclass(frozen=True)
class Experiment:
    """A game, a rule, a source, how long, and what must come out.

    Attributes:
      game: what is played.
      rule: how the players move.
      source: the data.
      steps: updates of the rule.
      batch_size: examples in a minibatch; an update takes ``rule.minibatches`` of them.
      claims: what ``jgan verify`` measures.

    Raises:
      UserError: from the constructor, if there are no steps or no examples in a batch.
    """

    game: Game
    rule: Rule
    source: Source
    steps: int
    batch_size: int = 64
    claims: Sequence["Claim"] = ()

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size"):
            value = getattr(self, name)
            if value < 1:
                raise UserError(f"{name} is {value}, but must be at least 1.")


class Trained(NamedTuple):
    """A finished training, as claims measure it.

    Attributes:
      experiment: what was trained.
      state: where it ended.
      history: one row of metrics, means over the steps since the row before, each with its ``"step"``.
    """

    experiment: Experiment
    state: TrainState
    history: list[dict[str, float]]


class Claim(NamedTuple):
    """A named measurement with a bound, and the control for which the bound must fail.

    Attributes:
      name: what is claimed, in words.
      measure: ``Trained -> float``.
      control: arguments of the experiment that switch its essential part off.
      at_least: the bound from below, or None.
      at_most: the bound from above, or None.
      setting: arguments of the experiment under which the claim and its control are measured.
      steps: updates, or None for the experiment's own number.
    """

    name: str
    measure: Callable[[Trained], float]
    control: Mapping[str, Any]
    at_least: float | None = None
    at_most: float | None = None
    setting: Mapping[str, Any] = {}
    steps: int | None = None

    def holds(self, value: float) -> bool:
        """Whether ``value`` meets the bound; NaN never does."""
        above = self.at_least is None or value >= self.at_least
        below = self.at_most is None or value <= self.at_most
        return value == value and above and below

    def bound(self) -> str:
        """The bound in signs, such as ``>= 8``."""
        low = [] if self.at_least is None else [f">= {self.at_least:g}"]
        return " and ".join(low + ([] if self.at_most is None else [f"<= {self.at_most:g}"]))


class ExperimentFile(NamedTuple):
    """An experiment file as loaded.

    Attributes:
      path: of the file.
      build: its ``experiment`` function; keyword arguments are the command line's flags. What goes wrong
        in it is raised as a UserError.
      summary: first line of the module's docstring.
    """

    path: Path
    build: Callable[..., Experiment]
    summary: str


def load_experiment(path: str | Path) -> ExperimentFile:
    """Load the experiment file at ``path``.

    Raises:
      UserError: if there is no such file, it cannot be imported, or it defines no ``experiment``.
    """
    path = Path(path)
    if not path.is_file():
        wrong = "is a folder" if path.is_dir() else "does not exist"
        raise UserError(f"experiment file {str(path)!r} {wrong}; give the path of a Python file.")
    module = _import(path)
    function = getattr(module, "experiment", None)
    if not callable(function):
        raise UserError(
            f"experiment file {str(path)!r} defines no function 'experiment'; it must return an Experiment."
        )

    @functools.wraps(function)
    def build(**arguments: Any) -> Experiment:
        with as_user_error(f"experiment file {str(path)!r}"):
            made = function(**arguments)
        if not isinstance(made, Experiment):
            raise UserError(
                f"the function 'experiment' of {str(path)!r} returned a {type(made).__name__}, "
                "but must return an Experiment."
            )
        return made

    summary = (module.__doc__ or "").strip().split("\n")[0]
    return ExperimentFile(path, build, summary)


def _import(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"{MODULES}{path.stem}", path)
    if spec is None or spec.loader is None:
        raise UserError(f"experiment file {str(path)!r} is not a Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    with as_user_error(f"experiment file {str(path)!r}"):
        try:
            spec.loader.exec_module(module)
        except SyntaxError as error:
            if error.filename not in (None, str(path)):  # of a module which the file imports
                raise
            place = f" in line {error.lineno}" if error.lineno else ""
            raise UserError(
                f"experiment file {str(path)!r} has a syntax error{place}: {error.msg}."
            ) from error
        except ImportError as error:
            raise UserError(
                f"experiment file {str(path)!r} cannot be imported: {error}."
            ) from error
    return module
