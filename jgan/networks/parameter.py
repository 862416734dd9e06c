"""Parameters of Linen modules, found without tracing how they began."""

from collections.abc import Callable, Sequence

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax.errors import ScopeParamShapeError


def parameter(
    module: nn.Module, name: str, init: Callable[..., jax.Array], shape: Sequence[int]
) -> jax.Array:
    """A module's own parameter in float32.

    As `flax.linen.Module.param`, which traces ``init`` at every application of a network to compare the shape
    that would come of it. Here the shape is compared with the one that is asked for.

    Args:
      module: a Linen module, within its compact method.
      name: of the parameter.
      init: ``(key, shape, dtype) -> array``, called where the module is initialised.
      shape: of the parameter.

    Raises:
      flax.errors.ScopeParamShapeError: if the parameter has another shape.
    """
    if not module.has_variable("params", name):
        return module.param(name, init, tuple(shape), jnp.float32)
    value = module.get_variable("params", name)
    if jnp.shape(value) != tuple(shape):
        path = "/".join(module.path)
        raise ScopeParamShapeError(name, path, jnp.shape(value), tuple(shape))
    return value
