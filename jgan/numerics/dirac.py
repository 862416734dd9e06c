"""The Dirac-GAN under every loss and regulariser that its theory speaks of (Mescheder et al. 2018).

Nothing is derived here: losses come from `jgan.losses`, penalties from `jgan.terms.penalties`, clipping from
`jgan.game`, noise from `jgan.augmentation`'s seam, consensus from `jgan.rules`.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from jgan.arguments import check_number
from jgan.augmentation import with_augmentation
from jgan.game import Batch, Game, with_weight_clipping
from jgan.losses import Loss, hinge, least_squares, minimax, non_saturating, wasserstein
from jgan.numerics.quadrature import exact_noise, gauss_hermite, weighted
from jgan.numerics.toy_games import dirac, dirac_batch
from jgan.rules import with_consensus
from jgan.scene import Term
from jgan.terms.penalties import one_centred, r1, r1_r2, r2, wgan_gp

Strength = Any
"""A number, or a traced one."""

LOSSES: dict[str, Callable[[], Loss]] = {
    "minimax": minimax,
    "non-saturating": non_saturating,
    "wasserstein": wasserstein,
    "hinge": hinge,
    "least-squares": lambda: least_squares(-1.0, 1.0, 1.0),
}
"""By name; least squares has the targets -1 and 1, between which D = 0 is undecided."""

SLOPES = {
    "minimax": (0.5, -0.25),
    "non-saturating": (0.5, -0.25),
    "wasserstein": (1.0, 0.0),
    "hinge": (1.0, 0.0),
    "least-squares": (1.0, -1.0),
}
"""f'(0) and f''(0) of the f behind each loss."""


class Regularised(NamedTuple):
    """A Dirac-GAN and the batch it is played on.

    Attributes:
      game: from its start.
      batch: the data at 0, as many copies as the quadrature has nodes.
    """

    game: Game
    batch: Batch


class Regulariser(NamedTuple):
    """One way to regularise the Dirac-GAN.

    Attributes:
      build: ``(loss, strength, start) -> Regularised``.
      default: the strength in the figures of Mescheder et al.
      meaning: what the strength is.
      smooth: whether the field is differentiable at the equilibrium (0, 0), and zero there.
      positive: whether the strength must be above 0.
    """

    build: Callable[[Loss, Strength, tuple[float, float]], Regularised]
    default: float
    meaning: str
    smooth: bool = True
    positive: bool = False


def _penalised(
    penalties: Callable[[Strength], tuple[Term, ...]],
) -> Callable[[Loss, Strength, tuple[float, float]], Regularised]:
    def build(loss: Loss, strength: Strength, start: tuple[float, float]) -> Regularised:
        return Regularised(dirac(loss, start).add(penalties(strength)), dirac_batch())

    return build


def _noisy(loss: Loss, sigma: Strength, start: tuple[float, float]) -> Regularised:
    nodes, weights = gauss_hermite()
    game = weighted(dirac(loss, start), weights)
    return Regularised(
        with_augmentation(game, exact_noise(sigma, nodes)), dirac_batch(count=len(nodes))
    )


def _clipped(loss: Loss, limit: Strength, start: tuple[float, float]) -> Regularised:
    return Regularised(with_weight_clipping(dirac(loss, start), limit), dirac_batch())


def _consensual(loss: Loss, gamma: Strength, start: tuple[float, float]) -> Regularised:
    return Regularised(with_consensus(dirac(loss, start), gamma), dirac_batch())


REGULARISERS: dict[str, Regulariser] = {
    "none": Regulariser(_penalised(lambda gamma: ()), 0.0, "nothing"),
    "r1": Regulariser(_penalised(lambda gamma: (r1(gamma),)), 0.3, "gamma"),
    "r2": Regulariser(_penalised(lambda gamma: (r2(gamma),)), 0.3, "gamma"),
    "r1+r2": Regulariser(_penalised(r1_r2), 0.3, "gamma of each"),
    "wgan-gp": Regulariser(
        _penalised(lambda gamma: (wgan_gp(gamma / 2),)), 0.7, "twice the weight, target 1", False
    ),
    "one-centred": Regulariser(
        _penalised(lambda gamma: (one_centred(gamma / 2),)),
        0.7,
        "twice the weight, target 1",
        False,
    ),
    "instance-noise": Regulariser(_noisy, 0.7, "the noise's standard deviation", positive=True),
    "clip": Regulariser(_clipped, 1.0, "the bound on |psi|", positive=True),
    "consensus": Regulariser(_consensual, 1.0, "gamma"),
}
"""By name. Strengths follow the articles: (gamma/2) E(...)² for every penalty on gradients."""


def regularised(
    loss: str,
    penalty: str = "none",
    strength: Strength | None = None,
    start: tuple[float, float] = (1.0, 1.0),
) -> Regularised:
    """The Dirac-GAN under a loss of `LOSSES` and a regulariser of `REGULARISERS`.

    Args:
      loss: its name.
      penalty: its name.
      strength: gamma, noise, bound or weight, as `Regulariser.meaning` says; None for its default. May be
        traced.
      start: θ and ψ.

    Raises:
      ValueError: for unknown names, a strength that is not a finite number of at least 0 (above 0 where it is
        a bound or a noise), or a bad start.
    """
    if loss not in LOSSES:
        raise ValueError(f"loss is {loss!r}, but must be one of {', '.join(LOSSES)}.")
    if penalty not in REGULARISERS:
        raise ValueError(f"penalty is {penalty!r}, but must be one of {', '.join(REGULARISERS)}.")
    kind = REGULARISERS[penalty]
    given = kind.default if strength is None else strength
    check_strength("strength", penalty, given)
    return kind.build(LOSSES[loss](), given, start)


def check_strength(name: str, penalty: str, strength: Strength) -> None:
    """Raise ValueError unless the number is a strength of this penalty."""
    if REGULARISERS[penalty].positive:
        check_number(name, strength, above=0)
    else:
        check_number(name, strength, least=0)
