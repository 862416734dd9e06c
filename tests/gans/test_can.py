import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import KEY, NOTHING, STEP, central_differences

from jgan.game import DISCRIMINATOR, GENERATOR
from jgan.gans.can import can
from jgan.networks.network import Network
from jgan.terms.ambiguity import ambiguity, entropy

LOGITS = np.array([[2.0, -1.0, 0.5], [0.0, 0.0, 0.0], [-3.0, 4.0, 1.0]])
P = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)
BATCH = {"image": jnp.asarray(LOGITS), "label": jnp.array([0, 2, 2])}
GENERATOR_NETWORK = Network(
    lambda key, z: {"params": jnp.array(0.5)},
    lambda own, z, key=None, train=False: (own["params"] * z, {}),
)


def judge(own, x, key=None, train=False):
    return {"logit": x[:, 0], "class": own["params"] * x}, {}


def game(**options):
    return can(
        GENERATOR_NETWORK,
        Network(lambda key, x: {"params": jnp.array(1.0)}, judge),
        NOTHING,
        lambda key, count: jnp.asarray(2 * LOGITS[:count]),
        **options,
    )


def formula(p, kind):
    k = p.shape[1]
    uniform = -(np.log(p) / k).sum(axis=1)
    return uniform - ((1 - 1 / k) * np.log(1 - p)).sum(axis=1) if kind == "binary" else uniform


@pytest.mark.parametrize("kind", ["binary", "uniform"])
def test_ambiguity_by_the_formula(kind, double):
    found = ambiguity(jnp.asarray(LOGITS), kind)
    np.testing.assert_allclose(found, formula(P, kind), rtol=1e-9)
    slopes = jax.grad(lambda logits: jnp.sum(ambiguity(logits, kind)))(jnp.asarray(LOGITS))
    numeric = central_differences(lambda x: jnp.sum(ambiguity(jnp.asarray(x), kind)), LOGITS)
    np.testing.assert_allclose(slopes, numeric, atol=1e-8)
    # Least where all classes are equally likely.
    np.testing.assert_allclose(slopes[1], 0, atol=1e-12)
    assert float(found[1]) == min(float(value) for value in found)


@pytest.mark.parametrize("kind", ["binary", "uniform"])
def test_certainty_stays_finite(kind):
    certain = jnp.array([[200.0, 0.0, -200.0]])
    value, slopes = jax.value_and_grad(lambda x: ambiguity(x, kind)[0])(certain)
    assert np.isfinite(value)
    assert np.isfinite(slopes).all()


def test_entropy_by_the_formula():
    expected = -(P * np.log(P)).sum(axis=1)
    np.testing.assert_allclose(entropy(jnp.asarray(LOGITS)), expected, rtol=1e-5)


@pytest.mark.parametrize("kind", ["binary", "uniform"])
def test_losses_by_hand(kind):
    made = game(weight=0.3, styles=2.0, kind=kind)
    variables = made.init(KEY, BATCH)
    found, aux = made.losses(variables, BATCH, KEY, STEP)[DISCRIMINATOR]
    # Real examples are their own logits; the fakes are the same examples (0.5 times 2).
    assert float(found) == pytest.approx(-2 * np.log(P[[0, 1, 2], [0, 2, 2]]).mean(), rel=1e-5)
    assert float(aux.metrics["class_accuracy"]) == pytest.approx(1 / 3)
    found, aux = made.losses(variables, BATCH, KEY, STEP)[GENERATOR]
    assert float(found) == pytest.approx(0.3 * formula(P, kind).mean(), rel=1e-5)
    share = -(P * np.log(P)).sum(axis=1).mean() / np.log(3)
    assert float(aux.metrics["entropy"]) == pytest.approx(share, rel=1e-5)


def test_mistakes():
    with pytest.raises(ValueError, match="kind is 'sharp', but must be binary or uniform"):
        ambiguity(jnp.zeros((1, 2)), "sharp")
    made = game()
    with pytest.raises(ValueError, match="the data have no labels"):
        made.losses(made.init(KEY, BATCH), {"image": BATCH["image"]}, KEY, STEP)[DISCRIMINATOR]
