"""Stacked MNIST by PacGAN's protocol, and MNIST under the optimisers of lookahead-minimax."""

from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks._coverage.methods import PACGAN, PUBLISHED, Size
from benchmarks._coverage.stacked import WIDTH, Stacked, prepare, reduced
from benchmarks._yardsticks.kept import Cell, Measures, Options
from benchmarks._yardsticks.tables import Published, table
from benchmarks._yardsticks.trainings import samples_of, trained
from jgan.data import Source, load
from jgan.errors import UserError
from jgan.evaluation.classifiers import Classifier
from jgan.evaluation.judges import SETTINGS, domain_classifier
from jgan.metrics.frechet import Moments, factor, moments, precise_frechet_distance
from jgan.metrics.modes import class_coverage, confident_share, stacked_predictions

FOLDER = Path(__file__).parent / "experiments"
SAMPLES, TRIPLES, SIDE, RESTRICTED = 26_000, 128_000, 28, 100
AT_ONCE = 1000
SIZES: dict[str, dict[str, dict[str, int]]] = {
    "stacked": {
        "published": {"width": 64, "steps": 100_000},
        "laptop": {"width": 16, "steps": 2_000},
        "smoke": {"width": 2, "steps": 2},
    },
    "mnist": {
        "published": {"width": 64, "steps": 100_000},
        "laptop": {"width": 16, "steps": 2_000},
        "smoke": {"width": 2, "steps": 2},
    },
}
"""Networks and updates by scale; "published" are the authors'."""
EPOCHS = {"published": 20, "laptop": 5, "smoke": 1}
"""Of the classifier that counts the digits."""
PACKINGS = (1, 2, 3, 4)
RULES = ("alternating", "extragradient", "lookahead", "lookahead_extragradient")
EVERY = {"published": 1000, "laptop": 100, "smoke": 1}
"""Updates between two steps back of lookahead: 1,000 as published."""


def _stacked(options: Options) -> Stacked:
    small = options.scale == "smoke"
    triples, count = (300, 200) if small else (TRIPLES, SAMPLES)
    size = Size("stacked", {}, (), 1, count, 64, SIDE, triples, EPOCHS[options.scale])
    return prepare(options.digits, size)


def counted(stacked: Stacked, samples: jax.Array) -> Measures:
    """Modes, modes that have a quarter of their share, KL, and the share that the classifier is sure of."""
    probabilities = stacked.probabilities(samples)
    found = class_coverage(stacked_predictions(probabilities.argmax(axis=2)), 1000)
    return {
        "modes": float(found.modes),
        "solid modes": float(found.solid),
        "KL": found.kl,
        "confident %": 100 * confident_share(probabilities),
        "classifier %": 100 * stacked.classifier.accuracy,
    }


def stacked_cells(options: Options) -> Iterator[Cell]:
    """A perfect generator, one that makes 100 triples alone, and DCGAN with packs of 1 to 4."""
    stacked = cache(lambda: _stacked(options))
    count = 200 if options.scale == "smoke" else SAMPLES
    common = {
        "digits": Path(options.digits).name,
        "epochs": EPOCHS[options.scale],
        "samples": count,
    }

    def unseen(seed: int) -> Measures:
        return counted(stacked(), stacked().fresh(count))

    def restricted(seed: int) -> Measures:
        digits = _of_triples(stacked().test, count, seed)
        return counted(stacked(), digits)

    yield Cell("unseen digits, a perfect generator", 0, common, partial(unseen, 0))
    yield Cell(f"unseen digits of {RESTRICTED} triples alone", 0, common, partial(restricted, 0))
    sizes = SIZES["stacked"][options.scale]
    for packing in PACKINGS:
        for seed in options.seeds:
            settings = {**common, **sizes, "packing": packing}
            out = options.runs / f"stacked-{sizes['width']}-{packing}-{seed}"

            def learnt(
                packing: int = packing, seed: int = seed, out: Path = out
            ) -> Measures | None:
                own = {"data": str(stacked().file), "packing": packing, **sizes}
                run = trained(FOLDER / "stacked.py", own, seed, out)
                if run is None:
                    return None
                return counted(stacked(), jnp.asarray(samples_of(run, count, seed)))

            name = "DCGAN" if packing == 1 else f"PacDCGAN{packing}"
            row = f"{name}, width {sizes['width']}, {sizes['steps']:,} updates"
            yield Cell(row, seed, settings, learnt)


def _of_triples(test: Source, count: int, seed: int) -> jax.Array:
    """Pictures in [-1, 1] of `RESTRICTED` triples of classes alone, ``(count, H, W, 3)``."""
    draw = np.random.default_rng(seed)
    labels = np.asarray(test.arrays["label"])
    pictures = np.asarray(test.arrays["image"])[..., 0]
    of_class = [np.flatnonzero(labels == digit) for digit in range(10)]
    allowed = draw.permutation(1000)[:RESTRICTED]
    digits = np.stack(np.unravel_index(draw.choice(allowed, count), (10, 10, 10)), axis=1)
    rows = np.array([[draw.choice(of_class[digit]) for digit in triple] for triple in digits])
    return jnp.asarray(np.moveaxis(pictures[rows], 1, -1), jnp.float32) / 127.5 - 1


STACKED_COLUMNS = ("modes", "solid modes", "KL", "confident %", "classifier %")


def stacked_text(facts: dict[str, Any]) -> str:
    """One table."""
    rows = [
        Published(
            name, source, {"modes": modes, "KL": kl, "seeds": "10" if source == PACGAN else ""}
        )
        for name, source, (modes, _, kl) in PUBLISHED["stacked"]
    ]
    places = {"modes": 1, "solid modes": 1, "confident %": 1, "classifier %": 2}
    return table(facts, STACKED_COLUMNS, rows, places)


def _splits(digits: str) -> tuple[Source, Source]:
    """Training and test pictures, as the classifier of the stacked digits knows them."""
    try:
        train, test = (load(digits, split=split) for split in ("train", "test"))
    except (ValueError, FileNotFoundError) as error:
        raise UserError(f"--digits is {digits!r}: {error}") from error
    return reduced(train, SIDE), reduced(test, SIDE)


@cache
def _judge(digits: str, epochs: int) -> tuple[Classifier, Moments, np.ndarray]:
    """A classifier of the pictures, and the moments of the test pictures in its 128 features."""
    train, test = _splits(digits)
    settings = SETTINGS._replace(images=epochs * train.size, width=WIDTH)
    made = domain_classifier(train, test, settings)
    known = moments(features_of(made, jnp.asarray(test.first(test.size)["image"])))
    return made, known, factor(known.covariance)


def features_of(classifier: Classifier, pictures: jax.Array) -> jax.Array:
    """The classifier's features of pictures ``(N, H, W, 1)``."""
    run = jax.jit(classifier.extractor.features)
    parts = [run(pictures[i : i + AT_ONCE]) for i in range(0, len(pictures), AT_ONCE)]
    return jnp.concatenate(parts)


def judged(digits: str, epochs: int, pictures: jax.Array) -> Measures:
    """Fréchet distance from the test pictures in the classifier's features, and the entropy of its classes."""
    classifier, known, root = _judge(digits, epochs)
    found = moments(features_of(classifier, pictures))
    assert classifier.extractor.probabilities is not None
    run = jax.jit(classifier.extractor.probabilities)
    parts = [run(pictures[i : i + AT_ONCE]) for i in range(0, len(pictures), AT_ONCE)]
    shares = np.asarray(jnp.concatenate(parts)).mean(axis=0)
    return {
        "distance": precise_frechet_distance(known, found, root),
        "entropy of classes": float(-np.sum(shares * np.log(np.maximum(shares, 1e-12)))),
        "classifier %": 100 * classifier.accuracy,
    }


def mnist_cells(options: Options) -> Iterator[Cell]:
    """Training pictures as the floor, then the four rules."""
    count = 200 if options.scale == "smoke" else 10_000
    epochs = EPOCHS[options.scale]
    common = {"digits": Path(options.digits).name, "epochs": epochs, "samples": count}

    def floor() -> Measures:
        train, _ = _splits(options.digits)
        rows = np.random.default_rng(0).permutation(train.size)[:count]
        return judged(options.digits, epochs, jnp.asarray(train.at(rows)["image"]))

    yield Cell("training pictures", 0, common, floor)
    sizes = SIZES["mnist"][options.scale]
    for rule in RULES:
        for seed in options.seeds:
            arguments = {**sizes, "rule": rule, "every": EVERY[options.scale]}
            out = options.runs / f"mnist-{sizes['width']}-{EVERY[options.scale]}-{rule}-{seed}"

            def learnt(own: Any = arguments, seed: int = seed, out: Path = out) -> Measures | None:
                run = trained(FOLDER / "mnist.py", {"data": options.digits, **own}, seed, out)
                if run is None:
                    return None
                views = {"": False, ", averaged": True}
                found: Measures = {}
                for suffix, averaged in views.items():
                    made = jnp.asarray(samples_of(run, count, seed, averaged=averaged))
                    own_found = judged(options.digits, epochs, made)
                    found |= {f"{name}{suffix}": value for name, value in own_found.items()}
                return found

            row = f"{rule}, width {sizes['width']}, {sizes['steps']:,} updates"
            yield Cell(row, seed, {**common, **arguments}, learnt)


MNIST_COLUMNS = ("distance", "distance, averaged", "entropy of classes", "classifier %")


def mnist_text(facts: dict[str, Any]) -> str:
    """One table; the authors' numbers are in the features of a classifier of their own."""
    return table(facts, MNIST_COLUMNS, digits={"distance": 2, "distance, averaged": 2})
