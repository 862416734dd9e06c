"""Slant and stroke width of bars whose shape is known, and codes that set them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from jgan.claims.strokes import best_read_property, explained, slant, stroke_width
from jgan.data import load
from jgan.game import PLAYERS, Game, Sampler
from jgan.gans.infogan import Codes
from jgan.rules.rule import TrainState
from jgan.training.experiment import Experiment, Trained

CODES = Codes(categories=2, continuous=2, noise=1)


def bars(slopes, widths):
    """Soft bars of these slants and widths, ``(N, 28, 28, 1)``."""
    down, across = jnp.mgrid[:28, :28] - 13.5
    line = -jnp.asarray(slopes)[:, None, None] * down
    half = jnp.asarray(widths)[:, None, None] / 2
    inside = jax.nn.sigmoid(4 * (half - jnp.abs(across - line))) * (jnp.abs(down) < 10)
    return (2 * inside - 1)[..., None]


def test_shapes_of_known_bars():
    slopes, widths = np.array([-0.4, 0.0, 0.4]), np.array([3.0, 3.0, 3.0])
    np.testing.assert_allclose(slant(bars(slopes, widths)), slopes, atol=0.01)
    thick = stroke_width(bars(np.zeros(3), np.array([3.0, 5.0, 7.0])))
    # A bar of width w and length 20 has the area 20 w and the outline 2 (20 + w).
    np.testing.assert_allclose(thick, [20 * w / (20 + w) for w in (3, 5, 7)], rtol=0.1)
    nothing = np.full((1, 8, 8, 1), -1.0)
    assert slant(nothing) == stroke_width(nothing) == 0


def test_the_explained_share_is_that_of_a_regression_within_groups():
    generator = np.random.default_rng(0)
    codes, groups = generator.uniform(-1, 1, 300), generator.integers(0, 3, 300)
    values = codes + generator.normal(size=300) + 5 * groups
    parts = [[x[groups == g] - x[groups == g].mean() for g in range(3)] for x in (codes, values)]
    expected = stats.linregress(*(np.concatenate(part) for part in parts)).rvalue ** 2
    assert explained(codes, values, groups) == pytest.approx(expected)
    assert explained(codes, np.ones(300), groups) == 0


@pytest.mark.parametrize(("strength", "least", "most"), [(0.4, 0.95, 1.0), (0.0, 0.0, 0.05)])
def test_a_code_that_slants_is_found(strength, least, most):
    def generate(variables, condition, latent, **options):
        category, continuous = CODES.split(latent)
        slopes = strength * continuous[:, 1] + 0.05 * latent[:, -1]
        return bars(slopes, 2 + 2 * category[:, 1])

    draw = CODES.prior()
    sampler = Sampler(lambda key, batch: draw(key, len(batch["image"])), generate)
    game = Game(lambda key, batch: {}, {}, sampler=sampler)
    none = {player: {"params": {}} for player in PLAYERS}
    state = TrainState(jnp.zeros(()), jax.random.key(0), none, {}, {})
    trained = Trained(Experiment(game, None, load("fashion"), steps=1), state, [])
    assert least <= best_read_property(CODES, 500)(trained) <= most
