"""Filtering images by a filter that is no product of two others, such as one without directions.

A symmetric filter is a sum of a few that are products, those of its eigenvectors. Each of them is a matrix
along each axis, as in `jgan.convolution.filtering`, where matrices pay.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jgan.convolution import filtering
from jgan.convolution.geometry import Pair

NEGLIGIBLE = 1e-9
"""Eigenvalues below this share of the largest are left out; float32 rounds at 1e-7."""


def filter_radially(
    x: jax.Array, kernel: np.ndarray, *, down: int = 1, padding: Pair = (0, 0)
) -> jax.Array:
    """Convolve every channel with a symmetric filter and keep every ``down``-th row and column.

    Args:
      x: images, (N, H, W, C).
      kernel: (taps, taps), equal to its transpose and to its mirror images.
      down: how many times smaller the images are made.
      padding: zeros before the first and behind the last pixel of both axes.

    Returns:
      Images, (N, H', W', C), with H' = floor((H + before + behind - taps) / down) + 1.

    Raises:
      ValueError: if the filter is not symmetric, or larger than the padded images.
    """
    if not (np.allclose(kernel, np.transpose(kernel)) and np.allclose(kernel, kernel[::-1])):
        raise ValueError(
            f"kernel of shape {np.shape(kernel)} is not symmetric, but must equal its transpose and mirror "
            "images."
        )
    if min(x.shape[1:3]) + sum(padding) < len(kernel):
        raise ValueError(
            f"x has shape {x.shape}, which padded by {padding} has fewer pixels than the filter's "
            f"{len(kernel)} taps."
        )
    by = _by_matrices if max(x.shape[1:3]) <= filtering.SMALL else _by_convolution
    return by(x, np.asarray(kernel), down, padding)


def _by_matrices(x: jax.Array, kernel: np.ndarray, down: int, padding: Pair) -> jax.Array:
    values, vectors = np.linalg.eigh(kernel)
    kept = np.abs(values) > NEGLIGIBLE * np.abs(values).max()

    def along(length: int) -> np.ndarray:
        """The filters of one axis as matrices, (kept, shorter, length)."""
        count = (length + sum(padding) - len(kernel)) // down + 1
        taps = [tuple(vector) for vector in vectors.T[kept]]
        return np.stack([filtering.banded(length, own, 1, down, padding[0], count) for own in taps])

    rows = jnp.asarray(values[kept, None, None] * along(x.shape[1]), x.dtype)
    columns = jnp.asarray(along(x.shape[2]), x.dtype)
    # TF32's three digits are too few for a filter that other code computes by additions.
    parts = jnp.einsum("rpw,nhwc->rnhpc", columns, x, precision="highest")
    return jnp.einsum("roh,rnhpc->nopc", rows, parts, precision="highest")


def _by_convolution(x: jax.Array, kernel: np.ndarray, down: int, padding: Pair) -> jax.Array:
    """XLA's own depthwise convolution."""
    channels = x.shape[3]
    return lax.conv_general_dilated(
        x,
        jnp.tile(jnp.asarray(kernel, x.dtype)[:, :, None, None], (1, 1, 1, channels)),
        (down, down),
        (padding, padding),
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=channels,
        precision="highest",
    )
