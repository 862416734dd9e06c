"""Two-dimensional convolutions that stay fast inside compiled loops, differentiable to any order.

They are `jax.lax.conv_general_dilated` and its adjoints, to rounding error, on every platform. On a
CPU the derivatives take other forms than XLA's own, because a scanned training step is otherwise
ten to a hundred times slower than the same step outside the scan (`jgan.convolution.bilinear` says
why), and convolutions of many channels are computed with half of the multiplications
(`jgan.convolution.winograd`). Images are (N, H, W, C), kernels (kh, kw, in, out).

`conv_pool` and `upsample_conv` are the two compositions of the ResNet GANs (Miyato et al. 2018,
"Spectral normalization for generative adversarial networks", appendix B.4; Gulrajani et al. 2017,
appendix F) as one convolution each, by exact algebra: 16/36 of the multiplications for a 3 x 3 kernel.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from jgan.convolution.bilinear import forward, input_adjoint
from jgan.convolution.geometry import Geometry, Pair

Padding = str | int | tuple[Pair, Pair]
Precision = str | lax.Precision | None


def conv(
    x: jax.Array,
    kernel: jax.Array,
    *,
    stride: int | Pair = 1,
    padding: Padding = "SAME",
    groups: int = 1,
    precision: Precision = None,
) -> jax.Array:
    """Convolves images with a kernel (a cross-correlation, as everywhere in deep learning).

    Args:
      x: images, (N, H, W, Ci).
      kernel: (kh, kw, Ci / groups, Co), of the dtype of ``x``.
      stride: one number, or one for each spatial axis.
      padding: "SAME" (the output has ceil(H / stride) rows; an odd total pads more at the bottom
        and right, as in TensorFlow and XLA), "VALID" (none), one number for all four sides, or
        ((top, bottom), (left, right)).
      groups: the channels of ``x`` and of the result fall into this many independent groups.
      precision: as in `jax.lax.conv_general_dilated`; it holds for the derivatives too.

    Returns:
      Images, (N, Ho, Wo, Co), with Ho = floor((H + top + bottom - kh) / stride) + 1.

    Raises:
      ValueError: if shapes, dtypes or settings do not fit together.

    Examples:
      >>> import jax.numpy as jnp
      >>> conv(jnp.ones((1, 4, 4, 2)), jnp.ones((3, 3, 2, 5)), stride=2).shape
      (1, 2, 2, 5)
    """
    _check_operands(x, kernel, groups)
    if x.shape[3] != kernel.shape[2] * groups:
        raise ValueError(
            f"kernel has {kernel.shape[2]} input channels and x has {x.shape[3]} in {groups} "
            "group(s); the kernel must have x's channels divided by groups."
        )
    if kernel.shape[3] % groups:
        raise ValueError(
            f"groups is {groups}; it must divide the kernel's {kernel.shape[3]} output channels."
        )
    strides = _pair("stride", stride)
    image, window = _sides(x, 1), _sides(kernel, 0)
    pads = _paddings(padding, image, window, strides)
    geometry = Geometry(image, window, strides, pads, groups, _precision(precision))
    if min(geometry.output) < 1:
        raise ValueError(
            f"kernel of size {window} does not fit into x of size {image} padded by {pads}; "
            "it must be no larger than the padded image."
        )
    return _single(forward, x, kernel, geometry)


def conv_transpose(
    x: jax.Array,
    kernel: jax.Array,
    *,
    stride: int | Pair = 1,
    padding: Padding = "SAME",
    groups: int = 1,
    output_size: int | Pair | None = None,
    precision: Precision = None,
) -> jax.Array:
    """Applies the exact adjoint of `conv` with the same stride, padding and groups.

    The kernel is (kh, kw, in, out / groups) with in and out as seen by *this* function, and it is
    not flipped: ``conv_transpose(y, kernel)`` is the adjoint of
    ``conv(x, kernel.swapaxes(2, 3))`` in ``x``, that is, pixel i of the input adds
    ``x[i] @ kernel[a]`` to pixel ``i * stride + a - top`` of the output. So the same numbers are

    * PyTorch's ``conv_transpose2d`` with ``weight.transpose(2, 3, 0, 1)`` and
      ``padding=top``;
    * Linen's ``ConvTranspose`` with the kernel's spatial axes reversed (its default correlates
      with the dilated input), or with ``transpose_kernel=True`` the last two axes swapped.

    Args:
      x: images, (N, h, w, Ci).
      kernel: (kh, kw, Ci, Co / groups), of the dtype of ``x``.
      stride: one number, or one for each spatial axis; how many times larger the output is.
      padding: that of the `conv` whose adjoint this is, so it crops the output here.
      groups: as in `conv`.
      output_size: the output's (H, W). Several sizes of image have a convolution of size h; the
        default is h * stride for "SAME" and the smallest, (h - 1) * stride + kh - top - bottom,
        for any other padding.
      precision: as in `conv`.

    Returns:
      Images, (N, H, W, Co).

    Raises:
      ValueError: if shapes, dtypes or settings do not fit together.

    Examples:
      >>> import jax.numpy as jnp
      >>> conv_transpose(jnp.ones((1, 4, 4, 2)), jnp.ones((4, 4, 2, 5)), stride=2).shape
      (1, 8, 8, 5)
    """
    _check_operands(x, kernel, groups)
    if x.shape[3] != kernel.shape[2]:
        raise ValueError(
            f"kernel has {kernel.shape[2]} input channels and x has {x.shape[3]}; "
            "they must be equal."
        )
    if x.shape[3] % groups:
        raise ValueError(f"groups is {groups}; it must divide the {x.shape[3]} channels of x.")
    strides = _pair("stride", stride)
    small, window = _sides(x, 1), _sides(kernel, 0)
    if output_size is not None:
        image = _pair("output_size", output_size)
    elif padding == "SAME":
        image = (small[0] * strides[0], small[1] * strides[1])
    else:
        pads = _paddings(padding, small, window, strides)
        rows, cols = (
            (size - 1) * step + width - sum(pad)
            for size, step, width, pad in zip(small, strides, window, pads, strict=True)
        )
        image = (rows, cols)
    if min(image) < 1:
        raise ValueError(
            f"padding {padding!r} leaves an output of size {image}; it must leave a pixel or more."
        )
    pads = _paddings(padding, image, window, strides)
    geometry = Geometry(image, window, strides, pads, groups, _precision(precision))
    if geometry.output != small:
        raise ValueError(
            f"output_size is {image}, whose convolution has size {geometry.output}; "
            f"it must have the size {small} of x."
        )
    return _single(input_adjoint, x, kernel.swapaxes(2, 3), geometry)


def conv_pool(x: jax.Array, kernel: jax.Array, *, precision: Precision = None) -> jax.Array:
    """Convolves at stride 1 with "SAME" padding, then averages over 2 x 2 blocks of pixels.

    Both are linear, so a 3 x 3 kernel and the average are one 4 x 4 kernel at stride 2: the mean of
    the kernel's four shifts by zero or one pixel. An odd last row or column is dropped, as a pool
    without padding does.

    Args:
      x: images, (N, H, W, Ci), with H and W at least 2.
      kernel: (kh, kw, Ci, Co), usually 3 x 3.
      precision: as in `conv`.

    Returns:
      Images, (N, floor(H / 2), floor(W / 2), Co).

    Raises:
      ValueError: if shapes or dtypes do not fit together.

    Examples:
      >>> import jax.numpy as jnp
      >>> conv_pool(jnp.ones((1, 8, 8, 2)), jnp.ones((3, 3, 2, 5))).shape
      (1, 4, 4, 5)
    """
    _check_operands(x, kernel, 1)
    if min(x.shape[1:3]) < 2:
        raise ValueError(f"x has size {x.shape[1:3]}; each side must be 2 or more to be pooled.")
    kh, kw = kernel.shape[:2]
    pads = (((kh - 1) // 2, kh // 2), ((kw - 1) // 2, kw // 2))
    return conv(x, _sum_of_shifts(kernel) / 4, stride=2, padding=pads, precision=precision)


def upsample_conv(x: jax.Array, kernel: jax.Array, *, precision: Precision = None) -> jax.Array:
    """Doubles the image by repeating pixels, then convolves at stride 1 with "SAME" padding.

    The pixels that a repeated pixel reaches through a 3 x 3 kernel form a 4 x 4 window, so both are
    one 4 x 4 transposed convolution at stride 2.

    Args:
      x: images, (N, H, W, Ci).
      kernel: (kh, kw, Ci, Co), usually 3 x 3, as `conv` would take it.
      precision: as in `conv`.

    Returns:
      Images, (N, 2 * H, 2 * W, Co).

    Raises:
      ValueError: if shapes or dtypes do not fit together.

    Examples:
      >>> import jax.numpy as jnp
      >>> upsample_conv(jnp.ones((1, 4, 4, 2)), jnp.ones((3, 3, 2, 5))).shape
      (1, 8, 8, 5)
    """
    _check_operands(x, kernel, 1)
    kh, kw = kernel.shape[:2]
    pads = ((kh // 2, (kh - 1) // 2), (kw // 2, (kw - 1) // 2))
    window = _sum_of_shifts(kernel[::-1, ::-1])
    return conv_transpose(x, window, stride=2, padding=pads, precision=precision)


def _sum_of_shifts(kernel: jax.Array) -> jax.Array:
    """The sum of a kernel's four shifts by zero or one pixel, one pixel larger each way."""
    rows = jnp.pad(kernel, ((0, 1), (0, 0), (0, 0), (0, 0)))
    rows = rows + jnp.pad(kernel, ((1, 0), (0, 0), (0, 0), (0, 0)))
    left = jnp.pad(rows, ((0, 0), (0, 1), (0, 0), (0, 0)))
    return left + jnp.pad(rows, ((0, 0), (1, 0), (0, 0), (0, 0)))


def _single(apply: Callable[..., jax.Array], x: jax.Array, kernel: jax.Array, g: Geometry) -> Any:
    """``apply`` of one kernel; indexing with None and 0 means the same, but takes JAX longer to trace."""
    stacks = (lax.expand_dims(operand, (0,)) for operand in (x, kernel))
    return lax.squeeze(apply(*stacks, g), (0,))


def _check_operands(x: jax.Array, kernel: jax.Array, groups: int) -> None:
    for name, array, axes in (
        ("x", x, "(N, H, W, channels)"),
        ("kernel", kernel, "(kh, kw, in, out)"),
    ):
        if jnp.ndim(array) != 4:
            raise ValueError(
                f"{name} has shape {jnp.shape(array)}; it must have the four axes {axes}."
            )
    if x.dtype != kernel.dtype:
        raise ValueError(f"kernel has dtype {kernel.dtype}; it must have the dtype {x.dtype} of x.")
    if not isinstance(groups, int) or groups < 1:
        raise ValueError(f"groups is {groups!r}; it must be a whole number, 1 or more.")


def _sides(array: jax.Array, axis: int) -> Pair:
    return array.shape[axis], array.shape[axis + 1]


def _pair(name: str, value: int | Pair) -> Pair:
    pair = (value, value) if isinstance(value, int) else tuple(value)
    if len(pair) != 2 or not all(isinstance(v, int) and v >= 1 for v in pair):
        raise ValueError(f"{name} is {value!r}; it must be a whole number, 1 or more, or two.")
    return pair


def _paddings(padding: Any, image: Pair, window: Pair, strides: Pair) -> tuple[Pair, Pair]:
    """The padding in numbers for a convolution of an image of this size."""
    if padding == "SAME":
        totals = [
            max((-(-size // step) - 1) * step + width - size, 0)
            for size, width, step in zip(image, window, strides, strict=True)
        ]
        rows, cols = ((total // 2, total - total // 2) for total in totals)
        return rows, cols
    if padding == "VALID":
        return (0, 0), (0, 0)
    if isinstance(padding, int):
        return (padding, padding), (padding, padding)
    try:
        (top, bottom), (left, right) = padding
        if all(isinstance(side, int) for side in (top, bottom, left, right)):
            return (top, bottom), (left, right)
    except (TypeError, ValueError):
        pass
    raise ValueError(
        f'padding is {padding!r}; it must be "SAME", "VALID", a whole number, '
        "or ((top, bottom), (left, right))."
    )


def _precision(precision: Precision) -> Any:
    """Reads the ambient precision now: the lowering may run outside `default_matmul_precision`."""
    return jax.config.jax_default_matmul_precision if precision is None else precision
