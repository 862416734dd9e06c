"""The hidden layers of networks inside any function: to list, to read, to change, to run as in evaluation.

A game gives its generator as a function of variables and latents. Linen tells, while that function is
traced, what each of its modules returns, so nothing of a network need be rewritten to look inside.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import flax.linen as nn
import jax
from flax.core import current_trace

Function = Callable[..., Any]
Change = Callable[[jax.Array], jax.Array]


def layers(function: Function, *arguments: Any) -> dict[str, tuple[int, ...]]:
    """The layers that ``function(*arguments)`` runs through: name to shape ``(B, h, w, units)``.

    A name is the path of the module in its network, such as ``"Norm_1"`` or ``"_Up_0/Conv_1"``; a module
    that is asked again, or one of the same name in another network, is ``"Norm_1:2"``. Only feature maps
    are named, not the whole network, no module that returns just what one inside it returned, and none
    inside a compiled loop, whose values do not leave it.

    Args:
      function: anything that applies networks made by `jgan.networks.from_linen`; nothing is computed.
      arguments: of the function.
    """
    outputs: dict[str, jax.Array] = {}

    def look(name: str, output: jax.Array) -> jax.Array:
        for inner in [other for other, value in outputs.items() if value is output]:
            del outputs[inner]
        outputs[name] = output
        return output

    def watched(*values: Any) -> None:
        with _watching(look):
            function(*values)

    jax.eval_shape(watched, *arguments)
    return {name: tuple(value.shape) for name, value in outputs.items()}


def reading(function: Function, layer: str) -> Function:
    """``function`` returning ``(its result, the activations of layer (B, h, w, units))``.

    Raises:
      ValueError: when it is called, if it runs through no such layer.
    """

    def read(*arguments: Any) -> tuple[Any, jax.Array]:
        found: list[jax.Array] = []

        def look(name: str, output: jax.Array) -> jax.Array:
            if name == layer:
                found.append(output)
            return output

        with _watching(look):
            result = function(*arguments)
        if not found:
            raise ValueError(_unknown(layer, layers(function, *arguments)))
        return result, found[0]

    return read


def changing(function: Function, layer: str, change: Change) -> Function:
    """``function`` with ``change(activations)`` in place of the activations of ``layer``.

    Raises:
      ValueError: when it is called, if it runs through no such layer.
    """

    def changed(*arguments: Any) -> Any:
        done: list[str] = []

        def replace(name: str, output: jax.Array) -> jax.Array:
            if name != layer:
                return output
            done.append(name)
            return change(output).astype(output.dtype)

        with _watching(replace):
            result = function(*arguments)
        if not done:
            raise ValueError(_unknown(layer, layers(function, *arguments)))
        return result

    return changed


@contextmanager
def evaluating() -> Iterator[None]:
    """Within it every network runs in evaluation mode, whatever its caller asks for.

    A game's critic asks its networks as in training. Whoever judges single examples with it must not let
    their batch decide: batch normalisation uses its running statistics here, and dropout nothing.
    """

    def intercept(
        call: Function,
        arguments: Any,
        options: dict[str, Any],
        context: nn.module.InterceptorContext,
    ) -> Any:
        return call(*arguments, **({**options, "train": False} if "train" in options else options))

    with nn.intercept_methods(intercept):
        yield


@contextmanager
def _watching(look: Callable[[str, jax.Array], jax.Array]) -> Iterator[None]:
    """Within it feature maps pass through ``look(name, output)``, except inside loops and the like."""
    counts: dict[str, int] = {}
    here = current_trace()

    def intercept(
        call: Function, arguments: Any, options: Any, context: nn.module.InterceptorContext
    ) -> Any:
        output = call(*arguments, **options)
        path = "/".join(context.module.path)
        feature_map = isinstance(output, jax.Array) and output.ndim == 4
        if (
            context.method_name != "__call__"
            or not path
            or not feature_map
            or current_trace() != here
        ):
            return output
        counts[path] = counts.get(path, 0) + 1
        return look(path if counts[path] == 1 else f"{path}:{counts[path]}", output)

    with nn.intercept_methods(intercept):
        yield


def _unknown(layer: str, known: dict[str, Any]) -> str:
    return f"layer is {layer!r}, but must be one of {', '.join(known) or '(there is none)'}."
