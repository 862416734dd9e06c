"""StyleGAN at small size: a style-based generator (Karras et al. 2019, arXiv 1812.04948).

jgan train experiments/stylegan.py
"""

from functools import partial
from typing import Literal

from jgan import Claim, Dataset, DiscriminatorAugmentation, Experiment, RampedAdam, get_loss, r1
from jgan.claims.class_measures import classes_of
from jgan.claims.measures import image_distance
from jgan.claims.style_measures import mixing_cost
from jgan.gans.stylegan import stylegan
from jgan.networks.stylegan1 import stylegan1_synthesis
from jgan.networks.stylegan2 import style_count
from jgan.training.picture_sides import check_sides
from jgan.training.style_networks import StyleNetworks

claim = partial(Claim, steps=800, setting={"width": 8, "most": 32})
CLAIMS = (
    claim(
        "samples of mixed styles lie as near to the garments as others (ratio of distances)",
        mixing_cost,
        at_most=1.2,
        control={"mixing": 0.0},
    ),
    claim(
        "samples lie near the garments (random-feature distance)",
        image_distance,
        at_most=2.0,
        control={"normalize": "no"},
    ),
)


def experiment(
    *,
    data: Dataset = Dataset(),
    loss: str = "non_saturating",
    gamma: float = 0.1,
    normalize: Literal["yes", "no"] = "yes",
    styles: StyleNetworks = StyleNetworks(),
    augmentation: DiscriminatorAugmentation = DiscriminatorAugmentation(),
    adam: RampedAdam = RampedAdam(),
) -> Experiment:
    """The paper's networks, narrow, at their full size from the beginning, with R1 at every update.

    Args:
      data: Name or path of pictures, see jgan.data.load.
      loss: Name of the loss, one of jgan.losses.LOSSES.
      gamma: Strength of R1; 10 in the paper, at 1024 pixels.
      normalize: Whether AdaIN removes the maps' own moments before it gives them those of the style.
    """
    source = data.load_pictures()
    check_sides(source)
    classes = classes_of(source) if styles.conditional else 0
    game = stylegan(
        styles.mapping(style_count(source.shape), classes),
        stylegan1_synthesis(source.shape, normalize=normalize == "yes", **styles.sizes),
        styles.discriminator(classes, residual=False),
        get_loss(loss),
        styles.latent,
        conditional=styles.conditional,
    ).add(r1(gamma))
    game = augmentation.applied(game, source)
    return Experiment(game, adam.alternating(game), source, 2000, 32, claims=CLAIMS)
