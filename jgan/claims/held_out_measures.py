"""What claims measure on examples that no training has met."""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np

from jgan.data import Source
from jgan.data.conditions import conditions
from jgan.data.held_out import published_splits
from jgan.errors import UserError
from jgan.game import GENERATOR
from jgan.training.devices import on_host
from jgan.training.experiment import Trained


def both_splits(trained: Trained) -> tuple[Source, Source]:
    """The training and the test set of a training's data, neither augmented.

    Raises:
      UserError: if there is no test set.
    """
    source = trained.experiment.source
    splits = published_splits(source, trained.experiment.loaded)
    if splits is None:
        raise UserError(
            f"data is {source.name!r}, which has no test set, but this claim is measured on one."
        )
    return splits


def held_out_source(trained: Trained) -> Source:
    """The test set of a training's data.

    Raises:
      UserError: if there is none.
    """
    return both_splits(trained)[1]


def held_out_loss(trained: Trained, count: int = 500) -> float:
    """The generator's loss on test examples, of the averaged variables, in the loss's own unit.

    Args:
      trained: of a game whose loss is a mean over examples, such as a likelihood.
      count: of examples.

    Raises:
      UserError: if the data have no test set.
    """
    batch: Mapping[str, jax.Array] = jax.tree.map(
        jnp.asarray, conditions(held_out_source(trained), 0).at(np.arange(count))
    )
    variables = on_host(trained.state.averaged_variables())
    losses = jax.jit(trained.experiment.game.losses)
    found = losses(variables, batch, jax.random.key(0), jnp.zeros((), jnp.int32))
    return float(found[GENERATOR][0])
