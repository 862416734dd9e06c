"""Transformations of what the discriminator sees, real and fake alike.

``with_augmentation(game, instance_noise(0.1))`` is a game. An augmentation is a function
``(key, values, moment) -> values`` on a pytree whose leaves have the examples on their leading axis; the
`jgan.scene.Moment` has the step and the memories of all terms, so that a term may steer it (the
probability of adaptive augmentation). The generator is trained through it, so it must be differentiable
in ``values``.
"""

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp

from jgan.arguments import check_count, check_number
from jgan.batch_axis import draw_rows, normal_like
from jgan.game import Game, opposed, remade
from jgan.players import PyTree, map_with_keys
from jgan.scene import Moment

Augmentation = Callable[[jax.Array, PyTree, Moment], PyTree]
Schedule = Callable[[jax.Array], jax.Array]


def with_augmentation(game: Game, augmentation: Augmentation) -> Game:
    """The game whose discriminator is shown ``augmentation(key, values, moment)`` instead of values.

    Penalties see the augmented discriminator as a function of the unchanged inputs, as StyleGAN2-ADA's R1
    does, whether they are added before or after. Several augmentations follow each other in the order in
    which they were added.

    Raises:
      ValueError: if the game has no discriminator to ask.
    """
    composition = opposed(game, "augmentation")
    augmentations = (*composition.augmentations, augmentation)
    return remade(game, composition._replace(augmentations=augmentations))


def instance_noise(sigma: float | Schedule) -> Augmentation:
    """Gaussian noise on everything the discriminator sees (Sønderby et al. 2017; Arjovsky & Bottou 2017).

    Args:
      sigma: its standard deviation, or a schedule ``step -> sigma`` such as those of optax; the step is that
        of the run's present stage.
    """

    def augment(key: jax.Array, values: PyTree, moment: Moment) -> PyTree:
        scale = sigma(moment.step.stage) if callable(sigma) else sigma
        return map_with_keys(
            lambda x, key: x + jnp.asarray(scale, x.dtype) * normal_like(key, x),
            values,
            key,
        )

    return augment


def fading_blur(sigma: float, steps: int) -> Augmentation:
    """A blur of all images that is gone after some updates (Karras et al. 2021, for StyleGAN3-R).

    It hides high frequencies from the discriminator at first, without which -R may collapse early. The filter
    is 2 to the power -(k/σ)² at k pixels from its middle, up to 3σ, as in the authors' code, and σ falls along
    a line.

    Args:
      sigma: σ before the first update, in pixels; 10 in the paper.
      steps: updates of the stage until it is 0; 200,000 images' worth in the paper.

    Raises:
      ValueError: if a number is out of its range.
    """
    check_number("sigma", sigma, least=0)
    check_count("steps", steps)
    offsets = jnp.arange(math.floor(3 * sigma) + 1)

    def augment(key: jax.Array, values: PyTree, moment: Moment) -> PyTree:
        width = sigma * jnp.maximum(1 - moment.step.stage / steps, 0)

        def weight(offset: jax.Array) -> jax.Array:
            height = jnp.exp2(-jnp.square(offset / jnp.maximum(width, 1e-6)))
            return jnp.where(offset <= jnp.floor(3 * width), height, 0)

        total = 2 * jnp.sum(weight(offsets)) - 1

        def blur(x: jax.Array) -> jax.Array:
            for axis, form in ((1, "oh,nhwc->nowc"), (2, "ow,nhwc->nhoc")):
                place = jnp.arange(x.shape[axis])
                matrix = weight(jnp.abs(place[:, None] - place)) / total
                x = jnp.einsum(form, matrix.astype(x.dtype), x, precision="highest")
            return x

        return jax.tree.map(blur, values)

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


def jitter(key: jax.Array, images: jax.Array, factor: float = 286 / 256) -> jax.Array:
    """Images ``(B, H, W, C)`` enlarged by ``factor``, each cut to its size again at a random place.

    The jitter of pix2pix (Isola et al. 2017, appendix 6.2). Images of floats are enlarged by cubic
    interpolation, within their range [-1, 1]; others, such as maps of labels, by the nearest pixel.
    """
    count, height, width, channels = images.shape
    size = (round(factor * height), round(factor * width))
    floats = jnp.issubdtype(images.dtype, jnp.floating)
    method = "cubic" if floats else "nearest"
    larger = jax.image.resize(images, (count, *size, channels), method)
    larger = jnp.clip(larger, -1, 1) if floats else larger
    most = jnp.asarray([size[0] - height + 1, size[1] - width + 1])
    corners = draw_rows(lambda rows: jax.random.randint(key, (rows, 2), 0, most), count)

    def cut(image: jax.Array, corner: jax.Array) -> jax.Array:
        return jax.lax.dynamic_slice(image, (corner[0], corner[1], 0), (height, width, channels))

    return jax.vmap(cut)(larger, corners)


def flip_and_shift(pixels: int = 4) -> Callable[[jax.Array, jax.Array], jax.Array]:
    """A random horizontal flip and a shift by up to ``pixels``, for `jgan.terms.regularizers.consistency`.

    The augmentation of CR-GAN (Zhang et al. 2020, section 3.1). Images ``(B, H, W, C)``; borders are
    filled by reflection, so ``pixels`` must be less than H and W.
    """

    def transform(key: jax.Array, images: jax.Array) -> jax.Array:
        flip_key, shift_key = jax.random.split(key)
        return shift(shift_key, flip(flip_key, images), pixels)

    return transform
