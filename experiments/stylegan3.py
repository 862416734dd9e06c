"""StyleGAN3 at small size: alias-free generative adversarial networks (Karras et al. 2021, arXiv 2106.12423).

jgan train experiments/stylegan3.py
"""

from functools import partial
from typing import Literal

from jgan import (
    Claim,
    Dataset,
    DiscriminatorAugmentation,
    Experiment,
    RampedAdam,
    get_loss,
    lazy,
    r1,
)
from jgan.arguments import check_count, check_number
from jgan.augmentation import fading_blur, with_augmentation
from jgan.claims.class_measures import classes_of
from jgan.claims.equivariance_measures import rotation_equivariance, translation_equivariance
from jgan.claims.measures import image_distance
from jgan.errors import UserError
from jgan.gans.stylegan3 import stylegan3
from jgan.networks.stylegan3 import stylegan3_style_count, stylegan3_synthesis
from jgan.training.picture_sides import check_sides
from jgan.training.style_networks import StyleNetworks

claim = partial(Claim, steps=300)
CLAIMS = (
    claim(
        "images move with the plane that they are made on (EQ-T, dB)",
        translation_equivariance,
        at_least=45,
        setting={"width": 8, "most": 32},
        control={"filters": "no"},
    ),
    claim(
        "images of -R turn with it too (EQ-R, dB)",
        rotation_equivariance,
        at_least=30,
        setting={"width": 8, "most": 32, "kind": "r"},
        control={"kind": "t"},
    ),
    Claim(
        "samples lie near the garments (random-feature distance)",
        image_distance,
        at_most=2.0,
        steps=800,
        setting={"width": 8, "most": 32},
        control={"filters": "no"},
    ),
)


def experiment(
    *,
    data: Dataset = Dataset(),
    loss: str = "non_saturating",
    kind: Literal["t", "r"] = "t",
    filters: Literal["yes", "no"] = "yes",
    depth: int = 8,
    gamma: float = 0.1,
    gamma_every: int = 16,
    blur: float = 1.0,
    blur_steps: int = 500,
    styles: StyleNetworks = StyleNetworks(layers=2, mixing=0.0),
    augmentation: DiscriminatorAugmentation = DiscriminatorAugmentation(),
    adam: RampedAdam = RampedAdam(),
) -> Experiment:
    """Configurations T and R of the paper on narrow networks, against StyleGAN2's discriminator.

    -R has kernels of one pixel, radial filters, twice as many channels in the generator, and a discriminator
    that sees blurred images at first.

    Args:
      data: Name or path of square pictures, see jgan.data.load.
      loss: Name of the loss, one of jgan.losses.LOSSES.
      kind: Whether images follow translations (t), or rotations too (r).
      filters: Whether nonlinearities are filtered; without filters images stick to the grid.
      depth: Layers of the synthesis network, at least 3; 14 in the paper.
      gamma: Strength of R1; 0.5 in the paper at 128 pixels, four times that at twice the size.
      gamma_every: Updates between lazy applications of R1.
      blur: Width of the blur that -R begins with, in pixels; 10 in the paper at 256 pixels and more.
      blur_steps: Updates until it is gone; 200,000 images' worth in the paper.
    """
    source = data.load_pictures()
    check_sides(source)
    if source.shape[0] != source.shape[1]:
        raise UserError(f"data is {source.name!r}, but this experiment needs square pictures.")
    check_count("depth", depth, 3)
    check_count("gamma_every", gamma_every)
    check_number("blur", blur, least=0)
    check_count("blur_steps", blur_steps)
    classes = classes_of(source) if styles.conditional else 0
    turning = kind == "r"
    synthesis = stylegan3_synthesis(
        source.shape,
        width=styles.width * (2 if turning else 1),
        most=styles.most * (2 if turning else 1),
        layers=depth,
        size=1 if turning else 3,
        radial=turning,
        filtered=filters == "yes",
    )
    game = stylegan3(
        styles.mapping(stylegan3_style_count(depth), classes, decay=0.998),
        synthesis,
        styles.discriminator(classes, residual=True),
        get_loss(loss),
        styles.latent,
        conditional=styles.conditional,
    ).add(lazy(r1(gamma), gamma_every))
    if turning and blur:
        game = with_augmentation(game, fading_blur(blur, blur_steps))
    game = augmentation.applied(game, source)
    return Experiment(game, adam.alternating(game), source, 2000, 32, claims=CLAIMS)
