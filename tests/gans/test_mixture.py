"""The Gaussian mixture against scipy and scikit-learn."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import KEY, STEP
from scipy import stats

from jgan.errors import UserError
from jgan.evaluation.expectation_maximisation import fit_mixture
from jgan.game import GENERATOR
from jgan.gans.mixture import gaussian_mixture, log_density

RNG = np.random.default_rng(0)
WEIGHTS, MEANS = np.array([0.2, 0.5, 0.3]), RNG.normal(size=(3, 2))
FACTORS = RNG.normal(size=(3, 2, 2)) * 0.3 + np.eye(2)
COVARIANCES = FACTORS @ FACTORS.transpose(0, 2, 1)
DIAGONAL = np.array([[1.0, 2.0], [3.0, 0.5], [1.5, 1.0]])


def params(precisions):
    found = {"weights": np.log(WEIGHTS) + 0.7, "means": MEANS, "precisions": precisions}
    return {name: jnp.asarray(value, jnp.float32) for name, value in found.items()}


def triangular():
    return np.stack([np.linalg.cholesky(np.linalg.inv(c)) for c in COVARIANCES])


CASES = pytest.mark.parametrize(
    ("own", "covariances"),
    [
        (params(triangular()), COVARIANCES),
        (params(DIAGONAL), np.stack([np.diag(1 / p**2) for p in DIAGONAL])),
    ],
    ids=["full", "diagonal"],
)


@CASES
def test_the_density_is_scipys(own, covariances):
    x = RNG.normal(size=(20, 2))
    parts = [
        stats.multivariate_normal(m, c).pdf(x) for m, c in zip(MEANS, covariances, strict=True)
    ]
    np.testing.assert_allclose(
        log_density(own, jnp.asarray(x)), np.log(WEIGHTS @ np.array(parts)), rtol=1e-4, atol=1e-5
    )


@CASES
def test_samples_have_its_moments(own, covariances):
    game = gaussian_mixture(own)
    batch = {"image": jnp.zeros((20_000, 2))}
    variables = game.init(KEY, batch)
    made = np.asarray(game.views["samples"](variables, batch, KEY))
    mean = WEIGHTS @ MEANS
    gaps = MEANS - mean
    covariance = np.einsum("k,kij->ij", WEIGHTS, covariances + gaps[:, :, None] * gaps[:, None])
    np.testing.assert_allclose(made.mean(axis=0), mean, atol=0.05)
    np.testing.assert_allclose(np.cov(made.T), covariance, atol=0.1)


@pytest.mark.parametrize("covariance", ["full", "diag"])
def test_expectation_maximisation_ends_where_the_gradient_vanishes(covariance):
    x = np.concatenate([RNG.normal(m, 0.3, (150, 2)) for m in ((0, 0), (2, 1), (-1, 2))])
    start = fit_mixture(x, 3, covariance=covariance)
    game = gaussian_mixture(start)
    batch = {"image": jnp.asarray(x, jnp.float32)}
    variables = game.init(KEY, batch)

    def slope(own):
        loss = lambda own: game.losses({GENERATOR: {"params": own}}, batch, KEY, STEP)[GENERATOR][0]
        return max(float(jnp.abs(leaf).max()) for leaf in jax.tree.leaves(jax.grad(loss)(own)))

    own = variables[GENERATOR]["params"]
    moved = {**own, "means": own["means"] + 0.1}
    assert slope(own) < 0.02
    assert slope(moved) > 10 * slope(own)
    # Here, since it takes a second that only the worker of this file should spend.
    from sklearn.mixture import GaussianMixture

    reference = GaussianMixture(3, covariance_type=covariance, random_state=0, max_iter=200).fit(x)
    value, _ = game.losses(variables, batch, KEY, STEP)[GENERATOR]
    assert float(value) == pytest.approx(-reference.score(x), rel=1e-4)


def test_images_are_cut_to_their_range():
    own = {
        "weights": jnp.zeros(1),
        "means": jnp.zeros((1, 4)),
        "precisions": 0.1 * jnp.ones((1, 4)),
    }
    game, batch = gaussian_mixture(own), {"image": jnp.zeros((50, 2, 2, 1))}
    made = game.views["samples"](game.init(KEY, batch), batch, KEY)
    assert made.shape == (50, 2, 2, 1)
    assert float(jnp.abs(made).max()) == 1


def test_mistakes():
    with pytest.raises(UserError, match="covariance is 'round'"):
        fit_mixture(MEANS, 2, covariance="round")
    with pytest.raises(UserError, match="components is 4, but must lie between 1 and 3"):
        fit_mixture(MEANS, 4)
    with pytest.raises(ValueError, match=r"2 dimensions, but the data's shape is \(3,\)"):
        gaussian_mixture(params(DIAGONAL)).init(KEY, {"image": jnp.zeros((2, 3))})
