import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgan.analysis.inversion import (
    bound_of_prior,
    draw_starts,
    invert,
    mean_square,
    minimise,
)
from jgan.game import Sampler
from jgan.gans.gan import gan
from jgan.latents import normal, uniform
from jgan.losses import non_saturating
from jgan.networks import dcgan_discriminator, dcgan_generator, mlp_discriminator, mlp_generator

KEY = jax.random.key(0)


def small(prior=None, shape=(8, 8, 1)):
    networks = dcgan_generator(shape, width=8), dcgan_discriminator(width=4)
    game = gan(*networks, non_saturating(), prior or uniform(6))
    variables = game.init(KEY, {"image": jnp.zeros((2, *shape))})
    # At initialisation the pictures are nearly grey; a trained generator's are not.
    louder = jax.tree.map(lambda w: 8 * w, variables["generator"]["params"])
    variables["generator"]["params"] = louder
    return game, variables


def made(game, variables, count=3):
    batch = {"image": jnp.zeros((count, 8, 8, 1))}
    latent = game.sampler.latent(jax.random.key(5), batch)
    return latent, {"image": game.sampler.generate(variables, (), latent)}


@pytest.mark.parametrize("prior", [uniform(6), normal(6)])
def test_what_the_generator_made_is_found_again(prior):
    game, variables = small(prior)
    _, batch = made(game, variables)
    assert float(jnp.std(batch["image"])) > 0.1
    limit = bound_of_prior(game.sampler, batch, KEY)
    find = jax.jit(
        lambda batch: invert(
            game.sampler, variables, batch, KEY, steps=300, learning_rate=0.1, limit=limit
        )
    )
    found = find(batch)
    again = game.sampler.generate(variables, (), found.latent)
    l1 = np.abs(np.asarray(again - batch["image"])).mean(axis=(1, 2, 3))
    assert l1.max() < 0.02
    np.testing.assert_allclose(found.loss, l1, atol=1e-5)
    start = game.sampler.generate(variables, (), found.start)
    assert float(jnp.mean(jnp.abs(start - batch["image"]))) > 5 * l1.max()


def test_a_linear_generator_has_the_least_squares_latent():
    weights = jax.random.normal(KEY, (3, 10))
    sampler = Sampler(
        lambda key, batch: jax.random.normal(key, (len(batch["image"]), 3)),
        lambda variables, condition, z: z @ variables,
    )
    images = jax.random.normal(jax.random.key(1), (4, 10))
    find = lambda **more: invert(
        sampler, weights, {"image": images}, KEY, distance="l2", steps=600, **more
    )
    expected = np.linalg.lstsq(np.asarray(weights).T, np.asarray(images).T, rcond=None)[0].T
    np.testing.assert_allclose(find().latent, expected, atol=1e-3)
    # With the prior it is a ridge: minimise |zW - x|²/10 + weight |z|²/(2·3).
    w = np.asarray(weights, np.float64)
    ridge = np.linalg.solve(w @ w.T / 10 + 0.3 / 6 * np.eye(3), w @ np.asarray(images).T / 10).T
    np.testing.assert_allclose(find(prior=0.3).latent, ridge, atol=1e-3)
    bounded = find(limit=0.2).latent
    assert np.abs(bounded).max() == np.float32(0.2)


def test_the_best_restart_counts_for_each_example():
    # Two valleys, the deeper one at +2 for the first example and at -2 for the second.
    sign = jnp.asarray([1.0, -1.0])

    def objective(z):
        x = z[:, 0]
        return (x**2 - 4) ** 2 - sign * x

    starts = jnp.asarray([[[1.0], [1.0]], [[-1.0], [-1.0]]])
    found = minimise(objective, starts, steps=400)
    np.testing.assert_allclose(jnp.sign(found.latent[:, 0]), sign)
    np.testing.assert_allclose(found.start[:, 0], sign)
    assert found.history.shape == (401, 2, 2)
    np.testing.assert_allclose(found.history[0, 0], objective(starts[0]), rtol=1e-6)
    np.testing.assert_allclose(found.loss, found.history.min(axis=(0, 1)), rtol=1e-6)


def test_examples_and_restarts_never_meet():
    game, variables = small()
    _, batch = made(game, variables, 3)
    starts = draw_starts(game.sampler, batch, KEY, 2)
    second = {"image": batch["image"][1:2]}
    search = lambda batch, starts: minimise(
        lambda z: jnp.mean(
            (game.sampler.generate(variables, (), z) - batch["image"]) ** 2, (1, 2, 3)
        ),
        starts,
        steps=20,
    )
    together, single = search(batch, starts), search(second, starts[:1, 1:2])
    np.testing.assert_allclose(together.history[:, 0, 1], single.history[:, 0, 0], rtol=1e-3)


def test_not_a_number_is_never_the_best():
    objective = lambda z: jnp.where(z[:, 0] < 0.5, z[:, 0] ** 2, jnp.nan)
    found = minimise(objective, jnp.asarray([[[0.4]], [[0.9]]]), steps=30)
    assert float(found.loss[0]) < 0.16
    assert float(found.start[0, 0]) == pytest.approx(0.4)


def test_numbers_that_are_not_floats_stay():
    def latent(key, batch):
        count = len(batch["image"])
        return {"class": jnp.arange(count), "z": jax.random.normal(key, (count, 2))}

    def generate(variables, condition, latent):
        return latent["z"] + latent["class"][:, None]

    batch = {"image": jnp.zeros((3, 2))}
    found = invert(Sampler(latent, generate), {}, batch, KEY, steps=300)
    np.testing.assert_array_equal(found.latent["class"], [0, 1, 2])
    np.testing.assert_allclose(found.latent["z"], -np.arange(3.0)[:, None] * np.ones(2), atol=0.01)
    np.testing.assert_allclose(
        mean_square(found.latent), np.square(found.latent["z"]).mean(1), rtol=1e-5
    )


def test_a_search_begins_where_the_encoder_says():
    game, variables = small()
    latent, batch = made(game, variables)
    found = invert(game.sampler, variables, batch, KEY, first=latent, restarts=1, steps=5)
    np.testing.assert_array_equal(found.start, latent)
    assert float(jnp.max(found.loss)) < 1e-6
    several = draw_starts(game.sampler, batch, KEY, 3, latent)
    np.testing.assert_array_equal(several[0], latent)
    assert len(np.unique(np.asarray(several).reshape(9, -1)[:, 0])) == 9


def test_which_priors_are_bounded():
    batch = {"image": jnp.zeros((8, 2))}
    bound = lambda prior: bound_of_prior(
        gan(mlp_generator((2,)), mlp_discriminator(), non_saturating(), prior).sampler, batch, KEY
    )
    assert bound(uniform(2)) == 1.0
    assert bound(normal(2)) is None


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"distance": "l3"}, "distance is 'l3', but must be one of l1, l2"),
        ({"steps": 0}, "steps is 0, but must be positive"),
        ({"learning_rate": -1.0}, "learning_rate is -1.0"),
        ({"limit": 0.0}, "limit is 0.0"),
        ({"restarts": 0}, "restarts is 0, but must be at least 1"),
    ],
)
def test_mistakes(options, sentence):
    game, variables = small()
    with pytest.raises(ValueError, match=sentence):
        invert(game.sampler, variables, {"image": jnp.zeros((1, 8, 8, 1))}, KEY, **options)


def test_a_latent_of_integers_cannot_move():
    with pytest.raises(ValueError, match="no floating numbers"):
        minimise(lambda z: z[:, 0] * 1.0, jnp.zeros((1, 2, 1), jnp.int32))
