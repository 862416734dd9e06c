"""Inception-2015-12-05 as an extractor: the network of FID, KID and the Inception score.

Its weights (95 MB) are not part of this package. Either published form is read: the frozen TensorFlow
graph, or the PyTorch port of it that pytorch-fid and torch-fidelity download.
"""

from collections.abc import Mapping
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from jgan.errors import UserError
from jgan.features.extractor import Extractor, classified, rgb
from jgan.features.folded import Folded, fold_batch_norm
from jgan.features.inception import CONVOLUTIONS, SIZE, inception_features, inception_logits
from jgan.features.resize import bilinear_tensorflow1, eight_bits, levels
from jgan.weights.graph_file import read_graph_file
from jgan.weights.published import checked, download, find
from jgan.weights.torch_file import read_torch_file

NAME = "inception-2015-12-05"
GRAPH = "classify_image_graph_def.pb"
URL = "http://download.tensorflow.org/models/image/imagenet/inception-2015-12-05.tgz"
SHA256 = "009d6814d1bc560d4e7b236e170e9b2d5ca6f4b57bd8037f6db05776204415c6"
TORCH_SHA256 = "6726825d"
"""The first digits of the PyTorch port's sha256, which is all that its file name tells."""
FILES = (
    GRAPH,
    "pt_inception-2015-12-05-6726825d.pth",
    "weights-inception-2015-12-05-6726825d.pth",
)
RESIZE = f"rounded to 8 bits, TensorFlow 1 bilinear to {SIZE}x{SIZE}, not antialiased"

Weights = dict[str, Folded]


def find_inception() -> Path | None:
    """A file of the weights, where weights lie."""
    return find(FILES)


def load_inception(path: Path | None = None, *, fetch: bool = False) -> Extractor:
    """The extractor, its features those of ``pool_3`` and its probabilities over 1008 classes.

    Args:
      path: of one of `FILES`; found where weights lie if None.
      fetch: download the weights if they are not found.

    Raises:
      UserError: if there are no weights, or they are not the published ones.
    """
    path = path or find_inception()
    if path is None and fetch:
        path = download(URL, GRAPH, SHA256, member=GRAPH)
    if path is None:
        raise UserError(
            f"extractor {NAME!r} needs its weights: put one of {', '.join(FILES)} into "
            "~/.cache/jgan/weights or the folder named by JGAN_WEIGHTS."
        )
    graph = Path(path).suffix == ".pb"
    digest = checked(path, [SHA256 if graph else TORCH_SHA256])
    arrays = from_graph(read_graph_file(path)) if graph else read_torch_file(path)
    return inception(arrays, digest)


def inception(arrays: Mapping[str, np.ndarray], sha256: str) -> Extractor:
    """The extractor with these weights.

    Args:
      arrays: names and layouts of the PyTorch port: for each of `CONVOLUTIONS` ``NAME.conv.weight``
        ``(out, in, kh, kw)`` and ``NAME.bn.weight``, ``.bias``, ``.running_mean``, ``.running_var``;
        ``fc.weight`` ``(1008, 2048)`` and ``fc.bias``.
      sha256: what identifies them.

    Raises:
      UserError: if an array is missing or of another shape.
    """
    weights = {name: _unit(arrays, name) for name in CONVOLUTIONS}
    for name, unit in CONVOLUTIONS.items():
        wanted = (unit.height, unit.width, unit.before, unit.after)
        if weights[name].kernel.shape != wanted:
            found = weights[name].kernel.shape
            raise UserError(
                f"kernel {name!r} of the weights has shape {found}, but must be {wanted}."
            )
    head = Folded(
        jnp.asarray(_array(arrays, "fc.weight").T), jnp.asarray(_array(arrays, "fc.bias"))
    )
    features = Partial(_features, weights)
    probabilities = classified(Partial(_classify, head), features)
    return Extractor(NAME, sha256, RESIZE, features, probabilities, Partial(_unrounded, weights))


def _array(arrays: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    if name not in arrays:
        raise UserError(f"the weights hold no {name!r}, so they are not those of {NAME}.")
    return np.asarray(arrays[name], np.float32)


def _unit(arrays: Mapping[str, np.ndarray], name: str) -> Folded:
    norm = lambda part: _array(arrays, f"{name}.bn.{part}")
    return fold_batch_norm(
        _array(arrays, f"{name}.conv.weight").transpose(2, 3, 1, 0),
        scale=norm("weight"),
        shift=norm("bias"),
        mean=norm("running_mean"),
        variance=norm("running_var"),
    )


def graph_names() -> dict[str, str]:
    """The original graph's name of each unit: ``Mixed_5b.branch5x5_2`` was ``mixed/tower/conv_1``."""
    stem = [name for name in CONVOLUTIONS if "." not in name]
    names = {name: "conv" if i == 0 else f"conv_{i}" for i, name in enumerate(stem)}
    blocks = list(dict.fromkeys(name.split(".")[0] for name in CONVOLUTIONS if "." in name))
    for index, block in enumerate(blocks):
        scope = "mixed" if index == 0 else f"mixed_{index}"
        inside = [name.split(".")[1] for name in CONVOLUTIONS if name.startswith(f"{block}.")]
        for unit in inside:
            names[f"{block}.{unit}"] = f"{scope}/{_in_block(unit, inside)}"
    return names


def _in_block(unit: str, inside: list[str]) -> str:
    """A unit's name within its block: branches are towers, in the order they were built in."""
    branch, _, place = unit.rpartition("_")
    if unit == "branch_pool":
        branch, place = unit, "1"
    if unit in ("branch1x1", "branch3x3"):
        return "conv"
    towers = list(
        dict.fromkeys(
            "branch_pool" if other == "branch_pool" else other.rpartition("_")[0]
            for other in inside
            if other not in ("branch1x1", "branch3x3")
        )
    )
    number = towers.index(branch)
    tower = "tower" if number == 0 else f"tower_{number}"
    if place[-1] in "ab":
        return f"{tower}/mixed/{'conv' if place[-1] == 'a' else 'conv_1'}"
    return f"{tower}/{'conv' if place == '1' else f'conv_{int(place) - 1}'}"


def from_graph(constants: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Constants of the original graph, under the names and in the layouts of the PyTorch port.

    Raises:
      UserError: if one is missing.
    """
    parts = {
        "bn.weight": "batchnorm/gamma",
        "bn.bias": "batchnorm/beta",
        "bn.running_mean": "batchnorm/moving_mean",
        "bn.running_var": "batchnorm/moving_variance",
    }
    found = {}
    for name, theirs in graph_names().items():
        kernel = _array(constants, f"{theirs}/conv2d_params")
        found[f"{name}.conv.weight"] = kernel.transpose(3, 2, 0, 1)
        for ours, part in parts.items():
            found[f"{name}.{ours}"] = _array(constants, f"{theirs}/{part}")
    found["fc.weight"] = _array(constants, "softmax/weights").T
    found["fc.bias"] = _array(constants, "softmax/biases")
    return found


def _features(weights: Weights, images: jax.Array) -> jax.Array:
    return _of_levels(weights, eight_bits(images))


def _unrounded(weights: Weights, images: jax.Array) -> jax.Array:
    return _of_levels(weights, levels(images))


def _of_levels(weights: Weights, images: jax.Array) -> jax.Array:
    """Features of pictures in 0 to 255."""
    resized = bilinear_tensorflow1(rgb(images), SIZE, SIZE)
    return inception_features(weights, (resized - 128) / 128)


def _classify(head: Folded, features: jax.Array) -> jax.Array:
    return jax.nn.softmax(inception_logits(head, features))
