import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import KEY, assert_same, points
from jax import lax
from jax.flatten_util import ravel_pytree

from jgan.game import DISCRIMINATOR
from jgan.gans.gan import gan
from jgan.latents import normal
from jgan.losses import non_saturating
from jgan.networks import dcgan_discriminator, from_linen, mlp_discriminator, mlp_generator
from jgan.networks.layers import Conv, Dense
from jgan.networks.spectral import power_iteration
from jgan.rules.joint_move import gradients, params_of, with_params
from jgan.terms.penalties import r1, r2

MATRIX = jax.random.normal(jax.random.key(2), (20, 7))
START = jax.random.normal(jax.random.key(4), (7,))


def trained(network, x, steps):
    """The collections after so many training passes, parameters fixed."""
    made = jax.jit(network.init)(KEY, x)

    def one(made, _):
        return {**made, **network.apply(made, x, train=True)[1]}, None

    return jax.jit(lambda made: lax.scan(one, made, length=steps)[0])(made)


def test_largest_singular_value():
    sigma, u = jax.jit(lambda matrix: power_iteration(matrix, START, steps=200))(MATRIX)
    _, values, right = np.linalg.svd(MATRIX)
    assert float(sigma) == pytest.approx(values[0], rel=1e-3)
    assert abs(float(u @ right[0])) == pytest.approx(1.0, abs=1e-3)
    assert float(jnp.linalg.norm(u)) == pytest.approx(1.0, abs=1e-6)


def test_one_step_in_numpy():
    sigma, u = jax.jit(power_iteration)(MATRIX, 3.0 * np.asarray(START))
    matrix = np.asarray(MATRIX, np.float64)
    start = np.asarray(START, np.float64)
    v = matrix @ (start / np.linalg.norm(start))
    expected = matrix.T @ v
    expected /= np.linalg.norm(expected)
    np.testing.assert_allclose(u, expected, rtol=1e-5)
    v = matrix @ expected
    assert float(sigma) == pytest.approx(v @ matrix @ expected / np.linalg.norm(v), rel=1e-5)


def test_no_step_measures_with_the_vector_as_it_is():
    sigma, u = jax.jit(lambda matrix: power_iteration(matrix, START, steps=0))(MATRIX)
    unit = np.asarray(START) / np.linalg.norm(START)
    np.testing.assert_allclose(u, unit, rtol=1e-6)
    assert float(sigma) == pytest.approx(np.linalg.norm(np.asarray(MATRIX) @ unit), rel=1e-5)


def test_a_kernel_of_zeros_stays_one_and_has_finite_gradients():
    network = from_linen(Dense(3, spectral=True))
    x = jnp.ones((2, 4))
    made = network.init(KEY, x)
    made = {**made, "params": jax.tree.map(jnp.zeros_like, made["params"])}
    loss = lambda params: jnp.sum(network.apply({**made, "params": params}, x, train=True)[0] ** 2)
    hessian = jax.hessian(loss)(made["params"])
    np.testing.assert_array_equal(network.apply(made, x, train=True)[0], 0)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(hessian))


def test_gradient_treats_the_singular_vectors_as_constants(double):
    matrix, start = np.asarray(MATRIX, np.float64), np.asarray(START, np.float64)
    found = jax.grad(lambda w: power_iteration(w, start)[0])(matrix)
    # Far from convergence the full derivative is another one.
    u = matrix.T @ (matrix @ start)
    u /= np.linalg.norm(u)
    v = matrix @ u / np.linalg.norm(matrix @ u)
    frozen = np.empty_like(matrix)
    for index in np.ndindex(matrix.shape):
        shift = np.zeros_like(matrix)
        shift[index] = 1e-6
        frozen[index] = (v @ (matrix + shift) @ u - v @ (matrix - shift) @ u) / 2e-6
    np.testing.assert_allclose(found, frozen, atol=1e-8)


def test_the_derivative_is_one_rank_forward_and_backward(double):
    """vᵀ dW u and its transpose v uᵀ, and twice: the second derivative sees that u and v depend on W."""
    matrix, start, tangent = (np.asarray(x, np.float64) for x in (MATRIX, START, 0.1 * MATRIX**2))
    sigma = lambda w: power_iteration(w, start)[0]
    u = matrix.T @ (matrix @ start)
    u /= np.linalg.norm(u)
    v = matrix @ u / np.linalg.norm(matrix @ u)
    slope = jax.grad(sigma)(matrix)
    np.testing.assert_allclose(slope, np.outer(v, u), atol=1e-12)
    forward = jax.jvp(sigma, (matrix,), (tangent,))[1]
    assert float(forward) == pytest.approx(v @ tangent @ u, rel=1e-12)
    assert float(forward) == pytest.approx(np.vdot(slope, tangent), rel=1e-12)
    along = jax.jvp(jax.grad(sigma), (matrix,), (tangent,))[1]
    back = jax.vjp(jax.grad(sigma), matrix)[1]
    ahead, behind = (jax.grad(sigma)(matrix + sign * 1e-5 * tangent) for sign in (1, -1))
    np.testing.assert_allclose(along, (ahead - behind) / 2e-5, atol=1e-8)
    weights = jnp.cos(jnp.arange(matrix.size, dtype=float)).reshape(matrix.shape)
    there = np.vdot(back(weights)[0], tangent)
    assert float(there) == pytest.approx(float(jnp.vdot(weights, along)), rel=1e-10)


@pytest.mark.full
@pytest.mark.parametrize("passes", [0, 300])
def test_the_jacobian_of_a_field_is_that_of_finite_differences(passes, double):
    """Under R1 and R2, which differentiate once more; with vectors that have converged and as they begin."""
    discriminator = mlp_discriminator((4,), norm="spectral", activation="tanh", dtype=jnp.float64)
    generator = mlp_generator((2,), (3,), activation="tanh", dtype=jnp.float64)
    game = gan(generator, discriminator, non_saturating(), normal(2)).add(r1(1.0), r2(1.0))
    batch = {"image": points()["image"].astype(jnp.float64)}
    start = jax.tree.map(lambda leaf: leaf.astype(jnp.float64), game.init(KEY, batch))
    if passes:
        own = start[DISCRIMINATOR]
        advance = lambda own, _: (
            {**own, **discriminator.apply(own, batch["image"], train=True)[1]},
            0,
        )
        start[DISCRIMINATOR] = jax.jit(lambda own: lax.scan(advance, own, length=passes)[0])(own)
    point, unravel = ravel_pytree(params_of(start))

    def field(flat):
        found = gradients(game, with_params(start, unravel(flat)), batch, KEY, 0)
        return -ravel_pytree(found.grads)[0]

    look = jax.jit(field)
    shifts = 1e-5 * np.eye(point.size)
    expected = np.stack(
        [(look(point + shift) - look(point - shift)) / 2e-5 for shift in shifts], axis=1
    )
    assert np.abs(expected).max() > 0.1
    for jacobian in (jax.jacfwd, jax.jacrev):
        np.testing.assert_allclose(jax.jit(jacobian(field))(point), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("network", "shape"),
    [
        (dcgan_discriminator(width=4, norm="spectral"), (8, 8, 3)),
        (mlp_discriminator((16,), norm="spectral"), (6,)),
    ],
    ids=["dcgan", "mlp"],
)
def test_every_kernel_is_divided_by_its_largest_singular_value(network, shape):
    made = trained(network, jax.random.normal(KEY, (2, *shape)), 300)
    layers = made["params"]
    nested = next(iter(layers.values()))
    assert set(made["spectral"]) == set(layers)
    for name, layer in layers.items():
        kernel = np.asarray(layer["kernel"])
        # A convolution's kernel is the matrix (kh kw in, out).
        matrix = kernel.reshape(-1, kernel.shape[-1])
        u = np.asarray(made["spectral"][name]["u"])
        assert u.shape == (kernel.shape[-1],)
        sigma = np.linalg.norm(matrix @ (u / np.linalg.norm(u)))
        assert sigma == pytest.approx(np.linalg.svd(matrix, compute_uv=False)[0], rel=1e-3)
    assert "kernel" in nested


def test_convolution_applies_the_normalised_kernel():
    network = from_linen(Conv(5, size=3, spectral=True))
    x = jax.random.normal(KEY, (2, 6, 6, 4))
    made = trained(network, x, 300)
    kernel = np.asarray(made["params"]["kernel"])
    normalised = kernel / np.linalg.svd(kernel.reshape(-1, 5), compute_uv=False)[0]
    expected = lax.conv_general_dilated(
        x, normalised, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    output, state = jax.jit(network.apply)(made, x)
    np.testing.assert_allclose(output, expected, rtol=2e-3, atol=1e-3)
    assert_same(state["spectral"], made["spectral"])


def test_a_linear_layer_becomes_one_lipschitz():
    network = mlp_discriminator((16, 16), norm="spectral")
    x = jax.random.normal(KEY, (200, 6))
    made = trained(network, x, 300)
    slopes = jax.jit(jax.grad(lambda x: network.apply(made, x)[0].sum()))(x)
    assert np.linalg.norm(slopes, axis=1).max() <= 1.001
