"""AttGAN on linear networks, against sums written out, and its networks' parts in the label."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import KEY, STEP, given

from jgan.game import DISCRIMINATOR, GENERATOR
from jgan.gans.attgan import attgan
from jgan.networks.attribute_editor import attribute_decoder, attribute_encoder

RNG = np.random.default_rng(2)
IMAGES = RNG.normal(size=(8, 4, 4, 1)).astype(np.float32)
LABEL = RNG.integers(0, 2, (8, 2)).astype(np.int32)
BATCH = {"image": jnp.asarray(IMAGES), "label": jnp.asarray(LABEL)}
WORTH = np.float32([1.0, -3.0])


def softplus(x):
    return np.logaddexp(0, x)


def column(x):
    return x[:, None, None, None]


def decode(w, code, label, like):
    return w * code + (label @ jnp.asarray(WORTH)).reshape(-1, 1, 1, 1) + 0 * like


def judge(w, x):
    means = x.mean(axis=(1, 2, 3))
    return {"logit": w * x[..., 0], "class": jnp.stack([means, -2 * means], axis=1)}


def built(**options):
    parts = given(0.5, lambda w, x: w * x), given(2.0, decode), given(0.3, judge)
    return attgan(*parts, 2, **options)


def test_the_authors_objective():
    game = built(penalty=7.0)
    variables = game.init(KEY, BATCH)
    scene = game.scene(variables, BATCH, KEY, STEP)
    order = np.asarray(scene.latent)
    assert sorted(order) == list(range(8))
    wanted = LABEL[order]
    # Encoder and decoder together do nothing but add what the attributes are worth.
    fake, back = (IMAGES + column(label @ WORTH) for label in (wanted, LABEL))
    np.testing.assert_allclose(scene.meeting["fake"].values, fake, rtol=1e-5)
    # Of each picture, since the mean error would be that of any order.
    np.testing.assert_allclose(scene.meeting.made["rebuilt"], back, rtol=1e-5)

    def named(x, label):
        logits = x.mean(axis=(1, 2, 3))[:, None] * np.asarray([1, -2])
        return softplus(np.where(label == 1, -1, 1) * logits).sum(axis=1).mean()

    found = game.losses(variables, BATCH, KEY, STEP)
    # The mean over 16 patches of 0.3 x has a gradient of length 0.3 / 4 everywhere.
    judged = 0.3 * (fake.mean() - IMAGES.mean()) + named(IMAGES, LABEL) + 7 * (0.3 / 4 - 1) ** 2
    assert float(found[DISCRIMINATOR][0]) == pytest.approx(judged, rel=1e-5)
    fooled = -0.3 * fake.mean() + 10 * named(fake, wanted) + 100 * np.abs(IMAGES - back).mean()
    assert float(found[GENERATOR][0]) == pytest.approx(fooled, rel=1e-5)


def test_it_edits_what_it_is_asked_to():
    game = built()
    variables = game.init(KEY, BATCH)
    (way,) = game.sampler.translations.values()
    made = way.translate(variables, BATCH["image"], jnp.asarray(1 - LABEL))
    np.testing.assert_allclose(made, IMAGES + column((1 - LABEL) @ WORTH), rtol=1e-5, atol=1e-6)
    shown = np.asarray(game.views["attributes"](variables, BATCH, KEY))
    np.testing.assert_allclose(shown[::3], IMAGES[:3], rtol=1e-6)
    for attribute in range(2):
        turned = LABEL.copy()
        turned[:, attribute] = 1 - turned[:, attribute]
        expected = (IMAGES + column(turned @ WORTH))[: len(shown[1 + attribute :: 3])]
        np.testing.assert_allclose(shown[1 + attribute :: 3], expected, rtol=1e-5, atol=1e-5)


def test_terms_of_weight_0_are_not_there():
    names = {term.name for term in built(reconstruction_weight=0, penalty=0).composition.terms}
    assert not names & {"reconstruction", "wgan_gp"}


@pytest.fixture(scope="module")
def networks():
    encoder = attribute_encoder(layers=2, width=2, norm="none")
    decoder = attribute_decoder(3, 2, width=2, norm="none")
    images = jnp.asarray(RNG.normal(size=(2, 10, 7, 3)), jnp.float32)
    code_key, picture_key = jax.random.split(KEY)
    encoding = encoder.init(code_key, images)
    code, _ = encoder.apply(encoding, images)
    label = jnp.asarray([[0, 1], [1, 1]])
    return images, code, decoder, decoder.init(picture_key, code, label, images)


def test_the_code_is_halved_and_the_picture_comes_back_at_its_size(networks):
    images, code, decoder, variables = networks
    assert [one.shape for one in code] == [(2, 5, 4, 2), (2, 3, 2, 4)]
    made, _ = decoder.apply(variables, code, jnp.zeros((2, 2)), images)
    assert made.shape == images.shape
    # Two attributes join the code of 4 maps, and again the shortcut's 2 maps beside the 4 of the decoder.
    shapes = [leaf.shape for leaf in jax.tree.leaves(variables["params"]) if leaf.ndim == 4]
    assert sorted(shape[2:] for shape in shapes) == [(6, 4), (8, 3)]


def test_every_attribute_matters_and_classes_are_vectors(networks):
    images, code, decoder, variables = networks
    make = lambda label: decoder.apply(variables, code, jnp.asarray(label), images)[0]
    plain = make([[0, 0], [0, 0]])
    for attribute in range(2):
        assert jnp.abs(make(jnp.eye(2, dtype=int)[jnp.full(2, attribute)]) - plain).max() > 1e-3
    np.testing.assert_allclose(make([0, 1]), make([[1, 0], [0, 1]]))
    with pytest.raises(ValueError, match="label"):
        make([[0, 1, 0], [1, 0, 0]])


def test_small_pictures_are_refused():
    with pytest.raises(ValueError, match="an encoder of 3 halvings needs sides of at least 8"):
        attribute_encoder(layers=3, width=1).init(KEY, jnp.zeros((1, 6, 9, 3)))
