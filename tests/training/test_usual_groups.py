"""The groups of arguments that experiments share: what their optimizers do."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import KEY, NOTHING

from jgan.data import Source, load
from jgan.errors import UserError
from jgan.game import DISCRIMINATOR, GENERATOR
from jgan.gans.gan import gan
from jgan.latents import normal
from jgan.networks import mlp_discriminator, mlp_generator
from jgan.training.usual_groups import Adam, DiscriminatorAugmentation, LinearAdam, TwoRateAdam


@pytest.mark.parametrize("horizon", [0, 20])
def test_rates_fall_to_zero_over_the_horizon_or_stay(horizon: int) -> None:
    """Adam's step under a gradient that is always 1 is its learning rate."""
    optimizers = TwoRateAdam(lr=0.1, generator_lr=0.3, horizon=horizon).optimizers()
    assert Adam(horizon=horizon).optimizers().keys() == optimizers.keys()
    for player, rate in ((DISCRIMINATOR, 0.1), (GENERATOR, 0.3)):
        optimizer = optimizers[player]

        def step(state, _, optimizer=optimizer):
            update, state = optimizer.update(jnp.ones(()), state)
            return state, update

        updates = jax.lax.scan(step, optimizer.init(jnp.zeros(())), length=25)[1]
        steps = np.arange(25)
        falling = 0.5 * (1 + np.cos(np.pi * np.minimum(steps, 20) / 20))
        expected = -rate * (falling if horizon else np.ones(25))
        np.testing.assert_allclose(updates, expected, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("horizon", [0, 20])
def test_linear_rates_stay_for_one_half_and_fall_in_the_other(horizon: int) -> None:
    optimizer = LinearAdam(lr=0.1, horizon=horizon).optimizers()[GENERATOR]

    def step(state, _):
        update, state = optimizer.update(jnp.ones(()), state)
        return state, update

    updates = jax.lax.scan(step, optimizer.init(jnp.zeros(())), length=25)[1]
    falling = np.clip((20 - np.arange(25)) / 10, 0, 1)
    expected = -0.1 * (falling if horizon else np.ones(25))
    np.testing.assert_allclose(updates, expected, rtol=1e-3, atol=1e-6)


def of_pictures(channels: int) -> Source:
    return Source({"image": np.zeros((4, 6, 6, channels), np.uint8)}, "grey")


def test_augmentations_by_name() -> None:
    source = of_pictures(1)
    game = gan(mlp_generator(source.shape, (2,)), mlp_discriminator((2,)), NOTHING, normal(2))
    assert DiscriminatorAugmentation().applied(game, load("ring", size=10)) is game
    made = {name: DiscriminatorAugmentation(name).applied(game, source) for name in ("diff", "ada")}
    assert all(len(one.composition.augmentations) == 1 for one in made.values())
    memories = {
        name: jax.eval_shape(one.init, KEY, source.first(4))[DISCRIMINATOR].get("terms", {})
        for name, one in made.items()
    }
    assert {name: list(own) for name, own in memories.items()} == {
        "diff": [],
        "ada": ["augmentation"],
    }


@pytest.mark.parametrize(
    ("options", "source", "message"),
    [
        (
            {"augmentation": "diff"},
            load("ring", size=10),
            r"^augmentation is 'diff', but data is 'ring', which has no pictures; use none\.$",
        ),
        (
            {"augmentation": "ada"},
            of_pictures(2),
            r"^augmentation is 'ada', which is for pictures of 1 or 3 channels, but those of 'grey' have 2; ",
        ),
        (
            {"augmentation": "ada", "ada_target": 2.0},
            of_pictures(3),
            r"^ada_target is 2\.0, but must lie in \[-1, 1\]\.$",
        ),
        (
            {"augmentation": "ada", "ada_kimg": 0.0},
            of_pictures(3),
            r"^ada_kimg is 0\.0, but must be a positive finite number\.$",
        ),
    ],
)
def test_augmentations_that_do_not_fit(
    options: dict[str, Any], source: Source, message: str
) -> None:
    game = gan(mlp_generator((2,), (2,)), mlp_discriminator((2,)), NOTHING, normal(2))
    with pytest.raises((UserError, ValueError), match=message):
        DiscriminatorAugmentation(**options).applied(game, source)
