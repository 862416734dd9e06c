"""Upsampling, filtering and downsampling by separable filters, alone and together with a convolution.

A filter is its taps along one axis, applied to rows and to columns; every channel is filtered by itself. Along
an axis of few pixels resampling is a product with a banded matrix, which is fast inside compiled loops
on a CPU, where XLA's depthwise convolutions are slow; along a longer one it is such a convolution, with
the zeros between pixels as its dilation. Both are linear to derivatives of any order and mode.
"""

import math
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jgan.convolution.convolution import Precision, conv, conv_transpose
from jgan.convolution.geometry import Pair

Taps = Sequence[float]
SMALL = 256
"""Pixels along an axis, after zeros are put between them, up to which a matrix resamples.

On two CPU cores a matrix takes a half to a thirtieth of a convolution's time up to there.
"""

BINOMIAL = (1 / 8, 3 / 8, 3 / 8, 1 / 8)
"""The filter of StyleGAN2 (Karras et al. 2020, appendix B), zero at the highest frequency, gain 1 at 0."""


def binomial(count: int) -> tuple[float, ...]:
    """The binomial filter of ``count`` taps, whose sum is 1.

    Its gain at frequency f, in cycles a pixel, is ``cos(πf)`` to the power ``count - 1``.

    Raises:
      ValueError: if ``count`` is not at least 1.

    >>> binomial(3)
    (0.25, 0.5, 0.25)
    """
    if count < 1:
        raise ValueError(f"count is {count}, but a filter must have at least 1 tap.")
    return tuple(math.comb(count - 1, tap) / 2 ** (count - 1) for tap in range(count))


def resample(
    x: jax.Array, taps: Taps, *, up: int = 1, down: int = 1, padding: int | Pair = 0
) -> jax.Array:
    """Put zeros between pixels, pad, convolve with the filter, and keep every ``down``-th row and column.

    The same along both axes: behind every pixel come ``up - 1`` zeros, the image gets ``padding`` more before
    its first and behind its last pixel (negative numbers crop), and the rest is `scipy.signal.upfirdn`
    without the ends at which the filter only partly overlaps.

    Args:
      x: images, (N, H, W, C).
      taps: of the filter along one axis, first to last.
      up: how many times larger the image is made first.
      down: how many times smaller it is made at last.
      padding: of all sides, or (before, behind).

    Returns:
      Images, (N, H', W', C), with H' = floor((H up + before + behind - taps) / down) + 1.

    Raises:
      ValueError: if ``x`` is no batch of images, ``up`` or ``down`` is less than 1, or no pixel is left.

    Examples:
      >>> resample(jnp.ones((1, 4, 4, 1)), (0.5, 0.5), down=2).shape
      (1, 2, 2, 1)
    """
    if jnp.ndim(x) != 4:
        raise ValueError(f"x has shape {jnp.shape(x)}, but must be (N, H, W, C).")
    for name, factor in (("up", up), ("down", down)):
        if not isinstance(factor, int) or factor < 1:
            raise ValueError(f"{name} is {factor!r}, but must be a whole number of at least 1.")
    pads = (padding, padding) if isinstance(padding, int) else padding
    for axis in (1, 2):
        if x.shape[axis] * up + sum(pads) < len(taps):
            raise ValueError(
                f"x has shape {x.shape}, which {up} times larger and padded by {pads} has fewer pixels than "
                f"the filter's {len(taps)} taps."
            )
        form = _by_matrix if x.shape[axis] * up <= SMALL else _by_convolution
        x = form(x, tuple(map(float, taps)), axis, up, down, pads)
    return x


def upsample_filtered(x: jax.Array, taps: Taps = BINOMIAL, factor: int = 2) -> jax.Array:
    """Images ``factor`` times larger, (N, H, W, C) to (N, factor H, factor W, C), brightness kept."""
    size = len(taps)
    padding = (size + factor - 1) // 2, (size - factor) // 2
    return resample(x, [factor * tap for tap in taps], up=factor, padding=padding)


def downsample_filtered(x: jax.Array, taps: Taps = BINOMIAL, factor: int = 2) -> jax.Array:
    """Images ``factor`` times smaller, (N, H, W, C) to (N, H / factor, W / factor, C)."""
    size = len(taps)
    padding = (size - factor + 1) // 2, (size - factor) // 2
    return resample(x, taps, down=factor, padding=padding)


def filtered_upsample_conv(
    x: jax.Array, kernel: jax.Array, taps: Taps = BINOMIAL, *, precision: Precision = None
) -> jax.Array:
    """Double the images through the filter, then convolve at stride 1 with "SAME" padding.

    Both orders are the same sum; the convolution comes first, as a transposed one, so that it meets no
    zeros: a quarter of the multiplications. What the filter leaves beyond the border is not cut off
    between the two.

    Args:
      x: images, (N, H, W, Ci).
      kernel: (kh, kw, Ci, Co) with odd sides, as `conv` takes it.
      taps: of the filter, at least 2.
      precision: as in `conv`.

    Returns:
      Images, (N, 2 H, 2 W, Co).

    Raises:
      ValueError: if shapes or dtypes do not fit together.
    """
    _check_odd(kernel)
    side = kernel.shape[0]
    if side == 1:
        return upsample_filtered(conv(x, kernel, precision=precision), taps)
    wide = conv_transpose(x, kernel[::-1, ::-1], stride=2, padding="VALID", precision=precision)
    # The transposed convolution begins side // 2 pixels before the image, and ends where it must.
    before = (len(taps) + 1) // 2 - side // 2
    behind = 2 * x.shape[1] + len(taps) - 1 - before - wide.shape[1]
    return resample(wide, [2 * tap for tap in taps], padding=(before, behind))


def filtered_downsample_conv(
    x: jax.Array, kernel: jax.Array, taps: Taps = BINOMIAL, *, precision: Precision = None
) -> jax.Array:
    """Filter the images, then convolve at stride 2: (N, H, W, Ci) to (N, H / 2, W / 2, Co).

    Arguments as for `filtered_upsample_conv`; H and W are even.
    """
    _check_odd(kernel)
    side = kernel.shape[0]
    if side == 1:
        return conv(downsample_filtered(x, taps), kernel, precision=precision)
    padding = side // 2 + (len(taps) - 1) // 2, side // 2 + (len(taps) - 2) // 2
    return conv(
        resample(x, taps, padding=padding), kernel, stride=2, padding="VALID", precision=precision
    )


def _check_odd(kernel: jax.Array) -> None:
    if jnp.ndim(kernel) != 4 or kernel.shape[0] != kernel.shape[1] or kernel.shape[0] % 2 == 0:
        raise ValueError(
            f"kernel has shape {jnp.shape(kernel)}, but must be (k, k, in, out) with an odd k."
        )


def banded(
    size: int, taps: tuple[float, ...], up: int, down: int, before: int, count: int
) -> np.ndarray:
    """The resampling of one axis as a matrix, (count, size).

    Args:
      size: pixels before.
      taps: of the filter.
      up: as in `resample`.
      down: likewise.
      before: zeros, or cropped pixels if negative, before the first.
      count: pixels afterwards.
    """
    matrix = np.zeros((count, size))
    for row in range(count):
        for number, tap in enumerate(reversed(taps)):
            pixel, between = divmod(row * down + number - before, up)
            if not between and 0 <= pixel < size:
                matrix[row, pixel] += tap
    return matrix


def _by_matrix(
    x: jax.Array, taps: tuple[float, ...], axis: int, up: int, down: int, pads: Pair
) -> jax.Array:
    size = x.shape[axis]
    count = (size * up + sum(pads) - len(taps)) // down + 1
    matrix = jnp.asarray(banded(size, taps, up, down, pads[0], count), x.dtype)
    form = "oh,nhwc->nowc" if axis == 1 else "ow,nhwc->nhoc"
    # TF32's three digits are too few for a filter that other code computes by additions.
    return jnp.einsum(form, matrix, x, precision="highest")


def _by_convolution(
    x: jax.Array, taps: tuple[float, ...], axis: int, up: int, down: int, pads: Pair
) -> jax.Array:
    """XLA's own depthwise convolution of the image with zeros between its pixels."""
    channels = x.shape[3]
    along = lambda value, other: (value, other) if axis == 1 else (other, value)
    kernel = jnp.asarray(tuple(reversed(taps)), x.dtype).reshape(*along(-1, 1), 1, 1)
    return lax.conv_general_dilated(
        x,
        jnp.tile(kernel, (1, 1, 1, channels)),
        along(down, 1),
        # Behind the last pixel there are zeros too, which XLA does not put there.
        along((pads[0], pads[1] + up - 1), (0, 0)),
        lhs_dilation=along(up, 1),
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=channels,
        precision="highest",
    )
