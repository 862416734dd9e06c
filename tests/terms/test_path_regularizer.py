import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import KEY, STEP, given

from jgan.game import GENERATOR
from jgan.gans.stylegan import stylegan
from jgan.losses import non_saturating
from jgan.terms.path_regularizer import path_lengths, path_regularizer

MATRIX = np.random.default_rng(0).normal(size=(3, 16)).astype(np.float32)
BATCH = {"image": jnp.zeros((400, 4, 4, 1))}


def linear(scale):
    """Styles are latents, images a linear map of them."""
    mapping = given({}, lambda own, z: {"styles": z[:, None], "mean": jnp.zeros(3)})
    synthesis = given(
        jnp.float32(scale), lambda own, w, noise=1.0: own * (w[:, 0] @ MATRIX).reshape(-1, 4, 4, 1)
    )
    judge = given({}, lambda own, x: jnp.mean(x, axis=(1, 2, 3)))
    return stylegan(mapping, synthesis, judge, non_saturating(), 3)


def test_path_lengths_of_a_linear_map():
    """E‖Aᵀy‖² = ‖A‖²_F, whatever the styles; over several styles it is their mean."""
    noise = jax.random.normal(KEY, (20_000, 16))
    found = path_lengths(lambda w: w @ MATRIX, jnp.zeros((20_000, 3)), noise)
    np.testing.assert_allclose(found, np.linalg.norm(noise @ MATRIX.T, axis=1), rtol=1e-5)
    assert float(jnp.mean(found**2)) == pytest.approx(np.sum(MATRIX**2), rel=0.02)
    twice = lambda w: (w[:, 0] + w[:, 1]) @ MATRIX
    np.testing.assert_allclose(path_lengths(twice, jnp.zeros((20_000, 2, 3)), noise), found)
    assert not np.any(path_lengths(lambda w: 0 * w, jnp.ones((4, 3)), jnp.ones((4, 3))))


def test_the_term_of_a_linear_generator():
    scale = 1.7
    game = linear(scale).add(path_regularizer(3.0, decay=0.75, shrink=4))
    variables = game.init(KEY, BATCH)
    memory = lambda own: own["terms"]["path_regularizer"]["mean"]
    assert float(memory(variables[GENERATOR])) == 0

    @jax.jit
    def play(scale, mean):
        own = {**variables[GENERATOR], "terms": {"path_regularizer": {"mean": mean}}}
        own["params"] = {**own["params"], "synthesis": scale}
        _, aux = game.losses({**variables, GENERATOR: own}, BATCH, KEY, STEP)[GENERATOR]
        return aux.metrics["path_regularizer"], aux

    value, aux = play(scale, jnp.float32(2.0))
    length = float(aux.metrics["path_length"])
    # y is divided by the root of 16 pixels.
    many = np.random.default_rng(1).normal(size=(20_000, 16)) / 4
    expected = scale * np.linalg.norm(many @ MATRIX.T, axis=1).mean()
    assert length == pytest.approx(expected, rel=0.15)
    anchor = 0.75 * 2 + 0.25 * length
    assert float(memory(aux.state)) == pytest.approx(anchor, rel=1e-5)
    # For lengths proportional to the scale the penalty is a quadratic in it, the anchor being held.
    slope = float(jax.grad(lambda scale: play(scale, jnp.float32(2.0))[0])(scale))
    squares = (float(value) / 3 - anchor**2 + 2 * anchor * length) / scale**2
    assert slope == pytest.approx(3 * (2 * squares * scale - 2 * anchor * length / scale), rel=1e-4)


def test_mistakes():
    with pytest.raises(ValueError, match=r"decay is 1\.0"):
        path_regularizer(decay=1.0)
    with pytest.raises(ValueError, match="shrink is 0"):
        path_regularizer(shrink=0)
    with pytest.raises(ValueError, match="weight is -1"):
        path_regularizer(-1)
