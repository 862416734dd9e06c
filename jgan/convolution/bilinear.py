"""The two-dimensional convolution as three bilinear primitives, each the transposes of the others.

One trilinear form  <conv(x, k), y>  defines everything here:

* ``forward(x, k)``          the convolution,
* ``input_adjoint(y, k)``    its adjoint in x, which is the transposed convolution,
* ``kernel_adjoint(x, y)``   its adjoint in k, which is the kernel gradient.

The transpose of each in either argument is one of the other two, so derivatives of any order and
mode stay inside the family and every one of them is lowered by a rule of this file. On a CPU that
matters: XLA hands a convolution inside a ``scan``, ``while`` or ``cond`` body to its fast library
only in the layout b01f,01io->b01f without input dilation or reversed windows, and the gradients
that XLA's own rules emit are of other forms (https://github.com/jax-ml/jax/issues/12868). On every
other platform the rules emit XLA's own convolutions and gradients, which cuDNN and the TPU
compiler know.

All operands carry a leading axis E of independent problems, which is how a batch of kernels
(`jax.vmap` over seeds) stays one operation whose treatment each platform chooses.

Shapes: x (E, N, H, W, Ci), k (E, kh, kw, Ci / groups, Co), y (E, N, Ho, Wo, Co).
"""

from collections.abc import Callable
from functools import cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from jgan.convolution.forms import (
    cpu_forward,
    cpu_input_adjoint,
    cpu_kernel_adjoint,
    xla_forward,
    xla_input_adjoint,
    xla_kernel_adjoint,
)
from jgan.convolution.geometry import Geometry

Rule = Callable[..., jax.Array]

# Beyond this many independent problems or groups a loop replaces the unrolled program.
_UNROLL = 16
# Groups are joined up to so many channels, since narrower convolutions take about as long. XLA's own form of
# groups is among those that are slow inside loops.
_JOINED = 32


# From one problem of one group to E problems of any number of groups.


def _joined(groups: int, channels: int) -> int:
    """How many groups of so many channels become one, as blocks of its kernel."""
    most = max(1, _JOINED // channels)
    return max(m for m in range(1, most + 1) if groups % m == 0)


def _blocks(k: jax.Array, groups: int, m: int) -> jax.Array:
    """The kernel (kh, kw, in, out) of ``groups / m`` groups that acts as one of ``groups`` groups."""
    kh, kw, ci, _ = k.shape
    k = k.reshape(kh, kw, 1, ci, groups // m, m, -1)
    own = jnp.eye(m, dtype=bool).reshape(m, 1, 1, m, 1)
    return jnp.where(own, k, jnp.zeros((), k.dtype)).reshape(kh, kw, m * ci, -1)


def _of_blocks(k: jax.Array, groups: int, m: int) -> jax.Array:
    """The adjoint of `_blocks`."""
    kh, kw, ci, co = k.shape
    k = k.reshape(kh, kw, m, ci // m, groups // m, m, -1)
    return jnp.moveaxis(jnp.diagonal(k, axis1=2, axis2=5), -1, -2).reshape(kh, kw, ci // m, co)


def _in_groups(rule: Rule, kernel_out: bool = False) -> Rule:
    """The rule of one group for several, which divide the last axis of both operands and of the result.

    Its second operand is the kernel, or its result is one.
    """

    def grouped(a: jax.Array, b: jax.Array, g: Geometry) -> jax.Array:
        if g.groups == 1:
            return rule(a, b, g)
        inputs = a.shape[3] // g.groups if kernel_out else b.shape[2]
        m = _joined(g.groups, max(inputs, b.shape[3] // g.groups))
        if kernel_out:
            return _of_blocks(_apart(rule, a, b, g, g.groups // m), g.groups, m)
        return _apart(rule, a, _blocks(b, g.groups, m), g, g.groups // m)

    return grouped


def _apart(rule: Rule, a: jax.Array, b: jax.Array, g: Geometry, groups: int) -> jax.Array:
    """The rule for every group by itself."""
    one = g._replace(groups=1)
    if groups <= _UNROLL:
        halves = (jnp.split(operand, groups, axis=3) for operand in (a, b))
        return jnp.concatenate([rule(p, q, one) for p, q in zip(*halves, strict=True)], axis=3)
    stacks = (jnp.moveaxis(z.reshape(*z.shape[:3], groups, -1), 3, 0) for z in (a, b))
    found = jnp.moveaxis(lax.map(lambda pair: rule(*pair, one), tuple(stacks)), 0, 3)
    return found.reshape(*found.shape[:3], -1)


def _only(*stacks: jax.Array) -> list[jax.Array]:
    """What each of the stacks holds, which is one."""
    return [lax.squeeze(stack, (0,)) for stack in stacks]


def _cpu(rule: Rule) -> Rule:
    """The CPU's treatment of E problems, in at least single precision."""

    def lowered(a: jax.Array, b: jax.Array, *, geometry: Geometry) -> jax.Array:
        dtype = a.dtype
        wide = jnp.promote_types(dtype, jnp.float32)
        solve = lambda a, b: rule(a.astype(wide), b.astype(wide), geometry).astype(dtype)
        if len(a) == 1:
            return lax.expand_dims(solve(*_only(a, b)), (0,))
        if len(a) <= _UNROLL:
            return jnp.stack([solve(p, q) for p, q in zip(a, b, strict=True)])
        return lax.map(lambda pair: solve(*pair), (a, b))

    return lowered


def _xla(rule: Rule) -> Rule:
    """XLA's treatment of E problems: its grouped convolution."""

    def lowered(a: jax.Array, b: jax.Array, *, geometry: Geometry) -> jax.Array:
        if len(a) == 1:
            return lax.expand_dims(rule(*_only(a, b), geometry), (0,))
        return jax.vmap(partial(rule, g=geometry))(a, b)

    return lowered


def _match_axes(a: jax.Array, b: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Gives both operands the same varying axes under `jax.shard_map`."""

    def varying(z: jax.Array) -> frozenset[str]:
        kind = getattr(jax.typeof(z), "manual_axis_type", None)
        return getattr(kind, "varying", frozenset())

    axes = varying(a) | varying(b)
    lift = lambda z: lax.pcast(z, tuple(axes - varying(z)), to="varying")
    return (
        a if varying(a) == axes else lift(a),
        b if varying(b) == axes else lift(b),
    )


# A batch axis of one operand alone joins another axis of that operand and of the result.


def _fold(z: jax.Array, axis: int, groups: int) -> jax.Array:
    """(B, E, ...) to (E, ...) with B inside ``axis``, below the groups."""
    z = z.reshape(*z.shape[: axis + 1], groups, -1, *z.shape[axis + 2 :])
    z = jnp.moveaxis(z, 0, axis + 1)
    return z.reshape(*z.shape[:axis], -1, *z.shape[axis + 3 :])


def _unfold(z: jax.Array, axis: int, groups: int, size: int) -> jax.Array:
    """Undoes `_fold`."""
    z = z.reshape(*z.shape[:axis], groups, size, -1, *z.shape[axis + 1 :])
    z = jnp.moveaxis(z, axis + 1, 0)
    return z.reshape(*z.shape[: axis + 1], -1, *z.shape[axis + 3 :])


class _Axis(NamedTuple):
    """Where a batch axis joins, and whether that axis is divided into groups."""

    position: int
    grouped: bool

    def groups(self, geometry: Geometry) -> int:
        return geometry.groups if self.grouped else 1


_EXAMPLES = _Axis(1, False)
_CHANNELS = _Axis(4, True)
_KERNEL_INPUTS = _Axis(3, False)


def _batch(
    bind: Rule,
    joins: tuple[tuple[_Axis, _Axis], tuple[_Axis, _Axis]],
    args: tuple[jax.Array, jax.Array],
    dims: tuple[Any, Any],
    *,
    geometry: Geometry,
) -> tuple[jax.Array, int]:
    """The batching rule; ``joins`` gives, for each operand, its axis and the result's."""
    args = tuple(
        arg if dim is None else jnp.moveaxis(arg, dim, 0)
        for arg, dim in zip(args, dims, strict=True)
    )  # type: ignore[assignment]
    if None not in dims:
        size = args[0].shape[0]
        out = bind(*(arg.reshape(-1, *arg.shape[2:]) for arg in args), geometry)
        return out.reshape(size, -1, *out.shape[1:]), 0
    mapped = 0 if dims[1] is None else 1
    into, out_of = joins[mapped]
    operands = list(args)
    operands[mapped] = _fold(args[mapped], into.position, into.groups(geometry))
    out = bind(*operands, geometry)
    return _unfold(out, out_of.position, out_of.groups(geometry), args[mapped].shape[0]), 0


def _xla_only() -> tuple[Rule, Rule, Rule]:
    """The three operations as plain functions, for a JAX whose internals have moved."""

    def plain(rule: Rule) -> Rule:
        return lambda a, b, geometry: _xla(rule)(a, b, geometry=geometry)

    return plain(xla_forward), plain(xla_input_adjoint), plain(xla_kernel_adjoint)


def _primitives() -> tuple[Rule, Rule, Rule]:
    """The three operations as primitives, with all their rules.

    Raises:
      ImportError, AttributeError: when this JAX lacks an interpreter's table.
    """
    from jax.extend.core import Primitive
    from jax.interpreters import ad, batching, mlir

    def shape_forward(x: Any, k: Any, g: Geometry) -> tuple[int, ...]:
        return (*x.shape[:2], *g.output, k.shape[4])

    def shape_input(y: Any, k: Any, g: Geometry) -> tuple[int, ...]:
        return (*y.shape[:2], *g.image, k.shape[3] * g.groups)

    def shape_kernel(x: Any, y: Any, g: Geometry) -> tuple[int, ...]:
        return (x.shape[0], *g.window, x.shape[4] // g.groups, y.shape[4])

    def define(name: str, shape: Callable[..., tuple[int, ...]], rules: tuple[Rule, Rule]) -> Any:
        primitive = Primitive(name)
        xla, cpu = rules

        @cache
        def compiled(geometry: Geometry) -> Rule:
            return jax.jit(partial(primitive.bind, geometry=geometry))

        primitive.def_impl(lambda a, b, *, geometry: compiled(geometry)(a, b))
        primitive.def_abstract_eval(
            lambda a, b, *, geometry: a.update(shape=shape(a, b, geometry), weak_type=False)
        )
        mlir.register_lowering(primitive, mlir.lower_fun(_xla(xla), multiple_results=False))
        mlir.register_lowering(
            primitive, mlir.lower_fun(_cpu(cpu), multiple_results=False), platform="cpu"
        )
        return primitive

    def binder(primitive: Any) -> Rule:
        return lambda a, b, geometry: primitive.bind(*_match_axes(a, b), geometry=geometry)

    forward_p = define(
        "jgan_conv",
        shape_forward,
        (xla_forward, _in_groups(cpu_forward)),
    )
    input_p = define(
        "jgan_conv_input_adjoint",
        shape_input,
        (xla_input_adjoint, _in_groups(cpu_input_adjoint)),
    )
    kernel_p = define(
        "jgan_conv_kernel_adjoint",
        shape_kernel,
        (xla_kernel_adjoint, _in_groups(cpu_kernel_adjoint, kernel_out=True)),
    )
    forward, input_adjoint, kernel_adjoint = map(binder, (forward_p, input_p, kernel_p))

    ad.defbilinear(
        forward_p,
        lambda ct, x, k, *, geometry: input_adjoint(ct, k, geometry),
        lambda ct, x, k, *, geometry: kernel_adjoint(x, ct, geometry),
    )
    ad.defbilinear(
        input_p,
        lambda ct, y, k, *, geometry: forward(ct, k, geometry),
        lambda ct, y, k, *, geometry: kernel_adjoint(ct, y, geometry),
    )
    ad.defbilinear(
        kernel_p,
        lambda ct, x, y, *, geometry: input_adjoint(y, ct, geometry),
        lambda ct, x, y, *, geometry: forward(x, ct, geometry),
    )
    for primitive, bind, joins in (
        (forward_p, forward, ((_EXAMPLES, _EXAMPLES), (_CHANNELS, _CHANNELS))),
        (input_p, input_adjoint, ((_EXAMPLES, _EXAMPLES), (_KERNEL_INPUTS, _CHANNELS))),
        (kernel_p, kernel_adjoint, ((_CHANNELS, _KERNEL_INPUTS), (_CHANNELS, _CHANNELS))),
    ):
        batching.primitive_batchers[primitive] = partial(_batch, bind, joins)
    return forward, input_adjoint, kernel_adjoint


try:
    forward, input_adjoint, kernel_adjoint = _primitives()
except (ImportError, AttributeError):
    forward, input_adjoint, kernel_adjoint = _xla_only()
