"""A classifier trained here, as an extractor: class accuracy, mode counting, features of a domain."""

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.tree_util import Partial

from jgan.data import Source, example_indices, gather
from jgan.display import task
from jgan.errors import UserError
from jgan.evaluation.array_archive import digest_of
from jgan.evaluation.extraction import extract
from jgan.features.extractor import Extractor, classified
from jgan.features.judge_accuracy import JudgeAccuracy
from jgan.networks.classifier import LAST_LAYER, small_classifier

SIDE = 8
AT_ONCE = 1000


class Classifier(NamedTuple):
    """A trained classifier.

    Attributes:
      variables: its arrays.
      about: what it was trained on and how: ``data``, ``shape``, ``classes``, ``class_names``, ``width``,
        ``epochs``, ``batch_size``, ``learning_rate``, ``seed``, ``train_size``, ``test_size``, ``accuracy``.
      extractor: its 128 penultimate features and its probabilities.
    """

    variables: Mapping[str, Any]
    about: Mapping[str, Any]
    extractor: Extractor

    @property
    def accuracy(self) -> float:
        """Share of the test set that it names rightly, 0 to 1."""
        return float(self.about["accuracy"])


def classifier_of(variables: Mapping[str, Any], about: Mapping[str, Any]) -> Classifier:
    """The classifier with these arrays.

    Args:
      variables: nested arrays, as a `Classifier` holds them.
      about: likewise.

    Raises:
      KeyError: if either lacks something.
    """
    tested = JudgeAccuracy(float(about["accuracy"]), int(about["test_size"]))
    extractor = _extractor(variables, about)._replace(accuracy=tested)
    return Classifier(variables, about, extractor)


def train_classifier(
    train: Source,
    test: Source,
    *,
    epochs: int = 5,
    batch_size: int = 128,
    learning_rate: float = 1e-3,
    width: int = 32,
    seed: int = 0,
) -> Classifier:
    """Train `jgan.networks.classifier.small_classifier` by Adam with a cosine schedule.

    Args:
      train: labelled images to learn from.
      test: labelled images that its accuracy is measured on.
      epochs: passes over ``train``.
      batch_size: images in a step.
      learning_rate: at the beginning; it falls to zero.
      width: of the network.
      seed: of weights, order and dropout; the result is a function of it.

    Raises:
      UserError: if a source has no labels or no images, or images of another shape than the other's, or
        a number is out of range.
    """
    _check(train, test, epochs, batch_size)
    classes = max(train.num_classes, test.num_classes, 2)
    named = train if train.num_classes >= test.num_classes else test
    network = small_classifier(classes, width=width)
    steps = max(1, train.size // batch_size)
    optimizer = optax.adam(optax.cosine_decay_schedule(learning_rate, epochs * steps))
    every = np.arange(train.size)
    arrays = {name: jnp.asarray(train.arrays[name][every]) for name in ("image", "label")}
    key = jax.random.key(seed)
    variables = network.init(key, gather(arrays, jnp.zeros(1, jnp.int32))["image"])
    params = variables["params"]

    def loss(params: Any, batch: Mapping[str, jax.Array], key: jax.Array) -> jax.Array:
        (_, logits), _ = network.apply({"params": params}, batch["image"], key=key, train=True)
        return optax.softmax_cross_entropy_with_integer_labels(logits, batch["label"]).mean()

    @partial(jax.jit, donate_argnums=0)
    def epoch(state: Any, number: jax.Array, arrays: Mapping[str, jax.Array]) -> Any:
        def step(state: Any, index: jax.Array) -> Any:
            params, moments = state
            own = jax.random.fold_in(key, index)
            batch = gather(arrays, example_indices(key, index, batch_size, train.size))
            if train.augment is not None:
                batch = train.augment(own, batch)
            value, slopes = jax.value_and_grad(loss)(params, batch, own)
            updates, moments = optimizer.update(slopes, moments)
            return (optax.apply_updates(params, updates), moments), value

        state, losses = jax.lax.scan(step, state, number * steps + jnp.arange(steps))
        return state, losses.mean()

    state = params, optimizer.init(params)
    with task("training a classifier", epochs, "epochs", announced=True) as shown:
        for number in range(epochs):
            state, value = epoch(state, jnp.asarray(number), arrays)
            shown.update(number + 1, [f"loss {float(value):.4f}"])
    about = {
        "data": train.name,
        "shape": list(train.shape),
        "classes": classes,
        "class_names": list(named.class_names),
        "width": width,
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "seed": seed,
        "train_size": train.size,
        "test_size": test.size,
    }
    variables = jax.tree.map(np.asarray, state[0])
    accuracy = _tested(_extractor(variables, about), test)
    return classifier_of(variables, {**about, "accuracy": accuracy})


def check_labelled_images(train: Source, test: Source) -> None:
    """Refuse what no classifier of images can be trained on.

    Raises:
      UserError: if a source has no labels or no images, or images of another shape than the other's.
    """
    for source in (train, test):
        pictures = source.pictures and source.example == "image" and source.shape[2] in (1, 3)
        if source.num_classes == 0 or not pictures:
            raise UserError(
                f"data {source.name!r} must be images of 1 or 3 channels with one label each."
            )
        if min(source.shape[:2]) < SIDE:
            raise UserError(
                f"images of {source.name!r} have shape {source.shape}; sides must be at least {SIDE}."
            )
    if train.shape != test.shape:
        raise UserError(f"training images have shape {train.shape}, test images {test.shape}.")


def _check(train: Source, test: Source, epochs: int, batch_size: int) -> None:
    check_labelled_images(train, test)
    if epochs < 1:
        raise UserError(f"epochs is {epochs}, but must be at least 1.")
    if not 1 <= batch_size <= train.size:
        raise UserError(
            f"batch_size is {batch_size}, but must be 1 to {train.size}, the images of {train.name!r}."
        )


def class_indices(extractor: Extractor, images: Any) -> np.ndarray:
    """The most probable class of each image, int ``(N,)``.

    Args:
      extractor: that names classes.
      images: ``(N, H, W, C)`` uint8 or float32 in [-1, 1], an array or `jgan.data.stored_array.StoredArray`.
    """
    assert extractor.probabilities is not None
    batches = (
        images[np.arange(start, min(start + AT_ONCE, len(images)))]
        for start in range(0, len(images), AT_ONCE)
    )
    return np.concatenate([found.argmax(1) for found in extract(extractor.probabilities, batches)])


def _tested(extractor: Extractor, test: Source) -> float:
    found = class_indices(extractor, test.arrays["image"])
    return float((found == test.arrays["label"]).mean())


def _extractor(variables: Mapping[str, Any], about: Mapping[str, Any]) -> Extractor:
    height, width, channels = about["shape"]
    network = small_classifier(about["classes"], width=about["width"])

    def features(variables: Any, images: jax.Array) -> jax.Array:
        if images.shape[1:3] != (height, width):
            size = (len(images), height, width, images.shape[3])
            images = jax.image.resize(images, size, "bilinear", antialias=True)
        if images.shape[3] != channels:
            images = jnp.repeat(images.mean(axis=3, keepdims=True), channels, axis=3)
        with jax.default_matmul_precision("highest"):
            return network.apply({"params": variables}, images)[0][0]

    bound = Partial(features, variables)
    last = variables[LAST_LAYER]
    return Extractor(
        f"classifier-{about['data']}",
        digest_of(variables),
        f"bilinear to {height}x{width}, antialiased",
        bound,
        classified(Partial(_classify, last["kernel"], last["bias"]), bound),
        classes=tuple(about.get("class_names", ())),
    )


def _classify(kernel: jax.Array, bias: jax.Array, features: jax.Array) -> jax.Array:
    return jax.nn.softmax(jnp.matmul(features, kernel, precision="highest") + bias)
