"""What the metrics need of one set of examples, gathered from a stream in one pass."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from jgan.data import gather
from jgan.display import task
from jgan.errors import UserError
from jgan.evaluation.extraction import extract
from jgan.features.extractor import Extractor, features_and_probabilities
from jgan.metrics.accumulator import Accumulator, accumulate, merge
from jgan.metrics.subsets import stream

MOMENTS, FEATURES, PROBABILITIES, IMAGES = "moments", "features", "probabilities", "images"
IMAGES_KEPT = 16_384


class NotFinite(UserError):
    """An example holds NaN or infinity."""


@dataclass(frozen=True, eq=False)
class Collected:
    """One set of examples as metrics see it; what was not asked for is None.

    Attributes:
      count: examples.
      moments: mean and co-moment of the features of all of them.
      features: float32 ``(N, D)``; points ``(N, d)`` are their own features.
      probabilities: of the extractor's classes, float32 ``(N, K)``.
      images: at most `IMAGES_KEPT` of them, drawn by the seed, float32 in [-1, 1], ``(n, H, W, C)``.
      image_rows: which examples these are, ascending, ``(n,)``.
      labels: int ``(N,)``, where known.
    """

    count: int
    moments: Accumulator | None = None
    features: np.ndarray | None = None
    probabilities: np.ndarray | None = None
    images: np.ndarray | None = None
    image_rows: np.ndarray | None = None
    labels: np.ndarray | None = None

    @property
    def image_labels(self) -> np.ndarray | None:
        """Labels of ``images``, where known."""
        known = self.labels is not None and self.image_rows is not None
        return np.asarray(self.labels)[self.image_rows] if known else None


class Reservoir:
    """A uniform choice of at most ``size`` rows of a stream of unknown length (Vitter 1985, algorithm R)."""

    def __init__(self, size: int, rng: np.random.Generator) -> None:
        self.size, self.rng, self.offered = size, rng, 0
        self.kept: list[np.ndarray] = []
        self.rows: list[int] = []

    def add(self, batch: np.ndarray) -> None:
        """Take part of a batch ``(n, ...)``."""
        free = max(0, min(len(batch), self.size - len(self.kept)))
        self.kept += [np.array(row) for row in batch[:free]]
        self.rows += range(self.offered, self.offered + free)
        later = self.offered + np.arange(free, len(batch))
        places = self.rng.integers(0, later + 1) if len(later) else later
        for row, place in zip(later, places, strict=True):
            if place < self.size:
                self.kept[place], self.rows[place] = np.array(batch[row - self.offered]), int(row)
        self.offered += len(batch)

    def chosen(self) -> tuple[np.ndarray, np.ndarray]:
        """What was kept, in the order of the stream, and the numbers of these rows."""
        order = np.argsort(self.rows)
        return np.stack([self.kept[place] for place in order]), np.asarray(self.rows)[order]


def as_images(batch: np.ndarray) -> np.ndarray:
    """Images in [-1, 1] as float32, from uint8 where they are."""
    return np.asarray(gather({"image": batch}, np.arange(len(batch)))["image"], np.float32)


def collect(
    batches: Iterable[np.ndarray],
    extractor: Extractor | None,
    needs: frozenset[str],
    *,
    name: str = "samples",
    labels: np.ndarray | None = None,
    seed: int = 0,
    total: int | None = None,
) -> Collected:
    """Gather what ``needs`` names from a stream of examples, holding a few batches of them at a time.

    Args:
      batches: images ``(n, H, W, C)``, uint8 or float32 in [-1, 1], or points ``(n, d)``.
      extractor: of features; None for points, which are their own.
      needs: of "moments", "features", "probabilities" and "images".
      name: what messages call the examples.
      labels: of the examples in their order, or None.
      seed: of the choice of images, where there are more than `IMAGES_KEPT`.
      total: how many there will be, for those who wait; None where it is not known.

    Returns:
      What was asked for.

    Raises:
      NotFinite: if an example holds NaN or infinity.
      UserError: if there are no examples, images need an extractor and there is none, or it gives no
        probabilities though they are needed.
    """
    reservoir = Reservoir(IMAGES_KEPT, stream(seed, "images"))
    read = 0

    def watched() -> Iterator[np.ndarray]:
        nonlocal read
        for batch in batches:
            array = np.asarray(batch)
            _check(array, read, name, extractor)
            if IMAGES in needs:
                reservoir.add(array)
            read += len(array)
            yield array

    moments: Accumulator | None = None
    features: list[np.ndarray] = []
    probabilities: list[np.ndarray] = []
    done = 0
    with task(f"features of {name}", total, "examples") as shown:
        for found, chances in _run(watched(), extractor, needs):
            if MOMENTS in needs:
                part = accumulate(found)
                moments = part if moments is None else merge(moments, part)
            if FEATURES in needs:
                features.append(np.asarray(found, np.float32))
            if chances is not None:
                probabilities.append(chances)
            done += len(found)
            shown.update(done)
    if not read:
        raise UserError(f"{name} are none; evaluation needs at least one.")
    join = lambda parts: np.concatenate(parts) if parts else None
    collected = Collected(read, moments, join(features), join(probabilities), labels=labels)
    if IMAGES not in needs:
        return collected
    kept, rows = reservoir.chosen()
    return replace(collected, images=as_images(kept), image_rows=rows)


def _run(
    batches: Iterator[np.ndarray], extractor: Extractor | None, needs: frozenset[str]
) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
    """Features and, where needed, probabilities, a batch at a time."""
    if extractor is None or not needs & {MOMENTS, FEATURES, PROBABILITIES}:
        yield from ((batch.reshape(len(batch), -1), None) for batch in batches)
    elif PROBABILITIES not in needs:
        yield from ((found, None) for found in extract(extractor.features, batches))
    elif extractor.probabilities is None:
        raise UserError(
            f"extractor {extractor.name!r} names no classes, but a metric needs their probabilities; "
            "use an extractor that classifies."
        )
    else:
        yield from extract(features_and_probabilities(extractor), batches)


def _check(batch: np.ndarray, before: int, name: str, extractor: Extractor | None) -> None:
    if batch.ndim == 4 and extractor is None:
        raise UserError(f"{name} are images, which need an extractor of features.")
    if batch.ndim != 4 and extractor is not None:
        raise UserError(
            f"{name} have shape {batch.shape[1:]}, but extractor {extractor.name!r} takes images (H, W, C)."
        )
    if batch.dtype.kind != "f":
        return
    finite = np.isfinite(batch.reshape(len(batch), -1)).all(axis=1)
    if not finite.all():
        first = before + int(np.argmin(finite))
        raise NotFinite(
            f"{name} hold NaN or infinity, first in example {first}; every value must be finite "
            "(a generator that makes NaN has diverged: evaluate an earlier checkpoint)."
        )
