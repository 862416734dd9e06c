"""The axes of a sweep: which settings of an experiment vary, and through which values."""

import inspect
import math
import re
import types
import typing
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from jgan.arguments import is_rate
from jgan.errors import UserError

Setting = dict[str, Any]
Quantile = Callable[[float], Any]
"""From a number of [0, 1) to the value below which so large a share of all draws lies."""


class Axis(NamedTuple):
    """One setting that varies.

    Attributes:
      name: of the experiment's argument.
      values: of a list, in order; empty for a range.
      quantile: the value that a number of [0, 1) stands for; an even number makes an even choice.
      traced: whether values may differ within one program: numbers that are not counts.
      size: how many different values there are; infinite for ranges of real numbers.
    """

    name: str
    values: Sequence[Any]
    quantile: Quantile
    traced: bool
    size: float = math.inf


RANGES: dict[str, Callable[[float, float], Quantile]] = {
    "uniform": lambda low, high: lambda u: float(low + (high - low) * u),
    "loguniform": lambda low, high: (
        lambda u: float(math.exp(math.log(low) + (math.log(high) - math.log(low)) * u))
    ),
    "integer": lambda low, high: _whole(low, high, lambda first, end, u: first + (end - first) * u),
    "loginteger": lambda low, high: _whole(
        low, high, lambda first, end, u: first * (end / first) ** u
    ),
}
"""Ranges by name; those with "log" give every factor an equal share."""


def _whole(low: float, high: float, between: Callable[[int, int, float], float]) -> Quantile:
    """Whole numbers of a range, both ends among them."""
    first, last = int(low), int(high)
    return lambda u: min(last, max(first, math.floor(between(first, last + 1, u))))


_RANGE = re.compile(r"(\w+)\(([^,()]+),([^,()]+)\)$")


def parse_axis(text: str, build: Callable[..., Any]) -> Axis:
    """The axis that ``NAME=VALUE,VALUE,...`` or ``NAME=RANGE(LOW,HIGH)`` describes.

    Args:
      text: as on the command line; ranges are those of `RANGES`.
      build: the experiment function, which knows the setting's type.

    Raises:
      UserError: if the experiment has no such setting, a value or a range is not possible, or a value is given
        twice, however it is written.

    >>> def experiment(*, lr: float = 1e-3, loss: str = "hinge"): ...
    >>> parse_axis("lr=1e-4,1e-3", experiment)[:2]
    ('lr', [0.0001, 0.001])
    >>> parse_axis("lr=loguniform(1e-5,1e-3)", experiment).traced
    True
    """
    name, equals, right = text.partition("=")
    name, right = name.strip().replace("-", "_"), right.strip()
    if not equals:
        raise UserError(f"--over has {text!r}, but must have NAME=VALUES.")
    hints = typing.get_type_hints(build)
    known = inspect.signature(build).parameters
    if name not in known:
        allowed = ", ".join(known) or "none"
        raise UserError(
            f"--over names {name!r}, which is no setting of this experiment; it has {allowed}."
        )
    kind = _given(hints.get(name, type(known[name].default)))
    traced = kind is float
    found = _RANGE.match(right)
    if found:
        quantile, count = _range(name, kind, *found.groups())
        return Axis(name, [], quantile, traced, count)
    if "(" in right:
        raise UserError(
            f"--over has the range {right!r} for {name}, but must have one of {', '.join(RANGES)}, "
            "as in loguniform(1e-5,1e-2)."
        )
    words = [word.strip() for word in right.split(",") if word.strip()]
    values = [_value(name, kind, word) for word in words]
    if not values:
        raise UserError(f"--over gives {name} no values; write {name}=VALUE,VALUE,...")
    _refuse_repetition(name, words, [as_trained(value) for value in values])
    return Axis(name, values, lambda u: values[int(u * len(values))], traced, len(values))


def _refuse_repetition(name: str, words: Sequence[str], values: Sequence[Any]) -> None:
    for place, value in enumerate(values):
        first = values.index(value)
        if first < place:
            written = (
                "" if words[first] == words[place] else f", as {words[first]} and {words[place]}"
            )
            raise UserError(
                f"--over gives {name} the value {words[place]} twice{written}; give each value once, --seeds "
                "trains it several times."
            )


def as_trained(value: Any) -> Any:
    """A value as a program sees it: real numbers are float32 there."""
    with np.errstate(over="ignore"):
        return float(np.float32(value)) if isinstance(value, float) else value


def _given(kind: Any) -> Any:
    """The type of a setting's values, None apart: an axis never leaves a setting out."""
    parts = [part for part in typing.get_args(kind) if part is not types.NoneType]
    return parts[0] if isinstance(kind, types.UnionType) and len(parts) == 1 else kind


def _range(name: str, kind: Any, which: str, low: str, high: str) -> tuple[Quantile, float]:
    if which not in RANGES:
        raise UserError(
            f"--over has the range {which!r} for {name}, but must have one of {', '.join(RANGES)}."
        )
    try:
        ends = float(low), float(high)
    except ValueError as error:
        raise UserError(
            f"--over has the range {low},{high} for {name}, which are no numbers."
        ) from error
    if not (math.isfinite(ends[0]) and math.isfinite(ends[1])) or ends[0] >= ends[1]:
        raise UserError(
            f"--over has the range {low},{high} for {name}, which is empty; the first must be less."
        )
    whole = which in ("integer", "loginteger")
    if which.startswith("log") and ends[0] < (1 if whole else math.ulp(0)):
        least = "at least 1" if whole else "positive"
        raise UserError(f"--over has {which} from {low} for {name}, but it must be {least}.")
    if kind not in (int, float) or (kind is int) != whole:
        word = getattr(kind, "__name__", str(kind))
        raise UserError(f"--over has {which} for {name}, whose values are of type {word}.")
    _check_number(name, ends[0])
    count = int(ends[1]) - int(ends[0]) + 1 if whole else math.inf
    return RANGES[which](*ends), count


def _check_number(name: str, value: float) -> None:
    """Refuse what the setting's own flag refuses."""
    least = 0 if is_rate(name) else -math.inf
    if not (math.isfinite(value) and value >= least):
        allowed = "a finite number" if least else "at least 0"
        raise UserError(f"--over gives {name} the value {value:g}, but it must be {allowed}.")


def _value(name: str, kind: Any, word: str) -> Any:
    choices = typing.get_args(kind) if typing.get_origin(kind) is typing.Literal else None
    try:
        if kind is bool:
            return {"true": True, "false": False}[word.lower()]
        if kind in (int, float, str):
            value = kind(word)
            if kind is float:
                _check_number(name, value)
            return value
        if choices:
            value = type(choices[0])(word)
            if value in choices:
                return value
    except UserError:
        raise
    except (ValueError, KeyError):
        pass
    allowed = ", ".join(map(str, choices)) if choices else getattr(kind, "__name__", str(kind))
    raise UserError(f"--over gives {name} the value {word!r}, but must have {allowed}.")
