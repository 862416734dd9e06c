"""What a training asks of the CPU's compiler and of the system's memory; other devices need neither."""

import ctypes
import functools
import math
import os
from collections.abc import Callable, Iterable
from typing import Any

import jax

from jgan.display import task, warn
from jgan.training.resources import free_bytes

_EIGEN = {"xla_cpu_experimental_ynn_fusion_type": ""}
"""Matrix products by Eigen rather than by YNNPACK, which recent versions of XLA prefer."""
_LONG = 4
_LEVEL = "xla_backend_optimization_level"


def compiled_sooner() -> dict[str, int]:
    """Compiler options of a program that runs once, such as one that makes the first state.

    With the first of LLVM's optimization levels it takes half the time, and results are the same to the bit,
    which they are not without any optimization. A level that is chosen in ``XLA_FLAGS`` stays.
    """
    if jax.default_backend() != "cpu" or _LEVEL in os.environ.get("XLA_FLAGS", ""):
        return {}
    return {_LEVEL: 1}


class Program:
    """A jitted function whose compiler options depend on what it computes.

    XLA gives matrix products and convolutions on a CPU to YNNPACK, which computes long and narrow products
    (a perceptron's of 128 units on a batch of 512) with one thread; Eigen then is faster, and slower for
    others. So a program gets Eigen if it has no convolution and its largest product is `_LONG` times as long
    as wide.

    Args:
      function: what to compile.
      options: of `jax.jit`.
    """

    def __init__(self, function: Callable[..., Any], **options: Any) -> None:
        self._jit = functools.partial(jax.jit, function, **options)
        self._chosen: Any = None

    def __call__(self, *arguments: Any) -> Any:
        """The function's result."""
        if self._chosen is None:
            with task(
                "compiling the training steps",
                note="usually 10 to 30 s the first time",
                announced=True,
                lasting=True,
                apart=True,
            ):
                # The call finds what is compiled here.
                compiled = self._choose(arguments).lower(*arguments).compile()
            _warn_of_memory(compiled)
        return self._choose(arguments)(*arguments)

    def lower(self, *arguments: Any) -> Any:
        """As the method of a jitted function."""
        return self._choose(arguments).lower(*arguments)

    def _choose(self, arguments: tuple[Any, ...]) -> Any:
        if self._chosen is None:
            self._chosen = self._jit()
            if _eigen_can_be_chosen() and _has_long_products(self._chosen.trace(*arguments).jaxpr):
                self._chosen = self._jit(compiler_options=_EIGEN)
        return self._chosen


def _warn_of_memory(compiled: Any) -> None:
    """Say so if the compiler expects a program to need more memory than is free beside its arguments."""
    device = jax.devices()[0]
    analysis = compiled.memory_analysis()
    if analysis is None:
        return
    more = (
        analysis.temp_size_in_bytes + analysis.output_size_in_bytes - analysis.alias_size_in_bytes
    )
    free = free_bytes(device)
    if more > free:
        warn(
            f"the compiled steps need another {more / 1e9:.3g} GB for what they compute on the way, but "
            f"{free / 1e9:.3g} GB of memory are free; use a smaller --batch-size or narrower networks if the "
            "training fails."
        )


@functools.cache
def _eigen_can_be_chosen() -> bool:
    """Whether this is a CPU and its compiler knows the option."""
    if jax.default_backend() != "cpu":
        return False
    try:
        jax.jit(lambda: 0.0, compiler_options=_EIGEN).lower().compile()
    except jax.errors.JaxRuntimeError:
        return False
    return True


def _has_long_products(jaxpr: Any) -> bool:
    """Whether it computes no convolution, and the largest of its products is long and narrow."""
    largest = (0, 0, 0)
    for equation in _equations(jaxpr):
        if equation.primitive.name.startswith(("conv_general", "jgan_conv")):
            return False
        if equation.primitive.name == "dot_general":
            largest = max(largest, _sizes(equation), key=math.prod)
    *_, wide, long = sorted(largest)
    return long >= _LONG * wide > 0


def _sizes(product: Any) -> tuple[int, int, int]:
    """Rows, columns and length of the sums of one product of a batch."""
    left, right = (operand.aval.shape for operand in product.invars)
    (of_left, _), (batched, _) = product.params["dimension_numbers"]
    inner = math.prod(left[axis] for axis in of_left)
    outer = math.prod(left[axis] for axis in batched) * inner
    return math.prod(left) // outer, math.prod(right) // outer, inner


def _equations(jaxpr: Any) -> Iterable[Any]:
    """All operations, those of loops and branches included."""
    for equation in getattr(jaxpr, "jaxpr", jaxpr).eqns:
        yield equation
        for value in equation.params.values():
            for inner in value if isinstance(value, tuple | list) else (value,):
                if hasattr(inner, "eqns") or hasattr(inner, "jaxpr"):
                    yield from _equations(inner)


def keep_freed_memory() -> bool:
    """Ask the C library to keep what a step frees for the next one, and say whether it could be asked.

    A step of a network frees and allocates hundreds of megabytes, and pages that come anew from the system
    must be cleared and mapped first. The process holds its peak until
    it ends. Only glibc is asked; environment variables that set the same (``MALLOC_MMAP_MAX_`` and others) are
    older and say the same.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return False
    trim_threshold, top_pad, mmap_max = -1, -2, -4  # <malloc.h>
    settings = ((mmap_max, 0), (trim_threshold, 2**31 - 1), (top_pad, 2**26))
    return all(mallopt(name, value) == 1 for name, value in settings)
