"""The table of metrics by short name; a new one is an entry here."""

import difflib
from collections.abc import Callable, Sequence
from typing import NamedTuple

from jgan.errors import UserError
from jgan.evaluation import feature_metrics as features
from jgan.evaluation import image_metrics as images
from jgan.evaluation.collect import FEATURES, IMAGES, MOMENTS, PROBABILITIES
from jgan.evaluation.metric import Evidence, Measurement

LABELS, DENSITY, LATENTS, TRANSFORMED, HELD_OUT = (
    "labels",
    "density",
    "latents",
    "moves",
    "held out",
)
CHANNELS = "channels"


class Metric(NamedTuple):
    """An entry of the table.

    Attributes:
      measure: from evidence to numbers.
      needs: what must be gathered of both sets, and what else the evaluation must have.
      wait: what to expect of a metric that takes long, "" for the others.
    """

    measure: Callable[[Evidence], Measurement]
    needs: frozenset[str]
    wait: str = ""

    @property
    def summary(self) -> str:
        """First line of the function's docstring."""
        return (self.measure.__doc__ or "").strip().split("\n")[0]


def _metric(measure: Callable[[Evidence], Measurement], *needs: str, wait: str = "") -> Metric:
    return Metric(measure, frozenset(needs), wait)


METRICS = {
    "fd": _metric(features.frechet, MOMENTS),
    "fd_inf": _metric(features.frechet_infinite, MOMENTS, FEATURES),
    "kid": _metric(features.kernel, FEATURES, wait="100 subsets"),
    "is": _metric(features.class_score, PROBABILITIES),
    "prdc": _metric(features.manifolds, FEATURES),
    "mmd": _metric(features.discrepancy, FEATURES),
    "c2st": _metric(features.two_sample, FEATURES),
    "sw": _metric(features.sliced, FEATURES),
    "w1": _metric(features.exact_wasserstein, FEATURES),
    "nn": _metric(features.nearest_training, FEATURES, IMAGES, HELD_OUT),
    "accuracy": _metric(features.accuracy, PROBABILITIES, LABELS),
    "diversity": _metric(features.diversity, FEATURES, LABELS),
    "kl": _metric(features.class_shares, PROBABILITIES),
    "stacked": _metric(features.stacked, PROBABILITIES, CHANNELS),
    "swd": _metric(images.patch_swd, IMAGES),
    "msssim": _metric(images.similarity, IMAGES),
    "ppl": _metric(images.walk, LATENTS, wait=f"features of {2 * images.WALKED:,} more samples"),
    "eq": _metric(images.moving, TRANSFORMED),
    "modes": _metric(images.modes, FEATURES, DENSITY),
    "divergences": _metric(images.divergences, FEATURES, DENSITY),
}
FOR_IMAGES = ("fd", "kid", "prdc")
FOR_POINTS = ("sw", "w1", "prdc")


def get_metrics(names: Sequence[str]) -> dict[str, Metric]:
    """The entries with these names, each once.

    Raises:
      UserError: for an unknown name, with the nearest known one, or for names that exclude each other.
    """
    for name in names:
        if name not in METRICS:
            near = difflib.get_close_matches(name.lower(), METRICS, n=1)
            meant = f" (did you mean {near[0]!r}?)" if near else ""
            raise UserError(
                f"there is no metric {name!r}{meant}; allowed are {', '.join(METRICS)}."
            )
    if not names:
        raise UserError(f"no metric is named; allowed are {', '.join(METRICS)}.")
    found = {name: METRICS[name] for name in names}
    by_channel = [name for name, metric in found.items() if CHANNELS in metric.needs]
    whole = [
        name
        for name, metric in found.items()
        if PROBABILITIES in metric.needs and CHANNELS not in metric.needs
    ]
    if by_channel and whole:
        raise UserError(
            f"metric {by_channel[0]!r} classifies each channel by itself and {whole[0]!r} the whole picture; "
            "ask for them one at a time."
        )
    return found
