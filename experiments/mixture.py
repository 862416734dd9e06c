"""A Gaussian mixture by scikit-learn, the yardstick of Richardson & Weiss 2018 (arXiv 1805.12462).

jgan train experiments/mixture.py --data ring
"""

from functools import partial
from typing import Literal

import jax.numpy as jnp
import numpy as np
import optax

from jgan import GENERATOR, PLAYERS, Claim, Dataset, Experiment, Trained, simultaneous
from jgan.claims.measures import high_quality
from jgan.data import gather, load
from jgan.errors import UserError
from jgan.evaluation.expectation_maximisation import fit_mixture
from jgan.gans.mixture import gaussian_mixture, log_density


def gap(trained: Trained) -> float:
    """Mean log density of test points under their true distribution, less that of the mixture, in nats."""
    source = load(trained.experiment.source.name, split="test", size=10_000)
    if source.density is None:
        raise UserError(f"the density of {source.name!r} is not known; use ring or grid.")
    points = jnp.asarray(source.arrays["image"])
    own = trained.state.variables[GENERATOR]["params"]
    return float(jnp.mean(source.density.log_density(points) - log_density(own, points)))


claim = partial(Claim, steps=100, setting={"data": "ring"}, control={"width": 1})
CLAIMS = (
    claim("is as likely as the truth (gap in nats on new points)", gap, at_most=0.02),
    claim("high-quality samples", high_quality, at_least=0.95),
)


def experiment(
    *,
    data: Dataset = Dataset(),
    width: int = 8,
    covariance: Literal["full", "diag"] = "diag",
    floor: float = 1e-6,
    examples: int = 5000,
    lr: float = 1e-4,
) -> Experiment:
    """Expectation-maximisation first, whose result the steps of the rule only refine.

    Args:
      width: Components of the mixture.
      covariance: Kind of each component's covariance.
      floor: What is added to the diagonals of the covariances.
      examples: Number of examples that the mixture is fitted to.
      lr: Learning rate of Adam in the gradient steps that follow.
    """
    source = data.load()
    chosen = np.linspace(0, source.size - 1, min(examples, source.size)).astype(int)
    x = np.asarray(gather(source.arrays, chosen)["image"])
    start = fit_mixture(x, min(width, len(x)), covariance=covariance, floor=floor)
    game = gaussian_mixture(start)
    rule = simultaneous(game, dict.fromkeys(PLAYERS, optax.adam(lr)))
    return Experiment(game, rule, source, steps=100, claims=CLAIMS)
