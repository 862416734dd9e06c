"""Groups of arguments: a frozen dataclass whose fields are arguments of an experiment."""

import dataclasses
import functools
import inspect
import re
import typing
from collections.abc import Callable, Mapping
from typing import Any

from jgan.errors import UserError


def flattened(function: Callable[..., Any]) -> Callable[..., Any]:
    """``function`` with the fields of its groups as keyword arguments of its own.

    A group is an argument whose default is an instance of a frozen dataclass. Each of the instance's fields
    becomes an argument with the field's name and type, the instance's value as its default, and the group's
    place. The docstring's ``Args:`` then describe all arguments: a field as the ``Attributes:`` of its class
    do, unless those of ``function`` have its name.

    Raises:
      UserError: if a group is not frozen, or two arguments have the same name afterwards.

    >>> @dataclasses.dataclass(frozen=True)
    ... class Clock:
    ...     '''When.
    ...
    ...     Attributes:
    ...       hours: Full hours.
    ...       minutes: Minutes past the hour.
    ...     '''
    ...     hours: int = 0
    ...     minutes: int = 0
    >>> def alarm(*, loud: bool = False, clock: Clock = Clock(hours=7)): return loud, clock
    >>> inspect.signature(flattened(alarm))
    <Signature (*, loud: bool = False, hours: int = 7, minutes: int = 0)>
    >>> flattened(alarm)(minutes=30)
    (False, Clock(hours=7, minutes=30))
    """
    groups = {
        name: parameter.default
        for name, parameter in inspect.signature(function).parameters.items()
        if _is_group(name, parameter.default)
    }
    parameters = _parameters(function, groups)
    fields = {name: [field.name for field in _fields(group)] for name, group in groups.items()}

    @functools.wraps(function)
    def flat(**arguments: Any) -> Any:
        made = {
            name: dataclasses.replace(
                group,
                **{field: arguments.pop(field) for field in fields[name] if field in arguments},
            )
            for name, group in groups.items()
        }
        return function(**made, **arguments)

    signature = inspect.signature(function).replace(parameters=parameters)
    flat.__signature__ = signature  # type: ignore[attr-defined]
    flat.__annotations__ = {p.name: p.annotation for p in parameters if p.annotation is not p.empty}
    flat.__doc__ = _doc(inspect.getdoc(function) or "", groups.values(), parameters)
    return flat


def described(doc: str, heading: str) -> dict[str, str]:
    """The texts of one section of a Google-style docstring, by name.

    Args:
      doc: the docstring, cleaned as by `inspect.getdoc`.
      heading: of the section, ``"Args"`` or ``"Attributes"``.

    >>> described('''Do.
    ...
    ... Args:
    ...   lr: learning rate,
    ...     a positive number.
    ... ''', "Args")
    {'lr': 'learning rate, a positive number.'}
    """
    found = _section(heading).search(doc)
    texts: dict[str, str] = {}
    name = None
    for line in found[1].splitlines() if found else []:
        opening = re.match(r"  \*{0,2}(\w+):\s*(.*)", line)
        if opening:
            name, texts[opening[1]] = opening[1], opening[2]
        elif name and line.strip():
            texts[name] += " " + line.strip()
    return texts


def _section(heading: str) -> re.Pattern[str]:
    return re.compile(rf"^{heading}:\n((?:[ \t]+.*\n?|\n)*)", re.MULTILINE)


def _is_group(name: str, default: Any) -> bool:
    if not dataclasses.is_dataclass(default) or isinstance(default, type):
        return False
    if not type(default).__dataclass_params__.frozen:  # type: ignore[attr-defined]
        raise UserError(
            f"argument {name!r} of the experiment function is a {type(default).__name__}, but a group of "
            "arguments must be a frozen dataclass."
        )
    return True


def _fields(group: Any) -> list[dataclasses.Field[Any]]:
    return [field for field in dataclasses.fields(group) if field.init]


def _parameters(function: Callable[..., Any], groups: Mapping[str, Any]) -> list[inspect.Parameter]:
    """The function's parameters, with the fields of each group in its place."""
    found: dict[str, inspect.Parameter] = {}
    owners: dict[str, str] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if name in groups:
            hints = typing.get_type_hints(type(groups[name]))
            owner = f"field {{!r}} of the group {name!r}"
            new = [
                parameter.replace(
                    name=field.name,
                    default=getattr(groups[name], field.name),
                    annotation=hints[field.name],
                )
                for field in _fields(groups[name])
            ]
        else:
            owner, new = "argument {!r}", [parameter]
        for one in new:
            if one.name in found:
                raise UserError(
                    f"{owner.format(one.name)} of the experiment function has the name of the "
                    f"{owners[one.name].format(one.name)}; give one of them another name."
                )
            found[one.name], owners[one.name] = one, owner
    return list(found.values())


def _doc(doc: str, groups: Any, parameters: list[inspect.Parameter]) -> str:
    """The docstring with a description of every parameter."""
    texts: dict[str, str] = {}
    for group in groups:
        for base in reversed(type(group).__mro__):
            texts |= described(inspect.cleandoc(base.__doc__ or ""), "Attributes")
    texts |= described(doc, "Args")
    lines = [f"  {p.name}: {texts[p.name]}\n" for p in parameters if p.name in texts]
    rest = _section("Args").sub("", doc).rstrip()
    return f"{rest}\n\nArgs:\n{''.join(lines)}" if lines else rest
