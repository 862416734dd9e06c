"""StyleGAN at small size: a style-based generator (Karras et al. 2019, arXiv 1812.04948).

jgan train experiments/stylegan.py
"""

from typing import Literal

from jgan import Claim, Dataset, Experiment, RampedAdam, get_loss, r1
from jgan.claims.class_measures import classes_of
from jgan.claims.style_measures import mixing_cost
from jgan.errors import UserError
from jgan.gans.stylegan import stylegan
from jgan.networks.stylegan1 import stylegan1_synthesis
from jgan.networks.stylegan2 import style_count, style_mapping, stylegan2_discriminator

CLAIMS = (
    Claim(
        "samples of mixed styles lie as near to the garments as others (ratio of distances)",
        mixing_cost,
        at_most=1.2,
        steps=800,
        setting={"width": 8, "most": 32},
        control={"mixing": 0.0},
    ),
)


def experiment(
    *,
    data: Dataset = Dataset(),
    loss: str = "non_saturating",
    condition: Literal["none", "label"] = "none",
    gamma: float = 0.1,
    mixing: float = 0.9,
    group: int = 4,
    latent: int = 64,
    layers: int = 4,
    width: int = 16,
    most: int = 64,
    adam: RampedAdam = RampedAdam(),
) -> Experiment:
    """The paper's networks, narrow, at their full size from the beginning, with R1 at every update.

    Args:
      data: Name or path of pictures, see jgan.data.load.
      loss: Name of the loss, one of jgan.losses.LOSSES.
      condition: Whether mapping and discriminator are given the label.
      gamma: Strength of R1; 10 in the paper, at 1024 pixels.
      mixing: Share of training examples whose style is mixed from two latents.
      group: Examples in a group of the minibatch standard deviation; 1 leaves it out.
      latent: Size of the latents and of the styles; 512 in the paper.
      layers: Layers of the mapping network; 8 in the paper.
      width: Channels at the image's size; they double with every halving.
      most: Channels at most; 512 in the paper.
    """
    source = data.load()
    if len(source.shape) != 3:
        raise UserError(f"data is {source.name!r}, but this experiment needs pictures.")
    classes = classes_of(source) if condition == "label" else 0
    mapping = style_mapping(
        style_count(source.shape), features=latent, layers=layers, classes=classes, mixing=mixing
    )
    synthesis = stylegan1_synthesis(source.shape, width=width, most=most)
    judge = stylegan2_discriminator(
        width=width, most=most, group=group, residual=False, classes=classes
    )
    game = stylegan(
        mapping, synthesis, judge, get_loss(loss), latent, conditional=condition == "label"
    ).add(r1(gamma))
    return Experiment(game, adam.alternating(game), source, 2000, 32, claims=CLAIMS)
