"""Parameter counts against the references, by arithmetic, and shapes of all sizes of image."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import KEY

from jgan.networks import (
    autoencoder,
    conditional_generator,
    count_parameters,
    dcgan_discriminator,
    dcgan_generator,
    infogan_discriminator,
    infogan_generator,
    mlp_discriminator,
    mlp_generator,
    pair,
    sngan_discriminator,
    sngan_generator,
)


def count(network, *shape):
    return count_parameters(jax.eval_shape(network.init, KEY, jnp.zeros((2, *shape))))


def output(network, *shape):
    def run(x):
        return network.apply(network.init(KEY, x), x, train=True)[0]

    return jax.eval_shape(run, jnp.zeros((2, *shape)))


def dense(inputs, outputs, bias=True):
    return inputs * outputs + bias * outputs


def conv(size, inputs, outputs, bias=True):
    return dense(size * size * inputs, outputs, bias)


def norm(channels):
    return 2 * channels


# Counts.


def test_sngan_32():
    up = 2 * conv(3, 256, 256) + 2 * norm(256) + conv(1, 256, 256)
    generator = dense(128, 4 * 4 * 256) + 3 * up + norm(256) + conv(3, 256, 3)
    assert generator == 4_276_739
    assert count(sngan_generator((32, 32, 3)), 128) == generator
    first = conv(3, 3, 128) + conv(3, 128, 128) + conv(1, 3, 128)
    halving = 2 * conv(3, 128, 128) + conv(1, 128, 128)
    discriminator = first + halving + 2 * 2 * conv(3, 128, 128) + dense(128, 1)
    assert discriminator == 1_053_825
    for kind in ("spectral", "none"):
        assert count(sngan_discriminator((32, 32, 3), norm=kind), 32, 32, 3) == discriminator


def test_sngan_64():
    widths = [1024, 512, 256, 128, 64]
    generator = dense(128, 4 * 4 * 1024) + norm(64) + conv(3, 64, 3)
    for i, o in itertools.pairwise(widths):
        generator += conv(3, i, o) + conv(3, o, o) + norm(i) + norm(o) + conv(1, i, o)
    assert count(sngan_generator((64, 64, 3)), 128) == generator
    widths = widths[::-1]
    discriminator = conv(3, 3, 64) + conv(3, 64, 64) + conv(1, 3, 64) + dense(1024, 1)
    for i, o in itertools.pairwise(widths):
        # The hidden width of a block is its input's.
        discriminator += conv(3, i, i) + conv(3, i, o) + conv(1, i, o)
    assert count(sngan_discriminator((64, 64, 3)), 64, 64, 3) == discriminator


def test_dcgan_64():
    generator = (
        dense(100, 4 * 4 * 1024, bias=False)
        + norm(1024)
        + conv(5, 1024, 512, bias=False)
        + norm(512)
        + conv(5, 512, 256, bias=False)
        + norm(256)
        + conv(5, 256, 128, bias=False)
        + norm(128)
        + conv(5, 128, 3)
    )
    assert count(dcgan_generator((64, 64, 3)), 100) == generator
    discriminator = (
        conv(5, 3, 128)
        + conv(5, 128, 256, bias=False)
        + norm(256)
        + conv(5, 256, 512, bias=False)
        + norm(512)
        + conv(5, 512, 1024, bias=False)
        + norm(1024)
        + dense(4 * 4 * 1024, 1)
    )
    assert count(dcgan_discriminator(), 64, 64, 3) == discriminator


def test_infogan():
    generator = (
        dense(64, 1024)
        + norm(1024)
        + dense(1024, 128 * 7 * 7)
        + norm(128 * 7 * 7)
        + conv(4, 128, 64)
        + norm(64)
        + conv(4, 64, 1)
    )
    assert count(infogan_generator((28, 28, 1)), 64) == generator
    discriminator = (
        conv(4, 1, 64)
        + conv(4, 64, 128)
        + norm(128)
        + dense(128 * 7 * 7, 1024)
        + norm(1024)
        + dense(1024, 1)
    )
    assert count(infogan_discriminator(), 28, 28, 1) == discriminator
    assert count(infogan_discriminator(norm="none"), 28, 28, 1) == discriminator - norm(128 + 1024)


def test_perceptrons():
    assert count(mlp_generator((2,), (16, 8)), 4) == dense(4, 16) + dense(16, 8) + dense(8, 2)
    expected = dense(2, 16) + norm(16) + dense(16, 1)
    assert count(mlp_discriminator((16,), norm="batch"), 2) == expected


# Shapes.

SHAPES = [(28, 28, 1), (32, 32, 3), (64, 64, 3), (64, 48, 3), (16, 40, 1)]
EVERY = pytest.mark.parametrize("shape", SHAPES)


@EVERY
def test_dcgan_shapes(shape):
    images = output(dcgan_generator(shape, width=4), 16)
    assert (images.shape, images.dtype) == ((2, *shape), jnp.float32)
    logits = output(dcgan_discriminator(width=4), *shape)
    assert (logits.shape, logits.dtype) == ((2,), jnp.float32)


def test_dcgan_odd_sizes():
    assert output(dcgan_generator((29, 45, 1), width=2), 8).shape == (2, 29, 45, 1)
    assert output(dcgan_discriminator(width=2), 29, 45, 1).shape == (2,)


@EVERY
def test_infogan_shapes(shape):
    assert output(infogan_generator(shape), 16).shape == (2, *shape)
    assert output(infogan_discriminator(), *shape).shape == (2,)


@pytest.mark.parametrize("shape", [(32, 32, 3), (32, 48, 1), (64, 64, 3), (64, 96, 1)])
def test_sngan_shapes(shape):
    assert output(sngan_generator(shape, width=16), 16).shape == (2, *shape)
    assert output(sngan_discriminator(shape, width=16), *shape).shape == (2,)


@pytest.mark.parametrize("shape", [(8, 8, 1), (2,), (28, 28, 1)])
def test_pair_fits_the_data(shape):
    generator, discriminator = pair(shape, width=4)
    assert output(generator, 16).shape == (2, *shape)
    assert output(discriminator, *shape).shape == (2,)


def test_pair_takes_its_norms():
    collections = lambda network, *shape: set(
        jax.eval_shape(network.init, KEY, jnp.zeros((2, *shape)))
    )
    generator, discriminator = pair((8, 8, 1), width=4, discriminator_norm="spectral")
    assert collections(generator, 16) == {"params", "batch_stats"}
    assert collections(discriminator, 8, 8, 1) == {"params", "spectral"}
    generator, discriminator = pair((2,), width=4, discriminator_norm="spectral")
    assert collections(generator, 16) == {"params"}
    assert collections(discriminator, 2) == {"params", "spectral"}
    kept = {"auto": {"params"}, "none": {"params"}, "batch": {"params", "batch_stats"}}
    for norm, expected in (kept | {"spectral": {"params", "spectral"}}).items():
        for network, size in zip(
            pair((2,), generator_norm=norm, discriminator_norm=norm), (16, 2), strict=True
        ):
            assert collections(network, size) == expected
    with pytest.raises(ValueError, match="norm is 'group', but must be one of batch, layer"):
        pair((2,), generator_norm="group")


def test_impossible_shapes_are_told():
    with pytest.raises(ValueError, match=r"shape is \(4, 8, 1\).* at least 5"):
        dcgan_generator((4, 8, 1))
    with pytest.raises(ValueError, match=r"shape is \(30, 28, 1\).* divisible by 4"):
        infogan_generator((30, 28, 1))
    with pytest.raises(ValueError, match=r"shape is \(28, 28, 1\).* divisible by 8"):
        sngan_generator((28, 28, 1))
    with pytest.raises(ValueError, match=r"shape is \(64, 48, 1\).* divisible by 32"):
        sngan_discriminator((64, 48, 1))
    for network in (dcgan_discriminator, infogan_discriminator, mlp_discriminator):
        with pytest.raises(ValueError, match="norm is 'group', but must be one of batch, layer"):
            network(norm="group")
    with pytest.raises(ValueError, match="only 'spectral' and 'none'"):
        sngan_discriminator((32, 32, 3), norm="batch")
    with pytest.raises(ValueError, match="activation is 'gelu'"):
        mlp_discriminator(activation="gelu")


# First weights.


def kernels(network, *shape):
    made = jax.jit(network.init)(KEY, jnp.zeros((2, *shape)))["params"]
    found = jax.tree_util.tree_leaves_with_path(made)
    return {jax.tree_util.keystr(path): np.asarray(leaf) for path, leaf in found}


@pytest.mark.parametrize(
    ("network", "shape"),
    [
        (dcgan_generator((16, 16, 3), width=64), (64,)),
        (dcgan_discriminator(width=64), (32, 32, 3)),
        (infogan_discriminator(), (8, 8, 1)),
        (infogan_generator((8, 8, 1)), (64,)),
    ],
    ids=["dcgan G", "dcgan D", "infogan D", "infogan G"],
)
def test_weights_have_standard_deviation_0_02(network, shape):
    large = {k: v for k, v in kernels(network, *shape).items() if "kernel" in k and v.size > 5000}
    assert len(large) >= 2
    for kernel in large.values():
        assert kernel.std() == pytest.approx(0.02, rel=0.05)
        assert abs(kernel.mean()) < 0.001


def test_dcgan_scales_are_drawn_around_one():
    found = kernels(dcgan_discriminator(width=64), 16, 16, 3)
    scales = np.concatenate([leaf for name, leaf in found.items() if "scale" in name])
    assert scales.mean() == pytest.approx(1.0, abs=0.01)
    assert scales.std() == pytest.approx(0.02, rel=0.2)


def test_sngan_gains():
    # Xavier's uniform limit sqrt(6 / (fan in + fan out)), times sqrt(2) inside the residual branches.
    found = kernels(sngan_discriminator((32, 32, 3), width=32), 32, 32, 3)
    for name, kernel in found.items():
        if "kernel" not in name:
            continue
        area = np.prod(kernel.shape[:-2])
        limit = np.sqrt(6 / (area * (kernel.shape[-2] + kernel.shape[-1])))
        limit *= np.sqrt(2) if kernel.shape[0] == 3 else 1
        assert np.abs(kernel).max() <= limit * (1 + 1e-6)
        if kernel.size > 500:
            assert np.abs(kernel).max() > 0.97 * limit
            assert kernel.std() == pytest.approx(limit / np.sqrt(3), rel=0.06)


@pytest.mark.parametrize("shape", [(4, 4, 1), (1, 8, 3)])
def test_images_that_cannot_be_halved_are_refused_in_one_sentence(shape):
    build = (
        lambda: pair(shape, width=2),
        lambda: conditional_generator(shape, 3, width=2),
        lambda: output(autoencoder(width=2), *shape),
    )
    for make in build:
        with pytest.raises(ValueError, match="with sides of at least 5"):
            make()
