"""Krylov-Schur against LAPACK and ARPACK, on matrices that are easy, crowded, defective or repeated."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgan.numerics.dense import decompose
from jgan.numerics.krylov_schur import krylov_schur
from jgan.numerics.leading import EigenSolver, leading_eigenvalues
from jgan.numerics.ordered_schur import restart
from jgan.numerics.selfmap import SelfMap
from jgan.numerics.spectrum import WHICH, order_by

KEY = jax.random.key(3)


def linear(matrix: np.ndarray) -> SelfMap:
    return SelfMap(lambda x: jnp.asarray(matrix) @ x, jnp.ones(len(matrix)))


def random(size: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((size, size))


@pytest.mark.parametrize("which", WHICH)
def test_leading_eigenvalues_are_those_of_lapack_and_of_arpack(which: str) -> None:
    matrix = random(73)
    options = {"which": which, "tolerance": 1e-10, "restarts": 300}
    found = leading_eigenvalues(linear(matrix), 5, conditions=True, **options)
    whole = decompose(matrix)
    exact = whole.values[order_by(which, whole.values)]
    gaps = np.abs(found.values[:, None] - whole.values[None])
    assert gaps.min(axis=1).max() < 1e-7
    np.testing.assert_allclose(found.values[0], exact[0], atol=1e-7) if exact[0].imag == 0 else None
    assert set(np.round(found.values.conj(), 9)) == set(np.round(found.values, 9))  # no broken pair
    measured = np.linalg.norm(matrix @ found.vectors - found.vectors * found.values, axis=0)
    scale = np.abs(found.values).max()
    assert (measured / scale <= 2 * found.residuals + 1e-14).all()
    np.testing.assert_allclose(np.linalg.norm(found.vectors, axis=0), 1.0, rtol=1e-10)
    np.testing.assert_allclose(found.conditions, whole.conditions[gaps.argmin(axis=1)], rtol=1e-3)
    plain = leading_eigenvalues(linear(matrix), 5, **options)
    oracle = leading_eigenvalues(linear(matrix), 5, solver="arpack", **options)
    assert plain.products <= oracle.products


def test_a_symmetric_map_has_real_pairs() -> None:
    half = random(61, 1)
    matrix = half + half.T
    for which in ("right", "left", "modulus"):
        found = leading_eigenvalues(
            linear(matrix), 4, which=which, symmetric=True, tolerance=1e-10, conditions=True
        )
        exact = np.linalg.eigvalsh(matrix)
        exact = exact[order_by(which, exact)][:4]
        assert not np.iscomplexobj(found.values)
        np.testing.assert_allclose(found.values, exact, atol=1e-8)
        np.testing.assert_allclose(found.vectors.T @ found.vectors, np.eye(4), atol=1e-9)
        assert found.conditions.tolist() == [1.0] * 4


@pytest.mark.parametrize(
    "diagonal",
    [np.ones(31), np.zeros(31), np.r_[[5.0] * 3, [4.0] * 2, np.linspace(0, 1, 26)]],
    ids=["identity", "zero", "repeated"],
)
def test_eigenvalues_of_any_multiplicity_are_found(diagonal: np.ndarray) -> None:
    found = leading_eigenvalues(linear(np.diag(diagonal)), 5, which="right", tolerance=1e-10)
    np.testing.assert_allclose(np.sort(found.values.real)[::-1][:5], diagonal[:5], atol=1e-9)
    rank = np.linalg.matrix_rank(found.vectors[:, :5], tol=1e-6)
    assert rank == 5  # a vector of its own for each


def test_a_basis_as_large_as_the_map_finds_everything_at_once() -> None:
    matrix = random(12, 2)
    found = leading_eigenvalues(linear(matrix), 5, which="right", tolerance=1e-12, basis=12)
    assert found.products == 12
    exact = np.linalg.eigvals(matrix)
    np.testing.assert_allclose(
        found.values.real, np.sort(exact.real)[::-1][: len(found.values)], atol=1e-9
    )


def test_members_of_a_population_are_solved_side_by_side() -> None:
    matrices = np.stack([random(41, seed) for seed in range(3)])
    matrices[1, 0, 0] += 40  # converges sooner than the others

    def solve(matrix: jax.Array, key: jax.Array):
        tree = SelfMap(
            lambda x: {"a": matrix[:11] @ jnp.concatenate([x["a"], x["b"].ravel()]),
                       "b": (matrix[11:] @ jnp.concatenate([x["a"], x["b"].ravel()])).reshape(5, 6)},
            {"a": jnp.ones(11), "b": jnp.ones((5, 6))},
        )  # fmt: skip
        return krylov_schur(tree, 3, key, which="modulus", tolerance=1e-9)

    keys = jax.random.split(KEY, 3)
    together = jax.jit(jax.vmap(solve))(jnp.asarray(matrices), keys)
    assert jax.tree.map(jnp.shape, together.vectors) == {"a": (3, 4, 11), "b": (3, 4, 5, 6)}
    assert len(set(together.products.tolist())) > 1
    alone = jax.jit(solve)
    for number in range(3):
        one = alone(jnp.asarray(matrices[number]), keys[number])
        assert int(one.products) == int(together.products[number])
        np.testing.assert_allclose(one.values, together.values[number], rtol=1e-9)
        again = alone(jnp.asarray(matrices[number]), keys[number])
        assert bool(jnp.array_equal(one.values, again.values, equal_nan=True))
        exact = np.linalg.eigvals(matrices[number])
        there = np.isfinite(one.values)
        assert np.abs(np.asarray(one.values)[there, None] - exact[None]).min(axis=1).max() < 1e-7


def test_led_from_the_host_or_within_a_program_it_is_the_same() -> None:
    here = linear(random(47, 6))
    one = leading_eigenvalues(here, 4, which="right", tolerance=1e-9, seed=5)
    inside = jax.jit(lambda key: krylov_schur(here, 4, key, which="right", tolerance=1e-9))
    other = inside(jax.random.key(5))
    assert one.products == int(other.products)
    there = np.isfinite(other.values)
    np.testing.assert_allclose(one.values, np.asarray(other.values)[there], rtol=1e-10)
    vectors = np.asarray(other.vectors)[there].T
    np.testing.assert_allclose(np.abs(np.sum(vectors.conj() * one.vectors, axis=0)), 1.0, rtol=1e-8)
    transposed = krylov_schur(here, 4, KEY, which="right", transposed=True, tolerance=1e-9)
    np.testing.assert_allclose(
        np.asarray(transposed.values)[:4].real, one.values[:4].real, rtol=1e-6
    )


def test_one_solver_serves_many_maps_and_questions() -> None:
    matrices = np.stack([random(31, seed) for seed in range(2)])
    looked: list[int] = []
    solver = EigenSolver(
        lambda matrix: SelfMap(lambda x: matrix @ x, jnp.ones(31)), each=looked.append
    )
    for matrix in matrices:
        for which in ("right", "modulus"):
            found = solver.leading(jnp.asarray(matrix), 3, which)
            assert looked[-1] == found.products
            exact = np.linalg.eigvals(matrix)
            gaps = np.abs(found.values[:, None] - exact[None]).min(axis=1)
            assert gaps.max() < 1e-4


def test_what_has_not_converged_is_kept_and_marked() -> None:
    crowded = np.diag(np.r_[9.0, np.linspace(1.0, 1.001, 199)])
    found = leading_eigenvalues(linear(crowded), 3, tolerance=1e-12, basis=8, restarts=4)
    assert found.converged.tolist() == [True, False, False]
    assert found.values[0] == pytest.approx(9.0)
    measured = np.linalg.norm(crowded @ found.vectors - found.vectors * found.values, axis=0)
    np.testing.assert_allclose(measured / 9, found.residuals, rtol=1e-3, atol=1e-13)
    with pytest.raises(ValueError, match=r"the eigen-solver found none of 3 eigenvalues to 1e-12"):
        leading_eigenvalues(linear(crowded[1:, 1:]), 3, tolerance=1e-12, basis=8, restarts=4)


def test_single_precision_states_its_own_rounding() -> None:
    with jax.enable_x64(False):
        matrix = random(53, 4).astype(np.float32)
        found = leading_eigenvalues(linear(matrix), 4, tolerance=1e-12, which="right")
    assert found.vectors.dtype == np.complex64
    exact = np.linalg.eigvals(matrix.astype(float))
    assert np.abs(found.values[:, None] - exact[None]).min(axis=1).max() < 1e-4
    assert 1e-8 < found.residuals.max() < 1e-5


def test_a_restart_keeps_pairs_together_and_a_krylov_decomposition() -> None:
    projected = np.vstack([random(14, 5), np.r_[np.zeros(13), 0.7]])
    for count in (2, 3, 4, 5):
        for which in WHICH:
            found = restart(projected, count, which)
            kept = int(found.kept)
            basis = found.rotation[:, :kept]
            np.testing.assert_allclose(basis.T @ basis, np.eye(kept), atol=1e-12)
            # S Z = Z T, and the last row is turned along.
            turned = projected[:14] @ basis
            np.testing.assert_allclose(turned, basis @ found.projected[:kept, :kept], atol=1e-12)
            np.testing.assert_allclose(0.7 * basis[13], found.projected[kept, :kept], atol=1e-12)
            values = (found.real + 1j * found.imaginary)[np.isfinite(found.real)]
            assert len(values) in (count, count + 1)
            assert set(np.round(values.conj(), 9)) == set(np.round(values, 9))
            exact = np.linalg.eigvals(projected[:14])
            ordered = [z[order_by(which, z)] for z in (values, exact)]
            # The members of a pair lead by equal rights.
            both = [z.real + 1j * np.abs(z.imag) for z in ordered]
            np.testing.assert_allclose(both[0], both[1][: len(values)], atol=1e-9)


@pytest.mark.parametrize(("options", "message"), [
    ({"which": "top"}, "which is 'top', but must be one of modulus"),
    ({"solver": "magic"}, "solver is 'magic', but must be one of krylov-schur, arpack"),
    ({"tolerance": -1.0}, "tolerance is -1.0, but must lie in"),
    ({"restarts": 0}, "restarts is 0, but must be at least 1"),
    ({"count": 8}, r"count is 8, but must lie in \[1, 7\] for 9 parameters"),
    ({"basis": 3}, "basis is 3, but must be at least 5"),
])  # fmt: skip
def test_refusals_are_one_sentence(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        leading_eigenvalues(linear(random(9)), **{"count": 2, **options})
    for function in (jnp.log, lambda x: jnp.sqrt(x + 1)):
        with pytest.raises(ValueError, match="not finite at this point"):
            leading_eigenvalues(SelfMap(function, -jnp.ones(6)), 2)
    two = "the map has 2 parameters, but the eigen-solver needs at least 3; use jgan.numerics.eigen"
    with pytest.raises(ValueError, match=two):
        leading_eigenvalues(linear(np.eye(2)), 1)
