"""Classes that are given to commands: by name or by number."""

import difflib
from dataclasses import replace
from typing import Any

import jax
import numpy as np

from jgan.data import Source
from jgan.data.source import named
from jgan.errors import UserError
from jgan.game import Game


def class_number(source: Source, given: str | int, flag: str) -> int:
    """The label of the class that a flag names; in text a name comes before a number.

    Args:
      source: of the classes.
      given: its name or its number.
      flag: that messages name.

    Raises:
      UserError: if the source has no classes, or none that is called so.

    >>> arrays = {"image": np.zeros((2, 1), np.float32), "label": np.zeros(2, np.int32)}
    >>> [class_number(Source(arrays, classes=("2", "10")), text, "--class") for text in ("10", "2", "0")]
    [1, 0, 0]
    """
    names = source.class_names
    if not names:
        raise UserError(f"{flag} is {given!r}, but the data {source.name!r} have no classes.")
    text = str(given)
    if isinstance(given, str) and text in names:
        return names.index(text)
    if text.isdecimal() and int(text) < len(names):
        return int(text)
    near = difflib.get_close_matches(text, names, n=1)
    meant = f" (did you mean {near[0]!r}?)" if near else ""
    words = text if text.isdecimal() else repr(given)
    raise UserError(
        f"{flag} is {words}{meant}, but the data have {len(names)} classes{named(names)}; give a name or a "
        f"number from 0 to {len(names) - 1}."
    )


def of_class(source: Source, number: int) -> Source:
    """The source with the label of every example replaced by one class, as a condition of samples."""
    label = np.full(len(source.arrays["label"]), number, np.int32)
    return replace(source, arrays={**source.arrays, "label": label})


def is_class_conditional(game: Game, source: Source) -> bool:
    """Whether a game's samples are made for the labels of examples."""
    if game.sampler is None or "label" not in source.arrays:
        return False
    condition = game.sampler.condition
    batch: dict[str, Any] = {
        name: np.zeros(
            (2, *values.shape[1:]), np.float32 if values.dtype == np.uint8 else values.dtype
        )
        for name, values in source.arrays.items()
    }
    program = jax.make_jaxpr(lambda label: condition({**batch, "label": label}))(
        batch["label"]
    ).jaxpr
    used = [*program.outvars, *(value for line in program.eqns for value in line.invars)]
    return any(program.invars[0] is value for value in used)
