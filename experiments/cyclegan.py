"""CycleGAN: garments of two ranges of colours, without pairs (Zhu et al. 2017, arXiv 1703.10593).

jgan train experiments/cyclegan.py
"""

from typing import Literal

import numpy as np

from jgan import Claim, Dataset, Experiment, LinearAdam, Trained, get_loss
from jgan.claims.held_out_measures import held_out_source
from jgan.claims.translation_measures import shown_by
from jgan.data import load
from jgan.data.garments import hued
from jgan.errors import UserError
from jgan.gans.cyclegan import cyclegan
from jgan.networks.patch import patch_discriminator
from jgan.networks.resnet import resnet_generator

HUES = 6


def cycle_error(trained: Trained, count: int = 500) -> float:
    """Mean absolute difference of test pictures of ``a`` from what comes back of them."""
    test = held_out_source(trained)
    batch = test.first(min(count, test.size))
    return float(np.mean(np.abs(shown_by(trained, "reconstructions", batch) - batch["a"])))


def found_again(trained: Trained, count: int = 200) -> float:
    """Share of garments in several hues each that are the nearest, in L1, to what comes back of themselves.

    Raises:
      UserError: if the data are not the embedded garments in hues.
    """
    _check_hues(trained)
    garments = (load("fashion", split="test").first(count)["image"][..., 0] + 1) / 2
    hue = np.tile((np.arange(HUES) + 0.5) / HUES / 3, count)
    given = (2 * hued(np.repeat(garments, HUES, axis=0), hue) - 1).astype(np.float32)
    back = shown_by(trained, "reconstructions", {"a": given, "b": np.zeros_like(given)})
    flat = given.reshape(len(given), -1)
    nearest = [np.argmin(np.abs(flat - one).sum(axis=1)) for one in back.reshape(len(back), -1)]
    return float(np.mean(nearest == np.arange(len(given))))


def right_colour(trained: Trained, count: int = 500) -> float:
    """Share of test garments whose translation is nearer to the right one than to that of the other shapes.

    Both turn the hue by a third, in one direction or the other, which exchanges the colours' channels.

    Raises:
      UserError: if the data are not the embedded garments in hues.
    """
    _check_hues(trained)
    test = held_out_source(trained)
    batch = test.first(count)
    other = sum(np.roll(batch["a"], turn, axis=-1) for turn in (1, 2)) - batch["b"]
    made = shown_by(trained, "samples", batch)
    gap = lambda guess: np.abs(made - guess).mean(axis=(1, 2, 3))
    return float(np.mean(gap(batch["b"]) < gap(other)))


def _check_hues(trained: Trained) -> None:
    name = trained.experiment.source.name
    if name != "garments:hues":
        raise UserError(f"data is {name!r}, but this claim is about 'garments:hues'.")


NO_CYCLE = {"cycle": 0.0}
CLAIMS = (
    Claim(
        "pictures come back from the other domain (mean absolute difference)",
        cycle_error,
        at_most=0.05,
        control=NO_CYCLE,
    ),
    Claim(
        "a garment and its hue are found again from what comes back",
        found_again,
        at_least=0.95,
        control=NO_CYCLE,
    ),
    Claim(
        "the shape decides the colour (share of garments nearer to their own translation)",
        right_colour,
        at_least=0.9,
        control={"field": 1},
    ),
)


def experiment(
    *,
    data: Dataset = Dataset("garments:hues"),
    cycle: float = 10.0,
    identity: float = 0.0,
    loss: str = "least_squares",
    width: int = 16,
    blocks: int = 3,
    field: Literal[1, 16, 34, 70, 142, 286] = 34,
    judge_width: int = 16,
    pool: int = 50,
    adam: LinearAdam = LinearAdam(lr=1e-3, horizon=1200, decay=0.0),
) -> Experiment:
    """The paper's game at 28 pixels: a quarter of its width, 3 residual blocks, batches of 8, a smaller patch.

    Its own setting, for 256 pixels: ``--data unpaired:FOLDER@256+jitter+flip --width 64 --blocks 9
    --judge-width 64 --field 70 --identity 0.5 --lr 2e-4 --batch-size 1``.

    Args:
      data: Name or path of two domains, such as unpaired:FOLDER@128 or tfds:cycle_gan/horse2zebra@128.
      cycle: Weight of the cycle term in the generators' loss.
      identity: Weight of the identity term as a share of that; the paper has 0.5 where colours are to stay.
      loss: Name of the loss, one of jgan.losses.LOSSES.
      width: Channels of the generators' first layers.
      blocks: Residual blocks of each generator.
      field: Side of the patches that the discriminators judge, in pixels.
      judge_width: Channels of the discriminators' first layers.
      pool: Past translations of each domain that the discriminators are shown instead of new ones; 0 for none.
    """
    source = data.load()
    if source.example != "b" or set(source.arrays) != {"a", "b"}:
        raise UserError(
            f"data is {source.name!r}, but this experiment needs pictures of two domains."
        )
    channels = {domain: source.arrays[domain].shape[-1] for domain in ("a", "b")}
    generators = [
        resnet_generator(channels[domain], width=width, blocks=blocks) for domain in ("b", "a")
    ]
    judges = [
        patch_discriminator(field, width=judge_width, norm="instance", affine=False)
        for _ in generators
    ]
    game = cyclegan(
        (generators[0], generators[1]),
        (judges[0], judges[1]),
        get_loss(loss),
        weight=cycle,
        identity_share=identity,
        size=pool,
    )
    return Experiment(game, adam.alternating(game), source, steps=1200, batch_size=8, claims=CLAIMS)
