"""The test set beside a run's training data."""

from collections.abc import Mapping
from typing import Any

from jgan.data import Source, load


def held_out_set(source: Source, arguments: Mapping[str, Any]) -> tuple[Source | None, str]:
    """The test set beside an experiment's training data; where there is none, None and why."""
    data = arguments.get("data")
    if not isinstance(data, str):
        return None, "the experiment has no argument 'data'"
    try:
        test = load(data, split="test")
    except (ValueError, OSError) as error:
        return None, str(error).rstrip(".")
    if test.shape != source.shape:
        return None, f"its examples have shape {test.shape} and not {source.shape}"
    return test, ""
