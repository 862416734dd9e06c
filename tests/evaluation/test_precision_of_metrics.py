"""Every product inside metrics and extractors is at the highest precision, whatever a GPU's default is."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxprs import equations, primitives

from jgan.evaluation.classifiers import _extractor
from jgan.evaluation.extraction import extract
from jgan.evaluation.extractors import random_extractor
from jgan.features.extractor import smooth
from jgan.features.inception import CONVOLUTIONS
from jgan.latents import normal
from jgan.metrics.equivariance import equivariance
from jgan.metrics.frechet import Moments, frechet_distance, moments
from jgan.metrics.modes import mode_coverage
from jgan.metrics.ms_ssim import ms_ssim
from jgan.metrics.path_length import path_length
from jgan.metrics.random_features import random_features
from jgan.networks.classifier import small_classifier
from jgan.weights.efficientnet_lite import load_efficientnet
from jgan.weights.inception import inception

PRODUCTS = ("dot_general", "conv_general_dilated")
KEY = jax.random.key(0)


def precisions(function, *arguments):
    """The precision of every product and convolution of a program."""
    found = []
    for equation in equations(jax.make_jaxpr(function)(*arguments)):
        name = equation.primitive.name
        if name in PRODUCTS:
            found.append(str(equation.params["precision"]).upper())
        elif name.startswith("jgan_conv"):
            found.append(str(equation.params["geometry"].precision).upper())
    return found


def _classifier():
    network = small_classifier(3, width=2)
    shapes = jax.eval_shape(network.init, KEY, jnp.zeros((1, 8, 8, 1)))["params"]
    variables = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape), shapes)
    about = {"shape": (8, 8, 1), "classes": 3, "width": 2, "data": "test"}
    return _extractor(variables, about)


def _inception():
    arrays = {"fc.weight": np.zeros((1008, 2048), np.float32), "fc.bias": np.zeros(1008)}
    for name, unit in CONVOLUTIONS.items():
        arrays[f"{name}.conv.weight"] = np.zeros(
            (unit.after, unit.before, unit.height, unit.width), np.float32
        )
        arrays |= {
            f"{name}.bn.{part}": np.ones(unit.after, np.float32)
            for part in ("weight", "bias", "running_mean", "running_var")
        }
    return inception(arrays, "none")


EXTRACTORS = {
    "random": random_extractor,
    "efficientnet": load_efficientnet,
    "inception": _inception,
    "classifier": _classifier,
}


@pytest.mark.parametrize("make", EXTRACTORS.values(), ids=EXTRACTORS)
def test_extractors(make):
    own, images = make(), jnp.zeros((2, 12, 10, 3))
    for function in (own.features, own.probabilities, own.unrounded):
        if function is not None:
            found = precisions(function, images)
            assert found
            assert all("HIGHEST" in each for each in found)
    # Path lengths are differences of features, in which rounding to 8 bits would be steps.
    assert "round" not in primitives(smooth(own), images)


METRICS = {
    "moments": lambda: (moments, jnp.ones((5, 3))),
    "frechet": lambda: (frechet_distance, *[Moments(jnp.zeros(3), jnp.eye(3))] * 2),
    "random features": lambda: (random_features(1), jnp.zeros((2, 9, 9, 1))),
    "modes": lambda: (mode_coverage, jnp.ones((5, 2)), jnp.eye(2), 0.5),
    "ms-ssim": lambda: (ms_ssim, *[jnp.zeros((2, 16, 16, 1))] * 2),
}


@pytest.mark.parametrize("program", METRICS.values(), ids=METRICS)
def test_metrics(program):
    assert all("HIGHEST" in each for each in precisions(*program()))


def test_whatever_is_given_to_a_metric_is_traced_at_the_highest_precision():
    precisions = []

    def look(x):
        precisions.append(jax.config.jax_default_matmul_precision)
        return x

    path_length(look, normal(2), look, KEY, pairs=2, batch_size=2)
    moved = lambda key, shift, angle: look(jnp.zeros((2, 40, 40, 1)) + shift[:, :1, None, None])
    equivariance(moved, KEY, count=2, batch_size=2)
    list(extract(look, [np.zeros((2, 3, 3, 1), np.float32)], batch_size=8))
    assert len(precisions) >= 6
    assert set(precisions) == {"highest"}


def tf32(x):
    """Float32 with the 10 bits of mantissa that a GPU's TF32 keeps, rounded to nearest."""
    bits = np.asarray(x, np.float32).view(np.uint32)
    return ((bits + np.uint32(1 << 12)) & np.uint32(0xFFFFE000)).view(np.float32)


def test_what_tf32_would_do_to_a_path_length():
    """A linear generator whose operands keep 10 bits: their rounding is divided by the step."""
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(6, 20)).astype(np.float32)
    exact = 2 * float(np.sum(matrix.astype(np.float64) ** 2))
    options = {"pairs": 2000, "path": "linear", "trim": 0}
    found = path_length(lambda z: z @ matrix, normal(6), lambda x: x, KEY, **options, epsilon=1e-4)
    assert found.mean == pytest.approx(exact, abs=4 * found.error)
    start, end = rng.normal(size=(2, 2000, 6)).astype(np.float32)
    step = tf32(start + np.float32(1e-4) * (end - start)) @ tf32(matrix) - tf32(start) @ tf32(
        matrix
    )
    assert np.mean(np.sum((step / 1e-4) ** 2, axis=1)) > 3 * exact
