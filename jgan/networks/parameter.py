"""Parameters of Linen modules, found without tracing how they began."""

from collections.abc import Callable, Sequence
from typing import Any

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
    return _existing(module, name, tuple(shape))


def _existing(module: nn.Module, name: str, shape: tuple[int, ...]) -> jax.Array:
    value = module.get_variable("params", name)
    if jnp.shape(value) != shape:
        raise ScopeParamShapeError(name, "/".join(module.path), jnp.shape(value), shape)
    return value


class _Found(nn.Module):
    """A layer of Flax's own whose parameters are found in the same way."""

    @nn.nowrap
    def param(self, name: str, init_fn: Any, *init_args: Any, **options: Any) -> Any:
        if not self.has_variable("params", name):
            return super().param(name, init_fn, *init_args, **options)
        return _existing(self, name, tuple(init_args[0]))


class BatchNorm(_Found, nn.BatchNorm):
    """`flax.linen.BatchNorm`."""


class LayerNorm(_Found, nn.LayerNorm):
    """`flax.linen.LayerNorm`."""
