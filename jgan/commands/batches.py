"""Batches of a run's training data, and all of its examples."""

import jax.numpy as jnp
import numpy as np

from jgan.errors import UserError
from jgan.game import Batch
from jgan.numerics.chunks import in_chunks
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


def every_example(experiment: Experiment, size: int) -> Batch:
    """All examples of the training data in chunks ``(chunks, size, ...)``; what does not fill one is left out.

    Raises:
      UserError: if the source has fewer than ``size``.
    """
    source = experiment.source
    count = min(source.sizes.values())
    if count < size:
        raise UserError(
            f"--batch-size is {size}, but the source {source.name!r} has only {count} examples."
        )
    rows = source.at(np.arange(count))
    return in_chunks({name: jnp.asarray(values) for name, values in rows.items()}, size)
