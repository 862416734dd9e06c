"""An experiment function's keyword arguments as command-line flags."""

import argparse
import inspect
import re
import types
import typing
from collections.abc import Callable
from typing import Any, NoReturn

from jgan.errors import UserError


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaints are one sentence, raised as `UserError`."""

    def error(self, message: str) -> NoReturn:
        """Raise instead of printing the whole usage."""
        raise UserError(f"{message}; see {self.prog} --help.")


def described_arguments(function: Callable[..., Any]) -> dict[str, str]:
    """The texts of the ``Args:`` section of a Google-style docstring, by argument.

    >>> def f(lr): '''Do.
    ...
    ...     Args:
    ...       lr: learning rate,
    ...         a positive number.
    ...     '''
    >>> described_arguments(f)
    {'lr': 'learning rate, a positive number.'}
    """
    doc = inspect.getdoc(function) or ""
    section = re.search(r"^Args:\n((?:[ \t]+.*\n?|\n)*)", doc, re.MULTILINE)
    texts: dict[str, str] = {}
    name = None
    for line in section[1].splitlines() if section else []:
        opening = re.match(r"  (\w+):\s*(.*)", line)
        if opening:
            name, texts[opening[1]] = opening[1], opening[2]
        elif name and line.strip():
            texts[name] += " " + line.strip()
    return texts


def add_flags(parser: argparse.ArgumentParser, function: Callable[..., Any]) -> list[str]:
    """Add a flag for each keyword argument of ``function``; returns the arguments' names.

    Understood types: int, float, str, bool (``--x`` and ``--no-x``), a Literal of strings or numbers,
    tuples of one such type, and any of them ``| None`` (given as ``none``).
    """
    texts = described_arguments(function)
    hints = typing.get_type_hints(function)
    names = []
    for name, parameter in inspect.signature(function).parameters.items():
        default = parameter.default
        if default is inspect.Parameter.empty:
            raise UserError(f"argument {name!r} of the experiment function needs a default value.")
        help_text = f"{texts.get(name, '')} (default: {default})".strip().replace("%", "%%")
        options = _options(name, hints.get(name, type(default)))
        parser.add_argument(
            f"--{name.replace('_', '-')}", dest=name, default=default, help=help_text, **options
        )
        names.append(name)
    return names


def _options(name: str, hint: Any) -> dict[str, Any]:
    """Argparse's keyword arguments for a flag of the given type."""
    if hint is bool:
        return {"action": argparse.BooleanOptionalAction}
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        return {"type": type(parts[0]), "choices": parts}
    if origin is tuple:
        return {"type": parts[0], "nargs": "+", "action": _AsTuple}
    if origin in (typing.Union, types.UnionType) and len(parts) == 2 and type(None) in parts:
        inner = next(part for part in parts if part is not type(None))
        return {"type": _optional(inner), "metavar": f"{inner.__name__.upper()}|none"}
    if hint in (int, float, str):
        return {"type": hint, "metavar": hint.__name__.upper()}
    raise UserError(
        f"argument {name!r} of the experiment function has type {hint}, which is no flag's type; "
        "use int, float, str, bool, a Literal or a tuple of one of them."
    )


def _optional(inner: Callable[[str], Any]) -> Callable[[str], Any]:
    def convert(text: str) -> Any:
        return None if text.lower() == "none" else inner(text)

    convert.__name__ = getattr(inner, "__name__", "value")
    return convert


class _AsTuple(argparse.Action):
    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        setattr(namespace, self.dest, tuple(values))
