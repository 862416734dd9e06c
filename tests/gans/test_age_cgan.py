"""Face aging: L-BFGS against closed forms, the encoder's loss, and a generator that is held beside it."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from helpers import KEY, STEP, assert_same, given

from jgan.data import Source
from jgan.game import GENERATOR, PLAYERS
from jgan.gans.age_cgan import age_cgan, minimise_by_lbfgs, preserve_identity
from jgan.gans.conditional import conditional
from jgan.latents import normal
from jgan.losses import non_saturating
from jgan.rules import alternating, averaged
from jgan.training.carries import as_part, compose, freeze, inherit
from jgan.training.experiment import Experiment
from jgan.training.fit import fit
from jgan.training.stages import Stage

RNG = np.random.default_rng(5)
LATENT, AGES, SHAPE = 3, 2, (2, 3, 1)
MATRIX = RNG.normal(size=(LATENT, 6)).astype(np.float32)
SHIFTS = RNG.normal(size=(AGES, 6)).astype(np.float32)
IMAGE = RNG.normal(size=(4, *SHAPE)).astype(np.float32)
LABEL = np.asarray([0, 1, 1, 0], np.int32)
BATCH = {"image": jnp.asarray(IMAGE), "label": jnp.asarray(LABEL)}
PARAMS = {"matrix": MATRIX, "shifts": SHIFTS}
MAKER = given(PARAMS, lambda w, z, y: (z @ w["matrix"] + w["shifts"][y]).reshape(-1, *SHAPE))
ENCODER = given(0.1 * MATRIX.T, lambda w, x: x.reshape(len(x), -1) @ w)
PIXELS = lambda x: x


def built(steps=20, maker=MAKER):
    return age_cgan(maker, ENCODER, normal(LATENT), AGES, PIXELS, steps=steps)


def nearest_latents(pictures, label):
    flat = pictures.reshape(len(pictures), -1) - SHIFTS[label]
    return np.linalg.lstsq(MATRIX.T, flat.T)[0].T


def rosenbrock(x, power):
    return jnp.sum(power * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def test_lbfgs_finds_the_minimum_of_a_curved_valley():
    starts = jnp.asarray([[-1.2, 1.0, -0.5], [0.3, 2.0, 1.0]])
    powers = jnp.asarray([100.0, 10.0])
    search = jax.jit(lambda starts: minimise_by_lbfgs(rosenbrock, starts, powers, steps=60))
    found = search(starts)
    np.testing.assert_allclose(found.latent, np.ones((2, 3)), atol=1e-2)
    assert found.losses.shape == (2, 61)
    expected = [rosenbrock(x, p) for x, p in zip(starts, powers, strict=True)]
    np.testing.assert_allclose(found.losses[:, 0], expected, rtol=1e-6)
    least = jax.vmap(rosenbrock)(found.latent, powers)
    np.testing.assert_allclose(least, found.losses.min(axis=1), rtol=1e-4, atol=1e-9)
    # A row does not depend on the others.
    other = search(starts.at[0].set(2.0))
    np.testing.assert_allclose(other.latent[1], found.latent[1], rtol=1e-5)


def test_identity_is_preserved_as_the_recogniser_sees_it():
    """Of a linear generator and recogniser the latent is that of least squares."""
    seen = np.float32([[1, 0, 2, 0, 0, 1], [0, 1, 0, 3, 1, 0], [0, 0, 1, 0, 1, 0]]).T
    recognise = lambda x: x.reshape(len(x), -1) @ seen
    params = jax.tree.map(jnp.asarray, PARAMS)
    generate = lambda y, z: MAKER.apply({"params": params}, z, y)[0]
    first = jnp.zeros((4, LATENT))
    found = preserve_identity(generate, recognise, IMAGE, LABEL, first, steps=40)
    wanted = (IMAGE.reshape(4, 6) - SHIFTS[LABEL]) @ seen
    expected = np.linalg.solve((MATRIX @ seen).T, wanted.T).T
    np.testing.assert_allclose(found.latent, expected, rtol=1e-2, atol=1e-2)


def test_the_encoder_pays_for_its_error():
    game = built()
    variables = game.init(KEY, BATCH)
    scene = game.scene(variables, BATCH, KEY, STEP)
    z = np.asarray(scene.latent)
    code = (z @ MATRIX + SHIFTS[LABEL]) @ (0.1 * MATRIX.T)
    loss = game.losses(variables, BATCH, KEY, STEP)[GENERATOR][0]
    assert float(loss) == pytest.approx(np.square(z - code).mean(), rel=1e-5)
    np.testing.assert_allclose(
        game.sampler.encode(variables, BATCH["image"]),
        IMAGE.reshape(4, 6) @ (0.1 * MATRIX.T),
        rtol=1e-5,
    )


def test_persons_are_shown_at_all_ages():
    variables = built().init(KEY, BATCH)
    shown = lambda steps: built(steps).views["ages"](variables, BATCH, KEY)
    latent = nearest_latents(IMAGE, LABEL)
    expected = np.stack([latent @ MATRIX + shift for shift in SHIFTS], axis=1)
    np.testing.assert_allclose(shown(30).reshape(4, AGES, 6), expected, atol=1e-2)
    code = IMAGE.reshape(4, 6) @ (0.1 * MATRIX.T)
    expected = np.stack([code @ MATRIX + shift for shift in SHIFTS], axis=1)
    np.testing.assert_allclose(shown(0).reshape(4, AGES, 6), expected, rtol=1e-4, atol=1e-5)


def test_the_generator_is_held_while_the_encoder_learns():
    source = Source({"image": IMAGE, "label": LABEL}, "pictures")
    rule = lambda game: averaged(alternating(game, dict.fromkeys(PLAYERS, optax.adam(0.05))), 0.5)
    judge = given(MATRIX[0], lambda w, x, y: x.reshape(len(x), -1) @ w)
    first, second = conditional(MAKER, judge, non_saturating(), normal(LATENT)), built()
    carry = as_part("generator", compose(inherit(), freeze("generator/generator")))
    stages = (
        Stage(first, rule(first), source, 3, 4),
        Stage(second, rule(second), source, 40, 4, carry),
    )
    past = fit(Experiment.of_stages(stages[0]), 0).state
    end = fit(Experiment.of_stages(*stages), 0)
    own = end.state.variables[GENERATOR]
    assert_same(own["frozen"]["generator"], past.averages[GENERATOR]["params"])
    assert set(own["params"]) == {"encoder"}
    losses = [row["generator/latent_error"] for row in end.history[1:]]
    assert losses[-1] < losses[0] or len(losses) == 1
    assert float(jnp.abs(own["params"]["encoder"] - 0.1 * MATRIX.T).max()) > 0.1


def test_codes_are_latents():
    wrong = given(MATRIX.T[:, :2], lambda w, x: x.reshape(len(x), -1) @ w)
    game = age_cgan(MAKER, wrong, normal(LATENT), AGES, PIXELS)
    with pytest.raises(
        ValueError,
        match=r"^the encoder returns codes of shape \(2,\), but latents have \(3,\); they",
    ):
        game.init(KEY, BATCH)
    with pytest.raises(ValueError, match=r"^steps is -1, but must be at least 0"):
        built(-1)
