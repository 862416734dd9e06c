"""SPADE's networks and discriminators at several scales, against PyTorch's layers and known numbers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import KEY
from laws.small import converged
from networks.formula import look, pictures, with_formula

from jgan.networks import count_parameters, from_linen
from jgan.networks.conditional import one_hot
from jgan.networks.image_norm import InstanceNorm
from jgan.networks.multiscale import multiscale_discriminator
from jgan.networks.resnet import resnet_generator
from jgan.networks.spade import (
    Spade,
    SpadeBlock,
    map_at_input,
    map_hidden,
    nearest,
    spade_generator,
)

LABELS = 3


def maps(height, width):
    """Maps ``(2, height, width, 3)``, one-hot, of the labels that the golden numbers are made for."""
    wave = np.sin(0.07 * np.arange(2 * height * width) ** 1.2).reshape(2, height, width)
    return one_hot(jnp.asarray((1.5 * wave + 1.5).astype(int).clip(0, 2)), LABELS)


def answers(network, *inputs):
    """What a network makes of its inputs in training, with the formula's weights and exact spectral norms."""
    shapes = jax.eval_shape(network.init, KEY, *inputs)
    zeros = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)
    variables = converged({"": with_formula(zeros)})[""]
    return jax.jit(lambda *inputs: network.apply(variables, *inputs, train=True)[0])(*inputs)


def block(features, norm):
    return from_linen(SpadeBlock(features, hidden=5, norm=norm))


# What PyTorch 2.13's layers make in float64 of the formula's weights, see `look`; in training, sigma by SVD.
GOLDEN = {
    "block, batch": (
        lambda: answers(block(6, "batch"), pictures(2, 6, 10, 4), maps(12, 20)),
        [
            *(0.5060053, 0.5333042, -1.4689633, 0.0757508),
            *(-0.4843548, 0.5457402, 0.3053691, 0.8299281),
        ],
    ),
    "block, instance": (
        lambda: answers(block(6, "instance"), pictures(2, 6, 10, 4), maps(12, 20)),
        [
            *(0.4833361, 0.5596512, -1.4625996, 0.0820764),
            *(-0.5181069, 0.5217391, 0.3074891, 0.8434926),
        ],
    ),
    "block of as many channels": (
        lambda: answers(block(6, "batch"), pictures(2, 12, 20, 6), maps(12, 20)),
        [
            *(0.7920552, -0.513882, -0.8947703, -0.0651074),
            *(-1.1935173, -1.0169778, 0.3844423, 1.3776423),
        ],
    ),
    "generator": (
        lambda: answers(
            spade_generator(2, width=2, levels=2, hidden=5), maps(12, 20), pictures(2, 3)
        ),
        [
            *(0.0084665, 0.2887389, 0.5439415, -0.1297607),
            *(-0.6264384, -0.0795936, -0.0417164, 0.1654266),
        ],
    ),
    "discriminator": (
        lambda: answers(multiscale_discriminator(width=3), pictures(2, 24, 20, 4))["logit"][1],
        [
            *(-0.385532, -0.1263987, 0.1254028, 0.0331287),
            *(-0.7362723, -0.5838547, -0.3209619, 0.3004135),
        ],
    ),
    "features of the discriminator, spectral": (
        lambda: answers(multiscale_discriminator(width=3, spectral=True), pictures(2, 24, 20, 4))[
            "features"
        ][1][2],
        [
            *(-0.0788111, -0.48738, 1.1090403, 1.1513298),
            *(0.0980958, -0.1037584, 0.3177908, 0.5164366),
        ],
    ),
}
FEW = ("block, batch", "features of the discriminator, spectral")


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[] if name in FEW else [pytest.mark.full]) for name in GOLDEN],
)
def test_outputs_are_pytorchs(name):
    compute, expected = GOLDEN[name]
    np.testing.assert_allclose(look(compute()), expected, atol=2e-5)


def test_parameters_are_as_many_as_pytorchs():
    shape = lambda *sides: jax.ShapeDtypeStruct(sides, jnp.float32)
    count = lambda network, *inputs: count_parameters(jax.eval_shape(network.init, KEY, *inputs))
    # Of the map of 35 labels and a boundary that Cityscapes has; 0.26 million more are those of a style.
    assert count(spade_generator(3), shape(1, 64, 64, 36)) == 93_048_003
    assert count(spade_generator(3), shape(1, 64, 64, 36), shape(1, 256)) == 93_311_171
    assert count(multiscale_discriminator(3), shape(1, 64, 64, 6)) == 8_300_739
    judge = multiscale_discriminator(spectral=True)
    assert count(judge, shape(1, 64, 64, 39)) == 5_601_410
    made = jax.eval_shape(
        judge.apply, jax.eval_shape(judge.init, KEY, shape(5, 64, 64, 39)), shape(5, 64, 64, 39)
    )[0]
    assert [logit.shape for logit in made["logit"]] == [(5, 11, 11), (5, 7, 7)]
    assert [own.shape[-1] for own in made["features"][1]] == [64, 128, 256, 512]


@pytest.mark.parametrize("sides", [(9, 14), (1, 5)])
def test_any_size_keeps_its_size(sides):
    network = spade_generator(2, width=1, levels=3, hidden=2)
    shape = jax.ShapeDtypeStruct((3, *sides, LABELS), jnp.float32)
    variables = jax.eval_shape(network.init, KEY, shape)
    assert jax.eval_shape(network.apply, variables, shape)[0].shape == (3, *sides, 2)


def test_the_nearest_place_is_that_of_the_corner():
    x = jnp.arange(35).reshape(1, 5, 7)
    np.testing.assert_array_equal(nearest(x, 2, 3)[0], [[0, 2, 4], [14, 16, 18]])
    np.testing.assert_array_equal(nearest(x, 10, 7)[0, ::2], x[0])


def test_plain_normalisation_washes_a_uniform_map_out_and_spade_does_not():
    """Why SPADE is needed: what all pixels have in common is their mean, which normalisation takes away."""
    uniform = one_hot(jnp.broadcast_to(jnp.arange(LABELS)[:, None, None], (LABELS, 6, 6)), LABELS)
    plain = InstanceNorm(affine=False).apply({}, 3 * uniform @ pictures(LABELS, 4) + 1)
    assert float(jnp.abs(plain).max()) < 1e-3
    adaptive = answers(from_linen(Spade(hidden=3, norm="instance")), plain, uniform)
    differences = jnp.abs(adaptive[:, None] - adaptive[None])[:, :, 2:4, 2:4]
    assert float(differences.max(axis=(2, 3, 4))[jnp.triu_indices(LABELS, 1)].min()) > 1e-2


def test_a_map_at_the_input_is_joined_to_the_style():
    network = map_at_input(resnet_generator(1, width=1, blocks=0, halvings=1))
    z = pictures(2, 3)
    made = answers(network, maps(8, 8), z)
    planes = jnp.broadcast_to(z[:, None, None], (2, 8, 8, 3))
    joined = jnp.concatenate([maps(8, 8), planes], axis=-1)
    inner = answers(resnet_generator(1, width=1, blocks=0, halvings=1), joined)
    np.testing.assert_array_equal(made, inner)


def test_a_hidden_map_has_no_effect():
    network = map_hidden(spade_generator(1, width=1, levels=1, hidden=2))
    first, second = (answers(network, x, pictures(2, 3)) for x in (maps(8, 8), 1 - maps(8, 8)))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: spade_generator(3, norm="layer"),
            "norm is 'layer', but must be one of batch, ins",
        ),
        (lambda: spade_generator(3, levels=0), "levels is 0, but must be at least 1"),
        (lambda: multiscale_discriminator(0), "scales is 0, but must be at least 1"),
    ],
)
def test_mistakes_are_told(make, message):
    with pytest.raises(ValueError, match=message):
        make()
