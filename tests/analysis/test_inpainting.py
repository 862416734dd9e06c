import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgan.analysis.blending import poisson_blend
from jgan.analysis.inpainting import (
    context_loss,
    hole_psnr,
    importance,
    inpaint,
    logits_of_latents,
    make_mask,
    mean_fill,
)
from jgan.game import DISCRIMINATOR, GENERATOR
from jgan.gans.gan import gan
from jgan.gans.versus import versus
from jgan.latents import LatentLike, uniform
from jgan.losses import non_saturating
from jgan.networks import Network, dcgan_discriminator, dcgan_generator
from jgan.scene import Inputs, Meeting
from jgan.terms import adversarial

KEY = jax.random.key(0)
SHAPE = (8, 8, 1)


@pytest.fixture(scope="module")
def trained():
    """A game whose generator makes pictures of contrast, and pictures of its own."""
    discriminator = dcgan_discriminator(width=4)
    game = gan(dcgan_generator(SHAPE, width=8), discriminator, non_saturating(), uniform(6))
    batch = {"image": jnp.zeros((3, *SHAPE))}
    variables = game.init(KEY, batch)
    variables[GENERATOR]["params"] = jax.tree.map(lambda w: 8 * w, variables[GENERATOR]["params"])
    latent = game.sampler.latent(jax.random.key(8), batch)
    return game, variables, latent, {"image": game.sampler.generate(variables, (), latent)}


def counted(known, window):
    """The weights, pixel by pixel."""
    result = np.zeros(known.shape)
    half = window // 2
    for i, j in np.argwhere(known):
        near = known[max(0, i - half) : i + half + 1, max(0, j - half) : j + half + 1]
        result[i, j] = (~near).mean()
    return result


@pytest.mark.parametrize("window", [1, 3, 7])
def test_weights_are_shares_of_missing_neighbours(window):
    known = np.random.default_rng(0).random((9, 12)) < 0.6
    np.testing.assert_allclose(
        importance(jnp.asarray(known), window), counted(known, window), atol=1e-6
    )


def test_the_context_loss_is_a_weighted_sum():
    rng = np.random.default_rng(0)
    made, images = rng.normal(size=(2, 3, 4, 5, 3)).astype(np.float32)
    weights = rng.random((4, 5)).astype(np.float32)
    expected = (np.abs(made - images) * weights[:, :, None]).sum(axis=(1, 2, 3))
    found = context_loss(jnp.asarray(made), jnp.asarray(images), jnp.asarray(weights))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_masks():
    center = make_mask("center", 12, 8)
    assert center.shape == (12, 8)
    np.testing.assert_array_equal(np.argwhere(~center).min(0), [3, 2])
    np.testing.assert_array_equal(np.argwhere(~center).max(0), [8, 5])
    left = make_mask("left", 12, 8)
    assert not left[:, :4].any()
    assert left[:, 4:].all()
    random = make_mask("random", 100, 100)
    assert random.mean() == pytest.approx(0.2, abs=0.02)
    np.testing.assert_array_equal(random, make_mask("random", 100, 100))
    assert (random != make_mask("random", 100, 100, seed=1)).any()


@pytest.mark.parametrize("name", ["center", "left"])
def test_the_hole_is_filled_better_than_by_the_mean(trained, name):
    game, variables, _, batch = trained
    mask = jnp.asarray(make_mask(name, 8, 8))
    fill = jax.jit(
        lambda batch: inpaint(game, variables, batch, mask, KEY, steps=200, window=3, limit=1.0)
    )
    found = fill(batch)
    assert bool(jnp.all(found.context < 0.3 * found.start))
    filled = poisson_blend(batch["image"], found.generated, mask)
    gain = hole_psnr(filled, batch["image"], mask) - hole_psnr(
        mean_fill(batch["image"], mask), batch["image"], mask
    )
    assert bool(jnp.all(gain > 3))
    assert float(jnp.max(jnp.abs(found.search.latent))) <= 1


def test_what_lies_in_the_hole_has_no_influence(trained):
    game, variables, _, batch = trained
    mask = jnp.asarray(make_mask("center", 8, 8))
    spoiled = {"image": jnp.where(mask[:, :, None], batch["image"], jnp.nan)}
    fill = jax.jit(lambda batch: inpaint(game, variables, batch, mask, KEY, steps=5).generated)
    np.testing.assert_array_equal(fill(batch), fill(spoiled))


def test_the_prior_is_log_one_minus_d(trained):
    """The first losses of the search, from logits of the networks themselves."""
    game, variables, _, batch = trained
    mask = jnp.asarray(make_mask("left", 8, 8))
    found = inpaint(game, variables, batch, mask, KEY, steps=1, restarts=1, prior=0.25)
    made = game.sampler.generate(variables, (), found.search.start)
    discriminator = dcgan_discriminator(width=4)
    logits = np.asarray(discriminator.apply(variables[DISCRIMINATOR], made)[0], np.float64)
    start = context_loss(made, batch["image"], importance(mask))
    expected = np.asarray(start) + 0.25 * np.log(1 - 1 / (1 + np.exp(-logits)))
    np.testing.assert_allclose(found.search.history[0, 0], expected, rtol=1e-4)
    np.testing.assert_allclose(found.start, start, rtol=1e-5)


def test_a_strong_prior_raises_the_logits(trained):
    game, variables, _, batch = trained
    mask = jnp.asarray(make_mask("center", 8, 8))
    fill = jax.jit(
        lambda prior: (
            inpaint(
                game, variables, batch, mask, KEY, steps=60, restarts=1, prior=prior
            ).search.latent
        )
    )
    judge = lambda latent: float(
        jnp.mean(logits_of_latents(game, variables, batch, latent, jax.random.key(1)))
    )
    weak, strong = (judge(fill(jnp.asarray(weight))) for weight in (1e-6, 1e4))
    assert strong > weak + 0.01


def test_logits_do_not_depend_on_the_batch(trained):
    """Though the discriminator has batch normalisation, and training would use the batch's statistics."""
    game, variables, latent, batch = trained
    together = logits_of_latents(game, variables, batch, latent, KEY)
    single = logits_of_latents(game, variables, {"image": batch["image"][:1]}, latent[:1], KEY)
    np.testing.assert_allclose(together[:1], single, rtol=1e-5)


def test_psnr_and_mean_fill():
    known = np.ones((4, 4), bool)
    known[1:3, 1:3] = False
    images = np.random.default_rng(0).uniform(-1, 1, (2, 4, 4, 3)).astype(np.float32)
    filled = mean_fill(jnp.asarray(images), jnp.asarray(known))
    expected = images.copy()
    for n in range(2):
        for c in range(3):
            expected[n, 1:3, 1:3, c] = images[n, :, :, c][known].mean()
    np.testing.assert_allclose(filled, expected, atol=1e-6)
    squares = ((expected - images)[:, 1:3, 1:3] ** 2).reshape(2, -1).mean(1)
    np.testing.assert_allclose(
        hole_psnr(filled, jnp.asarray(images), jnp.asarray(known)),
        10 * np.log10(4 / squares),
        rtol=1e-5,
    )


def test_mistakes(trained):
    game, variables, _, batch = trained
    mask = jnp.asarray(make_mask("center", 8, 8))
    with pytest.raises(ValueError, match="mask is 'top', but must be one of center, left, random"):
        make_mask("top", 8, 8)
    with pytest.raises(ValueError, match="window is 4, but must be odd"):
        importance(mask, 4)
    with pytest.raises(ValueError, match="mask has shape"):
        inpaint(game, variables, batch, mask[:4], KEY)
    with pytest.raises(ValueError, match="generates from data alone"):
        inpaint(game._replace(sampler=None), variables, batch, mask, KEY)
    with pytest.raises(ValueError, match="no discriminator to ask; set prior to 0"):
        inpaint(game._replace(scene=None), variables, batch, mask, KEY, steps=1)
    found = inpaint(game._replace(scene=None), variables, batch, mask, KEY, steps=1, prior=0.0)
    assert found.generated.shape == batch["image"].shape


def other_game(**parts):
    """The trained game's networks under another meeting."""
    networks = dcgan_generator(SHAPE, width=8), parts.pop("judge", dcgan_discriminator(width=4))
    terms = parts.pop("terms", adversarial(non_saturating()))
    return versus(*networks, *terms, **{"latent": uniform(6), **parts})


def test_a_discriminator_that_cannot_tell_single_examples(trained):
    _, variables, latent, batch = trained
    one = Network(lambda key, x: {"params": {}}, lambda *_, **__: (jnp.zeros(1), {}))
    with pytest.raises(ValueError, match=r"logits of shape \(1,\) for 3 examples"):
        logits_of_latents(other_game(judge=one), variables, batch, latent, KEY)
    without_fakes = other_game(
        terms=(), meet=lambda make, batch, z, step: Meeting(real=Inputs(batch["image"]))
    )
    with pytest.raises(ValueError, match="is not shown fakes, so it cannot be asked"):
        logits_of_latents(without_fakes, variables, batch, latent, KEY)


def test_a_game_whose_latents_hold_more_judges_the_pictures(trained):
    game, variables, latent, batch = trained
    expected = logits_of_latents(game, variables, batch, latent, KEY)
    draw = game.sampler.latent
    more = other_game(
        latent=LatentLike(lambda key, batch: {"shown": draw(key, batch), "code": batch["image"]}),
        meet=lambda make, batch, z, step: Meeting(
            real=Inputs(batch["image"]), fake=Inputs(make(z["shown"]))
        ),
    )
    # As BiGAN's pairs.
    pairs = other_game(
        meet=lambda make, batch, z, step: Meeting(
            real=Inputs({"image": batch["image"], "latent": z}),
            fake=Inputs({"image": make(z), "latent": z}),
        ),
        present=lambda ask, inputs, group: ask(inputs.values["image"]),
        terms=(),
    )
    for same in (more._replace(sampler=game.sampler), pairs):
        found = logits_of_latents(same, variables, batch, latent, KEY)
        np.testing.assert_allclose(found, expected, rtol=1e-6)
