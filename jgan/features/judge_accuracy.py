"""How often a classifier is right on examples that it was not trained on, to be read with its answers."""

from typing import NamedTuple


class JudgeAccuracy(NamedTuple):
    """The test accuracy of a judge: a classifier whose answers a metric or a claim rests on.

    Attributes:
      share: of held-out examples whose class it names, 0 to 1.
      examples: how many held-out examples there were.
      kind: what they are, "images" or "points".

    Examples:
      >>> str(JudgeAccuracy(0.8824, 2000))
      'judge: 0.88 on 2,000 held-out images'
    """

    share: float
    examples: int
    kind: str = "images"

    @property
    def words(self) -> str:
        """Such as ``"0.88 on 2,000 held-out images"``."""
        return f"{self.share:.2f} on {self.examples:,} held-out {self.kind}"

    def __str__(self) -> str:
        return f"judge: {self.words}"
