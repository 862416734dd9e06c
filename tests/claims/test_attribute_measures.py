"""What is measured on edited bags, of editors that are known."""

import jax.numpy as jnp
import numpy as np
import pytest
from helpers import KEY, given

from jgan.claims.attribute_measures import attributes_found, edited_error
from jgan.claims.claim_value import claim_value
from jgan.data import Source, load
from jgan.errors import UserError
from jgan.gans.attgan import attgan
from jgan.rules import TrainState
from jgan.training.experiment import Experiment, Trained


def trained(decode, source=None):
    """A training of no updates whose editor is known."""
    source = load("garments:attributes") if source is None else source
    judge = given(1.0, lambda w, x: {"logit": w * x[..., 0], "class": x[:, 0, 0, :3] * w})
    decoder = given(0.0, lambda w, code, label, like: w + decode(code, label))
    game = attgan(given(0.0, lambda w, x: w + x), decoder, judge, 3, penalty=0)
    batch = {name: jnp.asarray(values) for name, values in source.first(2).items()}
    state = TrainState(jnp.zeros((), jnp.int32), KEY, game.init(KEY, batch), {}, {})
    return Trained(Experiment(game, None, source, steps=1), state, [])


def by_the_rule(picture, label):
    """The rule once more, on pictures without attributes, in [-1, 1]."""
    red, hoops, light = (label[:, number, None, None, None] > 0 for number in range(3))
    grey = (picture + 1) / 2
    dark = (jnp.arange(28) // 2 % 2 == 0)[:, None, None]
    cloth = jnp.where(hoops & dark, grey / 2, grey)
    cloth = cloth.at[..., 1:].multiply(jnp.where(red, 0, 1))
    return 2 * jnp.where(light & (grey <= 0.1), 0.6, cloth) - 1


def test_an_editor_that_knows_the_rule_is_right():
    perfect = trained(by_the_rule)
    assert attributes_found(perfect) == 1
    found = claim_value(edited_error, perfect)
    assert found.value < 1e-6
    assert found.beside == "with no attribute asked for: 0.000"


def test_an_editor_that_changes_nothing_is_right_once_in_eight():
    idle = trained(lambda picture, label: picture)
    assert attributes_found(idle) == 1 / 8
    found = claim_value(edited_error, idle)
    assert found.value > 0.2
    assert found.beside == "with no attribute asked for: 0.000"
    grounds = trained(lambda x, label: by_the_rule(x, label * jnp.asarray([1, 1, 0])))
    assert attributes_found(grounds) == pytest.approx(0.5)


def test_bags_have_no_attributes_in_training():
    source = load("garments:attributes")
    label, kind = source.arrays["label"], source.arrays["kind"]
    assert not label[kind == 8].any()
    np.testing.assert_allclose(label[kind != 8].mean(axis=0), 0.5, atol=0.02)
    test = load("garments:attributes", split="test").arrays
    assert 0.3 < test["label"][test["kind"] == 8].mean() < 0.7
    brightness = load("fashion").first(20)["image"]
    rule = np.asarray(by_the_rule(jnp.repeat(brightness, 3, axis=-1), jnp.asarray(label[:20])))
    np.testing.assert_allclose(source.first(20)["image"], rule, atol=1.01 / 127.5)


def test_other_data_are_refused():
    arrays = {"image": np.zeros((4, 28, 28, 3), np.uint8), "label": np.zeros((4, 3), np.int32)}
    with pytest.raises(UserError, match="but this claim is about 'garments:attributes'"):
        edited_error(trained(by_the_rule, Source(arrays, "mine")))
