"""pix2pix: edges to woven garments, from pairs (Isola et al. 2017, arXiv 1611.07004).

jgan train experiments/pix2pix.py
"""

from functools import partial
from typing import Literal

from jgan import Claim, Dataset, Experiment, LinearAdam, get_loss
from jgan.claims.translation_measures import error_to_baselines, sharpness
from jgan.errors import UserError
from jgan.gans.pix2pix import pix2pix
from jgan.networks.patch import patch_discriminator
from jgan.networks.unet import unet

REGRESSION = {"adversarial_weight": 0.0}
claim = partial(Claim, rivals={"L1 alone": REGRESSION, "GAN alone": {"l1": 0.0}})
CLAIMS = (
    claim(
        "translations come nearer to the pictures than nearest neighbour and mean (share of the error)",
        error_to_baselines,
        at_most=0.9,
        control={"l1": 0.0, "conditional": False},
    ),
    claim(
        "translations are as sharp as pictures (share of the power in the spectrum's high band)",
        sharpness,
        at_least=0.75,
        at_most=1.25,
        control=REGRESSION,
    ),
)


def experiment(
    *,
    data: Dataset = Dataset("garments:edges"),
    l1: float = 100.0,
    adversarial_weight: float = 1.0,
    conditional: bool = True,
    loss: str = "non_saturating",
    width: int = 16,
    dropouts: int = 1,
    norm: Literal["instance", "batch", "none"] = "instance",
    field: Literal[1, 16, 34, 70, 142, 286] = 16,
    judge_width: int = 16,
    adam: LinearAdam = LinearAdam(lr=1e-3, horizon=2500, decay=0.0),
) -> Experiment:
    """The paper's game at 28 pixels: a quarter of its width, batches of 16, and a smaller patch.

    Its own setting, for 256 pixels: ``--data pairs:FOLDER@256+jitter+flip --width 64 --judge-width 64 --field
    70 --dropouts 3 --lr 2e-4 --batch-size 1``.

    Args:
      data: Name or path of pairs of pictures, such as pairs:FOLDER@256 or, the other way,
        pairs:FOLDER@256+swap.
      l1: Weight of the mean absolute error in the generator's loss.
      adversarial_weight: Weight of the adversarial loss of both players; 0 leaves regression alone.
      conditional: Whether the discriminator sees the input beside the translation.
      loss: Name of the loss, one of jgan.losses.LOSSES.
      width: Channels of the U-Net's first layer.
      dropouts: Layers of the U-Net's decoder with dropout, the only noise there is.
      norm: Normalisation of both networks; batch is the same as instance for batches of one picture.
      field: Side of the patches that the discriminator judges, in pixels.
      judge_width: Channels of the discriminator's first layer.
    """
    source = data.load()
    if source.example != "b" or len(source.sizes) > 1 or not source.pictures:
        raise UserError(f"data is {source.name!r}, but this experiment needs pairs of pictures.")
    channels = source.shape[2]
    game = pix2pix(
        unet(channels, width=width, dropouts=dropouts, norm=norm),
        patch_discriminator(field, width=judge_width, norm=norm),
        get_loss(loss),
        weight=l1,
        adversarial_weight=adversarial_weight,
        conditional=conditional,
    )
    rule = adam.alternating(game)
    return Experiment(game, rule, source, steps=2500, batch_size=16, claims=CLAIMS)
