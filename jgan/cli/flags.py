"""An experiment function's keyword arguments as command-line flags."""

import argparse
import inspect
import re
import types
import typing
from collections.abc import Callable
from typing import Any, NoReturn

from jgan.commands.kinds import finite, rate, whole
from jgan.errors import UserError
from jgan.training.argument_groups import described


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaints are one sentence, raised as `UserError`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Read by `jgan.cli.main` before JAX is loaded.
        self.add_argument(
            "--quiet",
            action="store_true",
            help="Print only warnings, errors and the result, without progress.",
        )
        # Argparse itself takes -1e-3 and -inf for flags.
        self._negative_number_matcher = re.compile(r"-(\.?\d|inf|nan)")

    def error(self, message: str) -> NoReturn:
        """Raise instead of printing the whole usage."""
        raise UserError(f"{message}; see {self.prog} --help.")


def add_flags(parser: argparse.ArgumentParser, function: Callable[..., Any]) -> list[str]:
    """Add a flag for each keyword argument of ``function``; returns the arguments' names.

    Understood types: int, float, str, bool (``--x`` and ``--no-x``), a Literal of strings or numbers,
    tuples of one such type, and any of them ``| None`` (given as ``none``). Integers are at most `MOST`. Floats
    are finite, and those called ``lr`` or ``learning_rate``, also as part of a name such as
    ``lr_generator``, not negative.

    Raises:
      UserError: if an argument has no default value, another type or the name of a flag that is there.
    """
    texts = described(inspect.getdoc(function) or "", "Args")
    try:
        hints = typing.get_type_hints(function)
    except NameError as error:
        raise UserError(f"the types of the experiment function's arguments: {error}.") from error
    names = []
    for name, parameter in inspect.signature(function).parameters.items():
        default = parameter.default
        if default is inspect.Parameter.empty:
            raise UserError(f"argument {name!r} of the experiment function needs a default value.")
        help_text = f"{texts.get(name, '')} (default: {default})".strip().replace("%", "%%")
        options = _options(name, hints.get(name, type(default)))
        try:
            parser.add_argument(
                f"--{name.replace('_', '-')}", dest=name, default=default, help=help_text, **options
            )
        except argparse.ArgumentError as error:
            raise UserError(
                f"argument {name!r} of the experiment function is the name of a flag of the command; "
                "give it another name."
            ) from error
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
        return {"type": _type(name, parts[0]), "nargs": "+", "action": _AsTuple}
    if origin in (typing.Union, types.UnionType) and len(parts) == 2 and type(None) in parts:
        inner = next(part for part in parts if part is not type(None))
        if inner in (int, float, str):
            return {
                "type": _optional(_type(name, inner)),
                "metavar": f"{inner.__name__.upper()}|none",
            }
    if hint in (int, float, str):
        return {"type": _type(name, hint), "metavar": hint.__name__.upper()}
    raise UserError(
        f"argument {name!r} of the experiment function has type {hint}, which is no flag's type; "
        "use int, float, str, bool, a Literal or a tuple of one of them, or a group of such arguments."
    )


def _type(name: str, hint: Any) -> Callable[[str], Any]:
    if hint is float:
        from jgan.arguments import is_rate  # needs JAX, for which `jgan list` would wait

        return rate if is_rate(name) else finite
    return whole if hint is int else hint


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
