"""Samples and the training examples that lie nearest to them."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from jgan.analysis.neighbours import nearest_in_stream
from jgan.commands.command import command
from jgan.commands.examples import Choice, Picture, check_finite, check_pictured, examples, opened
from jgan.commands.findings import Findings
from jgan.commands.held_out import held_out_set
from jgan.commands.images import Images
from jgan.commands.kinds import Count, NotNegative
from jgan.commands.paths import Place, PngFile
from jgan.commands.saved_run import RunLike, opened_run
from jgan.data import Source, gather
from jgan.display import task
from jgan.errors import UserError
from jgan.evaluation.extraction import extract
from jgan.evaluation.extractors import NAMES, get_extractor

AT_ONCE = 2048
HELD_OUT = 256
Features = Callable[[Iterator[np.ndarray]], Iterator[np.ndarray]]


@command
def neighbours(
    run: RunLike,
    *images: Picture,
    test: Count | None = None,
    train: Count | None = None,
    samples: Count | None = None,
    label: str | int | None = None,
    count: Count = 16,
    k: Count = 3,
    features: str = "pixels",
    weights: Place | None = None,
    seed: NotNegative = 0,
    out: PngFile | None = None,
) -> Findings:
    """Find the training examples that lie nearest to samples, or to other pictures.

    The first row of the findings are the pictures, the others their nearest training examples. If the generator
    copies, the median distance is far below that of examples of the test set.

    Args:
      run: Run directory, or the `Run` that `jgan.load` returns.
      *images: Pictures of your own, files of any size and format, which are cropped at the centre to the shape
        of the run's data and resized by Lanczos, or arrays ``(H, W, C)`` or ``(N, H, W, C)`` in [-1, 1].
      test: Use this number of examples of the test set, chosen by the seed.
      train: Use this number of training examples, chosen by the seed.
      samples: Use this number of samples of the generator, those of `jgan sample --seed`.
      label: Class of your pictures, by name or number, if the game is conditioned on classes.
      count: Number of samples of the generator, if no pictures are chosen otherwise.
      k: Number of neighbours of each picture.
      features: Space in which distances are measured: pixels, or the name of an extractor of features, one of
        auto, inception, efficientnet-lite0, random and classifier.
      weights: File of the extractor's weights, if it needs one.
      seed: Seed of the samples and of the choice of examples.
      out: FILE.png for the rows of pictures; the numbers are written beside it as FILE.json.

    Returns:
      The pictures with their neighbours, and the numbers: the share of pictures that are farther from their
      nearest training example than that is from its own ("authenticity"), and distances.

    Raises:
      UserError: If the run generates no pictures from latents, or has not more than ``k`` training examples.
    """
    saved = opened_run(run)
    of = opened(saved, check_pictured(saved, "neighbours", with_data=True))
    if k >= of.source.size:
        raise UserError(
            f"--k is {k}, but must be less than the {of.source.size} training examples."
        )
    look = feature_function(features, weights)
    queries = examples(of, Choice(images, test, train, samples, label, seed, count, "samples"))
    pictures = np.asarray(queries.batch["image"], np.float32)
    check_finite(pictures, "the generator's pictures")
    keep = features != "pixels"  # pixels are quickly read again and may be many
    training = _stream(of.source, look, keep)
    looked_at = [pictures]
    new_examples, _ = held_out_set(of.source, of.arguments)
    if new_examples is not None:
        looked_at.append(_images_at(new_examples, np.arange(min(HELD_OUT, new_examples.size))))
    query_features = np.concatenate(list(look(iter(looked_at))))
    both = nearest_in_stream(query_features, training(), k)
    index, distance = both.index[: len(pictures)], both.distance[: len(pictures)]
    # The nearest of a training example to itself is itself.
    nearest = np.asarray(_images_at(of.source, index[:, 0]), np.float32)
    own = nearest_in_stream(np.concatenate(list(look(iter([nearest])))), training(), 2)
    middle = float(np.median(distance[:, 0]))
    new = both.distance[len(pictures) :, 0]
    held_out = float(np.median(new)) if len(new) else None
    numbers: dict[str, Any] = {
        **of.about(seed),
        "of": queries.origin,
        "training": of.source.size,
        "features": features,
        "authenticity": float(np.mean(distance[:, 0] > own.distance[:, 1])),
        "median_distance": middle,
        "median_distance_of_test_examples": held_out,
        "ratio": middle / held_out if held_out else None,
        "images": [
            {
                "name": name,
                "nearest": index[i].tolist(),
                "distance": distance[i].tolist(),
                "nearest_to_its_own_nearest": float(own.distance[i, 1]),
            }
            for i, name in enumerate(queries.names)
        ],
    }
    rows = [pictures, *(np.asarray(_images_at(of.source, column)) for column in index.T)]
    words = f"{queries.origin}, then the {k} nearest of {of.source.size:,} training examples"
    findings = Findings([Images.of(row) for row in rows], words, numbers)
    if out is not None:
        findings.save(out)
    return findings


def feature_function(features: str, weights: Any) -> Features:
    """Batches of images to batches of features: their pixels as they are, or an extractor's.

    Raises:
      UserError: if there is no such extractor, or weights are given for pixels.
    """
    if features == "pixels":
        if weights is not None:
            raise UserError(f"--weights is {str(weights)!r}, but pixels need no weights.")
        return lambda batches: (batch.reshape(len(batch), -1) for batch in batches)
    if features not in NAMES:
        raise UserError(
            f"--features is {features!r}, but must be pixels or one of {', '.join(NAMES)}."
        )
    extractor = get_extractor(features, weights=weights)
    return lambda batches: extract(extractor.features, batches)


def _stream(source: Source, features: Features, keep: bool) -> Callable[[], Iterable[np.ndarray]]:
    """The features of a source, from its beginning each time it is called; computed once if ``keep``."""

    def images() -> Iterator[np.ndarray]:
        with task("training set:", source.size, "examples") as shown:
            for start in range(0, source.size, AT_ONCE):
                end = min(start + AT_ONCE, source.size)
                yield _images_at(source, np.arange(start, end))
                shown.update(end)

    if not keep:
        return lambda: features(images())
    kept = [np.asarray(part) for part in features(images())]
    return lambda: kept


def _images_at(source: Source, indices: np.ndarray) -> np.ndarray:
    rows: np.ndarray = gather({"image": source.arrays["image"]}, indices)["image"]
    return rows
