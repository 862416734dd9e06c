"""Segmenters: who names the label of every pixel knowing nothing of the game, trained once and kept."""

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from jgan.data import Source, example_indices, gather
from jgan.data.held_out import divided, published_splits
from jgan.data.registry import LoadArguments
from jgan.display import task
from jgan.errors import UserError
from jgan.evaluation.beside import put_beside
from jgan.evaluation.kept_training import TrainedArrays, trained_once
from jgan.evaluation.reference import content_hash
from jgan.metrics.segmentation import mean_iou
from jgan.networks.segmenter import small_segmenter

VERSION = 1
"""Of the training; a change of the network or of the training that changes its result raises it."""
AT_ONCE = 250


class SegmenterSettings(NamedTuple):
    """How `segmenter_for` trains.

    Attributes:
      images: how many images the training meets in all.
      width: of `jgan.networks.segmenter.small_segmenter`.
      batch_size: images in a step.
      learning_rate: of Adam at the beginning; it falls to zero along a cosine.
      seed: of weights and order.
    """

    images: int = 20_000
    width: int = 16
    batch_size: int = 32
    learning_rate: float = 3e-3
    seed: int = 0


SETTINGS = SegmenterSettings()


class Segmenter(NamedTuple):
    """Who names the labels of pixels; calling it with pictures ``(N, H, W, C)`` gives int ``(N, H, W)``.

    Attributes:
      variables: parameters of its network.
      labels: how many there are.
      width: of its network.
      agreement: `mean_iou` with the maps of pictures that it was not trained on, which is put beside numbers.
      examples: how many these were.
    """

    variables: Mapping[str, Any]
    labels: int
    width: int
    agreement: float
    examples: int

    def __call__(self, pictures: np.ndarray) -> np.ndarray:
        """The labels of pictures in [-1, 1]."""
        put_beside(f"segmenter: mIoU {self.agreement:.2f} on {self.examples:,} held-out images")
        return named_pixels(self.variables, self.labels, self.width, pictures)


def segmenter_for(
    source: Source,
    loaded: Mapping[LoadArguments, Source],
    settings: SegmenterSettings = SETTINGS,
) -> Segmenter:
    """The segmenter of the data that a source was taken from, a function of these and of the settings.

    It is trained on the whole training set and tested on the test set, or on a tenth of the images, held out,
    where there is none.

    Args:
      source: images with maps of their labels in the field ``mask``.
      loaded: what `jgan.data.load` returned on the way to them, empty where it is not known.
      settings: of the training.

    Raises:
      UserError: if they are no pictures with maps.
    """
    if not source.pictures or "mask" not in source.arrays:
        raise UserError(f"data {source.name!r} must be images with a map of labels in 'mask'.")
    train, test = published_splits(source, loaded) or divided(source)
    fields = ("image", "mask")
    recipe = {
        "version": VERSION,
        "settings": settings._asdict(),
        **{
            split: {field: content_hash(own.arrays[field]) for field in fields}
            for split, own in (("train", train), ("test", test))
        },
    }
    kept = trained_once("segmenter", recipe, partial(_trained, train, test, settings))
    about = {name: kept.about[name] for name in Segmenter._fields if name in kept.about}
    return Segmenter(kept.arrays, **about)


def named_pixels(
    variables: Mapping[str, Any], labels: int, width: int, pictures: np.ndarray
) -> np.ndarray:
    """The most probable label of every pixel, int ``(N, H, W)``, `AT_ONCE` pictures at a time."""
    network = small_segmenter(labels, width=width)
    name = jax.jit(lambda x: jnp.argmax(network.apply({"params": variables}, x)[0], axis=-1))
    parts = [pictures[start : start + AT_ONCE] for start in range(0, len(pictures), AT_ONCE)]
    return np.concatenate([np.asarray(name(part)) for part in parts])


def _trained(train: Source, test: Source, settings: SegmenterSettings) -> TrainedArrays:
    labels = 1 + max(int(own.arrays["mask"].max()) for own in (train, test))
    network = small_segmenter(labels, width=settings.width)
    size = min(settings.batch_size, train.size)
    steps = max(1, settings.images // size)
    optimizer = optax.adam(optax.cosine_decay_schedule(settings.learning_rate, steps))
    arrays = {name: jnp.asarray(train.arrays[name]) for name in ("image", "mask")}
    key = jax.random.key(settings.seed)
    params = network.init(key, gather(arrays, jnp.zeros(1, jnp.int32))["image"])["params"]

    def loss(params: Any, batch: Mapping[str, jax.Array]) -> jax.Array:
        logits, _ = network.apply({"params": params}, batch["image"])
        return optax.softmax_cross_entropy_with_integer_labels(logits, batch["mask"]).mean()

    @partial(jax.jit, donate_argnums=0)
    def run(state: Any, arrays: Mapping[str, jax.Array]) -> Any:
        def step(state: Any, index: jax.Array) -> Any:
            params, moments = state
            batch = gather(arrays, example_indices(key, index, size, train.size))
            updates, moments = optimizer.update(jax.grad(loss)(params, batch), moments)
            return (optax.apply_updates(params, updates), moments), ()

        return jax.lax.scan(step, state, jnp.arange(steps))[0]

    with task("training a segmenter", announced=True):
        params = jax.tree.map(np.asarray, run((params, optimizer.init(params)), arrays)[0])
    tested = test.first(test.size)
    found = named_pixels(params, labels, settings.width, tested["image"])
    about = {
        "labels": labels,
        "width": settings.width,
        "agreement": mean_iou(found, tested["mask"], labels),
        "examples": test.size,
    }
    return TrainedArrays(params, about)
