"""What classifiers that are trained afresh say of modifiers that are known."""

from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np
import pytest
from helpers import KEY, given

from jgan.claims import privacy_measures
from jgan.claims.claim_value import claim_value
from jgan.claims.privacy_measures import action_kept, identity_to_chance, modified_splits
from jgan.data import load
from jgan.data.garments import OWNERS
from jgan.data.registry import recorded
from jgan.gans.privacy import privacy
from jgan.rules import TrainState
from jgan.training.experiment import Experiment, Trained


def trained(function):
    """A training whose modifier is known."""
    with recorded() as loaded:
        source = load("garments:owners")
    says = lambda count: given(0.0, lambda w, x: {"class": jnp.zeros((len(x), count)) + w})
    game = privacy(given(0.0, lambda w, x: w + function(x)), says(10), says(len(OWNERS)))
    variables = game.init(KEY, {name: jnp.asarray(v) for name, v in source.first(2).items()})
    state = TrainState(jnp.zeros((), jnp.int32), KEY, variables, {}, {})
    return Trained(Experiment(game, None, source, steps=1, loaded=loaded), state, [])


def by_colour(train, test, **_):
    """A classifier that knows for each set of channels in use the commonest class."""
    key = lambda images: [tuple(one) for one in images.max(axis=(1, 2)) > 40]
    known = {}
    for channels, label in zip(key(train.arrays["image"]), train.arrays["label"], strict=True):
        known.setdefault(channels, []).append(label)
    guess = {channels: np.bincount(found).argmax() for channels, found in known.items()}
    named = [guess.get(channels, 0) for channels in key(test.arrays["image"])]
    return SimpleNamespace(accuracy=float(np.mean(named == test.arrays["label"])))


@pytest.fixture(autouse=True)
def judged(monkeypatch):
    monkeypatch.setattr(privacy_measures, "train_judge", by_colour)
    monkeypatch.setattr(privacy_measures, "domain_classifier", by_colour)


def test_colours_tell_owners_apart_and_grey_does_not():
    coloured = claim_value(identity_to_chance, trained(lambda x: x))
    # Of the 16 owners four have each colour.
    assert 3.5 < coloured.value < 5
    share = f"{coloured.value / len(OWNERS):.3f}"
    assert coloured.beside == f"identities: {share} of modified pictures, {share} of originals"
    grey = trained(lambda x: jnp.broadcast_to(x.max(axis=-1, keepdims=True), x.shape))
    assert identity_to_chance(grey) < 1.5


def test_what_is_kept_of_actions_is_a_share_of_that_of_originals():
    assert action_kept(trained(lambda x: x)) == 1
    blank = claim_value(action_kept, trained(lambda x: 0 * x - 1))
    assert blank.beside.startswith("actions: 0.100 of modified pictures, ")
    originals = float(blank.beside.split()[-3])
    assert blank.value == pytest.approx(0.1 / originals, rel=0.01)


def test_modified_pictures_are_rounded_and_keep_their_order():
    own = trained(lambda x: -1.5 * x)
    for modified, split in zip(modified_splits(own), ("train", "test"), strict=True):
        source = load("garments:owners", split=split)
        values = 127.5 * (1 - 1.5 * (source.arrays["image"] / 127.5 - 1))
        expected = np.clip(values, 0, 255)
        assert modified.arrays["image"].dtype == np.uint8
        assert np.abs(modified.arrays["image"] - expected).max() <= 0.51
        np.testing.assert_array_equal(modified.arrays["identity"], source.arrays["identity"])
