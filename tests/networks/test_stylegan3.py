"""StyleGAN3's synthesis network against the authors' program, published counts, and finite differences.

The outputs kept here are those of NVIDIA's own program (PyTorch 2.13, on a CPU); the weights are those of
`by_formula`.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import KEY
from laws.small import derivative_errors, double
from networks.chirps import applied

from jgan.networks import count_parameters
from jgan.networks.stylegan2 import style_mapping
from jgan.networks.stylegan3 import stylegan3_style_count, stylegan3_synthesis

R = {"size": 1, "radial": True}


def parameters(network, *inputs):
    return count_parameters(jax.eval_shape(network.init, KEY, *inputs))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [({}, 22_313_167), ({"width": 64, "most": 1024, **R}, 15_093_151)],
)
def test_parameters_at_1024_pixels_are_as_many_as_the_authors(kind, expected):
    """The authors' program prints 15,093,151 for -R; -T has those of the layers that it lists."""
    inputs = stylegan3_style_count()
    mapping = style_mapping(inputs, layers=2, mixing=0.0)
    found = parameters(mapping, jnp.zeros((1, 512)))
    found += parameters(stylegan3_synthesis((1024, 1024, 3), **kind), jnp.zeros((1, inputs, 512)))
    assert found == expected


@pytest.mark.full
@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("kind", [{}, R])
def test_gradients_have_exact_derivatives(kind):
    """The map from all variables to the gradient: its jvp and vjp equal central differences."""
    network = stylegan3_synthesis(
        (8, 8, 1), width=1, most=2, layers=1, critical=0, margin=1, **kind
    )
    styles = jax.random.normal(KEY, (2, 3, 2), jnp.float64)
    made = double(network.init(KEY, styles))
    total = lambda params, x: jnp.sum(jnp.sin(network.apply({**made, "params": params}, x)[0]))
    point = made["params"], styles
    errors = derivative_errors(lambda point: jax.grad(total, (0, 1))(*point), point)
    assert max(errors) < 1e-6, errors


def test_mistakes():
    for mistake, message in (
        (lambda: stylegan3_synthesis((28, 30, 1)), r"shape is \(28, 30, 1\), but must be \(side"),
        (lambda: stylegan3_synthesis((7, 7, 1)), "a side of at least 8"),
        (lambda: stylegan3_synthesis((8, 8, 1), width=0), "width is 0"),
        (lambda: stylegan3_synthesis((8, 8, 1), layers=2), "layers is 2, but must be at least 3"),
        (lambda: stylegan3_synthesis((8, 8, 1), critical=-1), "critical is -1"),
        (lambda: stylegan3_synthesis((8, 8, 1), size=2), "size is 2, but must be odd"),
        (lambda: stylegan3_synthesis((8, 8, 1), decay=1.0), r"decay is 1\.0, but must"),
    ):
        with pytest.raises(ValueError, match=message):
            mistake()
