"""``jgan evaluate RUN``: measure a trained generator, with the protocol beside every number."""

import contextlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from jgan.cli.common import (
    add_checkpoint_flags,
    add_view_flag,
    held_out_set,
)
from jgan.cli.flags import Parser
from jgan.cli.measured import (
    add_shared_flags,
    announce,
    announced,
    extractor_for,
    metric_names,
    progress_line,
    show,
    write_pairs,
)
from jgan.cli.sample import trained_variables
from jgan.data import Source
from jgan.errors import UserError
from jgan.evaluation.evaluate import Result, evaluate
from jgan.evaluation.samples import Samples, latents_of, sampler
from jgan.training.files import cache_folder, make_folder, write_atomically
from jgan.training.saved import checkpoint_steps, experiment_of_run, shape_of_state


def main(words: list[str]) -> int:
    """Run the command; returns the exit code."""
    parser = Parser(prog="jgan evaluate", description=__doc__)
    parser.add_argument("run", type=Path, help="run directory")
    add_shared_flags(parser, samples=10_000)
    parser.add_argument(
        "--reference",
        choices=("train", "test"),
        default="train",
        help="which data (default: train)",
    )
    add_checkpoint_flags(parser)
    add_view_flag(parser)
    options = parser.parse_args(words)
    experiment, settings = experiment_of_run(options.run, options.step)
    source = experiment.source
    names = metric_names(options.metrics, source)
    reference, held_out = references(source, settings["arguments"], options.reference, names)
    step = step_of(options.run, options.step)
    variables = trained_variables(experiment, options.run, step, options.ema)
    draw = sampler(experiment.game, source, options.view)
    samples = Samples(
        draw(variables, options.samples, options.seed),
        labels_of(source, options.samples),
        latents_of(experiment.game, variables, source),
    )
    result = evaluate(
        samples,
        reference,
        names,
        extractor=extractor_for(options, source),
        held_out=held_out,
        seed=options.seed,
        cache=cache_folder("references"),
        about={
            "run": str(options.run),
            "step": step,
            "view": options.view,
            "averaged": options.ema is not False and bool(shape_of_state(experiment).averages),
            "reference_split": options.reference,
        },
        progress=progress_line(options.samples, "samples"),
        begin=announce,
    )
    announced()
    folder = make_folder(options.run / "evaluations")
    written = [f"wrote {write_result(folder / f'{step}.json', result)}"]
    if result.pairs is not None:
        written.append(f"wrote {write_pairs(folder / f'{step}-nn.png', result.pairs)}")
    show(result, options.json, written)
    return 0


def references(
    source: Source, arguments: dict[str, Any], split: str, metrics: tuple[str, ...]
) -> tuple[Source, Source | None]:
    """The reference, and for nn the test set as new data if there is one.

    Raises:
      UserError: if the test set is asked for and there is none, or nn is not asked of the training set.
    """
    searching = "nn" in metrics
    if split == "train" and not searching:
        return source, None
    if split == "test" and searching:
        raise UserError(
            "--reference is 'test', but metric 'nn' looks for copies of training examples; use train."
        )
    test, reason = held_out_set(source, arguments)
    if split == "train":
        return source, test
    if test is None:
        raise UserError(f"--reference is 'test', but there is no test set: {reason}.")
    return test, None


def step_of(run: Path, step: int | None) -> int:
    """The step asked for, or that of the newest checkpoint.

    Raises:
      UserError: if there is no checkpoint.
    """
    found = checkpoint_steps(run)
    if not found:
        raise UserError(f"{str(run)!r} holds no checkpoint; train the run first.")
    return found[-1] if step is None else step


def labels_of(source: Source, count: int) -> np.ndarray | None:
    """The labels that a conditional game's samples are made for: the source's, in its order."""
    labels = source.class_labels
    return None if labels is None else labels[np.arange(count) % source.size]


def write_result(path: Path, result: Result) -> Path:
    """Add a result to a checkpoint's evaluations, in place of an earlier one by the same protocol."""
    new = result.as_json()
    same = lambda entry: {
        name: value
        for name, value in entry["protocol"].items()
        if name not in ("seconds", "versions")
    }
    entries = []
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        stored = json.loads(path.read_text())["evaluations"]
        entries = [entry for entry in stored if same(entry) != same(new)]
    write_atomically(path, json.dumps({"evaluations": [*entries, new]}, indent=2) + "\n")
    return path
