"""SPADE (GauGAN): garments from maps of their parts (Park et al. 2019, arXiv 1903.07291).

jgan train experiments/spade.py
"""

from typing import Literal

import numpy as np

from jgan import Claim, Dataset, Experiment, TwoRateAdam, get_loss
from jgan.claims.map_measures import (
    change_at_edit,
    map_agreement,
    style_taken_over,
    uniform_label_found,
)
from jgan.errors import UserError
from jgan.gans.spade import spade
from jgan.networks.multiscale import multiscale_discriminator
from jgan.networks.resnet import resnet_generator
from jgan.networks.spade import WEIGHTS, map_at_input, map_hidden, spade_generator
from jgan.networks.variational import encoder

PLAIN = {"entry": "input"}
CLAIMS = (
    Claim(
        "a segmenter reads the map back from the picture (mean intersection over union)",
        map_agreement,
        at_least=0.7,
        control={"entry": "none"},
        rivals={"judges that do not see the map": {"conditional": False, "matching": 0.0}},
    ),
    Claim(
        "a map of a single label is drawn as that label (share read back)",
        uniform_label_found,
        at_least=0.9,
        control=PLAIN,
    ),
    Claim(
        "an edited map changes the picture there (share of the change within three pixels)",
        change_at_edit,
        at_least=0.8,
        control=PLAIN,
    ),
    Claim(
        "a picture takes over the style of another (correlation of their paleness)",
        style_taken_over,
        at_least=0.5,
        control={"style": 0},
    ),
)


def experiment(
    *,
    data: Dataset = Dataset("garments:parts"),
    labels: int | None = None,
    entry: Literal["normalisation", "input", "none"] = "normalisation",
    norm: Literal["batch", "instance"] = "batch",
    conditional: bool = True,
    matching: float = 10.0,
    style: int = 8,
    kl: float = 0.05,
    loss: str = "hinge",
    width: int = 16,
    levels: int = 2,
    hidden: int = 32,
    scales: int = 2,
    halvings: int = 2,
    judge_width: int = 16,
    adam: TwoRateAdam = TwoRateAdam(
        lr=2e-3, generator_lr=1e-3, beta1=0.0, beta2=0.9, decay=0.99, horizon=600
    ),
) -> Experiment:
    """The paper's game at 28 pixels: a quarter of its width, two halvings, batches of 16.

    Its own setting, for 256 pixels: ``--data FILE.npz --width 64 --levels 5 --hidden 128 --halvings 3
    --judge-width 64 --style 256 --lr 4e-4 --generator-lr 1e-4 --batch-size 32``.

    Args:
      data: Name or path of pictures in the field image with maps of labels in the field mask.
      labels: Number of labels, which are counted from 0; none for one more than the largest in the data.
      entry: Where the map enters the generator: through every normalisation, at the input, before plain
        instance normalisation, or nowhere.
      norm: What the normalisation under a map is over, the batch or each picture.
      conditional: Whether the discriminator sees the map beside the picture.
      matching: Weight of the features of the discriminator, matched with those of the counterpart.
      style: Size of the style that an encoder reads from a picture; 0 for no style and no encoder.
      kl: Weight of the divergence of styles from N(0, I).
      loss: Name of the loss, one of jgan.losses.LOSSES.
      width: Channels of the generator's last block.
      levels: Halvings of the map at which the generator begins.
      hidden: Channels between the map and each scale and bias.
      scales: Discriminators, each of pictures half as large as the one before.
      halvings: Halvings of each discriminator.
      judge_width: Channels of the discriminators' first layers.
    """
    source = data.load()
    if not source.pictures or "mask" not in source.arrays or source.arrays["mask"].ndim != 3:
        raise UserError(
            f"data is {source.name!r}, but this experiment needs pictures with maps of labels."
        )
    if labels is None or isinstance(
        source.arrays["mask"], np.ndarray
    ):  # else it may be out of reach
        least = int(source.arrays["mask"].max()) + 1
        labels = least if labels is None else labels
        if labels < least:
            raise UserError(
                f"labels is {labels}, but must be at least {least}: maps of {source.name!r} hold {least - 1}."
            )
    channels = source.shape[2]
    if entry == "input":
        generator = map_at_input(resnet_generator(channels, width=width, blocks=levels))
    else:
        generator = spade_generator(channels, width=width, levels=levels, hidden=hidden, norm=norm)
        generator = map_hidden(generator) if entry == "none" else generator
    game = spade(
        generator,
        multiscale_discriminator(
            scales, halvings=halvings, width=judge_width, spectral=True, weights=WEIGHTS
        ),
        labels,
        loss=get_loss(loss),
        encoder=encoder(style, width=width, resampling="smooth") if style else None,
        style=style,
        kl=kl,
        matching=matching,
        conditional=conditional,
    )
    rule = adam.alternating(game)
    return Experiment(game, rule, source, steps=600, batch_size=16, claims=CLAIMS)
