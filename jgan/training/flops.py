"""Floating-point operations of a function, counted on its program before it is compiled.

Compilers count too (``compiled.cost_analysis()``), but the body of a loop once however often it runs, and
nothing of what a library does for them (cuBLAS, cuDNN). So the products are counted here: two operations
for each multiplication with its addition in matrix products and convolutions, where padding and dilation
take part in none. Sums over elements, normalisation, optimizers and random numbers are left out; in
networks of some width they are a few per cent. What the result does not depend on is not counted.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr
from jax.interpreters import partial_eval


def count_flops(function: Callable[..., Any], *arguments: Any) -> int:
    """Operations of one call.

    Args:
      function: of pytrees of arrays.
      arguments: arrays or their shapes (`jax.ShapeDtypeStruct`); nothing is computed.

    The body of a ``while`` loop counts once, since nobody knows how often it runs (the same holds for
    ``fori_loop`` with a traced count); a ``scan`` counts its length, a ``cond`` its costliest branch.

    >>> x, w = jax.ShapeDtypeStruct((8, 3), np.float32), jax.ShapeDtypeStruct((3, 5), np.float32)
    >>> count_flops(lambda x, w: x @ w, x, w) == 2 * 8 * 3 * 5
    True
    """
    program = jax.make_jaxpr(function)(*arguments).jaxpr
    return _of_program(partial_eval.dce_jaxpr(program, [True] * len(program.outvars))[0])


def _of_program(program: Any) -> int:
    return sum(_of_equation(equation) for equation in program.eqns)


def _of_equation(equation: Any) -> int:
    name, params = equation.primitive.name, equation.params
    if name in _COUNTS:
        shapes = [variable.aval.shape for variable in (*equation.invars, *equation.outvars)]
        return _COUNTS[name](shapes, params)
    if name == "cond":
        return max(_of_program(branch.jaxpr) for branch in params["branches"])
    parts = sum(_of_program(inner) for inner in _inner_programs(params))
    return parts * params["length"] if name == "scan" else parts


def _inner_programs(params: dict[str, Any]) -> list[Any]:
    values = [
        value
        for entry in params.values()
        for value in (entry if isinstance(entry, tuple | list) else (entry,))
    ]
    found = [value for value in values if isinstance(value, ClosedJaxpr | Jaxpr)]
    return [getattr(value, "jaxpr", value) for value in found]


def _matrix_product(shapes: Sequence[tuple[int, ...]], params: dict[str, Any]) -> int:
    (contracted, _), _ = params["dimension_numbers"]
    left, _, out = shapes
    return 2 * math.prod(out) * math.prod(left[axis] for axis in contracted)


def _convolution(shapes: Sequence[tuple[int, ...]], params: dict[str, Any]) -> int:
    image, kernel, out = shapes
    numbers = params["dimension_numbers"]
    batch, features, *places = numbers.out_spec
    meetings = math.prod(
        _meetings(image[i], kernel[k], out[o], stride, low, image_dilation, kernel_dilation)
        for i, k, o, stride, (low, _), image_dilation, kernel_dilation in zip(
            numbers.lhs_spec[2:],
            numbers.rhs_spec[2:],
            places,
            params["window_strides"],
            params["padding"],
            params["lhs_dilation"],
            params["rhs_dilation"],
            strict=True,
        )
    )
    inputs = kernel[numbers.rhs_spec[1]]  # channels of a group
    return 2 * out[batch] * out[features] * inputs * meetings


def _own_convolution(of: Callable[..., Any]) -> Callable[..., int]:
    """The count for the three forms of `jgan.convolution.convolution`, which cost the same."""

    def count(shapes: Sequence[tuple[int, ...]], params: dict[str, Any]) -> int:
        image, kernel, out = of(*shapes)
        g = params["geometry"]
        meetings = math.prod(
            _meetings(size, window, places, stride, low, 1, 1)
            for size, window, places, stride, (low, _) in zip(
                g.image, g.window, g.output, g.stride, g.padding, strict=True
            )
        )
        problems, examples = image[:2]
        return 2 * problems * examples * out[4] * kernel[3] * meetings

    return count


def _meetings(
    size: int, window: int, places: int, stride: int, low: int, dilation: int, window_dilation: int
) -> int:
    """How often an element of the kernel meets one of the image along an axis, not padding."""
    at = np.arange(places)[:, None] * stride + np.arange(window) * window_dilation - low
    return int(((at >= 0) & (at <= (size - 1) * dilation) & (at % dilation == 0)).sum())


_COUNTS: dict[str, Callable[[Sequence[tuple[int, ...]], dict[str, Any]], int]] = {
    "dot_general": _matrix_product,
    "conv_general_dilated": _convolution,
    "jgan_conv": _own_convolution(lambda x, k, y: (x, k, y)),
    "jgan_conv_input_adjoint": _own_convolution(lambda y, k, x: (x, k, y)),
    "jgan_conv_kernel_adjoint": _own_convolution(lambda x, y, k: (x, k, y)),
}
