"""Convolutions with fewer multiplications: Winograd's minimal filtering on a CPU.

The trilinear form  <conv(x, k), y>  of a square window is computed in tiles of 2 x 2 results. With s the
stride and r = ceil(window / s), the s x s pixels of a block count as channels, and a tile takes
(r + 1)^2 products of them instead of 4 r^2: 9 for 16 where r = 2 (a window of 4 at stride 2), 16 for 36
where r = 3 (3 at stride 1). The products are sums over examples, tiles and channels, so they are matrix
products; what comes before and after is linear in x, in k and in y. Hence the same three linear maps and
their transposes give the convolution and both of its adjoints:

    forward         y = Y^T (X x . K k)
    input adjoint   x = X^T (Y y . K k)
    kernel adjoint  k = K^T (X x . Y y)

F(2 x 2, r x r) of Winograd 1980, "Arithmetic complexity of computations", and Lavin & Gray 2016, "Fast
algorithms for convolutional neural networks", section 4. Coefficients are 0, 1, -1 and 1/2, so it rounds
as a direct convolution does (larger tiles would not). Shapes are those of `jgan.convolution.forms`.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from jgan.convolution.geometry import Geometry, resize

Row = Sequence[float]
Forms = list[list[jax.Array]]
"""(r + 1) x (r + 1) matrices, one for each product."""

# By r: rows of B^T, which act on the r + 1 inputs of a tile; of G, on the r taps; of A^T, on the products.
_IMAGE: dict[int, list[Row]] = {
    2: [(1, -1, 0), (0, 1, 0), (0, 1, -1)],
    3: [(1, 0, -1, 0), (0, 1, 1, 0), (0, -1, 1, 0), (0, 1, 0, -1)],
}
_KERNEL: dict[int, list[Row]] = {
    2: [(1, 0), (1, 1), (0, 1)],
    3: [(1, 0, 0), (0.5, 0.5, 0.5), (0.5, -0.5, 0.5), (0, 0, 1)],
}
_RESULT: dict[int, list[Row]] = {
    2: [(1, 1, 0), (0, 1, -1)],
    3: [(1, 1, 1, 0), (0, 1, -1, -1)],
}


class _Tiles(NamedTuple):
    """How a convolution falls into tiles: the stride s, r, and how many tiles along each axis."""

    stride: int
    reach: int
    rows: int
    cols: int


def _tiles(g: Geometry) -> _Tiles:
    rows, cols = (math.ceil(size / 2) for size in g.output)
    return _Tiles(g.stride[0], math.ceil(g.window[0] / g.stride[0]), rows, cols)


def gain(g: Geometry) -> float:
    """How many times fewer multiplications these forms need; 0 where they do not apply."""
    tiles = _tiles(g)
    square = len({*g.window}) == len({*g.stride}) == 1
    if not square or tiles.reach not in _IMAGE or g.groups != 1:
        return 0.0
    ours = ((tiles.reach + 1) * tiles.stride) ** 2 * tiles.rows * tiles.cols
    return math.prod(g.window) * math.prod(g.output) / ours


def forward(x: jax.Array, k: jax.Array, g: Geometry) -> jax.Array:
    """The convolution."""
    products = _products(_of_image(x, g), _of_kernel(k, g), ((1,), (0,)), g)
    return _to_result(products, len(x), g)


def input_adjoint(y: jax.Array, k: jax.Array, g: Geometry) -> jax.Array:
    """Its adjoint in x."""
    products = _products(_of_result(y, g), _of_kernel(k, g), ((1,), (1,)), g)
    x = jax.ShapeDtypeStruct((len(y), *g.image, k.shape[2]), y.dtype)
    return jax.linear_transpose(lambda x: _of_image(x, g), x)(products)[0]


def kernel_adjoint(x: jax.Array, y: jax.Array, g: Geometry) -> jax.Array:
    """Its adjoint in k."""
    products = _products(_of_image(x, g), _of_result(y, g), ((0,), (0,)), g)
    k = jax.ShapeDtypeStruct((*g.window, x.shape[3], y.shape[3]), y.dtype)
    return jax.linear_transpose(lambda k: _of_kernel(k, g), k)(products)[0]


def _products(
    left: Forms, right: Forms, contracted: tuple[tuple[int], tuple[int]], g: Geometry
) -> Forms:
    dot = lambda a, b: lax.dot_general(a, b, (contracted, ((), ())), precision=g.precision)
    return [list(map(dot, *rows)) for rows in zip(left, right, strict=True)]


def _transformed(
    matrix: Sequence[Row],
    tiles: Sequence[Sequence[jax.Array]],
    last: Callable[[jax.Array], jax.Array],
) -> Forms:
    """The matrix applied on both axes of a grid of arrays, whose entries are then reshaped."""
    columns = [[_combined(row, column) for row in matrix] for column in zip(*tiles, strict=True)]
    return [[last(_combined(row, line)) for row in matrix] for line in zip(*columns, strict=True)]


def _combined(row: Row, arrays: Sequence[jax.Array]) -> jax.Array:
    """The linear combination, without multiplications by one."""
    terms = [(factor, array) for factor, array in zip(row, arrays, strict=True) if factor]
    terms.sort(key=lambda term: term[0] < 0)
    factor, total = terms[0]
    total = total if factor == 1 else factor * total
    for factor, array in terms[1:]:
        if abs(factor) != 1:
            array = abs(factor) * array
        total = total + array if factor > 0 else total - array
    return total


def _of_image(x: jax.Array, g: Geometry) -> Forms:
    """X x, each (N * tiles, s * s * Ci)."""
    s, r, rows, cols = _tiles(g)
    n, h, w, channels = x.shape
    (top, _), (left, _) = g.padding
    # The last tile ends in the middle of a pair of blocks where r is even.
    pairs = rows + r // 2, cols + r // 2
    x = resize(x, (top, pairs[0] * 2 * s - top - h), (left, pairs[1] * 2 * s - left - w))
    # Without the barriers each combination would pad and gather for itself.
    x = lax.optimization_barrier(x).reshape(n, pairs[0], 2, s, pairs[1], 2, s * channels)
    x = lax.optimization_barrier(x.transpose(2, 5, 0, 1, 4, 3, 6))
    x = x.reshape(2, 2, n, *pairs, s * s * channels)
    grid = [
        [x[i % 2, j % 2, :, i // 2 : i // 2 + rows, j // 2 : j // 2 + cols] for j in range(r + 1)]
        for i in range(r + 1)
    ]
    flat = lambda part: part.reshape(n * rows * cols, s * s * channels)
    return lax.optimization_barrier(_transformed(_IMAGE[r], grid, flat))


def _of_kernel(k: jax.Array, g: Geometry) -> Forms:
    """K k, each (s * s * Ci, Co)."""
    s, r, _, _ = _tiles(g)
    kh, kw, *channels = k.shape
    k = jnp.pad(k, ((0, r * s - kh), (0, r * s - kw), (0, 0), (0, 0)))
    taps = k.reshape(r, s, r, s, *channels).transpose(0, 2, 1, 3, 4, 5)
    flat = lambda part: part.reshape(s * s * channels[0], channels[1])
    return lax.optimization_barrier(_transformed(_KERNEL[r], [list(row) for row in taps], flat))


def _of_result(y: jax.Array, g: Geometry) -> Forms:
    """Y y, each (N * tiles, Co)."""
    _, r, rows, cols = _tiles(g)
    n, ho, wo, channels = y.shape
    y = resize(y, (0, 2 * rows - ho), (0, 2 * cols - wo))
    y = y.reshape(n, rows, 2, cols, 2, channels).transpose(2, 4, 0, 1, 3, 5)
    y = lax.optimization_barrier(y)
    flat = lambda part: part.reshape(n * rows * cols, channels)
    adjoint = list(zip(*_RESULT[r], strict=True))
    return lax.optimization_barrier(_transformed(adjoint, [list(row) for row in y], flat))


def _to_result(products: Forms, n: int, g: Geometry) -> jax.Array:
    """The transpose of `_of_result`."""
    _, r, rows, cols = _tiles(g)
    tile = _transformed(_RESULT[r], products, lambda part: part.reshape(n, rows, cols, -1))
    # Side by side along the channels, neighbours in a row are already in place.
    y = jnp.stack([jnp.concatenate(row, axis=3) for row in tile], axis=2)
    return y.reshape(n, 2 * rows, 2 * cols, -1)[:, : g.output[0], : g.output[1]]
