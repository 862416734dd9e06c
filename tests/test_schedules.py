import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgan.schedules import cosine_schedule


@pytest.mark.parametrize(("start", "end"), [(0.05, 0.005), (0.0, 0.55), (0.9, 0.99)])
def test_a_cosine_is_that_of_the_authors_in_images(start, end):
    """Of n images in N: base + (1 - (1 + cos(πn / N)) / 2) (final - base), and final beyond N."""
    batch, total = 500, 20_000_000
    value = jax.jit(cosine_schedule(start, end, total // batch))
    for step in (0, 1, 9_000, 20_000, 39_999, 40_001, 200_000):
        share = min(step * batch / total, 1.0)
        expected = start + (1 - 0.5 * (1 + math.cos(math.pi * share))) * (end - start)
        assert float(value(jnp.array(step))) == pytest.approx(expected, rel=1e-5, abs=1e-7)


def test_it_is_even_about_the_middle():
    steps = jnp.arange(13)
    values = cosine_schedule(2.0, -4.0, 12)(steps)
    np.testing.assert_allclose(values + values[::-1], -2.0, rtol=1e-6)
    assert float(values[6]) == pytest.approx(-1.0)


def test_mistakes():
    for mistake, message in (
        (lambda: cosine_schedule(1.0, 0.0, 0), "steps is 0, but must be at least 1"),
        (lambda: cosine_schedule(float("nan"), 0.0, 5), "start is nan"),
        (lambda: cosine_schedule(1.0, True, 5), "end is True"),
    ):
        with pytest.raises(ValueError, match=message):
            mistake()
