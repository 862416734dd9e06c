"""Measure a trained generator, with the protocol beside every number."""

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from jgan.commands.command import command
from jgan.commands.evaluation import (
    Evaluation,
    JsonFile,
    extractor_for,
    keep_evaluation,
    metric_names,
)
from jgan.commands.held_out import held_out_set
from jgan.commands.kept_members import evaluate_members
from jgan.commands.kinds import Count, NotNegative
from jgan.commands.notebook import Table
from jgan.commands.paths import Place
from jgan.commands.saved_run import RunLike, opened_run
from jgan.data import Source
from jgan.data.conditions import conditions
from jgan.errors import UserError
from jgan.evaluation.evaluate import evaluate as evaluate_samples
from jgan.evaluation.samples import Samples, latents_of, transformed_by
from jgan.files import cache_folder

OPTIONS = ("metrics", "samples", "reference", "extractor", "weights", "fetch", "view", "seed")


@command
def evaluate(
    run: RunLike,
    *,
    metrics: str | Sequence[str] | None = None,
    samples: Count = 10_000,
    reference: Literal["train", "test"] = "train",
    extractor: str = "auto",
    weights: Place | None = None,
    fetch: bool = False,
    view: str = "samples",
    seed: NotNegative = 0,
    out: JsonFile | None = None,
) -> Evaluation | Table:
    """Measure the samples of a trained generator against its data.

    If the directory is that of a sweep whose members were kept, all members are measured, for `jgan table`.

    Args:
      run: Run directory, or the `Run` that `jgan.load` returns; or the directory of a sweep.
      metrics: Names of the metrics with commas between, or a list of them (default: fd,kid,prdc for pictures,
        sw,w1,prdc for points).
      samples: Number of samples.
      reference: Set that the samples are compared with: the training data or the test set.
      extractor: Name of the extractor of features for pictures: auto, inception, efficientnet-lite0, random or
        classifier.
      weights: File of the extractor's weights, if it needs one.
      fetch: Download Inception's weights if they are not found.
      view: View of the game that is measured.
      seed: Seed of the samples and of everything else that is random.
      out: FILE.json for the result, which is added to what the file holds, with a picture of pairs beside it.

    Returns:
      The numbers with their protocol; of a sweep a row for each member.

    Raises:
      UserError: If a metric is unknown, there are too few examples, or something that a metric needs is
      missing.
    """
    opened = opened_run(run)
    if "sweep" in opened.settings:
        if out is not None:
            raise UserError("--out was given, but results of a sweep's members lie beside them.")

        def again(member: Path) -> Evaluation:
            own = (metrics, samples, reference, extractor, weights, fetch, view, seed)
            return inspect.unwrap(evaluate)(member, **dict(zip(OPTIONS, own, strict=True)))

        return evaluate_members(opened.path, again)
    saved = opened.with_data
    game, source = saved.experiment.game, saved.experiment.source
    names = metric_names(metrics, source)
    real, held_out = references(source, saved.settings["arguments"], reference, names)
    made = Samples(
        opened.batches(view, samples, seed, {}),
        conditions(source, seed).labels(np.arange(samples)),
        latents_of(game, opened.variables, source, seed),
        classes=source.class_names,
        total=samples,
    )
    result = evaluate_samples(
        made,
        real,
        names,
        extractor=extractor_for(extractor, weights, fetch, source, saved.experiment.loaded),
        held_out=held_out,
        transformed=transformed_by(game, opened.variables, source, seed),
        seed=seed,
        cache=cache_folder("references"),
        about={
            "run": str(opened.path),
            "step": saved.step,
            "view": view,
            "averaged": opened.averaged,
            "reference_split": reference,
        },
    )
    evaluation = Evaluation(*result)
    if out is not None:
        keep_evaluation(Path(out), evaluation)
    return evaluation


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
