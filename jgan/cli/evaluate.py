"""``jgan evaluate RUN``: measure a trained generator, with the protocol beside every number."""

import contextlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from jgan.cli.common import (
    add_checkpoint_flags,
    add_data_flags,
    add_view_flag,
    checkpoint_words,
    data_of,
    not_kept,
    trained_variables,
)
from jgan.cli.evaluation_common import (
    add_shared_flags,
    announce,
    announced,
    extractor_for,
    metric_names,
    progress_line,
    show,
    write_pairs,
)
from jgan.cli.flags import Parser
from jgan.commands.held_out import held_out_set
from jgan.commands.paths import named_path, output
from jgan.data import Source
from jgan.data.conditions import conditions
from jgan.errors import UserError
from jgan.evaluation.evaluate import Result, evaluate
from jgan.evaluation.samples import Samples, latents_of, sampler
from jgan.files import cache_folder, make_folder, parse_json, write_atomically
from jgan.runs.saved import load_run


def main(words: list[str]) -> int:
    """Run the command; returns the exit code."""
    parser = Parser(prog="jgan evaluate", description=__doc__)
    parser.add_argument("run", type=named_path, help="run directory")
    add_shared_flags(parser, samples=10_000)
    parser.add_argument(
        "--reference",
        choices=("train", "test"),
        default="train",
        help="which data (default: train)",
    )
    parser.add_argument(
        "--out",
        type=output(".json"),
        help="FILE.json for the result, a picture of pairs beside it (default: RUN/evaluations/STEP.json)",
    )
    add_checkpoint_flags(parser)
    add_view_flag(parser)
    add_data_flags(parser)
    options = parser.parse_args(words)
    saved = load_run(options.run, options.step, data_of(options))
    game, source, step = saved.experiment.game, saved.experiment.source, saved.step
    names = metric_names(options.metrics, source)
    reference, held_out = references(source, saved.settings["arguments"], options.reference, names)
    variables, averaged = trained_variables(saved, options.ema)
    draw = sampler(game, source, options.view)
    samples = Samples(
        draw(variables, options.samples, options.seed),
        conditions(source, options.seed).labels(np.arange(options.samples)),
        latents_of(game, variables, source, options.seed),
        classes=source.class_names,
    )
    result = evaluate(
        samples,
        reference,
        names,
        extractor=extractor_for(options, source, saved.experiment.loaded),
        held_out=held_out,
        seed=options.seed,
        cache=cache_folder("references"),
        about={
            "run": str(options.run),
            "step": step,
            "view": options.view,
            "averaged": averaged,
            "reference_split": options.reference,
        },
        progress=progress_line(options.samples, "samples"),
        begin=announce,
    )
    announced()
    lines = [checkpoint_words(step, averaged)]
    path = options.out or options.run / "evaluations" / f"{step}.json"
    try:
        make_folder(path.parent)
        lines.append(f"wrote {write_result(path, result)}")
        if result.pairs is not None:
            pairs = path.with_name(f"{path.stem}-nn.png")
            lines.append(f"wrote {write_pairs(pairs, result.pairs)}")
    except UserError as error:
        if options.out:
            raise
        not_kept(error)
    show(result, options.json, lines)
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


def write_result(path: Path, result: Result) -> Path:
    """Add a result to a checkpoint's evaluations, in place of an earlier one by the same protocol."""
    new = result.as_json()
    same = lambda entry: {
        name: value
        for name, value in entry["protocol"].items()
        if name not in ("seconds", "versions")
    }
    entries = []
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        stored = parse_json(path.read_text())["evaluations"]
        entries = [entry for entry in stored if same(entry) != same(new)]
    write_atomically(path, json.dumps({"evaluations": [*entries, new]}, indent=2) + "\n")
    return path
