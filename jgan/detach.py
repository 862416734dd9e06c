"""A constant for the gradient that a player takes, not for those who study the player.

`jax.lax.stop_gradient` also hides from an outer derivative that a value depends on the parameters, so
that the Jacobian of a rule that uses it would be that of another rule.
"""

from typing import Any

import jax
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

from jgan.game import PyTree

_detach_p = Primitive("detach")
_detach_p.def_impl(lambda x: x)
_detach_p.def_abstract_eval(lambda x: x)
mlir.register_lowering(_detach_p, lambda _, x: [x])
batching.defvectorized(_detach_p)


def _jvp(primals: tuple[jax.Array], tangents: tuple[Any]) -> tuple[jax.Array, Any]:
    (x,), (tangent,) = primals, tangents
    hidden = tangent if isinstance(tangent, ad.Zero) else _detach_p.bind(tangent)
    return _detach_p.bind(x), hidden


ad.primitive_jvps[_detach_p] = _jvp
ad.primitive_transposes[_detach_p] = lambda cotangent, x: [ad.Zero(x.aval)]


def detach(values: PyTree) -> PyTree:
    """The same values, constant to reverse-mode gradients and transparent to forward-mode products.

    ``jax.grad`` sees a constant; ``jax.jvp`` of that gradient, as in `jgan.numerics`, sees the values
    move. An outer reverse pass sees a constant as well.

    >>> gradient = jax.grad(lambda x: detach(x) ** 2 * x)  # x², not 3x²
    >>> float(gradient(3.0)), float(jax.jacfwd(gradient)(3.0))
    (9.0, 6.0)
    """
    return jax.tree.map(_detach_p.bind, values)
