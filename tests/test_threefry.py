"""Random numbers drawn without a loop against JAX's own."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgan.threefry import unrolled

KEY = jax.random.key(7)


@pytest.mark.parametrize("shape", [(), (1,), (5,), (64, 8), (3, 4, 5, 2), (0, 2)])
@pytest.mark.parametrize("dtype", [jnp.uint8, jnp.uint16, jnp.uint32])
def test_the_same_bits(shape, dtype):
    ours = jax.random.bits(unrolled(KEY), shape, dtype)
    assert ours.dtype == dtype
    np.testing.assert_array_equal(ours, jax.random.bits(KEY, shape, dtype))


def test_a_published_vector():
    # Random123's known answers for threefry2x32 with 20 rounds: counter and key of pi's digits.
    from jgan.threefry import _hash

    words = [jnp.uint32(word) for word in (0x13198A2E, 0x03707344, 0x243F6A88, 0x85A308D3)]
    assert [int(word) for word in _hash(*words)] == [0xC4923A9C, 0x483DF7A0]


def test_normal_and_uniform_numbers():
    for draw in (jax.random.normal, jax.random.uniform):
        np.testing.assert_allclose(
            draw(unrolled(KEY), (64, 32)), draw(KEY, (64, 32)), rtol=1e-5, atol=1e-7
        )


def test_under_vmap_and_jit():
    keys = jax.random.split(KEY, 3)
    draw = lambda key: jax.random.bits(unrolled(key), (4,))
    expected = [jax.random.bits(key, (4,)) for key in keys]
    np.testing.assert_array_equal(jax.jit(jax.vmap(draw))(keys), np.stack(expected))


def test_no_loop_is_left():
    text = jax.jit(lambda key: jax.random.normal(unrolled(key), (8,))).lower(KEY).as_text()
    assert "while" not in text
    assert "threefry" not in text


def test_keys_derived_from_an_unrolled_one_are_the_same():
    derived = jax.random.fold_in(unrolled(KEY), 3), jax.random.split(unrolled(KEY), 2)
    expected = jax.random.fold_in(KEY, 3), jax.random.split(KEY, 2)
    for a, b in zip(derived, expected, strict=True):
        np.testing.assert_array_equal(jax.random.key_data(a), jax.random.key_data(b))


def test_other_generators_are_left_alone():
    key = jax.random.key(0, impl="rbg")
    assert unrolled(key) is key


def test_without_the_partitionable_generator_the_key_is_left_alone():
    with jax.threefry_partitionable(False):
        assert unrolled(KEY) is KEY
