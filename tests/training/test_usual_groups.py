"""The groups of arguments that experiments share: what their optimizers do."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import KEY, NOTHING, bilinear_game

from jgan.data import Source, load
from jgan.errors import UserError
from jgan.game import DISCRIMINATOR, GENERATOR, PLAYERS, Aux, Game
from jgan.gans.gan import gan
from jgan.latents import normal
from jgan.networks import mlp_discriminator, mlp_generator
from jgan.training.usual_groups import (
    Adam,
    CosineAdam,
    DiscriminatorAugmentation,
    LinearAdam,
    RampedAdam,
    TwoRateAdam,
)


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


def test_settings_change_along_cosines() -> None:
    """Adam's equations by hand, bias corrections with the present beta2 as in PyTorch, and the average."""
    slope = lambda x: x + np.cos(3 * x)
    own = {"lr": 0.2, "final_lr": 0.01, "beta1": 0.3, "beta2": 0.5, "final_beta2": 0.95}
    adam = CosineAdam(**own, half_life=4.0, horizon=8)

    def losses(variables, batch, key, step, held=None):
        value = lambda x: x**2 / 2 + jnp.sin(3 * x) / 3
        return {player: (value(variables[player]["params"]), Aux()) for player in PLAYERS}

    start = jnp.array(1.5)
    game = Game(lambda key, batch: {player: {"params": start} for player in PLAYERS}, losses)
    rule = adam.alternating(game)
    state, update = rule.init(KEY, {}), jax.jit(rule.update)
    x, average, first, second = 1.5, 1.5, 0.0, 0.0
    for t in range(12):
        state, _ = update(state, {})
        share = 0.5 * (1 - np.cos(np.pi * min(t / 8, 1)))
        lr, beta2 = 0.2 - 0.19 * share, 0.5 + 0.45 * share
        first = 0.3 * first + 0.7 * slope(x)
        second = beta2 * second + (1 - beta2) * slope(x) ** 2
        corrected = second / (1 - beta2 ** (t + 1))
        x -= lr * first / (1 - 0.3 ** (t + 1)) / (np.sqrt(corrected) + 1e-8)
        kept = 0.5 ** (1 / (4.0 * share)) if t else 0.0
        average = kept * average + (1 - kept) * x
        found = state.variables[GENERATOR]["params"], state.averages[GENERATOR]["params"]
        np.testing.assert_allclose(found, (x, average), rtol=1e-4, atol=1e-5)


def test_a_horizon_of_no_updates_is_refused() -> None:
    with pytest.raises(ValueError, match="horizon is 0, but must be at least 1"):
        CosineAdam(horizon=0).changing(1.0, 0.0)


@pytest.mark.parametrize("adam", [Adam, CosineAdam, LinearAdam, RampedAdam, TwoRateAdam])
def test_decay_rates_that_are_none_are_refused(adam: Any) -> None:
    game = bilinear_game([[1.0]])
    for name, value, allowed in (("beta1", 1.0, r"\(-1, 1\)"), ("beta2", -0.1, r"\[0, 1\)")):
        with pytest.raises(ValueError, match=rf"^{name} is {value}, but must lie in {allowed}\.$"):
            adam(**{name: value}).alternating(game)
    adam(beta1=-0.5, beta2=0.0).alternating(game)
