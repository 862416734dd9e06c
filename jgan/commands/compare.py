"""Measure one set of examples against another, with no training at all."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from jgan.commands.command import command
from jgan.commands.evaluation import Evaluation, extractor_for, metric_names, write_pairs
from jgan.commands.kinds import Count, NotNegative
from jgan.commands.paths import Place, PngFile
from jgan.data import Source, load
from jgan.data.pictures import extensions
from jgan.data.registry import recorded
from jgan.errors import UserError
from jgan.evaluation.evaluate import LEAST, evaluate
from jgan.evaluation.reference import check_enough, measurable
from jgan.evaluation.samples import Samples
from jgan.files import cache_folder
from jgan.metrics.subsets import draw_rows, stream

AT_ONCE = 256
LOSSY = (".jpg", ".jpeg", ".jpe", ".jfif")


@command
def compare(
    first: str,
    second: str,
    *,
    metrics: str | Sequence[str] | None = None,
    samples: Count = 50_000,
    split: Literal["train", "test"] = "train",
    extractor: str = "auto",
    weights: Place | None = None,
    fetch: bool = False,
    seed: NotNegative = 0,
    pairs: PngFile | None = None,
) -> Evaluation:
    """Measure one set of examples against another, without a run.

    Both are folders of pictures (class subfolders become labels), .npz files, or any other source by name,
    such as fashion or folder:photos@64. If the first holds more than ``samples`` examples, so many are
    drawn by the seed, each class by its share.

    Args:
      first: What is measured: a folder, an .npz file or a source.
      second: The reference, likewise.
      metrics: Names of the metrics with commas between, or a list of them (default: fd,kid,prdc for pictures,
        sw,w1,prdc for points).
      samples: Largest number of examples that are measured.
      split: Split of both.
      extractor: Name of the extractor of features for pictures: auto, inception, efficientnet-lite0, random or
        classifier.
      weights: File of the extractor's weights, if it needs one.
      fetch: Download Inception's weights if they are not found.
      seed: Seed of everything that is random.
      pairs: FILE.png for the pairs of the metric nn.

    Returns:
      The numbers with their protocol.

    Raises:
      UserError: If a set cannot be read or holds too few examples, or a metric is unknown.
    """
    with recorded() as loaded:
        measured, reference = (read(name, split) for name in (first, second))
    if len(measured.shape) != len(reference.shape):
        raise UserError(
            f"{first!r} holds examples of shape {measured.shape} and {second!r} of "
            f"{reference.shape}; compare pictures with pictures or points with points."
        )
    names = metric_names(metrics, reference)
    if pairs and "nn" not in names:
        raise UserError(
            "--pairs was given, but pairs are drawn for metric 'nn' only; add it to --metrics."
        )
    images, labels = measurable(measured), measured.class_labels
    chosen = draw_rows(measured.size, samples, stream(seed, "compared"), labels)
    result = evaluate(
        Samples(
            (images[chosen[start : start + AT_ONCE]] for start in range(0, len(chosen), AT_ONCE)),
            None if labels is None else labels[chosen],
            name=f"examples of {first}",
            classes=measured.class_names,
            total=len(chosen),
        ),
        reference,
        names,
        extractor=extractor_for(extractor, weights, fetch, reference, loaded),
        seed=seed,
        cache=cache_folder("references"),
        about={"first": first, "second": second, "split": split},
    )
    result.warnings.extend(about_compression(first, second))
    if pairs is not None and result.pairs is not None:
        write_pairs(Path(pairs), result.pairs)
    return Evaluation(*result)


def read(name: str, split: str) -> Source:
    """The source with this name; the ways it may fail are the user's mistakes.

    Raises:
      UserError: if it cannot be read or holds too few examples.
    """
    try:
        source = load(name, split=split)
    except (ValueError, OSError) as error:
        raise UserError(str(error)) from error
    check_enough(source.size, LEAST, repr(name))
    return source


def about_compression(first: str, second: str) -> list[str]:
    """A sentence if one of two folders holds JPEGs and the other does not."""
    lossy = [lossy_share(name) for name in (first, second)]
    if None in lossy or lossy[0] == lossy[1]:
        return []
    shares = " and ".join(
        f"{share:.0%} of {name}" for name, share in zip((first, second), lossy, strict=True)
    )
    return [
        f"{shares} are JPEGs: compression alone makes distances between the same pictures; store both alike."
    ]


def lossy_share(name: str) -> float | None:
    """Share of JPEGs among the pictures of a folder; None if the name is no folder of pictures."""
    folder = Path(re.split(r"[@+]", name.removeprefix("folder:"))[0]).expanduser()
    if not folder.is_dir():
        return None
    endings = [path.suffix.lower() for path in folder.rglob("*")]
    pictures = [ending for ending in endings if ending in extensions()]
    if not pictures:
        return None
    return sum(ending in LOSSY for ending in pictures) / len(pictures)
