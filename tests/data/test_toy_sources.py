import re

import numpy as np
import pytest

from jgan.data import grid, load, mixture, ring, spiral, swiss_roll
from jgan.data import toy_sources as toys

TOYS = {
    "ring": ring,
    "grid": grid,
    "mixture": mixture,
    "spiral": spiral,
    "swiss_roll": swiss_roll,
}


def nearest(x, modes):
    distances = np.linalg.norm(x[:, None] - modes[None], axis=-1)
    return distances.argmin(1), distances.min(1)


def test_ring_has_eight_distinct_modes_on_the_circle():
    density = ring(10).density
    modes = np.asarray(density.modes)
    np.testing.assert_allclose(np.linalg.norm(modes, axis=1), 1, atol=1e-6)
    gaps = np.linalg.norm(modes - np.roll(modes, 1, axis=0), axis=1)
    np.testing.assert_allclose(gaps, 2 * np.sin(np.pi / 8), atol=1e-6)
    np.testing.assert_allclose(density.stds, 0.01)
    np.testing.assert_allclose(density.weights, 1 / 8)


def test_the_wgan_gp_ring():
    density = ring(10, radius=2 / 1.414, std=0.02 / 1.414).density
    np.testing.assert_allclose(np.linalg.norm(density.modes, axis=1), 1.41443, atol=1e-5)
    np.testing.assert_allclose(density.stds, 0.0141443, atol=1e-6)


def test_grid_modes_are_the_lattice():
    modes = {tuple(mode) for mode in np.asarray(grid(10).density.modes).tolist()}
    assert modes == {(x, y) for x in range(-4, 5, 2) for y in range(-4, 5, 2)}


@pytest.mark.parametrize("toy", [ring, grid])
def test_points_lie_around_their_modes(toy):
    source = toy(20_000)
    x, density = source.arrays["image"], source.density
    mode, distance = nearest(x, np.asarray(density.modes))
    np.testing.assert_array_equal(mode, source.arrays["label"])
    # A perfect generator is within three standard deviations with probability 1 - exp(-4.5).
    within = np.mean(distance < 3 * np.asarray(density.stds)[mode])
    assert within == pytest.approx(1 - np.exp(-4.5), abs=0.003)


@pytest.mark.parametrize("name", TOYS)
def test_toys_are_points_of_their_seed_and_split(name):
    toy = TOYS[name]
    source = toy(100, seed=3)
    x = source.arrays["image"]
    assert (source.name, x.shape, x.dtype) == (name, (100, 2), np.float32)
    np.testing.assert_array_equal(x, toy(100, seed=3).arrays["image"])
    assert not np.isin(x, toy(100, seed=4).arrays["image"]).any()
    assert not np.isin(x, toy(100, seed=3, split="test").arrays["image"]).any()
    log_density = source.density.log_density(x)
    assert log_density.shape == (100,)
    assert np.isfinite(log_density).all()


def test_seeds_of_a_mixture_share_the_centres_of_its_layout():
    first, second = mixture(10, seed=0), mixture(10, seed=1, split="test")
    np.testing.assert_array_equal(first.density.modes, second.density.modes)
    assert not np.array_equal(first.density.modes, mixture(10, layout=1).density.modes)


def test_modes_in_1200_dimensions():
    source = mixture(200, dimension=1200)
    assert source.density.modes.shape == (10, 1200)
    mode, distance = nearest(source.arrays["image"], np.asarray(source.density.modes))
    np.testing.assert_array_equal(mode, source.arrays["label"])
    assert distance.mean() == pytest.approx(0.05 * np.sqrt(1200), rel=0.01)


def test_the_default_is_100000_points():
    assert swiss_roll().size == 100_000


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ring(10, std=0.0), "std is 0.0; it must be positive."),
        (lambda: ring(0), "size is 0; it must be positive."),
        (lambda: grid(10, side=-1), "side is -1; it must be positive."),
        (lambda: mixture(10, dimension=0), "dimension is 0; it must be positive."),
        (lambda: spiral(10, turns=0), "turns is 0; it must be positive."),
        (lambda: swiss_roll(10, scale=float("nan")), "scale is nan; it must be positive."),
    ],
)
def test_impossible_toys_are_refused(call, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        call()


def test_more_points_than_fit_into_memory_are_refused(monkeypatch):
    # Sizes that no other test asks for, since what was loaded before is not drawn again.
    monkeypatch.setattr(toys, "available_bytes", lambda: 1e5)
    with pytest.raises(ValueError, match="size is 2003, but so many points do not fit into memory"):
        load("ring", size=2003)
    assert load("ring", size=1003).size == 1003
