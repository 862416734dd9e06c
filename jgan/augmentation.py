"""Transformations of what the discriminator sees, real and fake alike.

``with_augmentation(game, instance_noise(0.1))`` is a game. An augmentation is a function
``(key, values, step) -> values`` on a pytree whose leaves have the examples on their leading axis. The
generator is trained through it, so it must be differentiable in ``values``.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from jgan.batch_axis import draw_rows, normal_like
from jgan.game import (
    Batch,
    Collections,
    Critic,
    Game,
    Inputs,
    PyTree,
    Variables,
    critic_of,
    map_with_keys,
)

Augmentation = Callable[[jax.Array, PyTree, jax.Array], PyTree]
Schedule = Callable[[jax.Array], jax.Array]


def with_augmentation(game: Game, augmentation: Augmentation) -> Game:
    """The game whose discriminator is shown ``augmentation(key, values, step)`` instead of values.

    Penalties that were added before or after see the augmented discriminator as a function of the
    unchanged inputs, as StyleGAN2-ADA's R1 does.

    Raises:
      ValueError: if the game has no discriminator to ask.
    """
    inner = critic_of(game)

    def critic(variables: Variables, batch: Batch, key: jax.Array, step: jax.Array) -> Critic:
        scene = inner(variables, batch, key, step)

        def score(
            inputs: Inputs, state: Collections, key: jax.Array
        ) -> tuple[jax.Array, Collections]:
            augment_key, key = jax.random.split(key)
            values = augmentation(augment_key, inputs.values, step)
            return scene.score(inputs._replace(values=values), state, key)

        return scene._replace(score=score)

    if game.rebuild is None:
        raise ValueError("this game cannot be augmented: game.rebuild is None.")
    return game.rebuild(critic)


def instance_noise(sigma: float | Schedule) -> Augmentation:
    """Gaussian noise on everything the discriminator sees (Sønderby et al. 2017; Arjovsky & Bottou 2017).

    Args:
      sigma: its standard deviation, or a schedule ``step -> sigma`` such as those of optax.
    """

    def augment(key: jax.Array, values: PyTree, step: jax.Array) -> PyTree:
        scale = sigma(step) if callable(sigma) else sigma
        return map_with_keys(
            lambda x, key: x + jnp.asarray(scale, x.dtype) * normal_like(key, x),
            values,
            key,
        )

    return augment


def flip(key: jax.Array, images: jax.Array) -> jax.Array:
    """Each of the images ``(B, H, W, C)`` mirrored from left to right with probability one half."""
    chosen = draw_rows(lambda rows: jax.random.bernoulli(key, shape=(rows,)), images.shape[0])
    return jnp.where(chosen[:, None, None, None], images[:, :, ::-1], images)


def shift(key: jax.Array, images: jax.Array, pixels: int) -> jax.Array:
    """Images ``(B, H, W, C)`` shifted by up to ``pixels`` each way, their borders filled by reflection."""
    count, height, width, channels = images.shape
    padded = jnp.pad(images, ((0, 0), (pixels, pixels), (pixels, pixels), (0, 0)), "reflect")
    corners = draw_rows(lambda rows: jax.random.randint(key, (rows, 2), 0, 2 * pixels + 1), count)

    def cut(image: jax.Array, corner: jax.Array) -> jax.Array:
        return jax.lax.dynamic_slice(image, (corner[0], corner[1], 0), (height, width, channels))

    return jax.vmap(cut)(padded, corners)


def flip_and_shift(pixels: int = 4) -> Callable[[jax.Array, jax.Array], jax.Array]:
    """A random horizontal flip and a shift by up to ``pixels``, for `jgan.regularizers.consistency`.

    The augmentation of CR-GAN (Zhang et al. 2020, section 3.1). Images ``(B, H, W, C)``; borders are
    filled by reflection, so ``pixels`` must be less than H and W.
    """

    def transform(key: jax.Array, images: jax.Array) -> jax.Array:
        flip_key, shift_key = jax.random.split(key)
        return shift(shift_key, flip(flip_key, images), pixels)

    return transform
