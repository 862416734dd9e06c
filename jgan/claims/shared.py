"""Claims that several experiments make."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from jgan.claims.class_measures import class_accuracy
from jgan.claims.measures import modes, reverse_kl
from jgan.training.experiment import Claim

SMALL_GARMENTS = {"body": "mlp", "lr": 5e-4, "width": 16}
"""Arguments of a training of class-conditional perceptrons on garments that takes a minute or two."""


def covers_ring(
    *,
    setting: Mapping[str, Any],
    control: Mapping[str, Any],
    at_least: float = 8,
    steps: int | None = None,
) -> tuple[Claim, Claim]:
    """Two claims: that samples lie at the ring's eight modes, and that they do so evenly.

    Args:
      setting: arguments of the experiment; its data must be a ring.
      control: arguments that switch its essential part off.
      at_least: the number of modes that must be met.
      steps: updates, or None for the experiment's own number.
    """
    claim = partial(Claim, control=control, setting=setting, steps=steps)
    return (
        claim("covers the ring's modes", modes, at_least=at_least),
        claim("covers them evenly (reverse KL)", reverse_kl, at_most=0.3),
    )


def classes_of_samples(
    *, control: Mapping[str, Any], at_least: float, steps: int
) -> tuple[Claim, Claim]:
    """Two claims: that samples have the class that they are made for, on the ring and as garments.

    Args:
      control: arguments that switch the experiment's essential part off.
      at_least: the share of garments, by an independent classifier; on the ring it is 0.95.
      steps: updates for garments; on the ring they are 4,000.
    """
    claim = partial(Claim, measure=class_accuracy, control=control)
    return (
        claim(
            "samples on the ring lie at the mode asked for",
            at_least=0.95,
            steps=4000,
            setting={"data": "ring", "lr": 1e-3, "width": 16},
        ),
        claim(
            "an independent classifier sees the garment asked for",
            at_least=at_least,
            steps=steps,
            setting=SMALL_GARMENTS,
        ),
    )
