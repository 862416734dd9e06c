"""What a training says before its first step: what was found in the data, what was chosen, and why."""

from typing import Any

from jgan.data.contents import contents
from jgan.display import say
from jgan.rules import TrainState
from jgan.runs.data_sheet import write_data_sheet
from jgan.runs.run import RunDirectory
from jgan.training.choices import choices
from jgan.training.experiment import Experiment
from jgan.training.fit import layout_of


def say_what_was_found(run: RunDirectory, experiment: Experiment) -> None:
    """Say what the data of all stages hold, and draw those of the first as ``data.png``."""
    for source in {id(stage.source): stage.source for stage in experiment.stages}.values():
        of = f"{source.name}, " if experiment.earlier else ""
        for line in contents(source):
            say(of + line)
    names = write_data_sheet(run, experiment.stages[0])
    if names:
        say(f"sample sheet: {', '.join(str(run.path / name) for name in names)}")


def say_what_was_chosen(
    experiment: Experiment,
    state: TrainState,
    arguments: dict[str, Any],
    parallel: str,
    loader: str,
) -> None:
    """Say how the stage that ``state`` belongs to is trained, and why."""
    for decision in experiment.decisions:
        say(str(decision))
    stage = experiment.at(int(state.step))
    dtype = arguments.get("dtype")
    for line in choices(stage, state, layout_of(stage, parallel), loader, dtype):
        say(line)
