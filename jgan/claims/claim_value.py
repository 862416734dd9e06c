"""A claim's value together with what must be read beside it."""

from typing import NamedTuple

from jgan.claims.measures import CoveredModes, Measure, coverage
from jgan.data.densities import Mixture
from jgan.evaluation.beside import facts_beside
from jgan.training.experiment import Trained


class ClaimValue(NamedTuple):
    """What a claim's measure found.

    Attributes:
      value: the number.
      beside: what must be read with it, "" for most measures: the test accuracy of the judge that it rests
        on, and how the samples cover the modes wherever the data have some.
    """

    value: float
    beside: str = ""


def claim_value(measure: Measure, trained: Trained) -> ClaimValue:
    """Measure a training, and keep what must be read beside the number.

    On a mixture with known modes this is the samples' coverage whatever is measured: a loss that ends where it
    should says nothing of samples, and labels may be right where nothing lies on a mode.

    Args:
      measure: of a claim.
      trained: what is measured.
    """
    with facts_beside() as facts:
        value = float(measure(trained))
        mixture = isinstance(trained.experiment.source.density, Mixture)
        if mixture and not any(isinstance(fact, CoveredModes) for fact in facts):
            coverage(trained)
    return ClaimValue(value, "; ".join(map(str, facts)))
