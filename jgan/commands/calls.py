"""Which functions of a list are called."""

import importlib
import inspect
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import CodeType, ModuleType
from typing import Any

_TOOL = 4
"""Of the numbers that `sys.monitoring` has for tools, one that it keeps for no kind of them."""


@contextmanager
def recorded_calls(names: Iterable[str]) -> Iterator[set[str]]:
    """Record which functions are called, at no cost for any other.

    Args:
      names: places in jgan, such as ``"losses.hinge"``. That of a class stands for its methods, that of a
        module for all that is defined in it.

    Yields:
      The names of those that have been called so far.
    """
    called: set[str] = set()
    by_code: dict[CodeType, set[str]] = {}
    for name in names:
        for code in _codes(_object(name)):
            by_code.setdefault(code, set()).add(name)
    events = sys.monitoring.events
    sys.monitoring.use_tool_id(_TOOL, "jgan")
    try:
        sys.monitoring.register_callback(
            _TOOL, events.PY_START, lambda code, offset: called.update(by_code[code])
        )
        for code in by_code:
            sys.monitoring.set_local_events(_TOOL, code, events.PY_START)
        yield called
    finally:
        for code in by_code:
            sys.monitoring.set_local_events(_TOOL, code, events.NO_EVENTS)
        sys.monitoring.free_tool_id(_TOOL)


def _object(name: str) -> Any:
    """What stands at a place in jgan."""
    module, _, attribute = f"jgan.{name}".rpartition(".")
    parent = importlib.import_module(module)
    # A room may export a function under the name of the function's module.
    found = getattr(parent, attribute, None)
    if found is None or (not hasattr(parent, "__path__") and isinstance(found, ModuleType)):
        return importlib.import_module(f"jgan.{name}")
    if hasattr(parent, "__path__"):
        return importlib.import_module(f"jgan.{name}")
    return found


def _codes(thing: Any) -> Iterator[CodeType]:
    """The code of a function, of a class's methods, or of all that is defined in a module."""
    module = thing.__name__ if inspect.ismodule(thing) else thing.__module__
    file = sys.modules[module].__file__
    inner = [one for one in vars(thing).values() if callable(one)] if _holds(thing) else [thing]
    for one in inner:
        if inspect.ismodule(thing) and one.__module__ != module:
            continue
        if _holds(one):
            yield from _codes(one)
            continue
        function = inspect.unwrap(one)
        # What decorators generate is no part of the file, and may be shared between classes.
        if inspect.isfunction(function) and function.__code__.co_filename == file:
            yield function.__code__


def _holds(thing: Any) -> bool:
    return inspect.ismodule(thing) or inspect.isclass(thing)
