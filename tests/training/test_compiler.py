"""Which library computes a program's products, and that freed memory is kept."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgan.convolution.convolution import conv
from jgan.training import compiler
from jgan.training.compiler import Program, compiled_sooner, keep_freed_memory


def products(count, width, *, loop=True):
    """Two layers on ``count`` examples, in a loop or not."""

    def program(x, k):
        layer = lambda x: jnp.tanh(x @ k @ k)
        return jax.lax.fori_loop(0, 3, lambda _, x: layer(x), x) if loop else layer(x)

    return program, jnp.ones((count, width)), jnp.ones((width, width)) / width


def uses_eigen(program, *arguments, **options):
    chosen = Program(program, **options)
    text = chosen.lower(*arguments).compile().as_text()
    assert np.isfinite(np.asarray(chosen(*arguments))).all()
    return "ynn" not in text


# Where XLA has no YNNPACK every program uses Eigen.
ALWAYS_EIGEN = (
    "ynn" not in jax.jit(jnp.dot).lower(jnp.ones((64, 64)), jnp.ones((64, 64))).compile().as_text()
)


@pytest.mark.parametrize(("count", "width", "eigen"), [(256, 64, True), (128, 64, False)])
@pytest.mark.parametrize("loop", [True, False])
def test_long_products_go_to_eigen(count, width, eigen, loop):
    assert uses_eigen(*products(count, width, loop=loop)) == (eigen or ALWAYS_EIGEN)


def test_a_program_with_a_convolution_keeps_the_default():
    program, x, k = products(256, 64)
    image, kernel = jnp.ones((1, 6, 6, 2)), jnp.ones((3, 3, 2, 2))
    both = lambda x, k: program(x, k) + conv(image, kernel).sum()
    assert uses_eigen(both, x, k) == ALWAYS_EIGEN


def test_a_program_without_products():
    assert not compiler._has_long_products(jax.make_jaxpr(jnp.tanh)(1.0))


def test_batched_products_count_by_their_own_sizes():
    many = jax.make_jaxpr(jax.vmap(jnp.dot))(jnp.ones((9, 64, 8)), jnp.ones((9, 8, 8)))
    assert compiler._has_long_products(many)
    square = jax.make_jaxpr(jax.vmap(jnp.dot))(jnp.ones((64, 8, 8)), jnp.ones((64, 8, 8)))
    assert not compiler._has_long_products(square)


def test_an_unknown_option_changes_nothing(monkeypatch):
    monkeypatch.setattr(compiler, "_EIGEN", {"xla_cpu_no_such_option": ""})
    compiler._eigen_can_be_chosen.cache_clear()
    try:
        program, x, k = products(256, 64)
        np.testing.assert_array_equal(Program(program)(x, k), jax.jit(program)(x, k))
    finally:
        compiler._eigen_can_be_chosen.cache_clear()


def test_options_of_jit_are_kept():
    program, x, k = products(256, 64)
    Program(program, donate_argnums=0)(x, k)
    assert x.is_deleted()


def test_freed_memory_is_kept(monkeypatch):
    calls = []

    class Library:
        @staticmethod
        def mallopt(name, value):
            calls.append((name, value))
            return 1

    monkeypatch.setattr(compiler.ctypes, "CDLL", lambda name: Library)
    assert keep_freed_memory()
    # M_MMAP_MAX, M_TRIM_THRESHOLD and M_TOP_PAD of <malloc.h>.
    assert dict(calls) == {-4: 0, -1: 2**31 - 1, -2: 2**26}


@pytest.mark.parametrize("error", [OSError, TypeError])
def test_another_c_library_is_left_alone(monkeypatch, error):
    def no_library(name):
        raise error

    monkeypatch.setattr(compiler.ctypes, "CDLL", no_library)
    assert not keep_freed_memory()
    monkeypatch.setattr(compiler.ctypes, "CDLL", lambda name: object())
    assert not keep_freed_memory()


def test_what_runs_once_is_compiled_sooner_to_the_same_bits(monkeypatch):
    assert compiled_sooner() == {}  # the tests have chosen a level
    monkeypatch.delenv("XLA_FLAGS")
    draw = lambda: jax.random.normal(jax.random.key(0), (1000,))
    usual = {"xla_backend_optimization_level": 3}
    sooner, later = (
        jax.jit(draw, compiler_options=options)() for options in (compiled_sooner(), usual)
    )
    assert compiled_sooner() == {"xla_backend_optimization_level": 1}
    np.testing.assert_array_equal(sooner, later)
