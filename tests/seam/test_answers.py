"""Answers of any shape and trees of them, and labels that are vectors, against hand computations."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import KEY, NOTHING, STEP, given, points

from jgan.game import DISCRIMINATOR, GENERATOR
from jgan.gans.acgan import acgan
from jgan.gans.conditional import conditional
from jgan.gans.gan import gan
from jgan.gans.versus import versus
from jgan.losses import get_loss, non_saturating
from jgan.scene import Inputs, Meeting, mean
from jgan.terms import adversarial
from jgan.terms.penalties import r1, r1_r2, wgan_gp
from jgan.terms.regularizers import consistency, lecam

RNG = np.random.default_rng(0)
SMALL, LARGE = (
    RNG.normal(size=(2, 3)).astype(np.float32),
    RNG.normal(size=(2, 4)).astype(np.float32),
)
LATENT = RNG.normal(size=(5, 2)).astype(np.float32)
SHIFT = given(0.25, lambda own, z: z + own)
PRIOR = lambda key, count: jnp.asarray(LATENT[:count])
BATCH = points(5)
REAL, FAKE = np.asarray(BATCH["image"]), LATENT + 0.25
softplus = lambda t: np.logaddexp(0, t)
LOSS = non_saturating()


def patches(own, x):
    """A logit for each of 2 x 2 patches."""
    return (x @ own).reshape(-1, 2, 2)


def tree(own, x):
    return {"logit": {"small": x @ own["small"], "large": patches(own["large"], x)}, "features": x}


JUDGE = given({"small": SMALL, "large": LARGE}, tree)


def judged(game, player):
    return game.losses(game.init(KEY, BATCH), BATCH, KEY, STEP)[player]


def test_patches_count_by_their_mean():
    game = gan(SHIFT, given(LARGE, patches), LOSS, PRIOR)
    value, aux = judged(game, DISCRIMINATOR)
    expected = softplus(-REAL @ LARGE).mean() + softplus(FAKE @ LARGE).mean()
    assert float(value) == pytest.approx(expected, rel=1e-5)
    assert float(aux.metrics["real_logit"]) == pytest.approx((REAL @ LARGE).mean(), rel=1e-4)
    right = (REAL @ LARGE > 0).mean() + (FAKE @ LARGE < 0).mean()
    assert float(aux.metrics["accuracy"]) == pytest.approx(right / 2, rel=1e-6)
    value, _ = judged(game, GENERATOR)
    assert float(value) == pytest.approx(softplus(-FAKE @ LARGE).mean(), rel=1e-5)


@pytest.mark.parametrize("shares", [(1.0, 1.0), (2.0, 0.5)])
def test_leaves_of_a_tree_are_summed_with_their_weights(shares):
    leaves = 1.0 if shares == (1.0, 1.0) else {"small": shares[0], "large": shares[1]}
    game = versus(SHIFT, JUDGE, adversarial(LOSS, leaves=leaves), latent=PRIOR)
    both = (SMALL, shares[0]), (LARGE, shares[1])
    expected = {
        DISCRIMINATOR: sum(
            share * (softplus(-REAL @ kernel).mean() + softplus(FAKE @ kernel).mean())
            for kernel, share in both
        ),
        GENERATOR: sum(share * softplus(-FAKE @ kernel).mean() for kernel, share in both),
    }
    for player, value in expected.items():
        assert float(judged(game, player)[0]) == pytest.approx(value, rel=1e-5)
    logged = judged(game, DISCRIMINATOR)[1].metrics["real_logit"]
    each = [(REAL @ kernel).mean() for kernel in (SMALL, LARGE)]
    assert float(logged) == pytest.approx(np.mean(each), rel=1e-4)


def test_r1_of_patches_is_that_of_their_mean():
    game = gan(SHIFT, given(LARGE, patches), NOTHING, PRIOR).add(r1(3.0))
    # The gradient of an example's mean logit is the mean of the kernel's columns.
    expected = 1.5 * np.sum(LARGE.mean(axis=1) ** 2)
    assert float(judged(game, DISCRIMINATOR)[0]) == pytest.approx(expected, rel=1e-5)


def test_each_leaf_of_a_tree_is_penalised_by_itself():
    game = gan(SHIFT, JUDGE, NOTHING, PRIOR).add(r1_r2(3.0), wgan_gp(2.0))
    metrics = judged(game, DISCRIMINATOR)[1].metrics
    slopes = [kernel.mean(axis=1) for kernel in (LARGE, SMALL)]
    for name in ("r1", "r2"):
        expected = 1.5 * sum(np.sum(slope**2) for slope in slopes)
        assert float(metrics[name]) == pytest.approx(expected, rel=1e-5)
    lengths = np.array([np.linalg.norm(slope) for slope in slopes])
    assert float(metrics["wgan_gp"]) == pytest.approx(2 * np.sum((lengths - 1) ** 2), rel=1e-5)
    assert float(metrics["wgan_gp_norm"]) == pytest.approx(lengths.mean(), rel=1e-5)


def test_the_gradient_of_r1_of_a_tree():
    game = gan(SHIFT, JUDGE, NOTHING, PRIOR).add(r1(3.0))
    variables = game.init(KEY, BATCH)
    loss = lambda own: game.losses({**variables, DISCRIMINATOR: {"params": own}}, BATCH, KEY, STEP)[
        DISCRIMINATOR
    ][0]
    slopes = jax.grad(loss)(variables[DISCRIMINATOR]["params"])
    for name, kernel in (("small", SMALL), ("large", LARGE)):
        count = kernel.shape[1]
        expected = 3.0 * np.repeat(kernel.mean(axis=1, keepdims=True), count, axis=1) / count
        np.testing.assert_allclose(slopes[name], expected, rtol=1e-5)


def test_lecam_and_consistency_of_a_tree():
    shift = lambda key, x: x + jnp.array([1.0, -2.0])
    game = gan(SHIFT, JUDGE, NOTHING, PRIOR).add(lecam(1.0), consistency(shift, real=1.0))
    metrics = judged(game, DISCRIMINATOR)[1].metrics
    # Averages start at zero; an example's logit is the sum of its leaves' means.
    logits = [(x @ SMALL).mean(axis=1) + (x @ LARGE).mean(axis=1) for x in (REAL, FAKE)]
    expected = sum(np.mean(each**2) for each in logits)
    assert float(metrics["lecam"]) == pytest.approx(expected, rel=1e-5)
    moved = np.array([1.0, -2.0])
    expected = np.mean((moved @ SMALL) ** 2) + np.mean((moved @ LARGE) ** 2)
    assert float(metrics["consistency"]) == pytest.approx(expected, rel=1e-5)


def test_relativistic_losses_compare_patch_with_patch():
    game = gan(SHIFT, given(LARGE, patches), get_loss("relativistic"), PRIOR)
    expected = softplus(FAKE @ LARGE - REAL @ LARGE).mean()
    assert float(judged(game, DISCRIMINATOR)[0]) == pytest.approx(expected, rel=1e-5)


def of_other_size(loss):
    """Two fakes for each real example."""

    def meet(make, batch, latent, step):
        fake = jnp.concatenate([make(latent), -make(latent)])
        return Meeting(real=Inputs(batch["image"]), fake=Inputs(fake))

    return versus(
        SHIFT,
        given(SMALL[:, 0], lambda own, x: x @ own),
        adversarial(get_loss(loss)),
        latent=PRIOR,
        meet=meet,
    )


def test_groups_of_different_sizes():
    game = of_other_size("non_saturating")
    both = np.concatenate([FAKE, -FAKE]) @ SMALL[:, 0]
    expected = softplus(-REAL @ SMALL[:, 0]).mean() + softplus(both).mean()
    assert float(judged(game, DISCRIMINATOR)[0]) == pytest.approx(expected, rel=1e-5)
    assert float(judged(game, GENERATOR)[0]) == pytest.approx(softplus(-both).mean(), rel=1e-5)
    with pytest.raises(
        ValueError, match=r"logits of shape \(5,\) and the fake one \(10,\), but a loss on"
    ):
        judged(of_other_size("relativistic"), DISCRIMINATOR)


# Labels that are vectors of attributes.

ATTRIBUTES = np.array([[1, 0, 1], [0, 0, 1], [1, 1, 0], [0, 0, 0], [1, 1, 1]])
HEADS = RNG.normal(size=(2, 3)).astype(np.float32)
LABELLED = {**BATCH, "label": jnp.asarray(ATTRIBUTES, jnp.int32)}


def test_attributes_are_conditions():
    game = conditional(
        given(HEADS, lambda own, z, label: z + label @ own.T),
        given(HEADS, lambda own, x, label: jnp.sum((x @ own) * label, axis=1)),
        LOSS,
        PRIOR,
    )
    variables = game.init(KEY, LABELLED)
    fake = LATENT + ATTRIBUTES @ HEADS.T
    logit = lambda x: np.sum((x @ HEADS) * ATTRIBUTES, axis=1)
    expected = softplus(-logit(REAL)).mean() + softplus(logit(fake)).mean()
    found = game.losses(variables, LABELLED, KEY, STEP)[DISCRIMINATOR][0]
    assert float(found) == pytest.approx(expected, rel=1e-5)
    samples = game.views["samples"](variables, LABELLED, KEY)
    np.testing.assert_allclose(samples, fake, rtol=1e-5)
    # Attributes have no order, and sorted by themselves they would be those of nobody.
    np.testing.assert_allclose(game.views["classes"](variables, LABELLED, KEY), fake, rtol=1e-5)


def test_each_attribute_is_classified_by_itself():
    game = acgan(
        given(0.25, lambda own, z, label: z + own),
        given(HEADS, lambda own, x: {"logit": x[:, 0], "class": x @ own}),
        NOTHING,
        PRIOR,
        generator_weight=0.5,
    )
    variables = game.init(KEY, LABELLED)
    found = game.losses(variables, LABELLED, KEY, STEP)
    cross = lambda x: softplus(np.where(ATTRIBUTES, -1, 1) * (x @ HEADS)).sum(axis=1).mean()
    assert float(found[DISCRIMINATOR][0]) == pytest.approx(cross(REAL) + cross(FAKE), rel=1e-5)
    assert float(found[GENERATOR][0]) == pytest.approx(0.5 * cross(FAKE), rel=1e-5)
    right = ((REAL @ HEADS > 0) == ATTRIBUTES).mean()
    logged = found[DISCRIMINATOR][1].metrics["class_accuracy"]
    assert float(logged) == pytest.approx(right, rel=1e-6)


# Examples of several fields.


def test_examples_of_several_fields():
    game = versus(
        given(0.5, lambda own, z: {"x": z + own, "y": own * z[:, :1]}),
        given(2.0, lambda own, pair: own * pair["x"][:, 0] + pair["y"][:, 0]),
        adversarial(NOTHING),
        latent=PRIOR,
        example=("x", "y"),
    ).add(r1(1.0))
    batch = {"x": BATCH["image"], "y": jnp.ones((5, 1)), "unused": jnp.zeros(5)}
    value, _ = game.losses(game.init(KEY, batch), batch, KEY, STEP)[DISCRIMINATOR]
    assert float(value) == pytest.approx(0.5 * (2.0**2 + 1), rel=1e-6)
    with pytest.raises(
        ValueError, match=r"shape \(\(2,\), \(1,\)\), but the data's are \(\(2,\), \(3,\)\)"
    ):
        game.init(KEY, {**batch, "y": jnp.ones((5, 3))})


def test_weighted_means():
    values, weights = RNG.normal(size=(4, 2, 3)), np.array([1.0, 0.0, 2.0, 3.0])
    found = mean(jnp.asarray(values), jnp.asarray(weights))
    expected = np.average(values.reshape(4, -1).mean(axis=1), weights=weights)
    assert float(found) == pytest.approx(expected, rel=1e-5)
    assert float(mean(jnp.asarray(values))) == pytest.approx(values.mean(), rel=1e-5)
