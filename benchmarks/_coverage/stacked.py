"""Stacked MNIST: three random digits as red, green and blue, and a classifier of digits that counts them."""

import functools
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks._coverage.methods import Size
from jgan.data import Source, gather, load
from jgan.errors import UserError
from jgan.evaluation.classifiers import Classifier
from jgan.evaluation.judges import SETTINGS, domain_classifier
from jgan.files import cache_folder, make_folder

AT_ONCE = 1000
WIDTH = 16


class Stacked(NamedTuple):
    """Triples to learn from, and what judges them.

    Attributes:
      file: an .npz of the triples.
      test: digits that neither the classifier nor a generator has seen, reduced in size.
      classifier: of such digits.
      facts: what both are, for the results.
    """

    file: Path
    test: Source
    classifier: Classifier
    facts: dict[str, Any]

    def probabilities(self, samples: jax.Array) -> np.ndarray:
        """Of the digits in each channel of pictures ``(N, side, side, 3)``, ``(N, 3, 10)``."""
        parts = [
            np.asarray(
                _by_channel(self.classifier.extractor.probabilities, samples[i : i + AT_ONCE])
            )
            for i in range(0, len(samples), AT_ONCE)
        ]
        return np.concatenate(parts)

    def fresh(self, count: int) -> jax.Array:
        """Triples of unseen digits, in [-1, 1]."""
        pictures = {"image": triples(self.test, count, seed=1)}
        return jnp.asarray(gather(pictures, np.arange(count))["image"])


@jax.jit
def _by_channel(probabilities: Any, samples: jax.Array) -> jax.Array:
    count, height, width, _ = samples.shape
    channels = jnp.moveaxis(samples, -1, 1).reshape(3 * count, height, width, 1)
    return probabilities(channels).reshape(count, 3, -1)


def triples(source: Source, count: int, seed: int = 0) -> np.ndarray:
    """``count`` triples of random pictures as channels, uint8 ``(count, H, W, 3)``.

    >>> pictures = np.arange(3, dtype=np.uint8).reshape(3, 1, 1, 1)
    >>> triples(Source({"image": pictures}), 2).shape
    (2, 1, 1, 3)
    """
    chosen = np.random.default_rng(seed).integers(0, source.size, (count, 3))
    return np.moveaxis(np.asarray(source.arrays["image"])[chosen][..., 0], 1, -1)


def reduced(source: Source, side: int) -> Source:
    """Pictures made smaller to ``side`` by averaging, their labels kept."""
    images = np.asarray(source.arrays["image"])
    grey = images.ndim == 4 and images.shape[3] == 1
    if not grey or source.num_classes != 10 or images.shape[1] % side or images.shape[2] % side:
        raise UserError(
            f"--digits is {source.name!r}, but must be grey pictures of 10 classes whose side is a "
            f"multiple of {side}."
        )
    tall, wide = images.shape[1] // side, images.shape[2] // side
    blocks = images.reshape(len(images), side, tall, side, wide, 1).mean((2, 4))
    return Source(
        {"image": np.round(blocks).astype(np.uint8), "label": source.arrays["label"]}, source.name
    )


@functools.cache
def _prepare(digits: str, side: int, count: int, epochs: int) -> Stacked:
    try:
        splits = {split: load(digits, split=split) for split in ("train", "test")}
    except (ValueError, FileNotFoundError) as error:
        raise UserError(f"--digits is {digits!r}: {error}") from error
    small = {split: reduced(source, side) for split, source in splits.items()}
    folder = make_folder(cache_folder("stacked") or Path("runs") / "stacked")
    stem = f"{splits['train'].name}-{splits['train'].size}-{side}"
    stacks = folder / f"{stem}-stacked-{count}.npz"
    np.savez(stacks, image=triples(small["train"], count))
    settings = SETTINGS._replace(images=epochs * small["train"].size, width=WIDTH)
    classifier = domain_classifier(small["train"], small["test"], settings)
    facts = {
        "stacked": {
            "digits": splits["train"].describe(),
            "side": side,
            "triples": count,
            "classifier": dict(classifier.about),
        }
    }
    return Stacked(stacks, small["test"], classifier, facts)


def prepare(digits: str, size: Size) -> Stacked:
    """Stack the digits and train their classifier, both kept in jgan's cache.

    Args:
      digits: a labelled source, as `jgan.data.load` takes it: mnist:FOLDER, fashion.
      size: says the side, the number of triples and the classifier's epochs.

    Raises:
      UserError: if there are no such pictures, or they cannot be stacked.
    """
    return _prepare(digits, size.side, size.triples, size.epochs)
