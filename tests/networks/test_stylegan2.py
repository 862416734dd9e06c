"""StyleGAN2's networks against an independent computation, counts that were published, and finite differences.

The outputs kept here are those of a program in PyTorch (2.13, float64) that convolves every example with a
kernel of its own, and images with zeros between their pixels; the weights are those of `by_formula`.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import KEY
from laws.small import derivative_errors, double
from networks.chirps import applied, chirp

from jgan.networks import count_parameters
from jgan.networks.stylegan2 import (
    doubled_sizes,
    style_count,
    style_mapping,
    stylegan2_discriminator,
    stylegan2_synthesis,
)

EXPECTED = {
    "residual": {
        "w": """0.1699288 0.449248 -0.2115805 -0.0659455 0.4022635 1.0807409 -0.0704708 -0.0161426 0.2223915
            0.2903596 -0.1642762""",
        "image": """0.3575503 0.058808 -0.6858667 -0.9980855 -0.5034464 -0.5013828 -0.3998049 0.5112357
            -1.0481141 -1.1014042 -0.1291648 -0.8581265 0.0984713 -1.2668798 -0.481751 -0.2780362""",
        "logit": "-0.6654656 -0.6770369 -0.6615805 -0.7092951",
    },
    "plain and conditional": {
        "w": "-0.0520518 1.5906366 -0.2501398 -0.0311693 -0.3399498 -0.1008643 1.2767434",
        "image": """-0.3049048 0.4939837 0.0521081 0.8936698 0.1385228 1.0232724 0.5841737 3.2433446 0.3753985
            1.4403117 2.8943989 -0.0422456 -0.5854188 -0.2390169 0.4697762 -0.7688926""",
        "logit": "-0.212143 -0.2159865 -0.201716 -0.2145172",
    },
}
CONFIGURATIONS = {
    "residual": ((28, 28, 1), {"width": 4, "most": 16}, {"group": 4}, 8, 8, 6, 0),
    "plain and conditional": (
        *((32, 32, 3), {"width": 3, "most": 8}, {"group": 2, "residual": False}),
        *(2, 5, 5, 3),
    ),
}


@pytest.mark.parametrize(
    "name", ["residual", pytest.param("plain and conditional", marks=pytest.mark.full)]
)
def test_outputs_are_those_of_an_independent_program(name):
    shape, sizes, own, layers, features, latent, classes = CONFIGURATIONS[name]
    z = 1.4 * np.sin(1 + 0.7 * np.arange(4 * latent) ** 1.5).reshape(4, latent)
    label = (jnp.arange(4) % 3,) if classes else ()
    inputs = style_count(shape)
    mapping = style_mapping(inputs, features=features, layers=layers, classes=classes)
    styles = applied(mapping, jnp.asarray(z, jnp.float32), *label)["styles"]
    mixed = jnp.concatenate([styles[:, :2], jnp.roll(styles[:, 2:], 1, axis=0)], axis=1)
    image = applied(stylegan2_synthesis(shape, **sizes), mixed)
    judge = stylegan2_discriminator(**sizes, **own, classes=classes)
    logit = applied(judge, jnp.asarray(chirp(2, (4, *shape)), jnp.float32), *label)
    found = {
        "w": styles[:, 0].ravel()[::3],
        "image": image.ravel()[:: image.size // 16 + 1],
        "logit": logit,
    }
    for part, numbers in EXPECTED[name].items():
        expected = np.array(numbers.split(), float)
        np.testing.assert_allclose(found[part], expected, atol=1e-5 * np.abs(expected).max())


def parameters(network, *inputs):
    return count_parameters(jax.eval_shape(network.init, KEY, *inputs))


def test_parameters_at_1024_pixels_are_as_many_as_the_authors():
    """The authors' program prints 28,794,124 for a mapping of two layers, and 29,012,513."""
    shape = (1024, 1024, 3)
    inputs = style_count(shape)
    mapping = style_mapping(inputs, layers=2)
    styles = jnp.zeros((1, inputs, 512))
    generator = parameters(mapping, jnp.zeros((1, 512))) + parameters(
        stylegan2_synthesis(shape), styles
    )
    assert generator == 28_794_124
    assert parameters(stylegan2_discriminator(), jnp.zeros((1, *shape))) == 29_012_513


def test_a_larger_network_has_the_layers_of_a_smaller_one():
    names = lambda side: set(
        jax.eval_shape(
            stylegan2_synthesis((side, side, 1), width=1, most=1).init,
            KEY,
            jnp.zeros((1, style_count((side, side, 1)), 2)),
        )["params"]
    )
    assert names(16) < names(32)


@pytest.mark.full
@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("which", ["generator", "discriminator"])
def test_gradients_have_exact_derivatives(which):
    """The map from all variables to the gradient: its jvp and vjp equal central differences."""
    if which == "generator":
        network = stylegan2_synthesis((8, 8, 1), width=1, most=2)
        inputs = jax.random.normal(KEY, (2, 4, 2), jnp.float64)
    else:
        network = stylegan2_discriminator(width=1, most=2, group=2)
        inputs = jax.random.normal(KEY, (2, 8, 8, 1), jnp.float64)
    made = double(network.init(KEY, inputs))
    total = lambda params, inputs: jnp.sum(
        jnp.sin(network.apply({**made, "params": params}, inputs)[0])
    )
    point = made["params"], inputs
    errors = derivative_errors(lambda point: jax.grad(total, (0, 1))(*point), point)
    assert max(errors) < 1e-6, errors


@pytest.mark.parametrize("shape", [(30, 30, 1), (28, 26, 1), (6, 6, 3), (36, 36, 1), (28, 28)])
def test_images_that_doubling_does_not_reach_are_refused(shape):
    with pytest.raises(ValueError, match="4, 5, 6 or 7 times a power of two"):
        stylegan2_synthesis(shape)


def test_sizes_and_mistakes():
    assert doubled_sizes((80, 40, 3))[0] == (10, 5)
    for mistake, message in (
        (lambda: style_mapping(6, mixing=1.5), r"mixing is 1\.5, but must lie in \[0, 1\]"),
        (lambda: style_mapping(1), "inputs is 1, but must be at least 2"),
        (lambda: stylegan2_synthesis((8, 8, 1), width=0), "width is 0"),
        (lambda: stylegan2_discriminator(group=0), "group is 0"),
        (lambda: stylegan2_discriminator(mapping_layers=0), "mapping_layers is 0"),
    ):
        with pytest.raises(ValueError, match=message):
            mistake()
