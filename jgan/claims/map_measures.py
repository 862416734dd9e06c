"""What claims about pictures that are made from maps of labels measure."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jgan.claims.held_out_measures import held_out_source
from jgan.claims.translation_measures import shown_by
from jgan.evaluation.beside import put_beside
from jgan.evaluation.segmenters import Segmenter, segmenter_for
from jgan.metrics.segmentation import mean_iou
from jgan.training.devices import on_host
from jgan.training.experiment import Trained

NEAR = 3
"""Pixels around an edit that still count as its place."""
SIDE = 8
"""Of the square in which a map is edited, in pixels."""


def segmenter_of(trained: Trained) -> Segmenter:
    """The segmenter of a training's data."""
    return segmenter_for(trained.experiment.source, trained.experiment.loaded)


def pictures_of(trained: Trained, maps: np.ndarray, seed: int = 0) -> np.ndarray:
    """What the averaged generator makes of maps ``(N, H, W)``, each in a style of its own."""
    shape = trained.experiment.source.shape
    batch = {"image": np.zeros((len(maps), *shape), np.float32), "mask": maps}
    return shown_by(trained, "samples", batch, seed)


def map_agreement(trained: Trained, count: int = 1000) -> float:
    """Mean intersection over union of test maps and what a segmenter reads in the pictures made from them."""
    test = held_out_source(trained)
    maps = test.first(min(count, test.size))["mask"]
    segmenter = segmenter_of(trained)
    return mean_iou(segmenter(pictures_of(trained, maps)), maps, segmenter.labels)


def uniform_label_found(trained: Trained, count: int = 50) -> float:
    """Share of maps of a single label that a segmenter reads in most of the picture's pixels.

    Plain normalisation takes away what all pixels have in common, the label of such a map among it.

    Args:
      trained: the training.
      count: of pictures for each label.
    """
    segmenter = segmenter_of(trained)
    label = np.repeat(np.arange(segmenter.labels, dtype=np.int32), count)
    height, width = trained.experiment.source.shape[:2]
    maps = np.broadcast_to(label[:, None, None], (len(label), height, width))
    found = segmenter(pictures_of(trained, maps)).reshape(len(label), -1)
    counts = (found[:, :, None] == np.arange(segmenter.labels)).sum(axis=1)
    return float(np.mean(counts.argmax(axis=1) == label))


def change_at_edit(trained: Trained, count: int = 500) -> float:
    """Of all that changes in pictures when a square of their maps is edited, the share near the square.

    Within an 8x8 square at a random place every label becomes the next. Near is what lies at most three pixels
    from it. Both pictures are made in one style.
    """
    test = held_out_source(trained)
    maps = test.first(min(count, test.size))["mask"]
    labels = segmenter_of(trained).labels
    rng = np.random.default_rng(0)
    edited, near = maps.copy(), np.zeros(maps.shape, bool)
    height, width = maps.shape[1:]
    for number, own in enumerate(edited):
        top, left = rng.integers(height - SIDE + 1), rng.integers(width - SIDE + 1)
        square = own[top : top + SIDE, left : left + SIDE]
        square[...] = (square + 1) % labels
        rows, columns = (slice(max(0, start - NEAR), start + SIDE + NEAR) for start in (top, left))
        near[number, rows, columns] = True
    before, after = pictures_of(trained, maps), pictures_of(trained, edited)
    change = np.abs(after - before).mean(axis=-1)
    put_beside(
        f"mean change: {change[near].mean():.3f} near the edit, {change[~near].mean():.4f} elsewhere"
    )
    return float(change[near].sum() / change.sum())


def paleness(pictures: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """The mean share of white in the colours of pictures ``(N, H, W, 3)`` in [-1, 1], ``(N,)``.

    Args:
      pictures: of which every pixel has one of `jgan.data.garment_parts.COLOURS`, mixed with white.
      inside: the pixels that count, ``(N, H, W)``.
    """
    values = (pictures + 1) / 2
    share = values.min(axis=-1) / np.maximum(values.max(axis=-1), 1e-3)
    return (share * inside).sum(axis=(1, 2)) / np.maximum(inside.sum(axis=(1, 2)), 1)


def style_taken_over(trained: Trained, count: int = 500) -> float:
    """Correlation of the paleness of pictures with that of others whose style they are made in.

    Each test map is drawn in the style of the test picture before it, by the mean of its code; without an
    encoder in a random style.
    """
    test = held_out_source(trained)
    batch = test.first(min(count, test.size))
    styles = np.roll(batch["image"], 1, axis=0)
    sampler = trained.experiment.game.sampler
    assert sampler is not None
    variables = on_host(trained.state.averaged_variables())

    @jax.jit
    def make(maps: jax.Array, styles: jax.Array, key: jax.Array) -> Any:
        if sampler.encode is None:
            blank = {"image": styles, "mask": maps}
            return sampler.generate(variables, maps, sampler.latent(key, blank))
        return sampler.generate(variables, maps, sampler.encode(variables, styles))

    made = np.asarray(make(jnp.asarray(batch["mask"]), jnp.asarray(styles), jax.random.key(0)))
    inside = batch["mask"] > 0
    own, wanted = paleness(made, inside), np.roll(paleness(batch["image"], inside), 1)
    if own.std() < 1e-4:  # of what does not vary there is no correlation
        return 0.0
    return float(np.corrcoef(own, wanted)[0, 1])
