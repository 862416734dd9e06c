"""What kind of point the players are at: local Nash, differential Stackelberg, neither, or undecided."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from jgan.numerics.sampled import Sampled

WORDS = {
    "nash": "neither player gains by moving a little while the other stands still",
    "stackelberg": "the generator gains nothing by moving against a discriminator that answers with its best, "
    "though it would against one that stands still",
    "neither": "a player gains by moving",
    "undecided": "a curvature is not known well enough",
}


FLAT = "the generator gains nothing by moving against a discriminator that answers with its best"
"""Where it is not known what it gains against one that stands still."""


def known_sign(value: float, error: float) -> int:
    """1 or -1 if a number with this bound of its error has that sign, 0 if it may have either.

    >>> known_sign(0.3, 0.1), known_sign(-0.3, 0.1), known_sign(0.05, 0.1), known_sign(float("nan"), 0.1)
    (1, -1, 0, 0)
    """
    return 0 if not abs(value) > error else 1 if value > 0 else -1


class Curvature(NamedTuple):
    """The least eigenvalue of a symmetric matrix, and how well it is known.

    Attributes:
      value: the eigenvalue.
      error: a bound of its error; infinite where it could not be found.
    """

    value: float
    error: float

    @property
    def sign(self) -> int:
        """1 or -1 where it is known, else 0."""
        return known_sign(self.value, self.error)

    @property
    def known(self) -> bool:
        """Whether the eigenvalue and the bound of its error are numbers."""
        return bool(np.isfinite(self.value) and np.isfinite(self.error))

    def __str__(self) -> str:
        return f"{self.value:.4g} ± {self.error:.1g}" if self.known else "unknown"


UNKNOWN = Curvature(float("nan"), float("inf"))


class Curvatures(NamedTuple):
    """What the kind of a point rests on.

    Attributes:
      speed: length of the field, of which the point should be a zero.
      generator: least eigenvalue of the generator's own Hessian of its loss.
      discriminator: of the discriminator's.
      leader: of the second derivative of the generator's loss along the discriminator's best response; in a
        zero-sum game that of the Schur complement f_xx - f_xy f_yy⁻¹ f_yx.
      slope: length of the generator's derivative along the best response: 0 at a Stackelberg point. In zero-sum
        games it is 0 at every zero of the field, in others it need not be.
      inner: largest relative residual of the systems that were solved for the best response; 0 for exact ones.
    """

    speed: float
    generator: Curvature
    discriminator: Curvature
    leader: Curvature
    slope: float
    inner: float = 0.0


class Kind(NamedTuple):
    """A word and the sentence that explains it.

    Attributes:
      word: a key of `WORDS`.
      sentence: with the numbers it rests on.
      curvatures: those numbers.
    """

    word: str
    sentence: str
    curvatures: Curvatures


def kind_of(found: Curvatures, tolerance: float = 1e-6) -> Kind:
    """The kind of a point (Jin et al. 2020; Fiez et al. 2020), from the signs of its curvatures.

    Differential Nash: both players' own Hessians are positive definite. Differential Stackelberg with the
    generator as the leader: the discriminator's is, and so is the leader's second derivative along the best
    response. A curvature that is 0 within its error decides nothing.

    Args:
      found: the curvatures.
      tolerance: of ``speed`` and ``slope``, below which they count as 0.

    >>> saddle = Curvatures(0.0, Curvature(-1.0, 1e-12), Curvature(1.0, 1e-12), Curvature(3.0, 1e-12), 0.0)
    >>> kind_of(saddle).word
    'stackelberg'
    """
    numbers = (
        f"own curvatures at least {found.generator} (generator) and {found.discriminator} (discriminator), "
        f"along the best response {found.leader}"
    )

    def said(word: str, reason: str) -> Kind:
        return Kind(word, f"{reason}: {numbers}", found)

    if not found.speed <= tolerance:
        return said("undecided", f"this is no zero of the field, whose length is {found.speed:.2g}")
    own, other, leader = found.generator.sign, found.discriminator.sign, found.leader.sign
    if other < 0:
        return said("neither", "the discriminator gains by moving")
    if other == 0:
        return said("undecided", "the discriminator may or may not gain by moving")
    if own > 0:
        return said("nash", WORDS["nash"])
    answered = found.slope <= tolerance
    if leader > 0 and answered:
        return said("stackelberg", WORDS["stackelberg"] if own < 0 else FLAT)
    if own == 0 or (leader == 0 and answered):
        return said("undecided", "the generator may or may not gain by moving")
    if not answered:
        return said("neither", "the generator gains by moving, the discriminator's answer included")
    return said("neither", "the generator gains by moving, even against the best response")


def over_batches(found: Sequence[Curvature]) -> Curvature:
    """The mean of one curvature over batches; its 95 % interval is added to the numerical error.

    >>> print(over_batches([Curvature(1.0, 0.01), Curvature(1.2, 0.01), Curvature(1.1, 0.02)]))
    1.1 ± 0.3
    """
    sampled, error = Sampled(tuple(one.value for one in found)), max(one.error for one in found)
    return Curvature(sampled.mean, error + (sampled.half_width if len(found) > 1 else 0.0))
