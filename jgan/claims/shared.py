"""Claims that several experiments make."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Literal

from jgan.claims.class_measures import class_accuracy
from jgan.claims.measures import modes, reverse_kl
from jgan.training.experiment import Claim

SMALL_GARMENTS = {"body": "mlp", "lr": 5e-4, "width": 16}
"""Arguments of a training of class-conditional perceptrons on garments that takes a minute or two."""

MODES = {"ring": 8, "grid": 25}
"""Numbers of modes by data."""
SETTLING: dict[str, Any] = {
    "lr": 3e-3,
    "beta1": 0.0,
    "beta2": 0.99,
    "horizon": 10_000,
    "latent": 2,
}
"""Arguments of a training of `SETTLING_STEPS` that ends where it should in narrow modes.

At a rate that stays, samples go on oscillating about modes as narrow as these; latents of a hundred dimensions
leave a larger share of the samples between the modes than latents of two.
"""
SETTLING_STEPS = 10_000


def covers(
    data: Literal["ring", "grid"],
    *,
    setting: Mapping[str, Any] = {},
    control: Mapping[str, Any],
    at_least: int | None = None,
    at_most: float = 0.05,
    steps: int | None = None,
) -> tuple[Claim, Claim]:
    """Two claims: that samples lie at all modes of the ring or of the grid, and that they do so evenly.

    Args:
      data: which of both.
      setting: other arguments of the experiment.
      control: arguments that switch its essential part off.
      at_least: the number of modes that must be met; None for all.
      at_most: the reverse KL that is allowed, in nats.
      steps: updates, or None for the experiment's own number.
    """
    of = MODES[data]
    claim = partial(Claim, control=control, setting={"data": data, **setting}, steps=steps)
    return (
        claim(f"covers the {data}'s {of} modes", modes, at_least=at_least or of),
        claim("covers them evenly (reverse KL)", reverse_kl, at_most=at_most),
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
