"""Pictures that are mirrored, shifted or cut out at random places, a batch at a time."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from jgan.batch_axis import draw_rows


def flip(key: jax.Array, images: jax.Array) -> jax.Array:
    """Each of the images ``(B, H, W, C)`` mirrored from left to right with probability one half."""
    chosen = draw_rows(lambda rows: jax.random.bernoulli(key, shape=(rows,)), images.shape[0])
    return jnp.where(chosen[:, None, None, None], images[:, :, ::-1], images)


def shift(key: jax.Array, images: jax.Array, pixels: int) -> jax.Array:
    """Images ``(B, H, W, C)`` shifted by up to ``pixels`` each way, their borders filled by reflection."""
    count, height, width, _ = images.shape
    padded = jnp.pad(images, ((0, 0), (pixels, pixels), (pixels, pixels), (0, 0)), "reflect")
    corners = draw_rows(lambda rows: jax.random.randint(key, (rows, 2), 0, 2 * pixels + 1), count)
    return cut(padded, corners, height, width)


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
    return cut(larger, corners, height, width)


def cut(images: jax.Array, corners: jax.Array, height: int, width: int) -> jax.Array:
    """Of each image ``(B, H, W, C)`` the part of that size whose first pixel is at ``corners (B, 2)``."""

    def part(image: jax.Array, corner: jax.Array) -> jax.Array:
        return jax.lax.dynamic_slice(
            image, (corner[0], corner[1], 0), (height, width, image.shape[2])
        )

    return jax.vmap(part)(images, corners)


def flip_and_shift(pixels: int = 4) -> Callable[[jax.Array, jax.Array], jax.Array]:
    """A random horizontal flip and a shift by up to ``pixels``, for `jgan.terms.regularizers.consistency`.

    The augmentation of CR-GAN (Zhang et al. 2020, section 3.1). Images ``(B, H, W, C)``; borders are
    filled by reflection, so ``pixels`` must be less than H and W.
    """

    def transform(key: jax.Array, images: jax.Array) -> jax.Array:
        flip_key, shift_key = jax.random.split(key)
        return shift(shift_key, flip(flip_key, images), pixels)

    return transform
