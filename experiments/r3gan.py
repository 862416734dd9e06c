"""R3GAN at small size: the GAN is dead; long live the GAN (Huang et al. 2024, arXiv 2501.05441).

jgan train experiments/r3gan.py
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Literal

from jgan import Claim, CosineAdam, Dataset, Experiment, get_loss
from jgan.arguments import check_count, check_number
from jgan.augmentation import bgc, with_augmentation
from jgan.claims.class_measures import classes_of
from jgan.claims.measures import image_distance, metric
from jgan.gans.r3gan import r3gan
from jgan.networks.r3gan import r3gan_discriminator, r3gan_generator
from jgan.terms.penalties import r1, r1_r2, r2
from jgan.training.picture_sides import check_sides
from jgan.training.usual_groups import check_channels

STEPS = 800
PENALTIES: dict[str, Callable[..., Any]] = {"r1_r2": r1_r2, "r1": r1, "r2": r2}
claim = partial(
    Claim,
    control={"gamma": 0.0, "final_gamma": 0.0},
    steps=STEPS,
    setting={"width": 8, "most": 32, "horizon": STEPS, "half_life": 50.0},
)
CLAIMS = (
    claim(
        "samples lie near the garments (random-feature distance)",
        image_distance,
        at_most=2.0,
        rivals={"no pairing": {"loss": "non_saturating"}, "R1 alone": {"penalty": "r1"}},
    ),
    claim(
        "the discriminator does not win: its loss on pairs, log 2 = 0.693 where it knows nothing",
        metric("discriminator/adversarial", last=3),
        at_least=0.2,
    ),
)


def experiment(
    *,
    data: Dataset = Dataset(),
    loss: str = "relativistic",
    penalty: Literal["r1_r2", "r1", "r2"] = "r1_r2",
    gamma: float = 1.0,
    final_gamma: float = 0.1,
    augmentation_probability: float = 0.0,
    condition: Literal["none", "label"] = "none",
    latent: int = 64,
    width: int = 16,
    most: int = 64,
    group: int = 16,
    adam: CosineAdam = CosineAdam(lr=1e-3, final_lr=2.5e-4, half_life=200.0, horizon=2000),
) -> Experiment:
    """Configuration E of the paper on narrow networks, with its schedules, cosines over ``horizon``.

    Gamma is the paper's for Stacked MNIST. Its networks have 768 channels at all sizes up to 32 pixels, and a
    learning rate of 2e-4 at first for batches of 512. The authors' code draws other real images for the
    generator's move than for the discriminator's; here they are the same. Its augmentation also cuts
    rectangles out, and changes colours half as often.

    Args:
      data: Name or path of pictures, see jgan.data.load.
      loss: Name of the loss, relativistic or for the ablation another of jgan.losses.LOSSES.
      penalty: Gradient penalties on the real and on the generated images, or one of them.
      gamma: Strength of the penalties at first.
      final_gamma: Strength of the penalties at last.
      augmentation_probability: Probability at last of each of ADA's transformations of all pictures that the
        discriminator is shown, which begins with 0; 0.55 in the paper for CIFAR-10.
      condition: Whether both networks are given the label.
      latent: Dimension of the standard normal latents.
      width: Channels at the image's size; they double with every halving.
      most: Channels at most; 768 in the paper.
      group: Channels in a group of the grouped convolutions.
    """
    for name, strength in (("gamma", gamma), ("final_gamma", final_gamma)):
        check_number(name, strength, least=0)
    check_number("augmentation_probability", augmentation_probability, least=0, most=1)
    check_count("latent", latent)
    source = data.load_pictures()
    check_sides(source)
    if augmentation_probability:
        own = "augmentation_probability", augmentation_probability
        check_channels(source, *own, instead="0")
    classes = classes_of(source) if condition == "label" else 0
    sizes = {"width": width, "most": most, "group": group, "classes": classes}
    game = r3gan(
        r3gan_generator(source.shape, **sizes),
        r3gan_discriminator(**sizes),
        get_loss(loss),
        latent,
        conditional=bool(classes),
    ).add(PENALTIES[penalty](adam.changing(gamma, final_gamma)))
    if augmentation_probability:
        probability = adam.changing(0.0, augmentation_probability)
        game = with_augmentation(game, bgc(probability))
    return Experiment(game, adam.alternating(game), source, 2000, 32, claims=CLAIMS)
