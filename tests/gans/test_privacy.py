"""The game of privacy on linear networks, against sums written out."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import KEY, STEP, given

from jgan.game import DISCRIMINATOR, GENERATOR
from jgan.gans.pix2pix import in_turns
from jgan.gans.privacy import privacy

RNG = np.random.default_rng(4)
IMAGES = RNG.normal(size=(8, 4, 4, 1)).astype(np.float32)
LABEL, WHO = np.arange(8, dtype=np.int32) % 2, np.arange(8, dtype=np.int32) % 4
BATCH = {"image": jnp.asarray(IMAGES), "label": jnp.asarray(LABEL), "identity": jnp.asarray(WHO)}


def classifier(slopes):
    """Logits that are the picture's mean times a slope for each class."""

    def function(w, x):
        return {"class": x.mean(axis=(1, 2, 3))[:, None] * w}

    return given(jnp.asarray(slopes, jnp.float32), function)


def built(**options):
    parts = given(0.5, lambda w, x: w * x), classifier([1, -2]), classifier([0, 1, 2, -3])
    return privacy(*parts, **options)


def log_p(slopes, scale=1.0):
    logits = scale * IMAGES.mean(axis=(1, 2, 3))[:, None] * np.asarray(slopes, np.float64)
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


def found_of(game):
    variables = game.init(KEY, BATCH)
    found = game.losses(variables, BATCH, KEY, STEP)
    return variables, float(found[GENERATOR][0]), float(found[DISCRIMINATOR][0])


def named(table, label):
    return -table[np.arange(8), label].mean()


ACTION, IDENTITY = log_p([1, -2], 0.5), log_p([0, 1, 2, -3], 0.5)
CHANGE = np.square(0.5 * IMAGES).mean()


def test_the_objective_of_both_players():
    game = built(anonymity=3.0, action_weight=2.0, likeness=5.0)
    variables, generator, discriminator = found_of(game)
    doubt = -IDENTITY.mean(axis=1).mean()
    expected = 3 * doubt + 2 * named(ACTION, LABEL) + 5 * CHANGE
    assert generator == pytest.approx(expected, rel=1e-5)
    known = named(IDENTITY, WHO) + named(log_p([0, 1, 2, -3]), WHO)
    assert discriminator == pytest.approx(known, rel=1e-5)
    metrics = game.losses(variables, BATCH, KEY, STEP)[GENERATOR][1].metrics
    assert float(metrics["action_accuracy"]) == (ACTION.argmax(axis=1) == LABEL).mean()


def test_the_papers_modifier_pays_for_what_is_named_rightly():
    _, generator, _ = found_of(built(kind="errors"))
    expected = -named(IDENTITY, WHO) + named(ACTION, LABEL) + CHANGE
    assert generator == pytest.approx(expected, rel=1e-5)


def test_the_modifier_is_what_samples_and_translates():
    game = built()
    variables = game.init(KEY, BATCH)
    modified = 0.5 * IMAGES
    np.testing.assert_allclose(game.sampler.examples(variables, BATCH, KEY), modified)
    pairs = game.views["pairs"](variables, BATCH, KEY)
    np.testing.assert_allclose(pairs, in_turns(jnp.asarray(IMAGES), jnp.asarray(modified)))
    (way,) = game.sampler.translations.values()
    np.testing.assert_allclose(way.translate(variables, BATCH["image"][:2]), modified[:2])


def test_the_classifier_of_actions_moves_with_the_modifier():
    game = built(likeness=0.0)
    variables = game.init(KEY, BATCH)
    loss = lambda own: game.losses({**variables, GENERATOR: own}, BATCH, KEY, STEP)[GENERATOR][0]
    slopes = jax.grad(loss)(variables[GENERATOR])["params"]
    assert all(np.abs(leaf).max() > 1e-3 for leaf in jax.tree.leaves(slopes))
    assert "likeness" not in {term.name for term in game.composition.terms}


@pytest.mark.parametrize(
    ("lacks", "message"),
    [
        ("identity", "needs one number for each example in the field 'identity'"),
        ("label", "the data have no labels, but this game needs one label for each example"),
    ],
)
def test_what_is_missing_is_named(lacks, message):
    batch = {field: values for field, values in BATCH.items() if field != lacks}
    with pytest.raises(ValueError, match=message):
        built().init(KEY, batch)
