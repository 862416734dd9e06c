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
EXPECTED = {
    "T, conditional": {
        "w": "-0.0658817 -0.0880898 -0.4800743 2.1097963",
        "image": """-0.0707803 -0.1024113 0.007248 -0.0733136 -0.1036013 0.0081933 -0.0685498 -0.1038793
            -0.0250552 -0.0222266 -0.0771469 -0.0222404 -0.0216406 -0.0801663 -0.0173535 -0.0221511""",
    },
    "R, moved and turned": {
        "w": "0.1125906 0.6040637 -0.4562461 -0.3375092",
        "image": """0.0717275 0.0623216 0.0501875 0.0459198 0.0471037 0.048742 0.054704 0.0621352 0.0504021
            0.0529048 0.0592103 0.063404 0.0637578 0.0632892 0.0627785 0.0619559""",
    },
}
CONFIGURATIONS = {
    "T, conditional": ((32, 32, 3), {"width": 4, "most": 12, "layers": 6}, 5, 6, 3, ()),
    "R, moved and turned": (
        (64, 64, 1),
        {"width": 2, "most": 10, "layers": 5, "critical": 1, "margin": 6, **R},
        *(4, 5, 0, (jnp.array([0.1, -0.07]), 0.4)),
    ),
}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_outputs_are_those_of_the_authors_program(name):
    shape, sizes, latent, features, classes, motion = CONFIGURATIONS[name]
    inputs = stylegan3_style_count(sizes["layers"])
    z = 1.4 * np.sin(1 + 0.7 * np.arange(2 * latent) ** 1.5).reshape(2, latent)
    label = (jnp.array([0, 2]),) if classes else ()
    mapping = style_mapping(inputs, features=features, layers=2, classes=classes, mixing=0.0)
    styles = applied(mapping, jnp.asarray(z, jnp.float32), *label)["styles"]
    image = applied(stylegan3_synthesis(shape, **sizes), styles, *motion)
    found = {"w": styles[:, 0].ravel()[::3], "image": image.ravel()[:: image.size // 16 + 1]}
    for part, numbers in EXPECTED[name].items():
        expected = np.array(numbers.split(), float)
        np.testing.assert_allclose(found[part], expected, atol=1e-5 * np.abs(expected).max())


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
