"""Fields of all examples in chunks against the field of one large batch, and the noise of batches."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgan.gans.gan import gan
from jgan.latents import normal
from jgan.losses import non_saturating
from jgan.networks.mlp import mlp_discriminator, mlp_generator
from jgan.numerics.chunks import in_chunks, mean_over
from jgan.numerics.dense import exact_jacobian
from jgan.numerics.field import field
from jgan.numerics.gradient_noise import alignment, gradient_noise
from jgan.numerics.sampled import Motion, motion_of
from jgan.numerics.selfmap import SelfMap
from jgan.terms.penalties import r1

ROWS = np.random.default_rng(0).standard_normal((5, 7))


def test_the_field_of_all_examples_is_the_mean_of_chunks() -> None:
    options = {"activation": "tanh", "dtype": jnp.float64}

    def repeated(key: jax.Array, count: int) -> jax.Array:
        """The same latents in every chunk, so that the mean of chunks is known."""
        return jnp.tile(normal(2)(jax.random.key(1), 3), (-(-count // 3), 1))[:count]

    game = gan(
        mlp_generator((2,), (3,), **options), mlp_discriminator((4,), **options), non_saturating(), repeated
    ).add(r1(0.7))  # fmt: skip
    batch = {"image": jax.random.normal(jax.random.key(2), (12, 2))}
    variables = jax.jit(game.init)(jax.random.key(0), batch)
    variables = jax.tree.map(lambda x: x.astype(float), variables)
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


def test_noise_is_that_of_the_rows() -> None:
    make = lambda row: SelfMap(
        lambda x: {"a": row[:3], "b": row[3:]}, {"a": jnp.ones(3), "b": jnp.ones(4)}
    )
    found = gradient_noise(make, jnp.asarray(ROWS))
    np.testing.assert_allclose(found.mean, ROWS.mean(axis=0), atol=1e-12)
    covariance = np.cov(ROWS.T)
    exact = np.linalg.eigvalsh(covariance)[::-1]
    np.testing.assert_allclose(found.eigenvalues, exact[:4], atol=1e-10)
    np.testing.assert_allclose(
        covariance @ found.directions, found.directions * found.eigenvalues, atol=1e-10
    )
    motion = found.motion
    assert motion.noise == pytest.approx(np.trace(covariance))
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
