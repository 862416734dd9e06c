"""Statistics of a reference set, computed once and kept by content.

The name of an entry is a hash of the pictures, of the extractor's weights and of what was done to them, so
that a changed folder or another extractor can never meet an old entry. Entries are arrays (.npz, no
pickle) with a JSON file beside them that says what they are; delete them whenever you like.
"""

import contextlib
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from jgan.data import Source
from jgan.data.stored_array import StoredArray
from jgan.errors import UserError
from jgan.evaluation.collect import (
    FEATURES,
    IMAGES,
    IMAGES_KEPT,
    MOMENTS,
    PROBABILITIES,
    Collected,
    as_images,
    collect,
)
from jgan.features.extractor import Extractor
from jgan.files import make_folder, write_atomically
from jgan.metrics.accumulator import Accumulator
from jgan.metrics.subsets import draw_rows, stream

VERSION = 1
AT_ONCE = 256


def content_hash(images: np.ndarray | StoredArray) -> str:
    """SHA-256 of an array's or rows' dtype, shape and values, in hex."""
    digest = hashlib.sha256(f"{images.dtype.str} {images.shape}".encode())
    for batch in _batches(images):
        digest.update(np.ascontiguousarray(batch))
    return digest.hexdigest()


def measurable(source: Source) -> Any:
    """A source's examples, which are pictures ``(N, H, W, C)`` or points ``(N, d)``; they may be `StoredArray`.

    Raises:
      UserError: if they are neither, as several fields, tokens or masks.
    """
    if not (source.pictures or source.points):
        raise UserError(
            f"an example of the source {source.name!r} is {source.example!r} of shape {source.shape}, but "
            "metrics are for pictures (height, width, channels) or points."
        )
    return source.example_of(source.arrays)


def reference_statistics(
    images: np.ndarray | StoredArray,
    extractor: Extractor | None,
    needs: frozenset[str],
    *,
    labels: np.ndarray | None = None,
    seed: int = 0,
    cache: Path | None = None,
    name: str = "reference",
) -> tuple[Collected, str]:
    """What ``needs`` names of a reference set, and the content hash of its images.

    Args:
      images: uint8 or float32 in [-1, 1], ``(N, H, W, C)``, or points ``(N, d)``.
      extractor: of features, None for points.
      needs: see `collect.collect`.
      labels: of the images, or None.
      seed: of the choice of images, where there are more than `IMAGES_KEPT`.
      cache: folder of the entries, or None to keep none. Points are never kept.
      name: what messages call the images.

    Raises:
      UserError: see `collect.collect`.
    """
    digest = content_hash(images)
    costly = needs & {MOMENTS, FEATURES, PROBABILITIES}
    kept = cache if extractor is not None and costly else None
    entry = kept / entry_name(digest, extractor) if kept is not None else None
    found = _read(entry) if entry is not None else None
    if found is None or not costly <= _parts(found):
        # An entry is replaced by one that has all that this and earlier evaluations needed.
        wanted = costly | (_parts(found) if found is not None else frozenset())
        found = collect(_batches(images), extractor, wanted, name=name, total=len(images))
        if entry is not None:
            # A read-only cache costs the time again, nothing else.
            with contextlib.suppress(UserError):
                _write(entry, found, _about(digest, images, extractor))
    if IMAGES in needs:
        rows = draw_rows(len(images), IMAGES_KEPT, stream(seed, "reference images"), labels)
        found = replace(found, images=as_images(images[rows]), image_rows=rows)
    return replace(found, labels=labels), digest


def entry_name(digest: str, extractor: Extractor | None) -> str:
    """File name, without extension, of the statistics of images with this hash in this extractor."""
    what = (
        VERSION,
        digest,
        *((extractor.name, extractor.sha256, extractor.resize) if extractor else ()),
    )
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()[:40]


def _batches(images: np.ndarray | StoredArray) -> Iterator[np.ndarray]:
    # By integers and not by a slice: rows that are not in memory are read only then.
    for start in range(0, len(images), AT_ONCE):
        yield images[np.arange(start, min(start + AT_ONCE, len(images)))]


def _parts(found: Collected) -> frozenset[str]:
    parts = {MOMENTS: found.moments, FEATURES: found.features, PROBABILITIES: found.probabilities}
    return frozenset(part for part, value in parts.items() if value is not None)


def _about(
    digest: str, images: np.ndarray | StoredArray, extractor: Extractor | None
) -> dict[str, Any]:
    described = (
        {}
        if extractor is None
        else {
            "extractor": extractor.name,
            "extractor_sha256": extractor.sha256,
            "resize": extractor.resize,
        }
    )
    return {"images_sha256": digest, "shape": list(images.shape), **described, "version": VERSION}


def _write(entry: Path, found: Collected, about: dict[str, Any]) -> None:
    make_folder(entry.parent)
    arrays: dict[str, Any] = {"count": np.asarray(found.count)}
    if found.moments is not None:
        arrays |= {"mean": found.moments.mean, "comoment": found.moments.comoment}
    if found.features is not None:
        arrays["features"] = found.features
    if found.probabilities is not None:
        arrays["probabilities"] = found.probabilities
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    write_atomically(entry.with_suffix(".npz"), buffer.getvalue())
    about = {**about, "holds": sorted(_parts(found)), "count": found.count}
    write_atomically(entry.with_suffix(".json"), json.dumps(about, indent=2) + "\n")


def _read(entry: Path) -> Collected | None:
    """The entry, or None if there is none or it is damaged, in which case it is made anew."""
    try:
        # Opened here, because NumPy leaves a damaged file open.
        with (
            open(entry.with_suffix(".npz"), "rb") as file,
            np.load(file, allow_pickle=False) as stored,
        ):
            arrays = {name: stored[name] for name in stored.files}
        count = int(arrays["count"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    moments = None
    if "mean" in arrays and "comoment" in arrays:
        moments = Accumulator(count, arrays["mean"], arrays["comoment"])
    return Collected(count, moments, arrays.get("features"), arrays.get("probabilities"))


def check_enough(count: int, least: int, name: str) -> None:
    """Raise UserError unless there are at least ``least`` examples."""
    if count < least:
        raise UserError(
            f"{name} holds {count} examples, but evaluation needs at least {least} (10,000 are usual)."
        )
