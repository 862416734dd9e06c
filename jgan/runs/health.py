"""Warnings in words: a player has won, gradients vanish, samples collapse.

Judged from rows of metrics alone, so that a resumed run, whose old rows are heard again, warns as an
uninterrupted one would. What a row does not hold is not judged. The limits lie between recorded runs: on
the ring and on Fashion-MNIST, 25 runs of six losses with and without their penalties.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

Row = Mapping[str, float]
SPREAD = "samples/spread"
"""The metric that holds `spread`; a row may hold nothing else."""

WON_LOSS = 0.03
WON_GAP = 4.0
SURE = 0.99
VANISHED = 0.02
DEAD = 1e-8
COLLAPSED = 0.3
SPREAD_AGAIN = 0.4
PATIENCE = 3
"""So many rows in sequence raise a warning, and so many others end it."""
STEPS = 100
"""Rows must be bad over at least so many steps: early on, a player is often ahead for some tens of them."""


def spread(samples: np.ndarray, data: np.ndarray, count: int = 256) -> float:
    """Mean pairwise distance of samples over that of data; near 1 if they vary alike, 0 if all are one.

    Healthy runs on the ring stay above 0.5 and garments above 0.5 after 200 steps of DCGAN; one mode of
    the ring gives 0.01 to 0.1. A generator that has lost half of the modes is not noticed. An untrained
    generator of images starts near 0.

    Args:
      samples: ``(N, ...)``; the first ``count`` are used.
      data: ``(M, ...)`` on the same scale, likewise.
      count: how many at most.

    Returns:
      The ratio; NaN, which no warning heeds, where there is nothing to compare: fewer than 2 samples or
      data, or data that are all one.

    >>> corners = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> round(spread(corners / 4, corners), 6)
    0.25
    """
    if min(len(samples), len(data), count) < 2:
        return float("nan")
    distance = _mean_distance(data[:count])
    return _mean_distance(samples[:count]) / distance if distance > 0 else float("nan")


def _mean_distance(points: np.ndarray) -> float:
    flat = np.asarray(points, np.float64).reshape(len(points), -1)
    # About the mean, so that the differences of squares below keep their digits.
    flat = flat - flat.mean(axis=0)
    squares = (flat**2).sum(axis=1)
    squared = squares[:, None] + squares[None] - 2 * flat @ flat.T
    np.fill_diagonal(squared, 0)
    return float(np.sqrt(np.maximum(squared, 0)).sum() / (len(points) * (len(points) - 1)))


@dataclass
class _Alarm:
    """Hysteresis: raised by a lasting run of bad rows, ended by as long a run of others."""

    patience: int = PATIENCE
    steps: int = STEPS
    raised: bool = False
    bad: int = 0
    other: int = 0
    since: float = 0

    def hear(self, step: float, bad: bool) -> bool:
        """Whether this row raises the alarm."""
        if not bad:
            self.bad, self.other = 0, self.other + 1
            self.raised = self.raised and self.other < self.patience
            return False
        self.since = step if self.bad == 0 else self.since
        self.bad, self.other = self.bad + 1, 0
        lasting = self.bad >= self.patience and step - self.since >= self.steps
        onset = lasting and not self.raised
        self.raised = self.raised or lasting
        return onset


@dataclass
class Past:
    """What is remembered of earlier rows.

    Attributes:
      gradients: the last norms of the generator's gradient.
      strongest: the largest median of five of them in sequence, which a single spike does not move.
      widest: the largest `spread`.
      collapsed: whether the last spread was judged a collapse.
    """

    gradients: deque[float] = field(default_factory=lambda: deque(maxlen=5))
    strongest: float = 0.0
    widest: float = 0.0
    collapsed: bool = False

    def add(self, row: Row) -> None:
        """Remember a row after it was judged."""
        if "generator/gradient_norm" in row:
            self.gradients.append(row["generator/gradient_norm"])
            if len(self.gradients) == 5:
                self.strongest = max(self.strongest, float(np.median(self.gradients)))
        if SPREAD in row:
            self.collapsed = bool(is_collapsed(row, self))
            self.widest = max(self.widest, row[SPREAD])


def discriminator_won(row: Row, past: Past) -> bool | None:
    """A loss near its least though the logits differ, or nearly all examples told with no gradient left.

    A Wasserstein critic is sure of nothing by the sign of its logits, and its loss is minus their gap, so
    a small loss beside a wide gap tells it from the losses that have a least value of 0.
    """
    gap = _gap(row)
    if gap is None or "discriminator/loss" not in row:
        return None
    if 0 <= row["discriminator/loss"] <= WON_LOSS and gap >= 0.5:
        return True
    sure = row.get("discriminator/accuracy", 0.0) >= SURE and gap >= WON_GAP
    weak = row.get("generator/gradient_norm", np.inf) <= 0.1 * past.strongest
    return sure and weak


def generator_won(row: Row, past: Past) -> bool | None:
    """Its loss is near 0 because its examples pass for real, or the discriminator has it all wrong."""
    gap = _gap(row)
    if gap is None or "generator/loss" not in row:
        return None
    if 0 <= row["generator/loss"] <= WON_LOSS and row["discriminator/fake_logit"] >= 0.9:
        return True
    return row.get("discriminator/accuracy", 1.0) <= 1 - 0.9 and gap <= -WON_GAP / 2


def gradient_vanished(row: Row, past: Past) -> bool | None:
    """The generator's gradient is 0, or far below its own past though its examples are told from data.

    Where they are not told from data, a small gradient is what an equilibrium looks like.
    """
    norm = row.get("generator/gradient_norm")
    if norm is None:
        return None
    discriminates = row.get("discriminator/accuracy", 0.0) >= 0.9
    return norm <= DEAD or (discriminates and norm <= VANISHED * past.strongest)


def is_collapsed(row: Row, past: Past) -> bool | None:
    """A small spread that does not grow, as that of a generator that has just begun does."""
    if SPREAD not in row:
        return None
    limit = SPREAD_AGAIN if past.collapsed else COLLAPSED
    return past.widest > 0 and row[SPREAD] < limit and row[SPREAD] <= 1.1 * past.widest


def _gap(row: Row) -> float | None:
    if "discriminator/real_logit" not in row or "discriminator/fake_logit" not in row:
        return None
    return row["discriminator/real_logit"] - row["discriminator/fake_logit"]


def _logits(row: Row) -> str:
    return (
        f"logits {row['discriminator/real_logit']:.3g} for data and "
        f"{row['discriminator/fake_logit']:.3g} for samples"
    )


Sign = Callable[[Row, Past], bool | None]
SIGNS: dict[str, tuple[Sign, Callable[[Row, Past], str]]] = {
    "discriminator won": (
        discriminator_won,
        lambda row, past: (
            f"the discriminator has won: its loss is {row['discriminator/loss']:.3g}, {_logits(row)}; "
            "try a gradient penalty, a lower learning rate for it or fewer discriminator steps"
        ),
    ),
    "generator won": (
        generator_won,
        lambda row, past: (
            f"the generator has won: its loss is {row['generator/loss']:.3g}, {_logits(row)}; "
            "try a higher learning rate for the discriminator, more steps of it or a wider one"
        ),
    ),
    "gradient vanished": (
        gradient_vanished,
        lambda row, past: (
            f"the generator's gradient has vanished: its norm is {row['generator/gradient_norm']:.3g}, "
            f"and was {past.strongest:.3g}; try a loss that does not saturate (non_saturating, hinge), "
            "a gradient penalty or normalisation"
        ),
    ),
    "collapse": (
        is_collapsed,
        lambda row, past: (
            f"samples have collapsed: their distances from each other are {row[SPREAD]:.2g} of the data's; "
            "try a gradient penalty, spectral normalisation or a lower learning rate for the generator"
        ),
    ),
}


class Doctor:
    """Hears every row once, in order, and says what is wrong when it begins."""

    def __init__(self, history: Iterable[Row] = ()) -> None:
        """Start with the rows of a run that is resumed, in silence."""
        self._past = Past()
        self._alarms = {name: _Alarm() for name in SIGNS}
        # Spreads come with pictures, hundreds of steps apart, and each says much.
        self._alarms["collapse"] = _Alarm(patience=2, steps=1)
        for row in history:
            self.row(row)

    def row(self, row: Row) -> list[str]:
        """One sentence for each thing that begins to be wrong with this row."""
        said = []
        for name, (sign, words) in SIGNS.items():
            bad = sign(row, self._past)
            if bad is not None and self._alarms[name].hear(row["step"], bad):
                said.append(f"step {int(row['step'])}: {words(row, self._past)}.")
        self._past.add(row)
        return said
