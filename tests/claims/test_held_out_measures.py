"""What a discriminator that is known says of pictures that it was not trained on."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest
from helpers import KEY, NOTHING, given

from jgan.augmentation import with_augmentation
from jgan.claims.claim_value import claim_value
from jgan.claims.held_out_measures import held_out_accuracy
from jgan.data import load
from jgan.errors import UserError
from jgan.gans.gan import gan
from jgan.latents import normal
from jgan.rules import TrainState
from jgan.training.experiment import Experiment, Trained


def judged(threshold: float, data: str = "fashion", examples: int = 300) -> Trained:
    """A training of a discriminator that calls what is brighter than a threshold real."""
    source = load(data).take(examples)
    game = gan(
        given(0.0, lambda own, z: own + jnp.zeros((len(z), *source.shape))),
        given(threshold, lambda own, x: jnp.mean(x.reshape(len(x), -1), axis=1) - own),
        NOTHING,
        normal(2),
    )
    variables = game.init(KEY, source.first(2))
    # Augmented so strongly that nothing of the pictures is left, if it were not left out.
    game = with_augmentation(game, lambda key, values, moment: 0 * values - 9.0)
    state = TrainState(jnp.zeros((), jnp.int32), KEY, variables, {}, {})
    return Trained(Experiment(game, None, source, steps=1), state, [])


def test_the_share_of_test_pictures_and_beside_it_that_of_the_training() -> None:
    threshold = -0.4
    trained = judged(threshold)
    brightness = lambda source: source.first(source.size)["image"].mean(axis=(1, 2, 3))
    test, own = load("fashion", split="test"), trained.experiment.source
    found = claim_value(lambda trained: held_out_accuracy(trained), trained)
    assert found.value == pytest.approx(np.mean(brightness(test) > threshold), abs=2e-3)
    share = np.mean(brightness(own) > threshold)
    assert found.beside == f"training examples: {share:.2f}"


def test_data_without_a_test_set_are_refused() -> None:
    trained = judged(0.0)
    renamed = replace(trained.experiment.source, name="mine")
    trained = trained._replace(experiment=replace(trained.experiment, source=renamed))
    with pytest.raises(UserError, match="has no test set"):
        held_out_accuracy(trained)
