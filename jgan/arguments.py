"""Checks of arguments that are numbers: weights, rates, strengths, counts."""

import re
from typing import Any

import jax
import numpy as np


def check_number(
    name: str,
    value: Any,
    *,
    least: float | None = None,
    above: float | None = None,
    most: float | None = None,
    below: float | None = None,
) -> None:
    """Raise ValueError unless ``value`` is a finite number within the bounds that are given.

    Numbers are Python's, NumPy's, and arrays of shape (). A traced number passes, since its value is not
    known; its shape and type must be those of a number.

    Args:
      name: of the argument, with which the sentence begins.
      value: of the argument.
      least: the smallest number allowed.
      above: a bound that is itself not allowed.
      most: the largest number allowed.
      below: a bound that is itself not allowed.

    Raises:
      ValueError: one sentence that names the argument, the value and what is allowed.

    >>> check_number("gamma", 10.0, least=0)
    >>> check_number("gamma", float("nan"), least=0)
    Traceback (most recent call last):
    ValueError: gamma is nan, but must be a finite number of at least 0.
    """
    if isinstance(value, jax.core.Tracer):
        real = value.shape == () and not np.issubdtype(value.dtype, np.complexfloating)
        if not real or value.dtype == bool:
            kind = f"an array of shape {value.shape} and type {value.dtype}"
            raise ValueError(f"{name} is {kind}, but must {_allowed(least, above, most, below)}.")
        return
    number = _as_float(value)
    fits = (
        number is not None
        and np.isfinite(number)
        and (least is None or number >= least)
        and (above is None or number > above)
        and (most is None or number <= most)
        and (below is None or number < below)
    )
    if not fits:
        raise ValueError(
            f"{name} is {_shown(value)}, but must {_allowed(least, above, most, below)}."
        )


def check_count(name: str, value: Any, least: int = 1) -> None:
    """Raise ValueError unless ``value`` is a whole number of at least ``least``.

    >>> check_count("every", 0)
    Traceback (most recent call last):
    ValueError: every is 0, but must be at least 1.
    """
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer):
        raise ValueError(
            f"{name} is {_shown(value)}, but must be a whole number of at least {least}."
        )
    if value < least:
        raise ValueError(f"{name} is {value}, but must be at least {least}.")


def check_rate(name: str, rate: Any) -> None:
    """`check_number` of a learning rate that optax takes, which may also be one of its schedules."""
    if not callable(rate):
        check_number(name, rate, least=0)


def check_weight(name: str, weight: Any, *, least: float | None = 0) -> None:
    """`check_number` of a term's weight, which may also be a schedule or a function of the scene.

    >>> check_weight("weight", -1.0)
    Traceback (most recent call last):
    ValueError: weight is -1.0, but must be a finite number of at least 0.
    """
    # A `jgan.scene.Schedule` is a tuple of its function.
    function = getattr(weight, "function", weight)
    if not callable(function):
        check_number(name, weight, least=least)


def _as_float(value: Any) -> float | None:
    """The number as a float, None for what is not a real number."""
    if isinstance(value, bool | np.bool_ | str | bytes):
        return None
    if isinstance(value, int | float | np.integer | np.floating):
        try:
            return float(value)
        except OverflowError:
            return float("inf")
    if isinstance(value, np.ndarray | jax.Array):
        real = jax.numpy.issubdtype(value.dtype, jax.numpy.floating)
        if value.shape == () and (real or jax.numpy.issubdtype(value.dtype, jax.numpy.integer)):
            return float(value)
    return None


def _shown(value: Any) -> str:
    if isinstance(value, np.ndarray | jax.Array) and value.shape != ():
        return f"an array of shape {value.shape}"
    if isinstance(value, np.generic | np.ndarray | jax.Array):
        value = value.item()
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _allowed(
    least: float | None, above: float | None, most: float | None, below: float | None
) -> str:
    low = f"[{least:g}" if least is not None else "" if above is None else f"({above:g}"
    high = f"{most:g}]" if most is not None else "" if below is None else f"{below:g})"
    if low and high:
        return f"lie in {low}, {high}"
    if least is not None:
        return f"be a finite number of at least {least:g}"
    if above is not None:
        return (
            "be a positive finite number" if above == 0 else f"be a finite number above {above:g}"
        )
    return "be a finite number"


def is_rate(name: str) -> bool:
    """Whether an argument of this name is a learning rate, which must not be negative.

    >>> is_rate("lr_generator"), is_rate("blur")
    (True, False)
    """
    return re.search(r"(^|_)(lr|learning_rate)(_|$)", name) is not None
