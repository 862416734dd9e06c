"""pix2pixHD's two stages on linear networks, against sums written out."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from helpers import KEY, STEP, given

from jgan.data import Source
from jgan.game import DISCRIMINATOR, GENERATOR, PLAYERS
from jgan.gans.pix2pixhd import boundaries, pix2pixhd
from jgan.losses import least_squares
from jgan.networks import count_parameters
from jgan.networks.multiscale import half_size
from jgan.networks.resnet import resnet_generator
from jgan.rules import alternating
from jgan.terms.perceptual import perceptual
from jgan.training.experiment import Experiment
from jgan.training.fit import fit
from jgan.training.stages import Stage

RNG = np.random.default_rng(1)
A, B = RNG.normal(size=(2, 6, 4, 6, 1)).astype(np.float32)
BATCH = {"a": jnp.asarray(A), "b": jnp.asarray(B)}

GLOBAL = given(0.5, lambda w, x: {"picture": w * x, "features": 3 * x[..., :1]})
ENHANCER = given(2.0, lambda w, x, features: w * x + jnp.repeat(jnp.repeat(features, 2, 1), 2, 2))


def scales(w, x):
    """Two scales of a layer each, of an input beside its picture."""
    feature = 0.3 * x[..., :1] + w * x[..., -1:]
    return {
        "logit": (feature[..., 0], 2 * feature[..., 0]),
        "features": ((feature,), (5 * feature,)),
    }


def built(enhancer=None, **options):
    return pix2pixhd(GLOBAL, given(0.7, scales), least_squares(), enhancer=enhancer, **options)


def halved(x):
    """Means over 3x3 pixels around every second one, of those that there are."""
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=np.nan)
    rows, columns = range(0, x.shape[1], 2), range(0, x.shape[2], 2)
    means = [[np.nanmean(padded[:, i : i + 3, j : j + 3], (1, 2)) for j in columns] for i in rows]
    return np.asarray(means).transpose(2, 0, 1, 3)


def losses(given, real, fake, matching):
    judged = lambda picture: 0.3 * given + 0.7 * picture
    r, f = judged(real), judged(fake)
    square = lambda x: np.square(x).mean()
    against = sum(square(t * r - 1) + square(t * f) for t in (1, 2))
    fooling = sum(square(t * f - 1) for t in (1, 2))
    return against, fooling + matching * np.abs(r - f).mean() * (1 + 5) / 2


def test_halves_are_means():
    for shape in ((2, 4, 6, 1), (1, 5, 7, 2)):
        x = RNG.normal(size=shape).astype(np.float32)
        np.testing.assert_allclose(half_size(jnp.asarray(x)), halved(x), rtol=1e-5, atol=1e-6)


def test_the_coarse_stage_meets_at_half_the_size():
    game = built(matching=4.0)
    variables = game.init(KEY, BATCH)
    a, b = halved(A), halved(B)
    against, fooling = losses(a, b, 0.5 * a, 4.0)
    found = game.losses(variables, BATCH, KEY, STEP)
    assert float(found[DISCRIMINATOR][0]) == pytest.approx(against, rel=1e-5)
    assert float(found[GENERATOR][0]) == pytest.approx(fooling, rel=1e-5)
    made = game.sampler.generate(variables, {"a": BATCH["a"]}, ())
    np.testing.assert_allclose(made[:, ::2, 1::2], 0.5 * a, rtol=1e-5, atol=1e-6)
    assert made.shape == A.shape


def test_the_fine_stage_adds_to_the_features_of_the_coarse_one():
    game = built(ENHANCER, matching=4.0)
    variables = game.init(KEY, BATCH)
    fake = 2 * A + 3 * halved(A).repeat(2, 1).repeat(2, 2)
    against, fooling = losses(A, B, fake, 4.0)
    found = game.losses(variables, BATCH, KEY, STEP)
    assert float(found[DISCRIMINATOR][0]) == pytest.approx(against, rel=1e-5)
    assert float(found[GENERATOR][0]) == pytest.approx(fooling, rel=1e-5)
    (way,) = game.sampler.translations.values()
    np.testing.assert_allclose(way.translate(variables, BATCH["a"]), fake, rtol=1e-5)


def test_the_second_stage_inherits_the_first():
    source = Source({"a": A, "b": B}, "noise", example="b")
    rule = lambda game: alternating(game, dict.fromkeys(PLAYERS, optax.sgd(0.01)))
    stages = [Stage(game, rule(game), source, 2, 6) for game in (built(), built(ENHANCER))]
    coarse = fit(Experiment.of_stages(stages[0]), 0).state.variables
    whole = Experiment.of_stages(*stages)
    begun = fit(whole.resized(3), 0).state.variables
    assert set(begun[GENERATOR]["params"]) == {"global", "enhancer"}
    moved = begun[GENERATOR]["params"]["global"] - coarse[GENERATOR]["params"]["global"]
    # The picture of the global generator is not used any more, only its features are.
    assert float(jnp.abs(moved).max()) == 0
    assert float(begun[GENERATOR]["params"]["enhancer"]) != 2.0


def test_boundaries_are_pixels_with_another_object_beside_them():
    objects = np.zeros((1, 5, 6), np.int32)
    objects[0, 1:3, 2:4] = 7
    found = np.asarray(boundaries(jnp.asarray(objects)))[0, :, :, 0]
    expected = np.zeros((5, 6))
    for i in range(5):
        for j in range(6):
            for di, dj in ((0, 1), (1, 0), (0, -1), (-1, 0)):
                y, x = i + di, j + dj
                if 0 <= y < 5 and 0 <= x < 6 and objects[0, y, x] != objects[0, i, j]:
                    expected[i, j] = 1
    np.testing.assert_array_equal(found, expected)


def test_maps_with_objects():
    mask = RNG.integers(0, 3, (6, 4, 6)).astype(np.int32)
    batch = {
        "image": BATCH["b"],
        "mask": jnp.asarray(mask),
        "instance_mask": jnp.asarray(mask // 2),
    }
    seen = []
    maker = given(
        0.5, lambda w, x: seen.append(x.shape) or {"picture": w * x[..., :1], "features": x}
    )
    game = pix2pixhd(maker, given(0.7, scales), least_squares(), labels=3)
    variables = game.init(KEY, batch)
    dict(game.losses(variables, batch, KEY, STEP))
    assert {shape[1:] for shape in seen} == {(2, 3, 4)}
    assert list(game.sampler.translations) == ["mask-to-image"]


def test_a_perceptual_term_compares_features():
    extract = lambda x: {"one": x**2, "two": jnp.mean(x, axis=(1, 2))}
    game = built(matching=0.0, adversarial_weight=0.0).add(
        perceptual(extract, 3.0, leaves={"one": 0.5, "two": 2.0})
    )
    variables = game.init(KEY, BATCH)
    a, b = 0.5 * halved(A), halved(B)
    expected = 0.5 * np.abs(a**2 - b**2).mean() + 2 * np.abs((a - b).mean(axis=(1, 2))).mean()
    loss = game.losses(variables, BATCH, KEY, STEP)[GENERATOR][0]
    assert float(loss) == pytest.approx(3 * expected, rel=1e-5)


def test_generators_have_as_many_parameters_as_their_layers():
    """Of the authors' for the 36 planes of Cityscapes, and an enhancer."""
    shape = lambda *sides: jax.ShapeDtypeStruct(sides, jnp.float32)
    conv = lambda size, into, out: size**2 * into * out + out
    whole = resnet_generator(3, halvings=4, answers=True)
    variables = jax.eval_shape(whole.init, KEY, shape(1, 64, 64, 36))
    widths = [64, 128, 256, 512, 1024]
    steps = sum(conv(3, a, b) + conv(3, b, a) for a, b in itertools.pairwise(widths))
    expected = conv(7, 36, 64) + steps + 18 * conv(3, 1024, 1024) + conv(7, 64, 3)
    assert count_parameters(variables) == expected == 182_546_755
    answers, _ = jax.eval_shape(whole.apply, variables, shape(1, 64, 64, 36))
    assert answers["features"].shape == (1, 64, 64, 64)
    fine = resnet_generator(3, halvings=1, blocks=3, width=32)
    inputs = shape(1, 128, 128, 36), shape(1, 64, 64, 64)
    expected = conv(7, 36, 32) + 2 * conv(3, 32, 64) - 32 + 6 * conv(3, 64, 64) + conv(7, 32, 3)
    assert count_parameters(jax.eval_shape(fine.init, KEY, *inputs)) == expected
    with pytest.raises(
        ValueError, match=r"features of shape \(64, 64, 32\) are to be added to map"
    ):
        jax.eval_shape(fine.init, KEY, inputs[0], shape(1, 64, 64, 32))
