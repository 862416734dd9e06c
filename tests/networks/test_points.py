"""Perceptrons for narrow modes: shapes, types, units, and steps that lie all over the data."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import KEY

from jgan.data import from_arrays, load
from jgan.errors import UserError
from jgan.networks import count_parameters, mlp_discriminator, point_discriminator, point_generator
from jgan.training.usual_groups import NetworkPair


def first_steps(params: dict) -> np.ndarray:
    """Distances of the first units' steps from the origin: a unit's is where its input is 0."""
    kernel, bias = params["Dense_0"]["kernel"], params["Dense_0"]["bias"]
    return np.asarray(np.abs(bias) / np.linalg.norm(kernel, axis=0))


@pytest.mark.full
def test_steps_lie_all_over_the_data() -> None:
    steps = first_steps(point_discriminator(4000).init(KEY, jnp.zeros((2, 2)))["params"])
    # |N(0, 1)| over the length of two normals of variance 1/2: half of the steps lie within this many
    # standard deviations, and one in ten beyond 3.
    draw = np.random.default_rng(0)
    drawn = np.abs(draw.normal(size=10**6)) / np.linalg.norm(
        draw.normal(scale=np.sqrt(0.5), size=(2, 10**6)), axis=0
    )
    for share in (0.1, 0.5, 0.9):
        assert np.quantile(steps, share) == pytest.approx(np.quantile(drawn, share), rel=0.1)
    assert not first_steps(mlp_discriminator((64,)).init(KEY, jnp.zeros((2, 2)))["params"]).any()


@pytest.mark.full
def test_steps_are_as_narrow_as_their_sharpness_says() -> None:
    for sharpness in (1.0, 10.0):
        network = point_discriminator(4000, sharpness=sharpness)
        kernel = network.init(KEY, jnp.zeros((2, 5)))["params"]["Dense_0"]["kernel"]
        # Mean squared slope: five inputs of variance sharpness squared over five.
        slopes = np.sum(np.square(kernel), axis=0)
        assert np.mean(slopes) == pytest.approx(sharpness**2, rel=0.1)


@pytest.mark.full
def test_sizes_are_units_of_the_points() -> None:
    points = jax.random.normal(KEY, (6, 2))
    maker, larger = point_generator((2,), 8), point_generator((2,), 8, size=3.0)
    own = maker.init(KEY, points)
    np.testing.assert_allclose(
        larger.apply(own, points)[0], 3 * maker.apply(own, points)[0], rtol=1e-6
    )
    judge, wider = point_discriminator(8), point_discriminator(8, size=3.0)
    own = judge.init(KEY, points)
    np.testing.assert_allclose(
        wider.apply(own, 3 * points)[0], judge.apply(own, points)[0], rtol=1e-5
    )


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_shapes_and_types(dtype: str) -> None:
    latents = jnp.zeros((6, 5))
    generator = point_generator((3,), 8, dtype=dtype)
    own = generator.init(KEY, latents)
    assert count_parameters(own) == 5 * 8 + 8 + 8 * 8 + 8 + 8 * 3 + 3
    made = generator.apply(own, latents)[0]
    assert (made.shape, made.dtype) == ((6, 3), jnp.float32)
    judge = point_discriminator(8, kernels=4, dtype=dtype)
    logits = judge.apply(judge.init(KEY, made), made)[0]
    assert (logits.shape, logits.dtype) == ((6,), jnp.float32)


def test_pairs_of_them_are_in_the_units_of_the_data() -> None:
    source = load("grid")
    generator, judge = NetworkPair(width=4, steep=True).networks(source, discriminator_norm="none")
    points = source.arrays["image"][:50]
    own = point_generator((2,), 16).init(KEY, points)
    size = float(np.std(source.arrays["image"]))
    assert size == pytest.approx(np.sqrt(8.0025), rel=0.01)
    np.testing.assert_allclose(
        generator.apply(own, points)[0], size * point_generator((2,), 16).apply(own, points)[0]
    )
    own = judge.init(KEY, points)
    assert first_steps(own["params"]).all()
    np.testing.assert_allclose(
        judge.apply(own, points)[0],
        point_discriminator(16).apply(own, points / size)[0],
        rtol=1e-5,
    )


def test_pairs_of_them_are_for_points_without_norm() -> None:
    steep = NetworkPair(steep=True)
    with pytest.raises(UserError, match="steep is True, but norm is 'spectral'"):
        steep.networks(load("ring", size=10), discriminator_norm="spectral")
    pictures = from_arrays(np.zeros((2, 8, 8, 1), np.uint8), name="grey")
    with pytest.raises(UserError, match="steep is True, but data is 'grey', which"):
        steep.networks(pictures)
