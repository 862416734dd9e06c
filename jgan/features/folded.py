"""Convolutions of published networks, with their batch normalisation folded into them.

At inference batch normalisation is ``scale (y - mean) / sqrt(variance + epsilon) + shift`` with constants,
so a convolution followed by it is one convolution with a bias.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax


class Folded(NamedTuple):
    """A convolution, or a dense layer.

    Attributes:
      kernel: ``(kh, kw, in / groups, out)``, or ``(in, out)``.
      bias: ``(out,)``.
    """

    kernel: jax.Array
    bias: jax.Array


def fold_batch_norm(
    kernel: np.ndarray,
    scale: np.ndarray,
    shift: np.ndarray,
    mean: np.ndarray,
    variance: np.ndarray,
    epsilon: float = 1e-3,
) -> Folded:
    """The convolution that equals one without bias followed by batch normalisation.

    Args:
      kernel: ``(kh, kw, in / groups, out)``.
      scale: of the normalisation, like the following ``(out,)``.
      shift: added last.
      mean: running mean.
      variance: running variance.
      epsilon: added to the variance.

    Examples:
      >>> one = np.ones(1)
      >>> folded = fold_batch_norm(np.full((1, 1, 1, 1), 3.0), 2 * one, one, 5 * one, 4 * one, epsilon=0.0)
      >>> float(folded.kernel.item()), folded.bias.tolist()  # 2 (3 x - 5) / 2 + 1
      (3.0, [-4.0])
    """
    factor = scale.astype(np.float64) / np.sqrt(variance.astype(np.float64) + epsilon)
    return Folded(
        jnp.asarray(kernel * factor, jnp.float32), jnp.asarray(shift - mean * factor, jnp.float32)
    )


def convolve(
    x: jax.Array, folded: Folded, *, stride: int = 1, padding: str = "SAME", add_bias: bool = True
) -> jax.Array:
    """Convolve images ``(B, H, W, in)`` and add the bias, at the highest precision.

    A 1x1 kernel is a matrix product, and so is one whose result is no larger than 8x8, of the windows
    laid out in rows: XLA's convolution on a CPU reaches half their speed there.
    """
    kernel, bias = folded
    window = kernel.shape[:2]
    outputs = [
        -(-side // stride) if padding == "SAME" else (side - size) // stride + 1
        for side, size in zip(x.shape[1:3], window, strict=True)
    ]
    if window == (1, 1) and stride == 1:
        y = jnp.matmul(x, kernel[0, 0], precision="highest")
    elif max(outputs) <= 8:
        windows = _shifts(x, window, stride, padding, 0.0)
        rows = jnp.concatenate(windows, axis=-1)
        y = jnp.matmul(rows, kernel.reshape(-1, kernel.shape[3]), precision="highest")
    else:
        numbers = ("NHWC", "HWIO", "NHWC")
        y = lax.conv_general_dilated(
            x,
            kernel,
            (stride, stride),
            padding,
            dimension_numbers=numbers,
            precision=lax.Precision.HIGHEST,
        )
    return y + bias if add_bias else y


def depthwise(x: jax.Array, folded: Folded, *, stride: int = 1) -> jax.Array:
    """Convolve each channel of ``(B, H, W, C)`` with its own kernel ``(k, k, 1, C)``, "SAME"; add the bias.

    Written as a sum of shifted images: on a CPU XLA's grouped convolution takes ten to thirty times
    longer.
    """
    kernel, bias = folded
    if kernel.shape[2] != 1 or kernel.shape[3] != x.shape[3]:
        raise ValueError(
            f"kernel has shape {kernel.shape}, but must be (k, k, 1, {x.shape[3]}) for x of shape {x.shape}."
        )
    y = jnp.broadcast_to(bias, (1, 1, 1, len(bias)))
    taps = kernel.reshape(-1, x.shape[3])
    for tap, shifted in zip(taps, _shifts(x, kernel.shape[:2], stride, "SAME", 0.0), strict=True):
        y = y + shifted * tap
    return y


def max_pool(x: jax.Array, *, stride: int, padding: str) -> jax.Array:
    """Largest values of 3x3 windows of ``(B, H, W, C)``; padding never wins."""
    return functools.reduce(jnp.maximum, _shifts(x, (3, 3), stride, padding, -jnp.inf))


def average_pool(x: jax.Array) -> jax.Array:
    """Means over 3x3 windows of ``(B, H, W, C)`` at stride 1, of those pixels that lie in the image.

    >>> average_pool(jnp.asarray([1.0, 2.0, 6.0]).reshape(1, 1, 3, 1)).ravel().tolist()
    [1.5, 3.0, 4.0]
    """
    total = lambda y: functools.reduce(jnp.add, _shifts(y, (3, 3), 1, "SAME", 0.0))
    return total(x) / total(jnp.ones((1, *x.shape[1:3], 1), x.dtype))


def _shifts(
    x: jax.Array, window: tuple[int, ...], stride: int, padding: str, fill: float
) -> list[jax.Array]:
    """For each place in the window, row by row, the pixels that lie there: ``(B, Ho, Wo, C)`` each.

    On a CPU a sum or a maximum over these is one fused loop, many times faster than XLA's grouped
    convolution or windowed reduction.
    """
    pads, counts = [], []
    for side, size in zip(x.shape[1:3], window, strict=True):
        out = -(-side // stride) if padding == "SAME" else (side - size) // stride + 1
        total = max((out - 1) * stride + size - side, 0) if padding == "SAME" else 0
        pads.append((total // 2, total - total // 2))
        counts.append((out - 1) * stride + 1)
    if any(map(any, pads)):
        x = jnp.pad(x, ((0, 0), *pads, (0, 0)), constant_values=fill)
    return [
        x[:, row : row + counts[0] : stride, column : column + counts[1] : stride]
        for row in range(window[0])
        for column in range(window[1])
    ]
