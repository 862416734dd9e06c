"""StyleGAN2 at small size: analyzing and improving StyleGAN (Karras et al. 2020, arXiv 1912.04958).

jgan train experiments/stylegan2.py
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
from jgan.claims.class_measures import classes_of
from jgan.claims.measures import image_distance
from jgan.claims.style_measures import mixing_cost, path_spread
from jgan.gans.stylegan import stylegan
from jgan.networks.stylegan2 import style_count, stylegan2_synthesis
from jgan.terms.path_regularizer import path_regularizer
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
        "a step of a style changes every image alike (relative spread of path lengths)",
        path_spread,
        at_most=0.4,
        control={"path_length": 0.0},
    ),
    claim(
        "samples lie near the garments (random-feature distance)",
        image_distance,
        at_most=2.0,
        control={"demodulate": "no"},
    ),
)


def experiment(
    *,
    data: Dataset = Dataset(),
    loss: str = "non_saturating",
    gamma: float = 0.1,
    gamma_every: int = 16,
    path_length: float = 2.0,
    path_length_every: int = 4,
    demodulate: Literal["yes", "no"] = "yes",
    residual: Literal["yes", "no"] = "yes",
    styles: StyleNetworks = StyleNetworks(),
    augmentation: DiscriminatorAugmentation = DiscriminatorAugmentation(),
    adam: RampedAdam = RampedAdam(),
) -> Experiment:
    """Config F of the paper on narrow networks: skip connections in the generator, residual discriminator.

    Args:
      data: Name or path of pictures, see jgan.data.load.
      loss: Name of the loss, one of jgan.losses.LOSSES.
      gamma: Strength of R1.
      gamma_every: Updates between lazy applications of R1.
      path_length: Weight of path-length regularisation; 0 leaves it out.
      path_length_every: Updates between its lazy applications.
      demodulate: Whether modulated convolutions are demodulated.
      residual: Whether the discriminator has shortcuts.
    """
    check_number("path_length", path_length, least=0)
    for name, every in (("gamma_every", gamma_every), ("path_length_every", path_length_every)):
        check_count(name, every)
    source = data.load_pictures()
    check_sides(source)
    classes = classes_of(source) if styles.conditional else 0
    game = stylegan(
        styles.mapping(style_count(source.shape), classes),
        stylegan2_synthesis(source.shape, demodulate=demodulate == "yes", **styles.sizes),
        styles.discriminator(classes, residual=residual == "yes"),
        get_loss(loss),
        styles.latent,
        conditional=styles.conditional,
    ).add(lazy(r1(gamma), gamma_every))
    if path_length:
        game = game.add(lazy(path_regularizer(path_length), path_length_every))
    game = augmentation.applied(game, source)
    return Experiment(game, adam.alternating(game), source, 2000, 32, claims=CLAIMS)
