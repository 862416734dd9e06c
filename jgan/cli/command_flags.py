"""A command's keyword arguments as flags: names, defaults, rules and help are those of its function."""

import argparse
import inspect
import re
import typing
from collections.abc import Callable, Collection, Mapping
from typing import Any

from jgan.commands.command import Allowed, rule_of
from jgan.training.argument_groups import described

FLAGS = {"from_run": "--from", "channels": "--units", "all_checkpoints": "--all"}
"""Flags that are spelled otherwise than the argument that they stand for."""
METAVARS = {
    **{"fork": "RUN", "from_run": "RUN", "channels": "UNIT"},
    **{"test": "N", "train": "N", "samples": "N"},
}
NO_FLAGS = frozenset({"each", "quiet", "say"})
"""Arguments that a command line cannot give, or that every command has."""


def add_arguments(
    parser: argparse._ActionsContainer,
    function: Callable[..., Any],
    names: Collection[str] | None = None,
    *,
    flags: Mapping[str, str] = FLAGS,
    metavars: Mapping[str, str] = METAVARS,
    defaults: Mapping[str, str] = {},
    more: Mapping[str, str] = {},
    several: Collection[str] = (),
) -> None:
    """Add a flag for each keyword argument of a command's function.

    The description is that of the function's docstring, followed by the default unless it is None or False or
    the text names it already.

    Args:
      parser: to add to, or a group of it.
      function: of the command.
      names: of the arguments; all that are keywords only by default.
      flags: by argument, flags that do not have its name.
      metavars: by argument, the words that stand for its value in the help.
      more: by argument, sentences that the help has beside those of the docstring.
      several: arguments whose flag takes several words, though one is enough for the function.
      defaults: by argument, in words what the command takes where the function has nothing.
    """
    texts = described(inspect.getdoc(function) or "", "Args")
    hints = typing.get_type_hints(inspect.unwrap(function), include_extras=True)
    for name, parameter in inspect.signature(function).parameters.items():
        keyword = parameter.kind is inspect.Parameter.KEYWORD_ONLY
        if not keyword or name in NO_FLAGS or (names is not None and name not in names):
            continue
        rule = rule_of(hints[name])
        if name in several:
            rule = rule._replace(several=True)
        required = parameter.default is inspect.Parameter.empty
        default = None if required else parameter.default
        text = texts[name].replace("%", "%%")
        shown = " ".join(map(str, default)) if isinstance(default, tuple) else default
        has_default = default is not None and default is not False
        if name in defaults or (has_default and "(default: " not in text):
            text = f"{text.removesuffix('.')} (default: {defaults.get(name, shown)})."
        if name in more:
            text = f"{text} {more[name].replace('%', '%%')}"
        parser.add_argument(
            flags.get(name, "--" + name.replace("_", "-")),
            dest=name,
            default=default,
            help=text,
            required=required,
            **_options(rule, metavars.get(name)),
        )


def about(function: Callable[..., Any]) -> str:
    """What a command does: the docstring of its function up to the arguments, as plain text."""
    return re.split(r"\n\n\w+:\n", inspect.getdoc(function) or "")[0].replace("``", "")


def call(
    function: Callable[..., Any], options: argparse.Namespace, *positional: Any, **more: Any
) -> Any:
    """Call a command's function with those of the options that are arguments of it.

    Args:
      function: of the command.
      options: of the command line, whose parser has checked them.
      *positional: its other arguments.
      **more: keyword arguments beside those of the command line.
    """
    function = inspect.unwrap(function)
    known = inspect.signature(function).parameters
    keywords = {name for name, one in known.items() if one.kind is inspect.Parameter.KEYWORD_ONLY}
    chosen = {name: value for name, value in vars(options).items() if name in keywords}
    return function(*positional, **{**chosen, **more})


def _options(rule: Allowed, metavar: str | None) -> dict[str, Any]:
    """Argparse's keyword arguments for a flag."""
    if rule.base is bool:
        return {"action": "store_true"}
    many: dict[str, Any] = {"nargs": rule.length or "+"} if rule.several else {}
    many |= {} if metavar is None else {"metavar": metavar}
    if rule.choices:
        return {"choices": rule.choices, **many}
    kind = rule.convert or (rule.base if rule.base in (int, float) else str)
    return {"type": kind, **many}
