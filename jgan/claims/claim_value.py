"""A claim's value together with what must be read beside it."""

from typing import NamedTuple

from jgan.claims.measures import Measure
from jgan.evaluation.beside import Fact, facts_beside
from jgan.training.experiment import Trained


class ClaimValue(NamedTuple):
    """What a claim's measure found.

    Attributes:
      value: the number.
      beside: what must be read with it, nothing for most measures: the test accuracy of the judge that it
        rests on, modes with the share of samples of high quality.
    """

    value: float
    beside: tuple[Fact, ...] = ()

    @property
    def note(self) -> str:
        """What is printed beside the value, "" where there is nothing.

        >>> from jgan.features.judge_accuracy import JudgeAccuracy
        >>> ClaimValue(0.79, (JudgeAccuracy(0.88, 1000),)).note
        'judge: 0.88 on 1,000 held-out images'
        """
        return "; ".join(map(str, self.beside))


def claim_value(measure: Measure, trained: Trained) -> ClaimValue:
    """Measure a training, and keep what its measure puts beside the number.

    Args:
      measure: of a claim.
      trained: what is measured.
    """
    with facts_beside() as facts:
        value = float(measure(trained))
    return ClaimValue(value, tuple(facts))
