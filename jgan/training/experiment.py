"""What an experiment is, what it claims, and how one is read from a file."""

import bisect
import functools
import importlib.util
import itertools
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from jgan.data import Source
from jgan.data.registry import LoadArguments, recorded
from jgan.errors import UserError
from jgan.game import Game
from jgan.rules import Rule, TrainState
from jgan.training.argument_groups import flattened
from jgan.training.carries import Carry, inherit
from jgan.training.decisions import Decision
from jgan.training.experiment_files import experiment_path
from jgan.training.stages import Stage
from jgan.training.user_code import MODULES, as_user_error


@dataclass(frozen=True)
class Experiment:
    """A game, a rule, a source, how long, and what must come out; or several stages of them.

    Attributes:
      game: what is played, in the last stage if there are several.
      rule: how the players move, likewise.
      source: the data, likewise.
      steps: updates of the rules, those of all stages together.
      batch_size: examples in a minibatch of the last stage; an update takes ``rule.minibatches`` of them.
      claims: what ``jgan verify`` measures.
      earlier: the stages before the last.
      carry: how the last stage begins, if there are earlier ones.
      needs: the name of what the earlier stages train if that is another experiment's training, such as
        ``"stylegan width=32"``; "" if it has none. Whatever changes their result must change the name, for
        experiments of equal ``needs`` and equal earlier lengths share that training in ``jgan verify``.
      decisions: settings that the experiment decided by its data and the device, and why.
      for_batch: makes the experiment, of one stage, anew for another batch size, where decisions depend on it.
      evaluate_every: steps between two scores of the samples, unless a training is told another number; None
        for no scores.
      loaded: what `jgan.data.load` returned while an experiment file built it, by what it was asked for.

    Raises:
      UserError: from the constructor, if a stage has no steps or no examples in a batch.
    """

    game: Game
    rule: Rule
    source: Source
    steps: int
    batch_size: int = 64
    claims: Sequence["Claim"] = ()
    earlier: Sequence[Stage] = field(default=(), kw_only=True)
    carry: Carry = field(default_factory=inherit, kw_only=True)
    needs: str = field(default="", kw_only=True)
    decisions: Sequence[Decision] = field(default=(), kw_only=True)
    for_batch: Callable[[int], "Experiment"] | None = field(default=None, kw_only=True, repr=False)
    evaluate_every: int | None = field(default=None, kw_only=True)
    loaded: Mapping[LoadArguments, Source] = field(default_factory=dict, kw_only=True, repr=False)

    @classmethod
    def of_stages(
        cls, *stages: Stage, claims: Sequence["Claim"] = (), needs: str = ""
    ) -> "Experiment":
        """The experiment of one or more stages, in their order.

        Raises:
          UserError: if there is none, or one has no steps or no examples in a batch.
        """
        if not stages:
            raise UserError("an experiment has 0 stages, but must have at least 1.")
        return cls(**_fields(stages), claims=claims, needs=needs)

    def __post_init__(self) -> None:
        several = len(self.stages) > 1
        for number, stage in enumerate(self.stages, 1):
            for name in ("steps", "batch_size"):
                value = getattr(stage, name)
                if value < 1:
                    where = f" in stage {number}" if several else ""
                    raise UserError(f"{name} is {value}{where}, but must be at least 1.")

    @property
    def stages(self) -> tuple[Stage, ...]:
        """All stages; an experiment without earlier ones is a single stage."""
        rest = self.steps - sum(stage.steps for stage in self.earlier)
        last = Stage(self.game, self.rule, self.source, rest, self.batch_size, self.carry)
        return (*self.earlier, last)

    @property
    def ends(self) -> list[int]:
        """The steps with which the stages end."""
        return list(itertools.accumulate(stage.steps for stage in self.stages))

    def start(self, number: int) -> int:
        """The step with which the stage of this index begins."""
        return self.ends[number] - self.stages[number].steps

    def number(self, step: int) -> int:
        """The index of the stage that a state after ``step`` updates belongs to.

        At a boundary it is that of the stage which ended, and beyond the end that of the last.
        """
        return min(bisect.bisect_left(self.ends, step), len(self.earlier))

    def at(self, step: int) -> Stage:
        """The stage that a state after ``step`` updates belongs to, as in `number`."""
        return self.stages[self.number(step)]

    def until(self, step: int) -> "Experiment":
        """The experiment without the stages after that of ``step``.

        Its ``game``, ``rule`` and ``source`` are those of `at`, so it is what a state of that step is
        looked at with.
        """
        kept = self.stages[: self.number(step) + 1]
        whole = len(kept) == len(self.stages)
        return self if whole else replace(self, **_fields(kept))

    def resized(
        self, steps: int | None = None, batch_size: int | Sequence[int] | None = None
    ) -> "Experiment":
        """The experiment with other numbers of steps and examples, where given.

        Args:
          steps: in all. The last stage becomes longer or shorter; stages that are not begun are left out.
          batch_size: of every stage, or one for each. What was decided for another batch size is decided anew.
        """
        if self.for_batch and isinstance(batch_size, int) and batch_size != self.batch_size:
            return replace(self.for_batch(batch_size), loaded=self.loaded).resized(steps)
        stages = self.stages
        if batch_size is not None:
            sizes = [batch_size] * len(stages) if isinstance(batch_size, int) else batch_size
            stages = tuple(
                stage._replace(batch_size=size)
                for stage, size in zip(stages, [*sizes, *self._sizes[len(sizes) :]], strict=False)
            )
        changed = replace(self, **_fields(stages))
        return changed if steps is None else replace(changed.until(max(steps, 1)), steps=steps)

    @property
    def _sizes(self) -> list[int]:
        return [stage.batch_size for stage in self.stages]

    def sizes(self) -> dict[str, Any]:
        """Steps and batch sizes as a run's settings tell them.

        ``"batch_size"`` is a number, or a list where there are several stages; ``"stages"``, where there are
        several, holds the steps with which they end.
        """
        if not self.earlier:
            return {"batch_size": self.batch_size, "steps": self.steps}
        return {"batch_size": self._sizes, "steps": self.steps, "stages": self.ends}


def _fields(stages: Sequence[Stage]) -> dict[str, Any]:
    """The fields of an experiment that say what its stages are."""
    *earlier, last = stages
    return {**last._asdict(), "steps": sum(stage.steps for stage in stages), "earlier": earlier}


class Trained(NamedTuple):
    """A finished training, as claims measure it.

    Attributes:
      experiment: what was trained, up to the stage that ``state`` belongs to, which is its last.
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
      rivals: by name, arguments of the experiment that reach the same end in another way. Each is reported as a
        difference to the system and need not fail.
    """

    name: str
    measure: Callable[[Trained], float]
    control: Mapping[str, Any]
    at_least: float | None = None
    at_most: float | None = None
    setting: Mapping[str, Any] = {}
    steps: int | None = None
    rivals: Mapping[str, Mapping[str, Any]] = {}

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
      build: its ``experiment`` function, `flattened`; keyword arguments are the command line's flags. What
        goes wrong in it is raised as a UserError.
      summary: first line of the module's docstring.
    """

    path: Path
    build: Callable[..., Experiment]
    summary: str


def load_experiment(path: str | Path) -> ExperimentFile:
    """Load an experiment file.

    Args:
      path: of the file, or a text that names an experiment which comes with jgan, such as ``"r1"``; see
        `jgan.training.experiment_files.experiment_path`.

    Raises:
      UserError: if there is no such file or experiment, it cannot be imported, it defines no ``experiment``,
        or two of its arguments have one name.
    """
    path = experiment_path(path)
    module = import_file(path)
    function = getattr(module, "experiment", None)
    if not callable(function):
        raise UserError(
            f"experiment file {str(path)!r} defines no function 'experiment'; it must return an Experiment."
        )

    summary = (module.__doc__ or "").strip().split("\n")[0]
    return ExperimentFile(path, experiment_function(function, path), summary)


def experiment_function(
    function: Callable[..., Any], path: Path | None = None
) -> Callable[..., Experiment]:
    """An experiment function, `flattened`, whose experiment knows what was loaded on the way to it.

    Args:
      function: which returns an experiment.
      path: of the file that it is the ``experiment`` of, if it is one's.

    Raises:
      UserError: if two of its arguments have one name; from the function that is returned, for whatever goes
        wrong in it, or if what it returns is no experiment.
    """
    name = getattr(function, "__name__", "experiment")
    what = f"the function {name!r}" if path is None else f"experiment file {str(path)!r}"
    with as_user_error(what):
        flat = flattened(function)

    @functools.wraps(flat)
    def build(**arguments: Any) -> Experiment:
        with recorded() as loaded, as_user_error(what):
            made = flat(**arguments)
        if not isinstance(made, Experiment):
            where = "" if path is None else f" of {str(path)!r}"
            raise UserError(
                f"the function {name!r}{where} returned a {type(made).__name__}, but must return an "
                "Experiment."
            )
        return replace(made, loaded=loaded)

    return build


def import_file(path: Path, kind: str = "experiment file") -> ModuleType:
    """A user's Python file as a module.

    Args:
      path: of the file.
      kind: what messages call it.

    Raises:
      UserError: if it cannot be imported.
    """
    what = f"{kind} {str(path)!r}"
    spec = importlib.util.spec_from_file_location(f"{MODULES}{path.stem}", path)
    if spec is None or spec.loader is None:
        raise UserError(f"{what} is not a Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    with as_user_error(what):
        try:
            spec.loader.exec_module(module)
        except SyntaxError as error:
            if error.filename not in (None, str(path)):  # of a module which the file imports
                raise
            place = f" in line {error.lineno}" if error.lineno else ""
            raise UserError(f"{what} has a syntax error{place}: {error.msg}.") from error
        except ImportError as error:
            beside = path.with_name(f"{(error.name or '').partition('.')[0]}.py").is_file()
            own = kind == "experiment file"
            reason = (
                "an experiment is one file, of which its run keeps a copy"
                if own
                else "it is one file"
            )
            advice = (
                f"; {reason}, so that it cannot import the files beside it: write their content into it, or "
                "install them as a package"
            )
            raise UserError(
                f"{what} cannot be imported: {error}{advice if beside else ''}."
            ) from error
    return module
