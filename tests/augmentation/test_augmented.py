import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import KEY, bilinear_game, critic_game, given, linear, points

from jgan.augmentation import instance_noise, with_augmentation
from jgan.game import DISCRIMINATOR, GENERATOR, with_weight_clipping
from jgan.gans.versus import versus
from jgan.losses import wasserstein
from jgan.scene import Meeting, Step, Term
from jgan.terms.penalties import r1

GENERATOR_ONLY = versus(given(1.0, lambda own: own), {}, meet=lambda make, *_: Meeting(made=make()))


def square(params, x):
    return params * jnp.sum(x**2, axis=1)


def noisy(sigma, theta=2.0):
    game = critic_game(square, 1.0, wasserstein(), theta=theta)
    return with_augmentation(game, instance_noise(sigma))


def logits(game, batch, step=0):
    metrics = game.losses(game.init(KEY, batch), batch, KEY, step)[DISCRIMINATOR][1].metrics
    return float(metrics["real_logit"]), float(metrics["fake_logit"])


def test_instance_noise_has_its_variance_on_both_sides():
    batch = {"image": jnp.ones((40_000, 1))}
    real, fake = logits(noisy(0.5), batch)
    assert real == pytest.approx(1 + 0.25, abs=0.02)
    assert fake == pytest.approx(4 + 0.25, abs=0.04)


def test_instance_noise_follows_its_schedule():
    batch = {"image": jnp.zeros((40_000, 1))}
    game = noisy(lambda step: jnp.maximum(0.0, 1.0 - step / 4), theta=0.0)
    for step, variance in ((0, 1.0), (2, 0.25), (4, 0.0), (9, 0.0)):
        real, fake = logits(game, batch, jnp.asarray(step))
        assert real == pytest.approx(variance, rel=0.03)
        assert fake == pytest.approx(variance, rel=0.03)


def test_instance_noise_has_no_negative_strength():
    with pytest.raises(
        ValueError, match=r"^sigma is -0\.1, but must be a finite number of at least 0"
    ):
        instance_noise(-0.1)


def test_real_and_fake_get_their_own_noise():
    batch = {"image": jnp.zeros((4, 1))}
    real, fake = logits(noisy(1.0, theta=0.0), batch)
    assert real != fake


def test_noise_is_not_the_latent():
    # With the same key for both, z + noise would have variance 4 instead of 2.
    game = critic_game(
        square,
        1.0,
        wasserstein(),
        theta=0.0,
        latent=lambda key, image: jax.random.normal(jax.random.split(key)[0], image.shape),
    )

    batch = {"image": jnp.zeros((20_000, 1))}
    latent = game.scene(game.init(KEY, batch), batch, KEY, 0).latent

    def from_the_latent(key, values, moment):
        return latent[: len(values)] + jax.random.normal(key, values.shape)

    real, fake = logits(with_augmentation(game, from_the_latent), batch)
    assert real == pytest.approx(2.0, abs=0.1)
    assert fake == pytest.approx(2.0, abs=0.1)


def test_the_generator_is_trained_through_the_augmentation():
    game = with_augmentation(
        critic_game(linear, jnp.ones(1), wasserstein(), theta=2.0),
        lambda key, values, moment: 3.0 * values,
    )
    batch = {"image": jnp.ones((2, 1))}
    variables = game.init(KEY, batch)
    slope = jax.grad(
        lambda theta: game.losses({**variables, GENERATOR: {"params": theta}}, batch, KEY, 0)[
            GENERATOR
        ][0]
    )(2.0)
    assert float(slope) == -3.0


@pytest.mark.parametrize("order", ["augmented first", "penalised first"])
def test_penalties_and_clipping_compose_with_augmentation(order):
    # R1 is taken in the unchanged input, so D(3x) = 3 w·x has R1 = 9 |w|² gamma / 2.
    triple = lambda key, values, moment: 3.0 * values
    game = with_weight_clipping(critic_game(linear, jnp.array([1.0, 2.0]), theta=0.0), 0.5)
    if order == "augmented first":
        game = with_augmentation(game, triple).add(r1(1.0))
    else:
        game = with_augmentation(game.add(r1(1.0)), triple)
    batch = points()
    _, aux = game.losses(game.init(KEY, batch), batch, KEY, 0)[DISCRIMINATOR]
    assert float(aux.metrics["r1"]) == pytest.approx(0.5 * 9 * 5, rel=1e-6)
    np.testing.assert_array_equal(
        game.projections[DISCRIMINATOR](jnp.array([1.0, -0.2])), np.array([0.5, -0.2], np.float32)
    )


def test_augmentations_apply_in_the_order_added():
    add = lambda key, values, moment: values + 1.0
    double_ = lambda key, values, moment: values * 2.0
    game = critic_game(linear, jnp.ones(1), wasserstein(), theta=0.0)
    game = with_augmentation(with_augmentation(game, double_), add)
    assert logits(game, {"image": jnp.ones((2, 1))}) == (3.0, 1.0)


def test_augmentations_may_read_memories():
    # An augmentation that adds a memory of the discriminator to what it sees.
    def steer(key, values, moment):
        return values + moment.memories[DISCRIMINATOR]["count"]

    count = Term(
        "count", lambda scene: (jnp.zeros(()), scene.memory + 1, {}), memory=jnp.array(2.0)
    )
    game = critic_game(linear, jnp.ones(1), wasserstein(), theta=0.0)
    batch = {"image": jnp.ones((2, 1))}
    for steered in (
        with_augmentation(game, steer).add(count),
        with_augmentation(game.add(count), steer),
    ):
        assert logits(steered, batch) == (3.0, 2.0)


def test_schedules_of_noise_go_by_the_steps_of_the_stage():
    batch = {"image": jnp.zeros((4, 1))}
    game = noisy(lambda step: jnp.where(step == 3, 0.0, 1.0), theta=0.0)
    assert logits(game, batch, Step(jnp.array(103), jnp.array(3))) == (0.0, 0.0)
    assert logits(game, batch, Step(jnp.array(3), jnp.array(0)))[0] > 0


@pytest.mark.parametrize(
    "game", [bilinear_game([[1.0]]), bilinear_game([[1.0]]).add(), GENERATOR_ONLY]
)
def test_games_that_cannot_be_augmented_say_so(game):
    with pytest.raises(ValueError, match=r"^augmentation needs a game with a discriminator, but"):
        with_augmentation(game, instance_noise(0.1))
