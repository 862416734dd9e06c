"""Face aging: drawn persons at four ages, each made older as itself (Antipov et al. 2017, arXiv 1702.01983).

jgan train experiments/age_cgan.py
"""

from typing import Any, Literal

import jax.numpy as jnp

from jgan import (
    Adam,
    Architecture,
    Claim,
    Dataset,
    Experiment,
    Stage,
    conditional,
    get_loss,
    normal,
)
from jgan.claims.aging_measures import age_taken, identity_kept
from jgan.claims.class_measures import classes_of
from jgan.errors import UserError
from jgan.evaluation.extractors import get_extractor
from jgan.features.extractor import smooth
from jgan.gans.age_cgan import age_cgan
from jgan.networks import heads, unlabelled
from jgan.networks.combined import answer_of
from jgan.networks.conditional import projection_discriminator
from jgan.training.carries import as_part, compose, freeze, inherit

CLAIMS = (
    Claim(
        "aged persons stay themselves (share nearest to the right one of 200 at that age)",
        identity_kept,
        at_least=0.5,
        control={"optimisation": 0},
    ),
    Claim(
        "persons take the age that was wanted (share nearest to themselves at that age, of four)",
        age_taken,
        at_least=0.8,
        control={"label": "none"},
    ),
)


def experiment(
    *,
    data: Dataset = Dataset("persons:ages"),
    label: Literal["given", "none"] = "given",
    latent: int = 32,
    learning: int = 2000,
    encoding: int = 500,
    optimisation: int = 30,
    features: Literal["pixels", "random", "efficientnet-lite0", "inception"] = "random",
    loss: str = "hinge",
    architecture: Architecture = Architecture(width=16, norm="spectral"),
    adam: Adam = Adam(lr=1e-3, beta1=0.0, beta2=0.9, decay=0.99),
) -> Experiment:
    """The paper's three steps at 32 pixels: a conditional GAN, an encoder of it, and L-BFGS on the latent.

    Args:
      data: Name or path of pictures with the class of age as label.
      label: Whether the networks of the conditional GAN know the age.
      latent: Dimensions of the latent; 100 in the paper.
      learning: Number of updates of the first stage, the conditional GAN.
      encoding: Number of updates of the second stage, the encoder of what the first one makes.
      optimisation: Steps of L-BFGS on the latent of a picture before its age is exchanged.
      features: What a recogniser compares: pixels, or features of a network that is not trained here.
      loss: Name of the loss, one of jgan.losses.LOSSES.
    """
    source = data.load()
    if not source.pictures:
        raise UserError(f"data is {source.name!r}, but this experiment needs pictures.")
    classes = classes_of(source)
    generator = architecture.conditional_generator(source, classes)
    judge = projection_discriminator(classes, norm=architecture.norm, **architecture.options)
    if label == "none":
        generator = unlabelled(architecture.generator(source))
        judge = unlabelled(answer_of(architecture.heads({"logit": 1}), "logit"))
    first = conditional(generator, judge, get_loss(loss), normal(latent))
    encoder = answer_of(heads({"code": latent}, norm="batch", **architecture.options), "code")
    recognise: Any = jnp.asarray if features == "pixels" else smooth(get_extractor(features))
    second = age_cgan(generator, encoder, normal(latent), classes, recognise, steps=optimisation)
    carry = as_part("generator", compose(inherit(), freeze("generator/generator")))
    return Experiment.of_stages(
        Stage(first, adam.alternating(first), source, learning, 32),
        Stage(second, adam.alternating(second), source, encoding, 64, carry),
        claims=CLAIMS,
    )
