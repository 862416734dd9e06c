"""What claims measure on examples that no training has met."""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np

from jgan.augmentation import without_augmentation
from jgan.claims.measures import AT_ONCE
from jgan.data import Source
from jgan.data.conditions import conditions
from jgan.data.held_out import published_splits
from jgan.errors import UserError
from jgan.evaluation.beside import put_beside
from jgan.game import GENERATOR, Variables
from jgan.networks.hidden_layers import evaluating
from jgan.scene import per_example
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


def held_out_accuracy(trained: Trained, count: int = 1000) -> float:
    """Share of test examples that the discriminator calls real, its logit being positive.

    They are shown to it without augmentation. The share of the examples that it was trained on is put beside
    the number: a discriminator that knows these by heart calls all of them real, and others not.

    Args:
      trained: of a game whose discriminator gives logits, on data with a test set.
      count: of examples, at most.

    Raises:
      UserError: if the data have no test set.
    """
    test, own = held_out_source(trained), trained.experiment.source
    put_beside(f"training examples: {_called_real(trained, own, min(count, own.size)):.2f}")
    return _called_real(trained, test, min(count, test.size))


def _called_real(trained: Trained, source: Source, count: int) -> float:
    game = without_augmentation(trained.experiment.game)
    clock = on_host(trained.state.clock)

    @jax.jit
    def logits(variables: Variables, batch: Mapping[str, jax.Array]) -> jax.Array:
        assert game.scene is not None
        with evaluating():
            scene = game.scene(variables, batch, jax.random.key(0), clock)
        leaves = jax.tree.leaves(scene.answer("real", "logit"))
        return sum(map(per_example, leaves[1:]), per_example(leaves[0]))

    variables = on_host(trained.state.averaged_variables())
    rows = np.arange(-(-count // AT_ONCE) * AT_ONCE).reshape(-1, AT_ONCE)
    found = [np.asarray(logits(variables, source.at(part))) for part in rows]
    return float(np.mean(np.concatenate(found)[:count] > 0))
