"""A map of single precision in double precision, whatever types its code names: its program, promoted.

Networks, losses and terms keep parameters, logits and statistics in float32 by name. What they compute is
traced as it is, and its primitives are applied anew with every float as a double. Random bits become the
same numbers, since their conversion is left alone.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend import core

from jgan.numerics.selfmap import SelfMap

CALLS = frozenset(
    {
        "jit",
        "pjit",
        "closed_call",
        "core_call",
        "checkpoint",
        "remat",
        "remat2",
        "custom_jvp_call",
        "custom_vjp_call",
        "custom_vjp_call_jaxpr",
    }
)
"""Primitives that call one program; rules of derivatives have been applied before."""
PROGRAMS = ("jaxpr", "call_jaxpr", "fun_jaxpr")


def in_double(self_map: SelfMap) -> SelfMap:
    """The map with its derivative in double precision, at the point as doubles; needs ``jax_enable_x64``.

    Value and derivative are traced in the types that the code names and then promoted, so that custom rules of
    derivatives, such as that of spectral normalisation, hold. Derivatives beyond the first, and those in what
    the map holds beside its point, are not defined.

    Args:
      self_map: whose point is of single precision.

    Raises:
      ValueError: if ``jax_enable_x64`` is off.
    """
    if not jax.config.jax_enable_x64:
        raise ValueError("jax_enable_x64 is off, but must be on for double precision.")

    def moved(point: Any, tangent: Any) -> Any:
        return jax.jvp(self_map.function, (point,), (tangent,))[1]

    value = Program(self_map.function, self_map.point)
    derivative = Program(moved, self_map.point, self_map.point)

    # What the programs hold is an argument, since a rule may be run when its tracers are gone.
    @jax.custom_jvp
    def function(point: Any, held: Any) -> Any:
        return value.run(held[0], point)

    @function.defjvp
    def rule(points: Any, tangents: Any) -> Any:
        (point, held), (tangent, _) = points, tangents
        return function(point, held), derivative.run(held[1], point, tangent)

    both = value.held, derivative.held
    return SelfMap(lambda point: function(point, both), jax.tree.map(_wide, self_map.point))


class Program:
    """A function of pytrees of arrays, traced in the types that its code names.

    Custom rules of derivatives that it holds are lost: what is to be differentiated is, before it is traced.

    Args:
      function: of the arguments.
      *arguments: of whose shapes and types those of single precision are taken.

    Attributes:
      held: the arrays that it uses beside its arguments.
    """

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        with jax.enable_x64(False):
            program, shape = jax.make_jaxpr(function, return_shape=True)(
                *jax.tree.map(_single_shape, arguments)
            )
        self._program, self._structure = program.jaxpr, jax.tree.structure(shape)
        self.held = list(program.consts)

    def run(self, held: Sequence[Any], *arguments: Any) -> Any:
        """Its results for arguments and what it holds, all floats being doubles."""
        leaves = _run(self._program, held, jax.tree.leaves(arguments))
        return jax.tree.unflatten(self._structure, leaves)


def _single_shape(leaf: Any) -> jax.ShapeDtypeStruct:
    found = jnp.result_type(leaf)
    return jax.ShapeDtypeStruct(jnp.shape(leaf), jnp.float32 if found == jnp.float64 else found)


def _is_float(dtype: Any) -> bool:
    return not jnp.issubdtype(dtype, jax.dtypes.extended) and jnp.issubdtype(dtype, jnp.floating)


def _wide(value: Any) -> Any:
    """A value as a double, if it is a float."""
    dtype = getattr(value, "dtype", None)
    if dtype is None:
        return jnp.asarray(value, jnp.float64) if isinstance(value, float) else value
    return jnp.asarray(value, jnp.float64) if _is_float(dtype) else value


def _run(program: Any, constants: Sequence[Any], arguments: Sequence[Any]) -> list[Any]:
    """The results of a program with all floats as doubles."""
    known: dict[Any, Any] = {}

    def read(atom: Any) -> Any:
        if isinstance(atom, core.Literal):
            return _wide(np.asarray(atom.val, atom.aval.dtype))  # type: ignore[attr-defined]
        return known[atom]

    for names, values in ((program.constvars, constants), (program.invars, arguments)):
        known.update((name, _wide(value)) for name, value in zip(names, values, strict=True))
    for equation in program.eqns:
        results = _apply(equation, [read(atom) for atom in equation.invars])
        for name, value in zip(equation.outvars, results, strict=True):
            known[name] = _wide(value)
    return [read(atom) for atom in program.outvars]


def _apply(equation: Any, values: list[Any]) -> Sequence[Any]:
    """The results of one primitive."""
    name, settings = equation.primitive.name, dict(equation.params)
    if name in CALLS:
        program = next(settings[key] for key in PROGRAMS if key in settings)
        return _call(program, values)
    if name == "scan":
        return _scan(settings, values)
    if name == "while":
        return _while(settings, values)
    if name == "cond":
        index, *operands = values
        branches = [lambda *given, one=one: _call(one, given) for one in settings["branches"]]
        return jax.lax.switch(index, branches, *operands)
    if name == "reduce_precision":
        return values
    if name == "bitcast_convert_type":  # how random bits become numbers
        (value,), (atom,) = values, equation.invars
        own = [jnp.asarray(value, atom.aval.dtype)]
        return [equation.primitive.bind(*own, **settings)]
    if name.startswith("scatter"):  # which holds a small program of its own
        again = getattr(jax.lax, name.replace("-", "_"))
        kept = ("dimension_numbers", "indices_are_sorted", "unique_indices", "mode")
        return [again(*values, **{key: settings[key] for key in kept})]
    settings = {key: _wide_setting(value) for key, value in settings.items()}
    results = equation.primitive.bind(*values, **settings)
    return results if equation.primitive.multiple_results else [results]


def _wide_setting(value: Any) -> Any:
    """A setting of a primitive that names a type of floats names that of doubles."""
    is_type = isinstance(value, np.dtype | type)
    return np.dtype(np.float64) if is_type and _names_floats(value) else value


def _names_floats(value: Any) -> bool:
    try:
        return _is_float(jnp.dtype(value))
    except TypeError:
        return False


def _call(program: Any, values: Sequence[Any]) -> list[Any]:
    """The results of a program, closed or not."""
    inner = getattr(program, "jaxpr", program)
    return _run(inner, getattr(program, "consts", ()), values)


def _scan(settings: dict[str, Any], values: list[Any]) -> list[Any]:
    constants, start, rows = _parts_of_scan(settings, values)
    carried = len(start)

    def step(carry: list[Any], slices: list[Any]) -> tuple[list[Any], list[Any]]:
        results = _call(settings["jaxpr"], [*constants, *carry, *slices])
        return results[:carried], results[carried:]

    final, stacked = jax.lax.scan(
        step,
        start,
        rows,
        length=settings["length"],
        reverse=settings["reverse"],
        unroll=settings["unroll"],
    )
    return [*final, *stacked]


def _parts_of_scan(settings: dict[str, Any], values: list[Any]) -> list[list[Any]]:
    """Constants, what is carried, and what is scanned, among the inputs of a scan."""
    if "num_consts" in settings:  # before JAX 0.12
        fixed, both = settings["num_consts"], settings["num_consts"] + settings["num_carry"]
        return [values[:fixed], values[fixed:both], values[both:]]
    return [list(part) for part in settings["ft_in"].update(values).unpack()]


def _while(settings: dict[str, Any], values: list[Any]) -> list[Any]:
    tested, moved = settings["cond_nconsts"], settings["body_nconsts"]
    of_test, of_body = values[:tested], values[tested : tested + moved]
    return jax.lax.while_loop(
        lambda state: _call(settings["cond_jaxpr"], [*of_test, *state])[0],
        lambda state: _call(settings["body_jaxpr"], [*of_body, *state]),
        values[tested + moved :],
    )
