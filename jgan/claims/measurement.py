"""A claim's value together with what it rests on."""

from typing import NamedTuple

from jgan.claims.measures import Measure
from jgan.evaluation.judges import consulted
from jgan.features.judge_accuracy import JudgeAccuracy
from jgan.training.experiment import Trained


class Measurement(NamedTuple):
    """What a measure found.

    Attributes:
      value: the number.
      judges: the test accuracies of the judges that it rests on, none for most.
    """

    value: float
    judges: tuple[JudgeAccuracy, ...] = ()

    @property
    def note(self) -> str:
        """What must be read with the value, "" where nothing must.

        >>> Measurement(0.79, (JudgeAccuracy(0.88, 1000),)).note
        '(judge: 0.88 on 1,000 held-out images)'
        """
        return " ".join(f"({accuracy})" for accuracy in self.judges)


def measured(measure: Measure, trained: Trained) -> Measurement:
    """The value of a claim's measure, and every judge that it consulted on the way.

    Args:
      measure: of a claim.
      trained: what is measured.
    """
    with consulted() as judges:
        value = float(measure(trained))
    return Measurement(value, tuple(judge.accuracy for judge in judges))
