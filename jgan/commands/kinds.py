"""The values that arguments of commands may have: one rule for the flag and for the Python argument.

A rule is an argparse type, a function from text to the value. `jgan.commands.command.command` applies it to
values too.
"""

import argparse
import math
from typing import Annotated, Any

MOST = 2**31 - 1
"""The largest number that steps, seeds and sizes can have on a device."""


def at_least(low: int) -> Any:
    """The rule of integers from ``low`` to `MOST`."""

    def convert(text: str) -> int:
        value = int(text)
        if value < low:
            raise argparse.ArgumentTypeError(f"is {value}, but must be at least {low}")
        if value > MOST:
            raise argparse.ArgumentTypeError(f"is {value}, but must be at most {MOST}")
        return value

    convert.__name__ = "int"
    return convert


def whole(text: str) -> int:
    """The rule of integers that a device can hold."""
    value = int(text)
    if not -MOST <= value <= MOST:
        bound = f"at most {MOST}" if value > 0 else f"at least -{MOST}"
        raise argparse.ArgumentTypeError(f"is {value}, but must be {bound}")
    return value


def finite(text: str) -> float:
    """The rule of floats other than NaN and infinity."""
    value = float(text)
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"is {value:g}, but must be a finite number")
    return value


def rate(text: str) -> float:
    """The rule of learning rates. Optax would take a negative one and climb."""
    value = finite(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"is {value:g}, but must be at least 0")
    return value


def seeds(text: str) -> range:
    """The rule of ``N``, the seeds from 0 to N - 1, or ``A:B``, those from A to B - 1.

    >>> seeds("3"), seeds("100:103")
    (range(0, 3), range(100, 103))
    """
    first, colon, end = text.rpartition(":")
    try:
        found = range(int(first) if colon else 0, int(end))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"is {text!r}, but must be a number of seeds, or A:B for those from A to below B"
        ) from None
    if not found or found.start < 0 or found.stop > MOST:
        raise argparse.ArgumentTypeError(
            f"is {text!r}, but must give at least 1 seed, none of them below 0 or above {MOST}"
        )
    return found


def seeds_or_count(text: str) -> int | range:
    """The rule of ``N``, a number of seeds, or ``A:B``, the seeds from A to B - 1.

    >>> seeds_or_count("3"), seeds_or_count("4:12")
    (3, range(4, 12))
    """
    return seeds(text) if ":" in text else at_least(1)(text)


def part(text: str) -> tuple[int, int]:
    """The rule of ``K/N``, the K-th of N parts, counted from 1.

    >>> part("3/8")
    (3, 8)
    """
    number, _, count = text.partition("/")
    try:
        found = int(number), int(count)
    except ValueError:
        found = 0, 0
    if not 1 <= found[0] <= found[1]:
        raise argparse.ArgumentTypeError(
            f"is {text!r}, but must be K/N, the K-th of N parts, such as 3/8"
        )
    return found


def positive(text: str) -> float:
    """The rule of floats above 0."""
    value = finite(text)
    if value <= 0:
        raise argparse.ArgumentTypeError(f"is {value:g}, but must be positive")
    return value


def weight(text: str) -> tuple[str, float]:
    """The rule of ``NAME=NUMBER``.

    >>> weight("alpha=0.5")
    ('alpha', 0.5)
    """
    name, sign, number = text.partition("=")
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    if not sign or not name or not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"is {text!r}, but must be NAME=NUMBER, such as alpha=0.5")
    return name, value


def share(text: str) -> float:
    """The rule of floats between 0 and 1, both of them left out."""
    value = finite(text)
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"is {value:g}, but must lie between 0 and 1")
    return value


# What argparse calls the type of a wrong word.
seeds_or_count.__name__ = "int"
whole.__name__ = "int"
finite.__name__ = rate.__name__ = positive.__name__ = share.__name__ = "float"

Count = Annotated[int, at_least(1)]
Several = Annotated[int, at_least(2)]
NotNegative = Annotated[int, at_least(0)]
PartOf = Annotated[str, part]
SeedsOrCount = Annotated[int | str, seeds_or_count]
Finite = Annotated[float, finite]
Rate = Annotated[float, rate]
Positive = Annotated[float, positive]
Weight = Annotated[str, weight]
Share = Annotated[float, share]
