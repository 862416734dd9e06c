"""Upsampling, filtering and downsampling by separable filters, alone and together with a convolution.

A filter is its taps along one axis, applied to rows and to columns; every channel is filtered by itself. Each
tap is a slice of the image times a number, and of an image with zeros between its pixels only the pixels
are looked at (the polyphase form), so a filter is one fused pass of XLA on every platform, inside
compiled loops too, and linear algebra to derivatives of any order and mode.
"""

import math
from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jax import lax

from jgan.convolution.convolution import Precision, conv, conv_transpose
from jgan.convolution.geometry import Pair

Taps = Sequence[float]

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
        x = _enlarge(x, taps, axis, up, pads) if up > 1 else _filter(x, taps, axis, down, pads)
        if up > 1 and down > 1:
            x = lax.slice_in_dim(x, 0, x.shape[axis], down, axis)
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


def _filter(x: jax.Array, taps: Taps, axis: int, down: int, pads: Pair) -> jax.Array:
    """Every ``down``-th pixel of the filtered image, along one axis."""
    padded = _padded(x, axis, *pads)
    count = (padded.shape[axis] - len(taps)) // down + 1
    reach = (count - 1) * down + 1
    return _weighted(
        [
            (tap, lax.slice_in_dim(padded, start, start + reach, down, axis))
            for start, tap in enumerate(reversed(taps))
        ]
    )


def _enlarge(x: jax.Array, taps: Taps, axis: int, up: int, pads: Pair) -> jax.Array:
    """The image with ``up - 1`` zeros behind every pixel, filtered along one axis, one phase at a time."""
    before, behind = pads
    count = x.shape[axis] * up + before + behind - len(taps) + 1
    rows = -(-count // up)
    # Output p + up q meets pixel q + (p + tap - before) / up, for the taps at which this is whole.
    phases = [
        [
            (weight, (phase + tap - before) // up)
            for tap, weight in enumerate(reversed(taps))
            if (phase + tap - before) % up == 0
        ]
        for phase in range(up)
    ]
    offsets = [offset for phase in phases for _, offset in phase]
    first, last = min(offsets), max(offsets)
    padded = _padded(x, axis, -first, last + rows - x.shape[axis])
    parts = [
        _weighted(
            [
                (weight, lax.slice_in_dim(padded, offset - first, offset - first + rows, 1, axis))
                for weight, offset in phase
            ]
        )
        if phase
        else jnp.zeros_like(lax.slice_in_dim(padded, 0, rows, 1, axis))
        for phase in phases
    ]
    joined = jnp.stack(parts, axis=axis + 1)
    joined = joined.reshape(*x.shape[:axis], rows * up, *x.shape[axis + 1 :])
    return lax.slice_in_dim(joined, 0, count, 1, axis)


def _weighted(parts: list[tuple[float, jax.Array]]) -> jax.Array:
    products = [float(weight) * part for weight, part in parts]
    return sum(products[1:], start=products[0])


def _padded(x: jax.Array, axis: int, before: int, behind: int) -> jax.Array:
    pads = [(before, behind, 0) if number == axis else (0, 0, 0) for number in range(x.ndim)]
    return lax.pad(x, jnp.zeros((), x.dtype), pads)
