"""Settings that an experiment decides by its data and the device, where they are left to it."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class Decision(NamedTuple):
    """A setting that was left to an experiment, as it was decided.

    Attributes:
      name: of the setting. Where the experiment function has an argument of this name, a run keeps the value as
        that of the argument, so that it can be looked at on another machine.
      value: a number or a text.
      reason: why, as the end of a sentence.

    >>> print(Decision("steps", 12500, "so that 200,000 pictures are shown"))
    steps: 12,500, so that 200,000 pictures are shown
    """

    name: str
    value: Any
    reason: str

    def __str__(self) -> str:
        shown = f"{self.value:,}" if isinstance(self.value, int) else f"{self.value}"
        if isinstance(self.value, float):
            shown = f"{self.value:.4g}"
        return f"{self.name}: {shown}, {self.reason}"


def with_decisions(arguments: Mapping[str, Any], decisions: Sequence[Decision]) -> dict[str, Any]:
    """The arguments of an experiment function, with what was decided in place of what was left to it."""
    decided = {one.name: one.value for one in decisions if one.name in arguments}
    return {**arguments, **decided}
