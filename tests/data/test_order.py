import itertools
import math
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from jgan.data import order
from jgan.data.order import check_batch_size, example_indices

KEY = jax.random.key(7)
WORDS = np.asarray(jax.random.key_data(KEY))


def host(step, batch_size, size, words=WORDS):
    return example_indices(words, step, batch_size, size, xp=np)


device = jax.jit(lambda *args: example_indices(KEY, *args), static_argnums=(1, 2))


def permutations(size, count, epoch_steps=1):
    """The first ``epoch_steps`` epochs under ``count`` keys, ``(count, epoch_steps, size)``."""
    words = jax.random.bits(jax.random.key(11), (count, 2), jnp.uint32)
    epochs = jnp.arange(epoch_steps)
    over_epochs = jax.vmap(lambda w, e: example_indices(w, e, size, size), (None, 0))
    return np.asarray(jax.jit(jax.vmap(over_epochs, (0, None)))(words, epochs))


def test_every_epoch_visits_every_example_once():
    for size, epoch in itertools.product([*range(1, 301), 60_000], (0, 3)):
        np.testing.assert_array_equal(np.sort(host(epoch, size, size)), np.arange(size))


@pytest.mark.parametrize(("batch_size", "size"), [(1, 1), (3, 7), (64, 100), (7, 7), (10, 15)])
def test_the_stream_is_the_concatenation_of_epochs(batch_size, size):
    steps = 4 * size
    stream = np.concatenate([host(step, batch_size, size) for step in range(steps)])
    for epoch in stream.reshape(-1, size):
        assert sorted(epoch.tolist()) == list(range(size))


def test_the_batch_size_does_not_change_the_order():
    small = np.concatenate([host(step, 5, 60) for step in range(36)])
    large = np.concatenate([host(step, 45, 60) for step in range(4)])
    np.testing.assert_array_equal(small, large)


@pytest.mark.parametrize(("batch_size", "size"), [(1, 1), (3, 5), (64, 1024), (256, 60_000)])
def test_numpy_and_jax_give_the_same_numbers(batch_size, size):
    def body(carry, step):
        return carry, example_indices(KEY, step, batch_size, size)

    steps = jnp.arange(40, dtype=jnp.int32)
    _, scanned = jax.jit(lambda: jax.lax.scan(body, 0, steps))()
    assert scanned.dtype == jnp.int32
    for step in range(40):
        on_host = host(step, batch_size, size)
        assert on_host.dtype == np.int32
        np.testing.assert_array_equal(on_host, scanned[step])
    np.testing.assert_array_equal(
        host(3, batch_size, size), example_indices(KEY, 3, batch_size, size)
    )


@pytest.mark.parametrize("step", [2**24, 2**31 - 1, 2**31 + 5, 2**32 - 1])
def test_positions_beyond_any_32_bit_integer(step):
    batch_size, size = 250, 1009
    first, start = divmod(step * batch_size, size)
    stream = np.concatenate([host(epoch, size, size) for epoch in (first, first + 1)])
    expected = stream[start : start + batch_size].tolist()
    assert host(step, batch_size, size).tolist() == expected
    on_device = device(jnp.asarray(step, jnp.uint32), batch_size, size)
    assert on_device.tolist() == expected


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_epoch_and_offset_agree_with_unbounded_integers(data):
    size = data.draw(st.integers(1, 2**31 - 1))
    batch_size = data.draw(st.integers(1, size))
    step = data.draw(st.integers(0, 2**32 - 1))
    epoch, start = order._locate(np.uint32(step), batch_size, size, np)
    assert (int(epoch[0]), int(start[0])) == divmod(step * batch_size, size)


def test_the_largest_size_stays_in_range():
    size = 2**31 - 1
    for step in (0, 12_345, 2**32 - 1):
        indices = host(step, 1000, size)
        assert indices.min() >= 0
        assert len(set(indices.tolist())) == 1000


@pytest.mark.parametrize("size", [2, 3, 4, 5])
def test_every_order_of_a_few_examples_is_equally_likely(size):
    orders = permutations(size, 60_000)[:, 0].astype(int)
    codes = sum(orders[:, i] * size**i for i in range(size))
    _, counts = np.unique(codes, return_counts=True)
    assert len(counts) == math.factorial(size)
    assert stats.chisquare(counts).pvalue > 1e-3


@pytest.mark.parametrize("size", [8, 13])
def test_every_example_is_equally_likely_at_every_place(size):
    orders = permutations(size, 20_000)[:, 0]
    for place in range(size):
        counts = np.bincount(orders[:, place], minlength=size)
        assert stats.chisquare(counts).pvalue > 1e-5


def test_neighbouring_places_are_jointly_uniform():
    orders = permutations(6, 60_000)[:, 0]
    pairs = np.bincount(orders[:, 2] * 6 + orders[:, 3], minlength=36).reshape(6, 6)
    assert stats.chisquare(pairs[~np.eye(6, dtype=bool)]).pvalue > 1e-3


def test_consecutive_epochs_and_keys_are_uncorrelated():
    size = 10_000
    first, second, third = (host(epoch, size, size) for epoch in range(3))
    other = host(0, size, size, np.asarray(jax.random.key_data(jax.random.key(8))))
    bound = 4.5 / math.sqrt(size)
    for a, b in [
        (first, second),
        (second, third),
        (first, other),
        (first, np.arange(size)),
        (first[1:], first[:-1]),
    ]:
        assert abs(np.corrcoef(a, b)[0, 1]) < bound
        # As many coincidences as between independent permutations: Poisson(1).
        assert np.count_nonzero(a == b) < 9


def test_the_number_of_fixed_points_between_epochs_is_poisson():
    orders = permutations(50, 500, epoch_steps=4)
    matches = (orders[:, 1:] == orders[:, :-1]).sum(-1).ravel()
    assert abs(matches.mean() - 1) < 0.12
    assert abs(matches.var() - 1) < 0.2


def test_keys_may_be_vmapped():
    keys = jax.random.split(KEY, 5)
    indices = jax.jit(lambda key: example_indices(key, 9, 16, 37))
    together = jax.vmap(indices)(keys)
    for key, row in zip(keys, together, strict=True):
        np.testing.assert_array_equal(row, indices(key))
    assert len({tuple(row.tolist()) for row in together}) == 5


@pytest.mark.parametrize("implementation", ["threefry2x32", "rbg"])
def test_every_word_of_the_key_matters(implementation):
    key = jax.random.key(3, impl=implementation)
    words = np.asarray(jax.random.key_data(key))
    reference = host(0, 50, 50, words)
    np.testing.assert_array_equal(example_indices(key, 0, 50, 50, xp=np), reference)
    for word in range(words.size):
        changed = words.copy()
        changed[word] ^= np.uint32(1)
        assert not np.array_equal(reference, host(0, 50, 50, changed))


def test_strict_promotion():
    with jax.numpy_dtype_promotion("strict"), jax.numpy_rank_promotion("raise"):
        jax.jit(lambda step: example_indices(KEY, step, 3, 10))(jnp.int32(1))


@pytest.mark.parametrize(
    ("batch_size", "size", "name", "message"),
    [
        (
            256,
            100,
            "x",
            "batch_size is 256, but the source 'x' has only 100 examples; use at most 100.",
        ),
        (3, 2, "", "batch_size is 3, but the source has only 2 examples; use at most 2."),
        (0, 2, "x", "batch_size is 0; it must be at least 1."),
        (1, 0, "x", "the source 'x' has 0 examples; the shuffle handles 1 to 2147483647."),
    ],
)
def test_impossible_batches_are_refused(batch_size, size, name, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        check_batch_size(batch_size, size, name)


def test_indices_refuse_impossible_batches():
    with pytest.raises(ValueError, match="batch_size is 256"):
        example_indices(KEY, 0, 256, 100)


@pytest.mark.parametrize("size", [60, 64, 100])
def test_the_rounds_end_in_a_loop_whatever_the_size(size):
    """Without one XLA writes the rounds out for every use of an index, and compiles without end."""
    indices = lambda step: example_indices(jax.random.key(0), step, 1, size)
    assert str(jax.make_jaxpr(indices)(0)).count("while") == 1
