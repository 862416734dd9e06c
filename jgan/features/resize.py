"""What published feature extractors do to an image before they look at it."""

import jax
import jax.numpy as jnp
import numpy as np


def eight_bits(images: jax.Array) -> jax.Array:
    """Images in [-1, 1] as the whole numbers 0 to 255 (float32) that a file of them would hold.

    >>> eight_bits(jnp.asarray([-1.0, 0.2, 1.5])).tolist()
    [0.0, 153.0, 255.0]
    """
    return jnp.round(levels(images))


def levels(images: jax.Array) -> jax.Array:
    """Images in [-1, 1] on the scale of 0 to 255, not rounded; what lies outside is clipped.

    >>> levels(jnp.asarray([-1.0, 0.2, 1.5])).tolist()
    [0.0, 153.0, 255.0]
    """
    return jnp.clip((images + 1) * 127.5, 0, 255)


def bilinear_tensorflow1(images: jax.Array, height: int, width: int) -> jax.Array:
    """Resize ``(B, H, W, C)`` as TensorFlow 1's ``resize_bilinear`` does by default.

    Row i of the result lies at row ``i H / height`` of the image (not at centres of pixels), between its
    two nearest rows; nothing is averaged when an image shrinks, so it aliases. FID's numbers are
    defined with this.

    >>> bilinear_tensorflow1(jnp.asarray([0.0, 8.0]).reshape(1, 1, 2, 1), 1, 4).ravel().tolist()
    [0.0, 4.0, 8.0, 8.0]
    """
    rows, columns = _between(images.shape[1], height), _between(images.shape[2], width)
    return jnp.einsum("ih,bhwc,jw->bijc", rows, images, columns, precision="highest")


def _between(size: int, wanted: int) -> np.ndarray:
    """The matrix ``(wanted, size)`` of weights along one axis."""
    where = np.arange(wanted, dtype=np.float32) * np.float32(size / wanted)
    low = np.minimum(np.floor(where).astype(int), size - 1)
    share = (where - low).astype(np.float32)
    matrix = np.zeros((wanted, size), np.float32)
    every = np.arange(wanted)
    matrix[every, low] = 1 - share
    matrix[every, np.minimum(low + 1, size - 1)] += share
    return matrix


def bicubic(images: jax.Array, height: int, width: int) -> jax.Array:
    """Resize ``(B, H, W, C)`` in 0 to 255 by Keys' cubic (a = -1/2), widened when an image shrinks.

    The kernel and support of Pillow's ``BICUBIC``; what overshoots is clipped. Pillow works on whole numbers
    and rounds and clips after each of its two passes, which this function does not do between them: at strong
    edges of an enlarged picture the two are up to 18 of 255 levels apart.
    """
    shape = (images.shape[0], height, width, images.shape[3])
    if shape == images.shape:
        return images
    return jnp.clip(jax.image.resize(images, shape, "bicubic", antialias=True), 0, 255)
