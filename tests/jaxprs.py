"""What can be known of a function from its jaxpr, without compiling it."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import jax
from jax.extend.core import Literal, Var

_CALLS = ("pjit", "jit", "closed_call", "core_call", "remat2", "checkpoint", "custom_jvp_call")


def equations(jaxpr: Any) -> Iterator[Any]:
    """All equations of a program, those of its loops, branches and inner functions included."""
    for equation in getattr(jaxpr, "jaxpr", jaxpr).eqns:
        yield equation
        for value in equation.params.values():
            for inner in value if isinstance(value, tuple | list) else (value,):
                if hasattr(inner, "eqns") or hasattr(inner, "jaxpr"):
                    yield from equations(inner)


def primitives(function: Callable[..., Any], *arguments: Any) -> set[str]:
    """Names of all operations that the function performs on arguments of these shapes."""
    return {e.primitive.name for e in equations(jax.make_jaxpr(function)(*arguments))}


def text(jaxpr: Any) -> str:
    """A program in words, without the addresses of the Python objects that it names."""
    return re.sub(r"0x[0-9a-f]+", "0x", str(jaxpr))


def unchanged_outputs(function: Callable[..., Any], *arguments: Any) -> dict[str, str]:
    """Which outputs of a function are its inputs, whatever their values.

    Args:
      function: any traceable function.
      *arguments: its arguments, arrays or `jax.ShapeDtypeStruct`.

    Returns:
      The path of each such output, as `jax.tree_util.keystr` writes it, with the path of the input that it is.
      An input's path begins with its number among the arguments. An output that is computed is missing, even
      if the computation adds zero: only what no operation touched is proved equal bit for bit.

    >>> unchanged_outputs(lambda x, y: {"x": x, "y": y + 0}, 1.0, 2.0)
    {"['x']": '[0]'}
    """
    closed, shapes = jax.make_jaxpr(function, return_shape=True)(*arguments)
    inputs = [path for path, _ in jax.tree_util.tree_leaves_with_path(arguments)]
    outputs = [path for path, _ in jax.tree_util.tree_leaves_with_path(shapes)]
    sources = _sources(closed.jaxpr)
    return {
        jax.tree_util.keystr(path): jax.tree_util.keystr(inputs[source])
        for path, source in zip(outputs, sources, strict=True)
        if source is not None
    }


def _sources(jaxpr: Any) -> list[int | None]:
    """For each output the number of the input that it is, or None."""
    origin: dict[Var, int] = {variable: n for n, variable in enumerate(jaxpr.invars)}
    for equation in jaxpr.eqns:
        if equation.primitive.name in _CALLS:
            inner = equation.params.get("jaxpr") or equation.params.get("call_jaxpr")
            found = _sources(getattr(inner, "jaxpr", inner))
        elif equation.primitive.name == "cond":
            found = _agreed([_sources(branch.jaxpr) for branch in equation.params["branches"]])
            # The first operand chooses the branch.
            found = [None if number is None else number + 1 for number in found]
        else:
            continue
        for variable, number in zip(equation.outvars, found, strict=True):
            operand = None if number is None else equation.invars[number]
            if operand is not None and not isinstance(operand, Literal) and operand in origin:
                origin[variable] = origin[operand]
    return [None if isinstance(v, Literal) else origin.get(v) for v in jaxpr.outvars]


def _agreed(found: list[list[int | None]]) -> list[int | None]:
    return [numbers[0] if len(set(numbers)) == 1 else None for numbers in zip(*found, strict=True)]
