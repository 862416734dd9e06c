"""A claim's value together with what must be read beside it."""

from typing import NamedTuple

from jgan.claims.measures import Measure
from jgan.evaluation.beside import facts_beside
from jgan.training.experiment import Trained


class ClaimValue(NamedTuple):
    """What a claim's measure found.

    Attributes:
      value: the number.
      beside: what must be read with it, "" for most measures: the test accuracy of the judge that it rests
        on, the share of samples of high quality with a number of modes.
    """

    value: float
    beside: str = ""


def claim_value(measure: Measure, trained: Trained) -> ClaimValue:
    """Measure a training, and keep what its measure puts beside the number.

    Args:
      measure: of a claim.
      trained: what is measured.
    """
    with facts_beside() as facts:
        value = float(measure(trained))
    return ClaimValue(value, "; ".join(facts))
