"""``jgan neighbours RUN [IMAGES...]``: samples above the training examples that lie nearest to them."""

import argparse
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from jgan.analysis.neighbours import nearest_in_stream
from jgan.cli.common import at_least, held_out_set
from jgan.cli.examples import (
    add_picture_flags,
    add_run_flags,
    check_finite,
    examples,
    opened,
    report,
)
from jgan.cli.flags import Parser
from jgan.cli.paths import named_path
from jgan.data import Source, gather
from jgan.errors import UserError
from jgan.evaluation.extraction import extract
from jgan.evaluation.extractors import NAMES, get_extractor

AT_ONCE = 2048
HELD_OUT = 256
Features = Callable[[Iterator[np.ndarray]], Iterator[np.ndarray]]


def main(words: list[str]) -> int:
    """Run the command; returns the exit code."""
    options = parser().parse_intermixed_args(words)  # flags may stand between RUN and IMAGES
    run = opened(options, "neighbours")
    if options.k >= run.source.size:
        raise UserError(
            f"--k is {options.k}, but must be less than the {run.source.size} training examples."
        )
    features = feature_function(options)
    queries = examples(options, run)
    images = np.asarray(queries.batch["image"], np.float32)
    check_finite(images, "the generator's pictures")
    keep = options.features != "pixels"  # pixels are quickly read again and may be many
    training = _stream(run.source, features, keep)
    shown = [images]
    test, _ = held_out_set(run.source, run.arguments)
    if test is not None:
        shown.append(_images_at(test, np.arange(min(HELD_OUT, test.size))))
    query_features = np.concatenate(list(features(iter(shown))))
    both = nearest_in_stream(query_features, training(), options.k)
    index, distance = both.index[: len(images)], both.distance[: len(images)]
    # The nearest of a training example to itself is itself.
    nearest = np.asarray(_images_at(run.source, index[:, 0]), np.float32)
    own = nearest_in_stream(np.concatenate(list(features(iter([nearest])))), training(), 2)
    middle = float(np.median(distance[:, 0]))
    new = both.distance[len(images) :, 0]
    held_out = float(np.median(new)) if len(new) else None
    findings = {
        "of": queries.origin,
        "training": run.source.size,
        "features": options.features,
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
    rows = [images, *(np.asarray(_images_at(run.source, column)) for column in index.T)]
    lines = report(options, run, rows, findings)
    if not options.json:
        print(
            f"{queries.origin}, then the {options.k} nearest of {run.source.size:,} training examples"
        )
        print(f"  median distance {middle:.4g} ({options.features})")
        if held_out:
            print(
                f"  of test examples {held_out:.4g} (ratio {middle / held_out:.3g}; 1 is new, 0 a copy)"
            )
        print(f"  farther than the neighbour's own neighbour: {findings['authenticity']:.0%}")
        print("\n".join(lines))
    return 0


def parser() -> Parser:
    """The command's flags."""
    result = Parser(prog="jgan neighbours", description=__doc__)
    add_run_flags(result, "neighbours")
    add_picture_flags(result, 16, "samples")
    result.add_argument(
        "--count",
        type=at_least(1),
        default=16,
        help="samples, if no pictures are given (default: 16)",
    )
    result.add_argument("--k", type=at_least(1), default=3, help="neighbours of each (default: 3)")
    listed = "; ".join(f"{name}: {text}" for name, text in NAMES.items())
    result.add_argument(
        "--features",
        default="pixels",
        help=f"where distances are measured: pixels, or an extractor (default: pixels). {listed}",
    )
    result.add_argument(
        "--weights", type=named_path, help="the extractor's weights, if it needs a file"
    )
    return result


def feature_function(options: argparse.Namespace) -> Features:
    """Batches of images to batches of features: their pixels as they are, or an extractor's.

    Raises:
      UserError: if there is no such extractor, or weights are given for pixels.
    """
    if options.features == "pixels":
        if options.weights is not None:
            raise UserError(f"--weights is {str(options.weights)!r}, but pixels need no weights.")
        return lambda batches: (batch.reshape(len(batch), -1) for batch in batches)
    if options.features not in NAMES:
        raise UserError(
            f"--features is {options.features!r}, but must be pixels or one of {', '.join(NAMES)}."
        )
    extractor = get_extractor(options.features, weights=options.weights)
    return lambda batches: extract(extractor.features, batches)


def _stream(source: Source, features: Features, keep: bool) -> Callable[[], Iterable[np.ndarray]]:
    """The features of a source, from its beginning each time it is called; computed once if ``keep``."""

    def images() -> Iterator[np.ndarray]:
        for start in range(0, source.size, AT_ONCE):
            yield _images_at(source, np.arange(start, min(start + AT_ONCE, source.size)))

    if not keep:
        return lambda: features(images())
    kept = [np.asarray(part) for part in features(images())]
    return lambda: kept


def _images_at(source: Source, indices: np.ndarray) -> np.ndarray:
    rows: np.ndarray = gather({"image": source.arrays["image"]}, indices)["image"]
    return rows
