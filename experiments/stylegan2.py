"""StyleGAN2 at small size: analyzing and improving StyleGAN (Karras et al. 2020, arXiv 1912.04958).

jgan train experiments/stylegan2.py
"""

from functools import partial
from typing import Literal

from jgan import Claim, Dataset, Experiment, RampedAdam, get_loss, lazy, r1
from jgan.claims.class_measures import classes_of
from jgan.claims.measures import image_distance
from jgan.claims.style_measures import mixing_cost, path_spread
from jgan.errors import UserError
from jgan.gans.stylegan import stylegan
from jgan.networks.stylegan2 import (
    style_count,
    style_mapping,
    stylegan2_discriminator,
    stylegan2_synthesis,
)
from jgan.terms.path_regularizer import path_regularizer

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
    condition: Literal["none", "label"] = "none",
    gamma: float = 0.1,
    gamma_every: int = 16,
    path_length: float = 2.0,
    path_length_every: int = 4,
    mixing: float = 0.9,
    demodulate: Literal["yes", "no"] = "yes",
    residual: Literal["yes", "no"] = "yes",
    group: int = 4,
    latent: int = 64,
    layers: int = 4,
    width: int = 16,
    most: int = 64,
    adam: RampedAdam = RampedAdam(),
) -> Experiment:
    """Config F of the paper on narrow networks: skip connections in the generator, residual discriminator.

    Args:
      data: Name or path of pictures, see jgan.data.load.
      loss: Name of the loss, one of jgan.losses.LOSSES.
      condition: Whether all networks are given the label.
      gamma: Strength of R1.
      gamma_every: Updates between lazy applications of R1.
      path_length: Weight of path-length regularisation; 0 leaves it out.
      path_length_every: Updates between its lazy applications.
      mixing: Share of training examples whose style is mixed from two latents.
      demodulate: Whether modulated convolutions are demodulated.
      residual: Whether the discriminator has shortcuts.
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
    sizes = {"width": width, "most": most}
    mapping = style_mapping(
        style_count(source.shape), features=latent, layers=layers, classes=classes, mixing=mixing
    )
    synthesis = stylegan2_synthesis(source.shape, demodulate=demodulate == "yes", **sizes)
    judge = stylegan2_discriminator(
        group=group, residual=residual == "yes", classes=classes, **sizes
    )
    game = stylegan(
        mapping, synthesis, judge, get_loss(loss), latent, conditional=condition == "label"
    ).add(lazy(r1(gamma), gamma_every))
    if path_length:
        game = game.add(lazy(path_regularizer(path_length), path_length_every))
    return Experiment(game, adam.alternating(game), source, 2000, 32, claims=CLAIMS)
