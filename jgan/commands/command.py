"""What makes a function a command: its arguments are checked by their annotations, its errors name them."""

import argparse
import functools
import inspect
import numbers
import os
import re
import sys
import types
import typing
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from jgan.display import showing
from jgan.errors import UserError

_ARGUMENTS = {
    "class": "label",
    "from": "from_run",
    "ema": "average=True",
    "no-ema": "average=False",
    "units": "channels",
    "all": "all_checkpoints",
}
"""Arguments of functions that are spelled otherwise than the flag that stands for them."""


class Allowed(NamedTuple):
    """What an annotation allows.

    Attributes:
      base: the type without its rule: int, float, str, bool, Path, or another.
      convert: the rule, ``text -> value``, or None; see `jgan.commands.kinds`.
      choices: the values of a Literal, empty for other types.
      several: whether a sequence of such values is meant.
      length: of the sequence, None for any.
      optional: whether None is allowed too.
    """

    base: Any
    convert: Callable[[str], Any] | None = None
    choices: tuple[Any, ...] = ()
    several: bool = False
    length: int | None = None
    optional: bool = False


def rule_of(hint: Any) -> Allowed:
    """The rule that an annotation holds.

    >>> rule_of(int | None).base, rule_of(typing.Literal["a", "b"] | None).choices
    (<class 'int'>, ('a', 'b'))
    """
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType) and type(None) in parts:
        rest = [part for part in parts if part is not type(None)]
        return rule_of(typing.Union[tuple(rest)])._replace(optional=True)  # noqa: UP007
    if origin is Annotated:
        inner = Path if Path in (parts[0], *typing.get_args(parts[0])) else parts[0]
        return Allowed(inner, parts[1])
    if origin is typing.Literal:
        return Allowed(type(parts[0]), choices=parts)
    if isinstance(origin, type) and issubclass(origin, Sequence):
        length = len(parts) if origin is tuple and Ellipsis not in parts else None
        return rule_of(parts[0])._replace(several=True, length=length)
    return Allowed(hint)


def command[**P, T](function: Callable[P, T]) -> Callable[P, T]:
    """Make a function check its arguments by the rules in their annotations, and show how far it is.

    Where a message speaks of a flag of the command line, it names the argument instead. The command line
    itself, whose parser has checked them, calls the function inside (`inspect.unwrap`).

    Raises:
      UserError: from the function, naming the argument, its value and what is allowed.

    >>> from jgan.commands.kinds import Count
    >>> @command
    ... def sample(*, count: Count = 64): return count
    >>> sample(count=0)
    Traceback (most recent call last):
    jgan.errors.UserError: count is 0, but must be at least 1.
    """
    signature = inspect.signature(function)

    @functools.cache
    def rules() -> dict[str, Allowed]:
        hints = typing.get_type_hints(inspect.unwrap(function), include_extras=True)
        return {name: rule_of(hint) for name, hint in hints.items() if name != "return"}

    @functools.wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> T:
        bound = signature.bind(*args, **kwargs)
        for name, value in bound.arguments.items():
            rule = rules().get(name, Allowed(Any))
            if signature.parameters[name].kind is inspect.Parameter.VAR_POSITIONAL:
                bound.arguments[name] = tuple(_fitted(name, rule, one) for one in value)
            elif signature.parameters[name].kind is not inspect.Parameter.VAR_KEYWORD:
                bound.arguments[name] = _fitted(name, rule, value)
        try:
            with showing(sys.stderr, bool(bound.arguments.get("quiet"))):
                return function(*bound.args, **bound.kwargs)
        except UserError as error:
            error.args = (with_arguments(str(error)), *error.args[1:])
            raise

    return checked


def with_arguments(sentence: str) -> str:
    """A sentence with the arguments of functions in place of the flags of commands.

    >>> with_arguments("--batch-size is 0; use --no-ema.")
    'batch_size is 0; use average=False.'
    """
    argument = lambda found: _ARGUMENTS.get(found[1], found[1].replace("-", "_"))
    return re.sub(r"(?<![\w-])--([a-z][a-z-]*)", argument, sentence)


def as_flag(name: str) -> str:
    """A flag as it is typed.

    >>> as_flag("batch_size")
    '--batch-size'
    """
    return "--" + name.replace("_", "-")


def _fitted(name: str, rule: Allowed, value: Any) -> Any:
    """A value as its rule converts it.

    Raises:
      UserError: if it does not allow it.
    """
    if value is None and rule.optional:
        return None
    if rule.several:
        if isinstance(value, str | bytes) or not isinstance(value, Sequence | range):
            raise UserError(f"{name} is {value!r}, but must be a list of values.")
        if rule.length is not None and len(value) != rule.length:
            raise UserError(f"{name} is {value!r}, but must have {rule.length} values.")
        return [_fitted(name, rule._replace(several=False, optional=False), one) for one in value]
    if rule.choices and value not in rule.choices:
        allowed = ", ".join(map(repr, rule.choices))
        raise UserError(f"{name} is {value!r}, but must be one of {allowed}.")
    kind = _KINDS.get(rule.base)
    if kind is not None and (
        not isinstance(value, kind.types) or (rule.base is not bool and isinstance(value, bool))
    ):
        raise UserError(f"{name} is {value!r}, but must be {kind.words}.")
    if rule.convert is None:
        return value
    try:
        return rule.convert(_as_text(rule, value))
    except argparse.ArgumentTypeError as error:
        raise UserError(f"{name} {error}.") from error


def _as_text(rule: Allowed, value: Any) -> str:
    """A value as a command line would have it."""
    if rule.base is float:
        return repr(float(value))
    return os.fspath(value) if rule.base is Path else str(value)


class _Kind(NamedTuple):
    types: tuple[type, ...]
    words: str


_KINDS = {
    int: _Kind((numbers.Integral,), "a whole number"),
    float: _Kind((numbers.Real,), "a number"),
    str: _Kind((str,), "text"),
    bool: _Kind((bool,), "True or False"),
    Path: _Kind((str, os.PathLike), "the path of a file or a folder"),
}
