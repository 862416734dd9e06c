"""What claims about StyleGAN's networks measure: do mixed styles make examples, and is their path even?"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jgan.claims.measures import AT_ONCE, conditions_of, reference_examples
from jgan.errors import UserError
from jgan.game import Variables
from jgan.metrics.random_features import random_feature_distance
from jgan.networks.hidden_layers import evaluating
from jgan.terms.path_regularizer import path_lengths
from jgan.training.devices import on_host
from jgan.training.experiment import Trained

Styled = Callable[[Any, jax.Array, jax.Array], jax.Array]
"""``(synthesis, styles (B, inputs, d), key) -> (B, ...)``."""


def styled(trained: Trained, look: Styled, count: int) -> jax.Array:
    """``look`` at the styles of ``count`` latents of the averaged generator, `AT_ONCE` at a time.

    Raises:
      UserError: if the generator has no mapping network.
    """
    game, source = trained.experiment.game, trained.experiment.source
    if "mapping" not in trained.state.variables["generator"]["params"]:
        raise UserError("styles were asked for, but this game's generator has no mapping network.")
    batch = conditions_of(source).at(np.arange(AT_ONCE))

    @jax.jit
    def part(variables: Variables, key: jax.Array) -> jax.Array:
        assert game.scene is not None
        with evaluating():
            scene = game.scene(variables, batch, key, trained.state.clock)
            condition = jax.tree.leaves(scene.meeting["fake"].condition)
            styles = scene.make["mapping"](scene.latent, *condition)["styles"]
            return look(scene.make["synthesis"], styles, key)

    variables = on_host(trained.state.averaged_variables())
    keys = jax.random.split(jax.random.key(0), -(-count // AT_ONCE))
    return jnp.concatenate([part(variables, key) for key in keys])[:count]


def mixing_cost(trained: Trained, count: int = 2000) -> float:
    """How much farther from the training images samples of mixed styles lie than others, as a ratio.

    Fréchet distances in random features. The first half of the styles is a sample's, the second the next one's.
    """
    real = jnp.asarray(reference_examples(trained.experiment.source, count))

    def distance(shift: int) -> float:
        def mixed(synthesis: Any, styles: jax.Array, key: jax.Array) -> jax.Array:
            fine = jnp.arange(styles.shape[1]) >= styles.shape[1] // 2
            other = jnp.roll(styles, shift, axis=0)
            return jnp.clip(synthesis(jnp.where(fine[:, None], other, styles)), -1.0, 1.0)

        return float(random_feature_distance(styled(trained, mixed, count), real))

    return distance(1) / distance(0)


def path_spread(trained: Trained, count: int = 1000) -> float:
    """The standard deviation of ‖Jᵀy‖ over styles and directions y, relative to its mean.

    0 where a step of a style changes every image by the same amount, which is what path-length regularisation
    asks for.
    """

    def lengths(synthesis: Any, styles: jax.Array, key: jax.Array) -> jax.Array:
        noise = jax.random.normal(key, jax.eval_shape(synthesis, styles).shape)
        return path_lengths(synthesis, styles, noise)

    found = np.asarray(styled(trained, lengths, count), np.float64)
    return float(found.std() / found.mean())
