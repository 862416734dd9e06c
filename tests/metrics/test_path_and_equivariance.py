import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgan.latents import normal
from jgan.metrics.equivariance import equivariance, rotate, translate, translate_whole
from jgan.metrics.path_length import path_length

KEY = jax.random.key(0)


def test_path_length_of_a_linear_generator():
    """2‖A‖²_F for straight paths between N(0, I) codes and the identity as features."""
    matrix = jnp.asarray(np.random.default_rng(0).normal(size=(6, 20)), jnp.float32)
    found = path_length(
        lambda z: z @ matrix,
        normal(6),
        lambda x: x,
        KEY,
        pairs=20_000,
        path="linear",
        trim=0,
        batch_size=500,
    )
    exact = 2 * float(jnp.sum(matrix**2))
    assert found.mean == pytest.approx(exact, abs=4 * found.error)
    assert found.error < 0.02 * exact
    assert found.kept == 20_000
    ends = path_length(
        lambda z: z @ matrix,
        normal(6),
        lambda x: x,
        KEY,
        pairs=5000,
        path="linear",
        trim=0,
        at_ends=True,
    )
    assert ends.mean == pytest.approx(exact, abs=4 * ends.error)


def test_path_length_on_the_circle():
    """On a great circle the speed is the angle between the ends: slerp of unit latents, identity G."""

    def prior(key, count):
        z = jax.random.normal(key, (count, 8))
        return z / jnp.linalg.norm(z, axis=1, keepdims=True)

    found = path_length(lambda z: z, prior, lambda x: x, KEY, pairs=4000, trim=0, epsilon=1e-2)
    ends = prior(jax.random.key(1), 4000), prior(jax.random.key(2), 4000)
    angles = jnp.arccos(jnp.sum(ends[0] * ends[1], axis=1))
    assert found.mean == pytest.approx(float(jnp.mean(angles**2)), rel=0.03)


def test_both_ends_of_a_pair_have_one_label():
    """G(z, y) = A z + 100 y has the path length of A z, 2‖A‖²_F, whatever the labels."""
    matrix = np.random.default_rng(0).normal(size=(6, 20))
    labels = np.arange(1000) % 7
    found = path_length(
        lambda z, label: z @ jnp.asarray(matrix, jnp.float32) + 100 * label[:, None],
        normal(6),
        lambda x: x,
        KEY,
        conditions=labels,
        pairs=1000,
        path="linear",
        trim=0,
        epsilon=1e-2,
    )
    assert found.mean == pytest.approx(2 * np.sum(matrix**2), abs=4 * found.error)


def test_half_precision_is_refused():
    rough = lambda z: (z.astype(jnp.bfloat16) * 3).astype(jnp.float32)
    for generate, features in ((rough, lambda x: x), (lambda z: z, rough)):
        with pytest.raises(ValueError, match="compute in half precision"):
            path_length(generate, normal(2), features, KEY, pairs=4)


def test_outliers_are_dropped():
    spiked = lambda z: jnp.where(z[:, :1] > 2.4, 1e4 * z, z)
    options = {"pairs": 2000, "path": "linear"}
    kept = path_length(spiked, normal(1), lambda x: x, KEY, **options)
    whole = path_length(spiked, normal(1), lambda x: x, KEY, trim=0, **options)
    assert kept.kept == 1960
    assert kept.mean < 3 < 100 * kept.mean < whole.mean
    with pytest.raises(ValueError, match="path is 'curved'"):
        path_length(spiked, normal(1), lambda x: x, KEY, path="curved")
    with pytest.raises(ValueError, match=r"trim is 0\.5"):
        path_length(spiked, normal(1), lambda x: x, KEY, trim=0.5)


SIDE, WAVES, BATCH = 48, 5, 4


def fourier(key, shift, angle, snap=None):
    """Sums of waves on the plane, a generator that knows nothing of pixels; ``snap`` ties it to a grid."""
    keys = jax.random.split(key, 3)
    count = len(shift)
    direction = jax.random.uniform(keys[0], (count, WAVES), maxval=2 * jnp.pi)
    frequency = jax.random.uniform(keys[1], (count, WAVES), minval=0.02, maxval=0.15)
    phase = jax.random.uniform(keys[2], (count, WAVES), maxval=2 * jnp.pi)
    place = (snap or (lambda x: x))(jnp.arange(SIDE) - (SIDE - 1) / 2)
    row, column = place[:, None], place[None]
    row, column = (x - shift[:, i, None, None] * SIDE for i, x in enumerate((row, column)))
    cosine, sine = (f(angle)[:, None, None] for f in (jnp.cos, jnp.sin))
    row, column = column * sine + row * cosine, column * cosine - row * sine
    wave = 2 * jnp.pi * frequency
    turned = (
        row[..., None] * jnp.sin(direction)[:, None, None]
        + column[..., None] * jnp.cos(direction)[:, None, None]
    )
    values = jnp.sin(turned * wave[:, None, None] + phase[:, None, None])
    return jnp.mean(values, axis=-1)[..., None]


def test_a_model_of_waves_is_equivariant():
    found = equivariance(fourier, KEY, count=8, batch_size=BATCH)
    assert found.eq_t > 60
    assert found.eq_t_frac > 60
    assert found.eq_r > 60


def test_a_model_tied_to_its_grid_is_not():
    """Values of the nearest of every fourth pixel, as if enlarged four times, far below the waves."""
    glued = lambda x: 4 * jnp.round(x / 4)
    found = equivariance(lambda *a: fourier(*a, snap=glued), KEY, count=8, batch_size=BATCH)
    assert max(found) < 35


@pytest.mark.full
def test_a_model_that_does_not_move_has_the_ratio_of_its_difference():
    still = lambda key, shift, angle: fourier(key, 0 * shift, 0 * angle)
    found = equivariance(still, KEY, count=8, batch_size=BATCH)
    assert max(found) < 25


def test_transformations_by_hand():
    image = jnp.arange(12.0).reshape(1, 3, 4, 1)
    moved, inside = translate_whole(image, jnp.array([[1, -1]]))
    np.testing.assert_array_equal(moved[0, 1:, :3, 0], image[0, :2, 1:, 0])
    np.testing.assert_array_equal(inside[0], [[0, 0, 0, 0], [1, 1, 1, 0], [1, 1, 1, 0]])
    picture = jax.random.normal(KEY, (1, 24, 24, 1))
    turned, inside = jax.jit(rotate, static_argnums=2)(picture, jnp.array([jnp.pi / 2]), 3)
    expected = np.rot90(picture[0, :, :, 0])
    assert int(inside.sum()) > 200
    np.testing.assert_allclose(
        turned[0, :, :, 0][inside[0]], expected[np.asarray(inside[0])], atol=1e-3
    )
    shifted, inside = jax.jit(translate, static_argnums=2)(picture, jnp.array([[2.0, -3.0]]), 3)
    whole, _ = translate_whole(picture, jnp.array([[2, -3]]))
    np.testing.assert_allclose(shifted[inside], whole[inside], atol=1e-4)


def test_images_smaller_than_the_window():
    with pytest.raises(ValueError, match="the images are too small"):
        equivariance(lambda key, shift, angle: jnp.zeros((2, 8, 8, 1)), KEY, count=2, batch_size=2)
