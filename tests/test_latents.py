import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from jgan.latents import (
    analogy,
    attribute_direction,
    normal,
    spherical,
    truncated,
    truncated_normal,
    uniform,
)

KEY = jax.random.key(3)


@pytest.mark.parametrize("threshold", [0.5, 1.0, 2.0])
def test_a_truncated_normal_has_the_moments_of_the_closed_form(threshold):
    z = np.asarray(truncated_normal(40, threshold)(KEY, 5000), np.float64)
    assert np.abs(z).max() <= threshold
    # Var = 1 - 2 t phi(t) / (2 Phi(t) - 1)
    inside = 2 * stats.norm.cdf(threshold) - 1
    variance = 1 - 2 * threshold * stats.norm.pdf(threshold) / inside
    assert z.var() == pytest.approx(variance, rel=0.01)
    assert z.mean() == pytest.approx(0, abs=0.01)
    # And not only its moments: what is left of a normal draw when it is drawn anew outside.
    kept = np.random.default_rng(0).normal(size=200_000)
    kept = kept[np.abs(kept) <= threshold]
    assert stats.ks_2samp(z.ravel()[:20_000], kept[:20_000]).pvalue > 1e-3


def test_a_wide_threshold_truncates_nothing():
    z = np.asarray(truncated_normal(20, 50.0)(KEY, 5000))
    assert z.std() == pytest.approx(1, rel=0.01)


def test_drawing_in_moves_towards_the_mean():
    mean = jnp.arange(3.0)
    inner = uniform(3)
    np.testing.assert_allclose(
        truncated(inner, 0.7, mean)(KEY, 5), 0.3 * mean + 0.7 * inner(KEY, 5), atol=1e-6
    )
    np.testing.assert_array_equal(truncated(inner, 1.0)(KEY, 5), inner(KEY, 5))
    np.testing.assert_array_equal(truncated(inner, 0.0, mean)(KEY, 5), jnp.tile(mean, (5, 1)))
    latents = np.asarray(truncated(normal(50), 0.5)(KEY, 4000))
    assert latents.var() == pytest.approx(0.25, rel=0.02)


def test_an_analogy_of_groups():
    rng = np.random.default_rng(0)
    a, b, c, d = (rng.normal(size=(n, 6)).astype(np.float32) for n in (3, 1, 4, 2))
    found = analogy([jnp.asarray(a), jnp.asarray(c)], [jnp.asarray(b), jnp.asarray(d)])
    np.testing.assert_allclose(found, a.mean(0) - b.mean(0) + c.mean(0) - d.mean(0), atol=1e-6)
    np.testing.assert_allclose(analogy([jnp.asarray(a)]), a.mean(0), atol=1e-6)


def test_a_direction_of_means_leads_from_mean_to_mean():
    z = normal(8)(KEY, 200)
    label = z[:, 2] > 0.3
    direction = attribute_direction(z, label)
    rows = np.asarray(z)
    has = np.asarray(label)
    np.testing.assert_allclose(direction, rows[has].mean(0) - rows[~has].mean(0), atol=1e-5)


def test_a_linear_direction_raises_the_fitted_label_by_one():
    z = np.asarray(normal(8)(KEY, 300), np.float64)
    weights = np.array([0.0, 2.0, 0, 0, -1.0, 0, 0, 0.5])
    label = z @ weights + 7.0
    direction = np.asarray(
        attribute_direction(
            jnp.asarray(z, jnp.float32), jnp.asarray(label), method="linear", ridge=0.0
        )
    )
    fitted = np.linalg.lstsq(np.c_[z, np.ones(300)], label, rcond=None)[0][:8]
    np.testing.assert_allclose(direction, fitted / (fitted @ fitted), atol=1e-4)
    assert direction @ weights == pytest.approx(1, abs=1e-4)


def test_a_linear_direction_leaves_out_what_only_goes_along():
    rng = np.random.default_rng(1)
    z = rng.normal(size=(4000, 2))
    z[:, 1] += 2 * z[:, 0]
    label = (z[:, 0] > 0).astype(np.float32)
    of = lambda method: np.asarray(
        attribute_direction(jnp.asarray(z, jnp.float32), jnp.asarray(label), method=method)
    )
    assert abs(of("linear")[1] / of("linear")[0]) < 0.1
    assert of("means")[1] / of("means")[0] > 1.5


def test_fewer_latents_than_dimensions():
    z = normal(64)(KEY, 10)
    direction = attribute_direction(z, jnp.arange(10) % 2, method="linear")
    assert np.isfinite(np.asarray(direction)).all()
    scores = np.asarray(z @ direction)
    assert scores[1::2].min() > scores[::2].max()


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: truncated_normal(3, 0.0), "threshold is 0.0, but must be positive"),
        (lambda: analogy([]), "plus is empty"),
        (lambda: analogy([jnp.zeros(3)]), r"shape \(3,\), but must be \(n, dim\)"),
        (lambda: analogy([jnp.zeros((0, 3))]), r"shape \(0, 3\)"),
        (lambda: attribute_direction(jnp.zeros((4, 2)), jnp.zeros(3)), r"labels \(3,\)"),
        (lambda: attribute_direction(jnp.zeros((4, 2)), jnp.zeros(4)), "all labels are equal"),
        (lambda: attribute_direction(jnp.zeros((4, 2)), jnp.arange(4)), "not all 0 or 1"),
        (
            lambda: attribute_direction(jnp.zeros((2, 2)), jnp.arange(2), method="svm"),
            "method is 'svm', but must be one of means, linear",
        ),
    ],
)
def test_mistakes(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()


def test_the_circle_keeps_the_length():
    a, b = normal(6)(KEY, 2)
    a, b = a / jnp.linalg.norm(a), b / jnp.linalg.norm(b)
    lengths = [float(jnp.linalg.norm(spherical(a, b, jnp.asarray(t)))) for t in (0.1, 0.5, 0.8)]
    np.testing.assert_allclose(lengths, 1, rtol=1e-5)
