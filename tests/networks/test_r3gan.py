"""R3GAN's networks against an independent computation, counts that were published, and finite differences.

The outputs kept here are those of a program in PyTorch (2.13, float64) with torch's own grouped and transposed
convolutions; the weights are those of `with_formula`.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import KEY
from laws.small import derivative_errors, double
from networks.formula import look, pictures, with_formula

from jgan.networks import count_parameters
from jgan.networks.r3gan import GAIN, r3gan_discriminator, r3gan_generator

EXPECTED = {
    "28 pixels": {
        "image": """0.05251196 0.2378205 0.1011003 0.2622802 0.2669019 0.2033367 0.3063566 0.09805589
            0.3533895 -0.0251988 0.1785936 0.04776412""",
        "logit": "-0.6198462 -0.9150277 -0.9675924 -0.6588305",
    },
    "24 x 40 pixels, conditional": {
        "image": """0.008586595 0.02418697 0.01625571 -0.01220119 0.01841269 0.01894326 -0.02909018
            0.02021716 0.02320264 -0.0007128835 0.01678516 0.0005474032""",
        "logit": "0.3763233 -2.848901 -2.815297 1.497883",
    },
}
CONFIGURATIONS = {
    "28 pixels": ((28, 28, 1), {"width": 12, "most": 24, "group": 8}, 5, {}),
    "24 x 40 pixels, conditional": (
        *((24, 40, 3), {"width": 3, "most": 12, "group": 4, "blocks": 1, "expansion": 3}),
        *(6, {"classes": 3}),
    ),
}


def answer(network, *inputs):
    made = with_formula(jax.eval_shape(network.init, KEY, *inputs))
    with jax.default_matmul_precision("highest"):
        return jax.jit(lambda *inputs: network.apply(made, *inputs)[0])(*inputs)


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_outputs_are_those_of_an_independent_program(name):
    shape, sizes, latent, labels = CONFIGURATIONS[name]
    label = (jnp.arange(4) % 3,) if labels else ()
    embedding = {"embedding": 4} if labels else {}
    image = answer(
        r3gan_generator(shape, **sizes, **labels, **embedding), pictures(4, latent), *label
    )
    logit = answer(r3gan_discriminator(**sizes, **labels), pictures(4, *shape), *label)
    for part, found in {"image": look(image, 10), "logit": logit}.items():
        expected = np.array(EXPECTED[name][part].split(), float)
        np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())


def parameters(network, *inputs):
    return count_parameters(jax.eval_shape(network.init, KEY, *inputs))


def test_parameters_at_256_pixels_are_as_many_as_published():
    """The paper's table 2 has 23.06M and 23.01M for configuration E."""
    sizes, shape = {"width": 96, "most": 768}, (1, 256, 256, 3)
    assert parameters(r3gan_generator(shape[1:], **sizes), jnp.zeros((1, 64))) == 23_057_952
    assert parameters(r3gan_discriminator(**sizes), jnp.zeros(shape)) == 23_009_568


def test_parameters_for_cifar_10_are_as_many_as_published():
    """The paper's table 6 has 40M for both networks together, which know the class."""
    shape, label = (1, 32, 32, 3), jnp.zeros(1, jnp.int32)
    generator = r3gan_generator(shape[1:], classes=10)
    count = parameters(generator, jnp.zeros((1, 64)), label)
    count += parameters(r3gan_discriminator(classes=10), jnp.zeros(shape), label)
    assert count == 42_062_464


@pytest.fixture(scope="module")
def begun():
    """The variables of a generator of three sizes, with four groups in each block of the first."""
    network = r3gan_generator((16, 16, 2), width=16, most=32)
    return network, jax.jit(network.init)(KEY, jnp.ones((1, 7)))["params"]


def test_blocks_begin_as_the_identity(begun):
    """So the first image is the basis, made larger and projected."""
    network, params = begun
    z = jax.random.normal(KEY, (3, 7))
    without = {
        name: jax.tree.map(jnp.zeros_like, own) if name.startswith("at_") else own
        for name, own in params.items()
    }
    apply = jax.jit(lambda params: network.apply({"params": params}, z)[0])
    np.testing.assert_array_equal(apply(params), apply(without))
    for blocks in (own for name, own in params.items() if name.startswith("at_")):
        for block in blocks.values():
            assert not np.any(block["narrow"]["kernel"])
            assert not np.any(block["first"]["bias"])


def test_kernels_begin_with_the_variance_of_fixup(begun):
    """Gains of √(2 / 1.04) times L^(-1/4), with L = 6 blocks; for the other layers 1."""
    _, params = begun
    block = params["at_4"]["block_0"]
    assert block["grouped"]["kernel"].shape == (3, 3, 16, 64)
    gain = math.sqrt(2 / 1.04) * 6**-0.25
    assert pytest.approx(math.sqrt(2 / 1.04)) == GAIN
    for kernel, fan_in, scale in (
        (block["widen"]["kernel"], 32, gain),
        (block["grouped"]["kernel"], 9 * 16, gain),
        (params["linear"]["kernel"], 7, 1.0),
        (params["to_16"]["kernel"], 32, 1.0),
    ):
        found = float(jnp.sqrt(jnp.mean(jnp.square(kernel))))
        assert found == pytest.approx(scale / math.sqrt(fan_in), rel=0.15)


def test_a_larger_network_has_the_layers_of_a_smaller_one():
    names = lambda side: set(
        jax.eval_shape(
            r3gan_generator((side, side, 1), width=1, most=1).init, KEY, jnp.zeros((1, 2))
        )["params"]
    )
    assert names(16) < names(32)


@pytest.mark.full
@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("which", ["generator", "discriminator"])
def test_gradients_have_exact_derivatives(which):
    """The map from all variables to the gradient: its jvp and vjp equal central differences."""
    if which == "generator":
        network = r3gan_generator((8, 8, 1), width=1, most=2, group=2, blocks=1)
        inputs = jax.random.normal(KEY, (2, 3), jnp.float64)
    else:
        network = r3gan_discriminator(width=1, most=2, group=2, blocks=1)
        inputs = jax.random.normal(KEY, (2, 8, 8, 1), jnp.float64)
    made = double(with_formula(jax.eval_shape(network.init, KEY, inputs)))
    total = lambda params, inputs: jnp.sum(jnp.sin(network.apply({"params": params}, inputs)[0]))
    point = made["params"], inputs
    errors = derivative_errors(lambda point: jax.grad(total, (0, 1))(*point), point)
    assert max(errors) < 1e-6, errors


def test_mistakes():
    for mistake, message in (
        (lambda: r3gan_generator((30, 30, 1)), "4, 5, 6 or 7 times a power of two"),
        (lambda: r3gan_generator((8, 8, 1), width=0), "width is 0"),
        (lambda: r3gan_generator((8, 8, 1), embedding=0), "embedding is 0"),
        (lambda: r3gan_discriminator(group=0), "group is 0"),
        (lambda: r3gan_discriminator(blocks=0), "blocks is 0"),
        (lambda: r3gan_discriminator(classes=-1), "classes is -1, but must be at least 0"),
    ):
        with pytest.raises(ValueError, match=message):
            mistake()
