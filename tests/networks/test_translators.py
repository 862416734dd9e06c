"""Networks from picture to picture, and who judges patches, against PyTorch's layers and known numbers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import KEY
from networks.formula import look, pictures, with_formula

from jgan.networks import count_parameters
from jgan.networks.domain_judge import domain_discriminator
from jgan.networks.image_norm import InstanceNorm
from jgan.networks.patch import FIELDS, patch_discriminator, smallest_side
from jgan.networks.resnet import STARGAN, Style, resnet_generator
from jgan.networks.unet import unet

# What PyTorch 2.13's layers make in float64 of the formula's weights, see `look`; BatchNorm in training.
GOLDEN = {
    "unet, batch": (
        lambda: unet(3, width=4, norm="batch"),
        [
            -0.2533713,
            -0.1658604,
            0.1991047,
            -0.3515389,
            0.2326531,
            -0.1257058,
            -0.2075661,
            0.1241197,
        ],
    ),
    "unet, instance": (
        lambda: unet(3, width=4, norm="instance"),
        [
            -0.2385616,
            -0.3052035,
            0.1811875,
            -0.3815955,
            0.342802,
            -0.0847079,
            -0.1982527,
            0.1335627,
        ],
    ),
    "patches of 70, batch": (
        lambda: patch_discriminator(70, width=4),
        [
            -0.6529153,
            -0.0955438,
            -0.1687779,
            -0.4930583,
            -0.4372195,
            -0.1142765,
            -0.3559231,
            0.1675867,
        ],
    ),
    "patches of 16, instance": (
        lambda: patch_discriminator(16, width=4, norm="instance", affine=False),
        [0.9442188, -0.309788, 0.6904546, 0.6585374, 0.6852409, 1.2419047, 0.4515389, 0.5421983],
    ),
    "patches of 1, batch": (
        lambda: patch_discriminator(1, width=4),
        [-0.0660445, 3.3882336, 4.3870726, 4.9591161, -0.1836627, 2.2098159, 1.6767127, 9.3585362],
    ),
    "cyclegan": (
        lambda: resnet_generator(3, width=4, blocks=2),
        [0.6593503, -0.5579661, 0.3378556, -0.6825587, 0.1740802, 0.0654287, 0.0755747, 0.2504531],
    ),
    "stargan": (
        lambda: resnet_generator(3, width=4, blocks=2, style=STARGAN),
        [0.3923768, -0.7013734, 0.8980406, -0.2789405, 0.678985, 0.2354888, 0.0470331, 0.3134996],
    ),
}


def begun(network, *shape):
    """Zero variables of a network, without computing any."""
    shapes = jax.eval_shape(network.init, KEY, jnp.zeros(shape))
    return jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)


FEW = ("unet, batch", "patches of 70, batch", "cyclegan", "stargan")


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[] if name in FEW else [pytest.mark.full]) for name in GOLDEN],
)
def test_outputs_are_pytorchs(name):
    build, expected = GOLDEN[name]
    network, images = build(), pictures(2, 32, 32, 3)
    variables = with_formula(begun(network, 2, 32, 32, 3))
    apply = jax.jit(lambda variables: network.apply(variables, images, train=True)[0])
    np.testing.assert_allclose(look(apply(variables)), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("network", "shape", "count", "answer"),
    [
        (unet(3), (1, 256, 256, 3), 54_413_955, (1, 256, 256, 3)),
        (domain_discriminator(5), (1, 128, 128, 3), 44_762_048, (1, 2, 2)),
        (patch_discriminator(70), (1, 256, 256, 6), 2_768_705, (1, 30, 30)),
        (resnet_generator(3), (1, 256, 256, 3), 11_378_179, (1, 256, 256, 3)),
        (
            resnet_generator(3, blocks=6, style=STARGAN),
            (1, 128, 128, 8),
            8_430_528,
            (1, 128, 128, 3),
        ),
    ],
)
def test_parameters_are_as_many_as_published(network, shape, count, answer):
    images = jax.ShapeDtypeStruct(shape, jnp.float32)
    variables = jax.eval_shape(network.init, KEY, images)
    assert count_parameters(variables) == count
    made = jax.eval_shape(network.apply, variables, images)[0]
    assert (made["logit"] if isinstance(made, dict) else made).shape == answer


@pytest.mark.parametrize(
    "field", [1, 16, 70, *(pytest.param(field, marks=pytest.mark.full) for field in (34, 142))]
)
def test_a_logit_depends_on_its_patch_alone(field):
    """A pixel that is changed reaches exactly the logits whose patch holds it."""
    network = patch_discriminator(field, width=1, norm="none")
    side = max(smallest_side(field), 2 * field)
    images = pictures(1, side, side, 1)
    variables = with_formula(begun(network, *images.shape))
    logits = jax.jit(lambda x: network.apply(variables, x)[0][0])
    middle = logits(images).shape[0] // 2
    reached = jax.grad(lambda x: logits(x)[middle, middle])(images)[0, ..., 0]
    rows = np.flatnonzero(np.any(np.asarray(reached) != 0, axis=1))
    assert len(rows) == field
    assert rows[-1] - rows[0] + 1 == field
    before = logits(images)[middle, middle]
    for row, moved in (
        (rows[0] - 1, False),
        (rows[-1] + 1, False),
        ((rows[0] + rows[-1]) // 2, True),
    ):
        changed = images.at[0, row, (rows[0] + rows[-1]) // 2].add(1.0)
        assert (float(logits(changed)[middle, middle]) != float(before)) == moved


def test_every_field_has_its_smallest_picture():
    for field in FIELDS:
        side = smallest_side(field)
        shape = jax.ShapeDtypeStruct((1, side, side, 3), jnp.float32)
        network = patch_discriminator(field, width=1)
        variables = jax.eval_shape(network.init, KEY, shape)
        assert jax.eval_shape(network.apply, variables, shape)[0].shape[1:] == (1, 1)


@pytest.mark.parametrize("shape", [(28, 28, 1), (9, 14, 2)])
@pytest.mark.parametrize("network", [unet(2, width=2), resnet_generator(2, width=2, blocks=1)])
def test_any_size_keeps_its_size(network, shape):
    images = jax.ShapeDtypeStruct((3, *shape), jnp.float32)
    variables = jax.eval_shape(network.init, KEY, images)
    assert jax.eval_shape(network.apply, variables, images)[0].shape == (3, *shape[:2], 2)


def test_a_unet_halves_other_pictures_as_often_as_those_that_it_began_with():
    network = unet(1, width=1, norm="instance")
    shape = lambda height, width: jax.ShapeDtypeStruct((2, height, width, 1), jnp.float32)
    variables = jax.eval_shape(network.init, KEY, shape(28, 28))
    assert jax.eval_shape(network.init, KEY, shape(40, 52)) != variables
    for sides in ((40, 52), (17, 90)):
        made, _ = jax.eval_shape(network.apply, variables, shape(*sides))
        assert made.shape == (2, *sides, 1)
    with pytest.raises(ValueError, match="halves them 5 times needs sides of at least 17 pixels"):
        jax.eval_shape(network.apply, variables, shape(16, 40))


def test_dropout_is_noise_in_training_and_in_use():
    network, images = unet(1, width=2, depth=3, norm="instance"), pictures(2, 8, 8, 1)
    variables = with_formula(begun(network, 2, 8, 8, 1))
    made = lambda key, train: network.apply(variables, images, key=key, train=train)[0]
    first, again, other = (made(jax.random.key(seed), False) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(first, made(jax.random.key(0), True))
    assert float(jnp.abs(first - other).max()) > 1e-2
    assert float(jnp.abs(made(None, True) - made(None, False)).max()) == 0
    still = unet(1, width=2, depth=3, dropouts=0, norm="instance")
    np.testing.assert_array_equal(
        still.apply(variables, images, key=KEY)[0], still.apply(variables, images)[0]
    )


def test_instance_normalisation_is_that_of_a_batch_of_one():
    images = pictures(2, 6, 6, 3)
    layer = InstanceNorm(affine=False)
    made = layer.apply({}, images)
    flat = np.asarray(images, np.float64).reshape(2, -1, 3)
    expected = (flat - flat.mean(1, keepdims=True)) / np.sqrt(flat.var(1, keepdims=True) + 1e-5)
    np.testing.assert_allclose(made.reshape(2, -1, 3), expected, atol=1e-5)


def test_reflection_makes_a_constant_plane_vanish_and_zeros_do_not():
    """Why StarGAN pads with zeros: behind a reflected border instance normalisation removes a label's plane."""
    images = pictures(1, 12, 12, 1)
    planes = [jnp.full((1, 12, 12, 1), value) for value in (0.0, 1.0)]
    differences = {}
    for padding in ("reflect", "zero"):
        network = resnet_generator(1, width=4, blocks=1, style=Style(padding, 4, affine=True))
        variables = with_formula(begun(network, 1, 12, 12, 2))
        first, second = (
            network.apply(variables, jnp.concatenate([images, plane], axis=-1))[0]
            for plane in planes
        )
        differences[padding] = float(jnp.abs(first - second).max())
    assert differences["reflect"] < 1e-5
    assert differences["zero"] > 1e-2


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: patch_discriminator(71),
            "field is 71, but the side of a patch must be one of 1, 16",
        ),
        (
            lambda: unet(3, norm="layer"),
            "norm is 'layer', but must be one of instance, batch, none",
        ),
        (lambda: unet(3, depth=1), "depth is 1, but must be at least 2"),
        (lambda: resnet_generator(3, style=Style("wrap")), "padding is 'wrap', but must be one of"),
        (
            lambda: begun(patch_discriminator(70), 1, 16, 16, 3),
            "the pictures are 16x16, but patches of 70 pixels need sides of at least 24; use",
        ),
        (
            lambda: begun(unet(3, depth=5), 1, 16, 16, 3),
            "the pictures are 16x16, but a U-Net that halves them 5 times needs sides of at least 17 pixels",
        ),
        (
            lambda: begun(resnet_generator(3), 1, 6, 9, 3),
            "the pictures are 6x9, but a residual network of 2 halvings needs sides of at least 8 pixels",
        ),
    ],
)
def test_mistakes_are_told(make, message):
    with pytest.raises(ValueError, match=message):
        make()
