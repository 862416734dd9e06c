"""SPADE's game on linear networks, against sums written out."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import KEY, STEP, given

from jgan.game import DISCRIMINATOR, GENERATOR
from jgan.gans.spade import spade

RNG = np.random.default_rng(1)
IMAGE = RNG.normal(size=(6, 4, 5, 1)).astype(np.float32)
MASK = RNG.integers(0, 3, (6, 4, 5)).astype(np.int32)
BATCH = {"image": jnp.asarray(IMAGE), "mask": jnp.asarray(MASK)}
LEVELS = np.float32([0.5, -1.0, 2.0])


def paint(w, maps, *z):
    """A level for each label, and the sum of the style everywhere."""
    plain = (maps @ w)[..., None]
    return plain + sum(style.sum(axis=1)[:, None, None, None] for style in z)


def scales(w, x):
    """Two scales of one layer each, of a map of three labels beside a picture."""
    feature = 0.3 * x[..., :1] + w * x[..., -1:]
    small = feature[:, ::2, ::2]
    return {
        "logit": (feature[..., 0], 2 * small[..., 0]),
        "features": ((feature, 3 * feature), (small,)),
    }


ENCODER = given(0.1, lambda w, x: {"mean": w * x[:, :2, 0, 0], "std": 1 + 0 * x[:, :2, 0, 0]})


def built(**options):
    return spade(given(LEVELS, paint), given(0.7, scales), 3, **options)


def judged(picture):
    feature = 0.3 * (MASK == 0)[..., None] + 0.7 * picture
    return feature, feature[:, ::2, ::2]


def test_it_is_the_papers_objective():
    game = built(matching=5.0)
    variables = game.init(KEY, BATCH)
    found = game.losses(variables, BATCH, KEY, STEP)
    fake = LEVELS[MASK][..., None]
    (real_1, real_2), (fake_1, fake_2) = judged(IMAGE), judged(fake)
    relu = lambda x: np.maximum(x, 0)
    hinge = lambda real, fake: relu(1 - real).mean() + relu(1 + fake).mean()
    expected = 0.5 * (hinge(real_1, fake_1) + hinge(2 * real_2, 2 * fake_2))
    assert float(found[DISCRIMINATOR][0]) == pytest.approx(expected, rel=1e-5)
    gap_1, gap_2 = np.abs(real_1 - fake_1).mean(), np.abs(real_2 - fake_2).mean()
    expected = -0.5 * (fake_1.mean() + 2 * fake_2.mean()) + 5 * (gap_1 + 3 * gap_1 + gap_2) / 2
    assert float(found[GENERATOR][0]) == pytest.approx(expected, rel=1e-5)
    made = game.sampler.generate(variables, BATCH["mask"], ())
    np.testing.assert_allclose(made, fake, rtol=1e-6)
    names = {term.name for term in built(matching=0.0).composition.terms}
    assert names == {"adversarial"}


def test_a_style_is_drawn_from_what_the_encoder_says():
    game = built(encoder=ENCODER, style=2, kl=0.25, matching=0.0)
    variables = game.init(KEY, BATCH)
    scene = game.scene(variables, BATCH, KEY, STEP)
    code, noise = 0.1 * IMAGE[:, :2, 0, 0], np.asarray(scene.latent)
    assert noise.shape == (6, 2)
    expected = LEVELS[MASK] + (code + noise).sum(axis=1)[:, None, None]
    np.testing.assert_allclose(scene.meeting["fake"].values[..., 0], expected, rtol=1e-5)
    aux = game.losses(variables, BATCH, KEY, STEP)[GENERATOR][1]
    divergence = 0.5 * np.square(code).sum(axis=1).mean()
    assert float(aux.metrics["kl"]) == pytest.approx(0.25 * divergence, rel=1e-4)
    rebuilt = game.views["reconstructions"](variables, BATCH, KEY)
    np.testing.assert_allclose(
        rebuilt[..., 0], LEVELS[MASK] + code.sum(axis=1)[:, None, None], rtol=1e-5, atol=1e-6
    )
    np.testing.assert_allclose(game.sampler.encode(variables, BATCH["image"]), code, rtol=1e-6)


def test_maps_of_other_sizes_are_translated_in_styles_that_a_key_draws():
    game = built(encoder=ENCODER, style=2)
    variables = game.init(KEY, BATCH)
    (way,) = game.sampler.translations.values()
    mask = jnp.asarray(RNG.integers(0, 3, (2, 7, 3)).astype(np.int32))
    assert (way.field, way.labels, way.labelled) == ("mask", 3, False)
    plain = way.translate(variables, mask)
    np.testing.assert_allclose(plain[..., 0], LEVELS[np.asarray(mask)], rtol=1e-6)
    first, again, other = (way.translate(variables, mask, (), jax.random.key(n)) for n in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert float(jnp.abs(first - other).max()) > 0.01
    assert bool(jnp.isnan(way.translate(variables, mask + 1)).any())


def test_the_discriminator_need_not_see_the_map():
    judge = given(0.7, lambda w, x: {"logit": w * x[..., 0], "features": (w * x,)})
    game = spade(given(LEVELS, paint), judge, 3, conditional=False)
    dict(game.losses(game.init(KEY, BATCH), BATCH, KEY, STEP))


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        ({"image": BATCH["image"]}, r"the data have image float32\(4, 5, 1\), but this game needs"),
        (
            {**BATCH, "mask": BATCH["mask"][:, :3]},
            "of the same size, labels of all pixels in the fi",
        ),
        ({**BATCH, "mask": BATCH["mask"] + 0.5}, r"mask float32\(4, 5\), but this game needs"),
    ],
)
def test_maps_are_asked_for(batch, message):
    with pytest.raises(ValueError, match=message):
        built().init(KEY, batch)


def test_styles_have_one_size():
    with pytest.raises(
        ValueError, match=r"codes of shape \(2,\), but latent is 3; they must agree"
    ):
        built(encoder=ENCODER, style=3).init(KEY, BATCH)
