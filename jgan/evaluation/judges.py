"""A classifier trained here, as an extractor: class accuracy, mode counting, features of a domain."""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.tree_util import Partial

from jgan.data import Source, example_indices, gather
from jgan.errors import UserError
from jgan.evaluation.extraction import extract
from jgan.features.extractor import Extractor, classified
from jgan.files import make_folder, parse_json, write_atomically
from jgan.networks.classifier import LAST_LAYER, small_classifier

ABOUT = "about.json"
SIDE = 8
AT_ONCE = 1000


class Classifier(NamedTuple):
    """A trained classifier.

    Attributes:
      extractor: its 128 penultimate features and its probabilities.
      accuracy: on the test set, 0 to 1.
      about: what it was trained on and how: ``data``, ``shape``, ``classes``, ``class_names``, ``width``,
        ``epochs``, ``batch_size``, ``learning_rate``, ``seed``, ``train_size``, ``test_size``, ``accuracy``.
      variables: its arrays.
    """

    extractor: Extractor
    accuracy: float
    about: dict[str, Any]
    variables: Mapping[str, Any]


def train_classifier(
    train: Source,
    test: Source,
    *,
    epochs: int = 5,
    batch_size: int = 128,
    learning_rate: float = 1e-3,
    width: int = 32,
    seed: int = 0,
    say: Callable[[str], None] = print,
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
      say: told the loss after every epoch.

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
    for number in range(epochs):
        state, value = epoch(state, jnp.asarray(number), arrays)
        say(f"epoch {number + 1}/{epochs}  loss {float(value):.4f}")
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
    return _with_accuracy(variables, about, test)


def _check(train: Source, test: Source, epochs: int, batch_size: int) -> None:
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
    if epochs < 1:
        raise UserError(f"epochs is {epochs}, but must be at least 1.")
    if not 1 <= batch_size <= train.size:
        raise UserError(
            f"batch_size is {batch_size}, but must be 1 to {train.size}, the images of {train.name!r}."
        )


def _with_accuracy(variables: Mapping[str, Any], about: dict[str, Any], test: Source) -> Classifier:
    extractor = _extractor(variables, about)
    assert extractor.probabilities is not None
    batches = (
        test.arrays["image"][np.arange(start, min(start + AT_ONCE, test.size))]
        for start in range(0, test.size, AT_ONCE)
    )
    found = np.concatenate([p.argmax(1) for p in extract(extractor.probabilities, batches)])
    about = {**about, "accuracy": float((found == test.arrays["label"]).mean())}
    return Classifier(extractor, about["accuracy"], about, variables)


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
        _digest(variables),
        f"bilinear to {height}x{width}, antialiased",
        bound,
        classified(Partial(_classify, last["kernel"], last["bias"]), bound),
        classes=tuple(about.get("class_names", ())),
    )


def _classify(kernel: jax.Array, bias: jax.Array, features: jax.Array) -> jax.Array:
    return jax.nn.softmax(jnp.matmul(features, kernel, precision="highest") + bias)


def _digest(variables: Mapping[str, Any]) -> str:
    digest = hashlib.sha256()
    for name, array in sorted(_flat(variables).items()):
        digest.update(name.encode() + np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def save_classifier(path: str | Path, classifier: Classifier) -> None:
    """Write the arrays and, as the member ``about.json``, everything about them into one .npz file.

    Raises:
      UserError: if the name does not end in .npz, or the file cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != ".npz":
        raise UserError(f"--out is {str(path)!r}, but must end in .npz.")
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **_flat(classifier.variables))
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr(
            ABOUT,
            json.dumps({**classifier.about, "sha256": classifier.extractor.sha256}, indent=1),
        )
    make_folder(path.parent)
    write_atomically(path, buffer.getvalue())


def load_classifier(path: str | Path) -> Classifier:
    """Read what `save_classifier` wrote.

    Raises:
      UserError: if the file is missing, is no classifier, or its arrays were altered.
    """
    path = Path(path)
    try:
        with zipfile.ZipFile(path) as archive:
            about = parse_json(archive.read(ABOUT))
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files if name != ABOUT}
        expected = about.pop("sha256")
        variables = _nested(arrays)
        extractor = _extractor(variables, about)
        accuracy = float(about["accuracy"])
    except OSError as error:
        raise UserError(f"weights {str(path)!r} cannot be read: {error.strerror}.") from error
    except Exception as error:  # a damaged archive fails in as many ways as zip has parts
        raise UserError(
            f"weights {str(path)!r} must be a file that jgan classifier wrote ({error})."
        ) from error
    if extractor.sha256 != expected:
        raise UserError(
            f"weights {str(path)!r} have sha256 {extractor.sha256}, but must have {expected}."
        )
    return Classifier(extractor, accuracy, about, variables)


def _flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, np.ndarray]:
    """Nested dictionaries of arrays as one, names joined by slashes."""
    found: dict[str, np.ndarray] = {}
    for name, value in tree.items():
        if isinstance(value, Mapping):
            found.update(_flat(value, f"{prefix}{name}/"))
        else:
            found[prefix + name] = np.asarray(value)
    return found


def _nested(arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for name, array in arrays.items():
        *outer, last = name.split("/")
        inner = tree
        for part in outer:
            inner = inner.setdefault(part, {})
        inner[last] = array
    return tree
