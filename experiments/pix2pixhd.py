"""pix2pixHD: edges to woven garments, coarse first and then fine (Wang et al. 2018, arXiv 1711.11585).

jgan train experiments/pix2pixhd.py
"""

from typing import Literal

from jgan import Claim, Dataset, Experiment, LinearAdam, Stage, get_loss
from jgan.claims.translation_measures import error_to_baselines, sharpness
from jgan.errors import UserError
from jgan.evaluation.extractors import get_extractor
from jgan.features.extractor import smooth
from jgan.gans.pix2pixhd import pix2pixhd
from jgan.networks.multiscale import multiscale_discriminator
from jgan.networks.network import Network
from jgan.networks.resnet import resnet_generator
from jgan.terms.perceptual import perceptual

CLAIMS = (
    Claim(
        "translations come nearer to the pictures than nearest neighbour and mean (share of the error)",
        error_to_baselines,
        at_most=0.9,
        control={"matching": 0.0, "conditional": False},
    ),
    Claim(
        "translations are as sharp as pictures (share of the power in the spectrum's high band)",
        sharpness,
        at_least=0.75,
        at_most=1.25,
        control={"fine": 0},
    ),
)


def experiment(
    *,
    data: Dataset = Dataset("garments:edges"),
    labels: int = 0,
    coarse: int = 600,
    fine: int = 600,
    matching: float = 10.0,
    conditional: bool = True,
    perceptual_weight: float = 0.0,
    features: Literal["random", "efficientnet-lite0", "inception"] = "random",
    loss: str = "least_squares",
    width: int = 16,
    blocks: int = 3,
    halvings: int = 1,
    fine_blocks: int = 1,
    scales: int = 2,
    judge_halvings: int = 1,
    judge_width: int = 16,
    adam: LinearAdam = LinearAdam(lr=1e-3, horizon=1200, decay=0.0),
) -> Experiment:
    """The paper's game at 28 pixels: half of its width, fewer blocks and halvings, batches of 16.

    Its own setting, for 1024 x 2048 pixels: ``--data FILE.npz --labels 35 --width 32 --blocks 9 --halvings 4
    --fine-blocks 3 --scales 3 --judge-halvings 3 --judge-width 64 --perceptual-weight 10 --lr 2e-4 --batch-size
    1``.

    Args:
      data: Name or path of pairs of pictures, or of pictures with maps of labels.
      labels: Number of labels of the maps, if the data have such in the field mask; 0 for pairs of pictures.
      coarse: Number of updates of the first stage, at half the size.
      fine: Number of updates of the second stage, with the enhancer; 0 for the first stage alone.
      matching: Weight of the features of the discriminator, matched with those of the counterpart.
      conditional: Whether the discriminator sees the input beside the translation.
      perceptual_weight: Weight of the distance in features of a network that is not trained here; 0 for none.
      features: That network.
      loss: Name of the loss, one of jgan.losses.LOSSES.
      width: Channels of the enhancer's first layer; the global generator has twice as many.
      blocks: Residual blocks of the global generator.
      halvings: Halvings of the global generator.
      fine_blocks: Residual blocks of the enhancer.
      scales: Discriminators, each of pictures half as large as the one before.
      judge_halvings: Halvings of each discriminator.
      judge_width: Channels of the discriminators' first layers.
    """
    source = data.load()
    wanted, needed = ("image", "mask") if labels else ("b", "a")
    if source.example != wanted or needed not in source.arrays or len(source.sizes) > 1:
        kind = "pictures with maps of labels" if labels else "pairs of pictures"
        raise UserError(f"data is {source.name!r}, but this experiment needs {kind}.")
    channels = source.shape[2]
    terms = []
    if perceptual_weight:
        terms = [perceptual(smooth(get_extractor(features)), perceptual_weight)]

    def stage(enhancer: Network | None, steps: int) -> Stage:
        game = pix2pixhd(
            resnet_generator(
                channels, width=2 * width, blocks=blocks, halvings=halvings, answers=True
            ),
            multiscale_discriminator(scales, halvings=judge_halvings, width=judge_width),
            get_loss(loss),
            enhancer=enhancer,
            labels=labels,
            matching=matching,
            conditional=conditional,
        ).add(terms)
        return Stage(game, adam.alternating(game), source, steps, 16)

    enhancer = resnet_generator(channels, width=width, blocks=fine_blocks, halvings=1)
    stages = [stage(None, coarse), *([stage(enhancer, fine)] if fine else [])]
    return Experiment.of_stages(*stages, claims=CLAIMS)
