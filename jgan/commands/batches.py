"""Batches of a run's training data."""

import jax.numpy as jnp
import numpy as np

from jgan.errors import UserError
from jgan.game import Batch
from jgan.training.experiment import Experiment


def training_batch(experiment: Experiment, count: int, seed: int, draw: int = 0) -> Batch:
    """A batch for the field and for an update: examples of the training data, drawn without replacement.

    Args:
      experiment: whose source is drawn from.
      count: examples in a minibatch.
      seed: of all draws.
      draw: which of several batches; they are drawn independently of each other.

    Raises:
      UserError: if the source has fewer.
    """
    total = count * experiment.rule.minibatches
    source = experiment.source
    size = min(source.sizes.values())
    if total > size:
        raise UserError(
            f"--batch-size is {count} ({experiment.rule.minibatches} minibatches an update), but the source "
            f"{source.name!r} has only {size} examples."
        )
    order = np.random.default_rng([seed, draw] if draw else seed).permutation(size)[:total]
    return {name: jnp.asarray(rows) for name, rows in source.at(order).items()}
