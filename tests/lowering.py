"""Programs lowered for accelerators that this machine does not have.

JAX writes a program for any platform on any machine; only compiling it needs the platform's compiler. What goes
wrong before that is found here: an operation without a rule for the platform, a call of a library that only a
CPU has, a callback into Python, and a choice between forms that is made by the machine on which the program is
traced and not by the one for which it is lowered.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any
from unittest import mock

import jax

ACCELERATORS = ("cuda", "tpu")
_ANYWHERE = r"Sharding|SPMD\w+|ApproxTopK|annotate_device_placement|shape_assertion"
_CALLS = {
    "cpu": re.compile(r".*"),
    "cuda": re.compile(rf"(cusolver|cublas|cudnn|cufft|cusparse|cu)_\w+|{_ANYWHERE}"),
    "tpu": re.compile(
        rf"Eigh|Qr|ProductOfElementaryHouseholderReflectors|LuDecomposition|Cholesky|{_ANYWHERE}"
    ),
}


def traced(function: Callable[..., Any], *arguments: Any) -> Any:
    """The function as `jax.stages.Traced`, which can be lowered for any platform.

    Args:
      function: a pure function, jitted or not.
      *arguments: its arguments, arrays or `jax.ShapeDtypeStruct`.

    Raises:
      AssertionError: if the function asks for the machine's own backend while it is traced.
    """
    with mock.patch.object(jax, "default_backend", _refuse):
        return jax.jit(lambda *arguments: function(*arguments)).trace(*arguments)


def lowered(function: Callable[..., Any], *arguments: Any, platform: str) -> str:
    """The StableHLO of a function for "cpu", "cuda", "rocm" or "tpu"."""
    return traced(function, *arguments).lower(lowering_platforms=(platform,)).as_text()


def _refuse() -> str:
    raise AssertionError("the program asks for jax.default_backend() while it is traced")


def foreign_calls(text: str, platform: str) -> set[str]:
    """Custom calls of a lowered program that the platform is not known to have."""
    called = set(re.findall(r'custom_call @"?([\w.$]+)', text))
    return {name for name in called if not _CALLS[platform].fullmatch(name)}


def assert_lowers(
    function: Callable[..., Any], *arguments: Any, platforms: Sequence[str] = ACCELERATORS
) -> Any:
    """Lower a function for all platforms, refuse custom calls that only a CPU has, and return what was traced.

    One text for all platforms takes little more than that of one. Only where it calls a library is each
    platform's own text written, to see whose the call is.
    """
    program = traced(function, *arguments)
    together = program.lower(lowering_platforms=tuple(platforms)).as_text()
    for platform in platforms:
        if foreign_calls(together, platform):
            text = program.lower(lowering_platforms=(platform,)).as_text()
            foreign = foreign_calls(text, platform)
            assert not foreign, f"{platform} has no {', '.join(sorted(foreign))}"
    return program
