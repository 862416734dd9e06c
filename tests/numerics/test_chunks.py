"""Fields of all examples in chunks against the field of one large batch, and the noise of batches."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from jgan.game import PLAYERS, Game, Variables
from jgan.gans.gan import gan
from jgan.latents import Prior, normal
from jgan.losses import non_saturating
from jgan.networks.mlp import mlp_discriminator, mlp_generator
from jgan.numerics.batch_spectrum import BesideBatches, beside_batches
from jgan.numerics.chunks import in_chunks, mean_over
from jgan.numerics.dense import exact_jacobian
from jgan.numerics.field import field, player_field, vector_field
from jgan.numerics.gradient_noise import (
    alignment,
    covariance,
    field_moments,
    gradient_noise,
)
from jgan.numerics.sampled import Motion, Sampled, motion_of
from jgan.numerics.selfmap import SelfMap
from jgan.terms.penalties import r1

ROWS = np.random.default_rng(0).standard_normal((5, 7))


def small_gan(prior: Prior | None = None) -> tuple[Game, Variables, dict[str, jax.Array]]:
    """A smooth GAN of few parameters in doubles, where, and 12 examples."""
    options = {"activation": "tanh", "dtype": jnp.float64}

    def repeated(key: jax.Array, count: int) -> jax.Array:
        """The same latents in every chunk, so that the mean of chunks is known."""
        return jnp.tile(normal(2)(jax.random.key(1), 3), (-(-count // 3), 1))[:count]

    networks = mlp_generator((2,), (3,), **options), mlp_discriminator((4,), **options)
    game = gan(*networks, non_saturating(), prior or repeated).add(r1(0.7))
    batch = {"image": jax.random.normal(jax.random.key(2), (12, 2))}
    variables = jax.jit(game.init)(jax.random.key(0), batch)
    return game, jax.tree.map(lambda x: x.astype(float), variables), batch


def test_the_field_of_all_examples_is_the_mean_of_chunks() -> None:
    game, variables, batch = small_gan()
    whole = exact_jacobian(field(game, variables, batch))
    make = lambda chunk: field(game, variables, chunk)
    chunks = in_chunks(batch, 3)
    mean = mean_over(make, chunks)
    np.testing.assert_allclose(exact_jacobian(mean), whole, atol=1e-12)
    # Of a chunk nothing is kept but its part of the sum: residuals are as many as the parameters.
    kept = jax.eval_shape(lambda: jax.linearize(mean.function, mean.point)[1])
    size = sum(leaf.size for leaf in jax.tree.leaves(kept))
    more = mean_over(make, in_chunks({"image": jnp.tile(batch["image"], (4, 1))}, 3))
    kept = jax.eval_shape(lambda: jax.linearize(more.function, more.point)[1])
    rows = 36 * 2
    assert sum(leaf.size for leaf in jax.tree.leaves(kept)) <= size + rows


def test_the_noise_of_gradients_is_that_of_dense_computations() -> None:
    game, variables, batch = small_gan(normal(2))
    make = lambda point: field(game, variables, *point)
    keys = jax.random.split(jax.random.key(3), 6)
    chunks = in_chunks(batch, 2), keys
    each = [
        vector_field(game, variables, {"image": batch["image"][2 * n : 2 * n + 2]}, keys[n])
        for n in range(6)
    ]
    rows = np.stack([ravel_pytree(one)[0] for one in each])
    dense = np.cov(rows.T)
    values = np.linalg.eigvalsh(dense)[::-1]
    moments = jax.jit(lambda: field_moments(make, chunks))()
    np.testing.assert_allclose(ravel_pytree(moments.mean)[0], rows.mean(axis=0), atol=1e-12)
    free = covariance(make, chunks, moments.mean)
    np.testing.assert_allclose(exact_jacobian(free), dense, atol=1e-12)
    assert moments.motion().noise == pytest.approx(np.trace(dense), rel=1e-10)
    for player in PLAYERS:
        own = np.stack([ravel_pytree(one[player])[0] for one in each])
        pairs = [own[i] @ own[j] for i in range(6) for j in range(6) if i != j]
        ratio = np.mean(pairs) / np.trace(np.cov(own.T))
        assert moments.motion(player).signal_to_noise == pytest.approx(ratio, rel=1e-8)
    for kept in (10**6, 0):  # all fields at once, and matrix-free
        found = gradient_noise(make, chunks, 3, kept=kept, tolerance=1e-9)
        np.testing.assert_allclose(found.covariance.values, values[:3], rtol=1e-6)
        assert found.covariance.residuals.max() < 1e-6
        assert found.trace == pytest.approx(np.trace(dense), rel=1e-10)
    # A product keeps nothing of a batch, however many there are.
    sizes = []
    for times in (1, 4):
        images = {"image": jnp.tile(chunks[0]["image"], (times, 1, 1))}
        some = images, jax.random.split(jax.random.key(3), 6 * times)
        own = covariance(make, some, moments.mean)
        kept = jax.eval_shape(lambda own=own: jax.linearize(own.function, own.point)[1])
        sizes.append(sum(leaf.size for leaf in jax.tree.leaves(kept)))
    assert sizes[1] - sizes[0] <= 36 * 2 + 18 * 2  # the examples, and two words of each key


@pytest.mark.full
@pytest.mark.parametrize("dense", [1000, 0])
def test_eigenvalues_of_all_examples_beside_those_of_batches(dense: int) -> None:
    game, variables, batch = small_gan()
    chunks = in_chunks(batch, 3)
    rightmost = beside_batches(
        lambda chunk: field(game, variables, chunk), chunks, dense=dense, tolerance=1e-9
    )
    exact = lambda images: exact_jacobian(field(game, variables, {"image": images}))
    over = [np.linalg.eigvals(exact(images)).real.max() for images in chunks["image"]]
    whole = np.linalg.eigvals(exact(batch["image"])).real.max()
    assert rightmost.whole == pytest.approx(whole, abs=1e-6)
    np.testing.assert_allclose(rightmost.batches.values, over, atol=1e-6)
    own = lambda chunk: player_field(game, "discriminator", variables, chunk)
    # The largest eigenvalue of a mean is at most the mean of the largest.
    right = beside_batches(own, chunks, "right", symmetric=True, dense=dense, tolerance=1e-9)
    assert right.whole < right.batches.mean
    assert right.agrees == (abs(right.whole - right.batches.mean) <= right.batches.half_width)
    assert BesideBatches(1.0, Sampled((1.0,))).agrees is None


def test_noise_is_that_of_the_rows() -> None:
    make = lambda row: SelfMap(
        lambda x: {"a": row[:3], "b": row[3:]}, {"a": jnp.ones(3), "b": jnp.ones(4)}
    )
    found = gradient_noise(make, jnp.asarray(ROWS), 9)
    dense = np.cov(ROWS.T)
    exact = np.linalg.eigvalsh(dense)[::-1]
    values, directions = found.covariance.values, found.covariance.vectors
    np.testing.assert_allclose(values, exact[:4], atol=1e-10)
    np.testing.assert_allclose(dense @ directions, directions * values, atol=1e-10)
    motion = found.moments.motion()
    assert motion.noise == pytest.approx(np.trace(dense))
    pairs = [ROWS[i] @ ROWS[j] for i in range(5) for j in range(5) if i != j]
    assert motion.squared_length == pytest.approx(np.mean(pairs))
    without = [
        motion_of([jnp.asarray(row) for j, row in enumerate(ROWS) if j != i]) for i in range(5)
    ]
    left = [one.squared_length for one in without]
    error = np.sqrt(4 / 5 * np.sum((left - np.mean(left)) ** 2))
    assert motion.standard_error == pytest.approx(error)
    assert motion.signal_to_noise == pytest.approx(motion.squared_length / motion.noise)


def test_rest_is_told_from_motion() -> None:
    def motion(rows: np.ndarray) -> Motion:
        return motion_of([jnp.asarray(row) for row in rows])

    noise = np.random.default_rng(1).standard_normal((5, 400))
    assert motion(noise).at_rest  # long fields, but of nothing but noise
    assert not motion(noise + 1.0).at_rest
    assert not motion(np.full((1, 3), 1e-3)).at_rest  # one batch cannot tell
    assert motion(np.full((1, 3), 1e-8)).at_rest
    assert np.isnan(motion(noise[:1]).noise)


def test_shares_along_vectors_and_planes() -> None:
    direction = np.array([3.0, 0.0, 4.0])
    plane = np.array([1.0, 1j, 0.0]) / np.sqrt(2)
    found = alignment(direction, np.stack([plane, plane.conj(), [0, 0, 1.0]], axis=1))
    np.testing.assert_allclose(found, [0.36, 0.36, 0.64], atol=1e-12)


def test_too_few_examples_are_refused() -> None:
    with pytest.raises(
        ValueError, match="size is 4, but must be at most 3, the number of examples"
    ):
        in_chunks({"image": jnp.ones((3, 2))}, 4)
    with pytest.raises(ValueError, match="the number of batches is 1, but must be at least 2"):
        gradient_noise(lambda row: SelfMap(lambda x: row, jnp.ones(7)), jnp.asarray(ROWS[:1]))
