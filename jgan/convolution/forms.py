"""A convolution and its two adjoints as array programs: XLA's own forms, and those for a CPU.

Shapes: x (N, H, W, Ci), k (kh, kw, Ci / groups, Co), y (N, Ho, Wo, Co). The forms for a CPU take
one group. They use only matrix products and convolutions of the layout b01f,01io->b01f without
input dilation or reversed windows, the one form that XLA hands to its fast library inside the
bodies of loops and branches (https://github.com/jax-ml/jax/issues/12868).
"""

import itertools
import math

import jax
import jax.numpy as jnp
from jax import lax

from jgan.convolution import winograd as winograd
from jgan.convolution.geometry import Geometry, Pair, resize

_LAYOUT = ("NHWC", "HWIO", "NHWC")
# A kernel gradient is a sum over parts of the batch that stay in a core's second-level cache: at
# most so many numbers and so long a contraction each, unless that makes too large a program.
_PART_SIZE = 2**19
_PART_CONTRACTION = 4096
_MOST_PARTS = 32
# Up to so many windows an image, gathering them for a matrix product beats the convolution.
_FEW_WINDOWS = 16
# Up to so many numbers a window, the same holds for the kernel gradient: images have few channels.
_SMALL_WINDOW = 80
# Winograd's forms pay if they save this many times the multiplications, and if there are so many channels
# that these outweigh the additions before and after.
_LEAST_GAIN = 1.3
_MANY_CHANNELS = 64


# XLA's own forms.


def xla_forward(x: jax.Array, k: jax.Array, g: Geometry) -> jax.Array:
    """XLA's convolution of images ``x`` with the kernel ``k``, shapes as in ``g``."""
    return lax.conv_general_dilated(
        x,
        k,
        g.stride,
        g.padding,
        dimension_numbers=_LAYOUT,
        feature_group_count=g.groups,
        precision=g.precision,
    )


def xla_input_adjoint(y: jax.Array, k: jax.Array, g: Geometry) -> jax.Array:
    """The transpose of `xla_forward` in the images: ``y`` of its output to images."""
    x = jax.ShapeDtypeStruct((y.shape[0], *g.image, k.shape[2] * g.groups), y.dtype)
    return jax.linear_transpose(lambda x: xla_forward(x, k, g), x)(y)[0]


def xla_kernel_adjoint(x: jax.Array, y: jax.Array, g: Geometry) -> jax.Array:
    """The transpose of `xla_forward` in the kernel: images and ``y`` of its output to a kernel."""
    k = jax.ShapeDtypeStruct((*g.window, x.shape[3] // g.groups, y.shape[3]), y.dtype)
    return jax.linear_transpose(lambda k: xla_forward(x, k, g), k)(y)[0]


# The forms for a CPU.


def _canonical(
    x: jax.Array, k: jax.Array, pads: tuple[Pair, Pair], g: Geometry, stride: Pair = (1, 1)
) -> jax.Array:
    """A convolution in the one form with a fast path; negative padding crops first."""
    crops = [(min(lo, 0), min(hi, 0)) for lo, hi in pads]
    if any(map(any, crops)):
        x = resize(x, *crops)
    pads = tuple((max(lo, 0), max(hi, 0)) for lo, hi in pads)  # type: ignore[assignment]
    return lax.conv_general_dilated(
        x, k, stride, pads, dimension_numbers=_LAYOUT, precision=g.precision
    )


def _is_product(g: Geometry) -> bool:
    """Whether the one window is the whole image, so that the convolution is a matrix product."""
    return g.image == g.window and g.output == (1, 1) and g.padding == ((0, 0), (0, 0))


def _is_pointwise(g: Geometry) -> bool:
    return g.window == (1, 1) and g.padding == ((0, 0), (0, 0))


def _winograd_pays(channels: tuple[int, ...], g: Geometry) -> bool:
    return min(channels) >= _MANY_CHANNELS and winograd.gain(g) > _LEAST_GAIN


def _subsample(x: jax.Array, g: Geometry) -> jax.Array:
    return x[:, :: g.stride[0], :: g.stride[1]]


def cpu_forward(x: jax.Array, k: jax.Array, g: Geometry) -> jax.Array:
    """`xla_forward` as a CPU computes it fastest, to rounding."""
    if _is_product(g):
        product = jnp.dot(x.reshape(len(x), -1), k.reshape(-1, k.shape[3]), precision=g.precision)
        return product[:, None, None, :]
    if _is_pointwise(g):
        return jnp.dot(_subsample(x, g), k[0, 0], precision=g.precision)
    if _winograd_pays(k.shape[2:], g):
        return winograd.forward(x, k, g)
    if math.prod(g.stride) > 1 and math.prod(g.output) <= _FEW_WINDOWS:
        return _gathered(x, k, g)
    return _canonical(x, k, g.padding, g, g.stride)


def _gathered(x: jax.Array, k: jax.Array, g: Geometry) -> jax.Array:
    """One matrix product of all windows."""
    return jnp.dot(_windows(x, g), k.reshape(-1, k.shape[3]), precision=g.precision)


def _windows(x: jax.Array, g: Geometry) -> jax.Array:
    """Every window as one row, (N, Ho, Wo, kh * kw * Ci), put together from strips of whole rows."""
    (kh, kw), (sh, sw), (ho, wo) = g.window, g.stride, g.output
    x = resize(x, *g.padding)
    strips = [x[:, :, q * sw : q * sw + kw].reshape(*x.shape[:2], -1) for q in range(wo)]
    columns = jnp.stack(strips, axis=2)
    windows = [columns[:, a : a + (ho - 1) * sh + 1 : sh] for a in range(kh)]
    return jnp.stack(windows, axis=3).reshape(len(x), ho, wo, -1)


def cpu_input_adjoint(y: jax.Array, k: jax.Array, g: Geometry) -> jax.Array:
    """`xla_input_adjoint` as a CPU computes it fastest, to rounding."""
    channels = k.shape[2]
    if _is_product(g):
        product = jnp.dot(y[:, 0, 0, :], k.reshape(-1, k.shape[3]).T, precision=g.precision)
        return product.reshape(len(y), *g.image, channels)
    if _is_pointwise(g):
        product = jnp.dot(y, k[0, 0].T, precision=g.precision)
        gaps = [
            (0, size - (out - 1) * stride - 1, stride - 1)
            for size, out, stride in zip(g.image, g.output, g.stride, strict=True)
        ]
        return lax.pad(product, jnp.zeros((), y.dtype), ((0, 0, 0), *gaps, (0, 0, 0)))
    if _winograd_pays(k.shape[2:], g):
        if g.stride != (1, 1):
            return winograd.input_adjoint(y, k, g)
        # At stride 1 the adjoint is a convolution, whose additions take fewer passes.
        swapped = g._replace(image=g.output, padding=_mirrored(g))
        return winograd.forward(y, k[::-1, ::-1].swapaxes(2, 3), swapped)
    if g.stride != (1, 1) and all(w % s == 0 for w, s in zip(g.window, g.stride, strict=True)):
        return _overlap_add(y, k, g)
    return _interleave(y, k, g)


def _overlap_add(y: jax.Array, k: jax.Array, g: Geometry) -> jax.Array:
    """Scatters each output's window as blocks of stride x stride pixels: matrix products only."""
    (sh, sw), (ho, wo), channels = g.stride, g.output, k.shape[2]
    th, tw = g.window[0] // sh, g.window[1] // sw
    blocks = k.reshape(th, sh, tw, sw, channels, -1).transpose(0, 2, 5, 1, 3, 4)
    blocks = blocks.reshape(th, tw, -1, sh * sw * channels)
    parts = [
        resize(jnp.dot(y, blocks[a, b], precision=g.precision), (a, th - 1 - a), (b, tw - 1 - b))
        for a in range(th)
        for b in range(tw)
    ]
    canvas = sum(parts[1:], start=parts[0])
    rows, cols = ho + th - 1, wo + tw - 1
    canvas = canvas.reshape(-1, rows, cols, sh, sw, channels).transpose(0, 1, 3, 2, 4, 5)
    canvas = canvas.reshape(-1, rows * sh, cols * sw, channels)
    (top, _), (left, _) = g.padding
    return resize(
        canvas,
        (-top, g.image[0] + top - rows * sh),
        (-left, g.image[1] + left - cols * sw),
    )


def _interleave(y: jax.Array, k: jax.Array, g: Geometry) -> jax.Array:
    """One stride-1 convolution for each residue of the pixel index modulo the stride."""
    (sh, sw), (h, w), channels = g.stride, g.image, k.shape[2]
    rows = [_phase(g, 0, i) for i in range(sh)]
    cols = [_phase(g, 1, j) for j in range(sw)]
    shape = (len(y), math.ceil(h / sh), math.ceil(w / sw), channels)
    phases = []
    for row, row_pads in rows:
        for col, col_pads in cols:
            part = k[row::sh, col::sw][::-1, ::-1].swapaxes(2, 3)
            if part.size:
                phases.append(_canonical(y, part, (row_pads, col_pads), g))
            else:
                phases.append(jnp.zeros(shape, y.dtype))
    if len(phases) == 1:
        return phases[0]
    pixels = jnp.stack(phases).reshape(sh, sw, *shape).transpose(2, 3, 0, 4, 1, 5)
    return pixels.reshape(len(y), shape[1] * sh, shape[2] * sw, channels)[:, :h, :w]


def _phase(g: Geometry, axis: int, offset: int) -> tuple[int, Pair]:
    """The first kernel tap that meets pixels offset + stride * m, and the padding to give y."""
    stride, top = g.stride[axis], g.padding[axis][0]
    tap, start = (offset + top) % stride, (offset + top) // stride
    reach = len(range(tap, g.window[axis], stride)) - 1
    count = math.ceil(g.image[axis] / stride)
    lo = reach - start
    return tap, (lo, count + reach - g.output[axis] - lo)


def cpu_kernel_adjoint(x: jax.Array, y: jax.Array, g: Geometry) -> jax.Array:
    """`xla_kernel_adjoint` as a CPU computes it fastest, to rounding."""
    n, ho, wo, co = y.shape
    if _is_product(g):
        product = jnp.dot(x.reshape(n, -1).T, y[:, 0, 0, :], precision=g.precision)
        return product.reshape(*g.window, -1, co)
    if _is_pointwise(g):
        products = jnp.einsum("nhwi,nhwo->nio", _subsample(x, g), y, precision=g.precision)
        return products.sum(0)[None, None]
    if _winograd_pays((x.shape[3], co), g):
        return winograd.kernel_adjoint(x, y, g)
    if math.prod(g.window) * x.shape[3] <= _SMALL_WINDOW:
        return _windows_product(_windows(x, g), y, g)
    if math.prod(g.window) * co <= _SMALL_WINDOW and g.stride == (1, 1):
        # The other way round: the windows of y that each pixel of x meets, last tap first.
        swapped = g._replace(image=g.output, padding=_mirrored(g))
        return _windows_product(_windows(y, swapped), x, g)[::-1, ::-1].swapaxes(2, 3)
    pads = tuple(
        (lo, (out - 1) * stride + window - size - lo)
        for (lo, _), out, stride, window, size in zip(
            g.padding, g.output, g.stride, g.window, g.image, strict=True
        )
    )
    x = resize(x, *((min(lo, 0), min(hi, 0)) for lo, hi in pads))
    pads = tuple((max(lo, 0), max(hi, 0)) for lo, hi in pads)
    wanted = max((x.size + y.size) / _PART_SIZE, n * ho * wo / _PART_CONTRACTION)
    parts = min(math.ceil(wanted), n, _MOST_PARTS)
    bounds = [n * i // parts for i in range(parts + 1)]
    # Whatever made x (a normalisation's gradient, say) would be computed inside each slow transpose.
    x = lax.optimization_barrier(x)
    total = sum(
        # Channels play the batch, and the batch plays the channels.
        lax.conv_general_dilated(
            x[a:b].transpose(3, 1, 2, 0),
            y[a:b].transpose(1, 2, 0, 3),
            (1, 1),
            pads,
            rhs_dilation=g.stride,
            dimension_numbers=_LAYOUT,
            precision=g.precision,
        )
        for a, b in itertools.pairwise(bounds)
    )
    return lax.optimization_barrier(total).transpose(1, 2, 0, 3)


def _windows_product(windows: jax.Array, other: jax.Array, g: Geometry) -> jax.Array:
    """The sum over all positions of window times features, as a kernel."""
    # Without the barrier the windows would be gathered again for every block of the product.
    rows = lax.optimization_barrier(windows.reshape(-1, windows.shape[3]))
    product = jnp.dot(rows.T, other.reshape(len(rows), -1), precision=g.precision)
    return product.reshape(*g.window, -1, other.shape[3])


def _mirrored(g: Geometry) -> tuple[Pair, Pair]:
    """The padding of y whose windows at stride 1 belong to the pixels of x."""
    rows, cols = (
        (window - 1 - lo, size - out + lo)
        for (lo, _), window, size, out in zip(g.padding, g.window, g.image, g.output, strict=True)
    )
    return rows, cols
