"""Improved techniques for training GANs (Salimans et al. 2016, arXiv 1606.03498).

jgan train experiments/improved.py --data ring --aim features
"""

from typing import Literal

import jax
import jax.numpy as jnp

from jgan import Adam, Architecture, Claim, Dataset, Experiment, Trained, gan, get_loss, normal
from jgan.claims.measures import image_distance
from jgan.claims.shared import SETTLING, SETTLING_STEPS, covers_ring
from jgan.gans.feature_matching import feature_matching_gan
from jgan.networks import virtual_generator
from jgan.terms.historical import historical_averages


def dependence(trained: Trained) -> float:
    """Largest change of a pixel of the first training fake when the other latents become 0."""
    experiment, state = trained.experiment, trained.state
    batch = experiment.source.first(experiment.batch_size)
    assert experiment.game.scene is not None
    scene = experiment.game.scene(state.variables, batch, jax.random.key(0), state.step)
    latents = scene.latent, scene.latent.at[1:].set(0)
    fakes = [scene.meet(latent)["fake"].values[0] for latent in latents]
    return float(jnp.abs(fakes[0] - fakes[1]).max())


SMALL = {"body": "mlp", "width": 16}
CLAIMS = (
    Claim(
        "feature matching brings samples nearer to the garments (random-feature distance)",
        image_distance,
        at_most=2.5,
        steps=1000,
        setting={**SMALL, "aim": "features"},
        control={"aim": "logit"},
    ),
    Claim(
        "virtual batch normalisation: a fake does not depend on the others",
        dependence,
        at_most=1e-4,
        steps=300,
        setting={**SMALL, "generator_norm": "virtual"},
        control={"generator_norm": "batch"},
    ),
    covers_ring(
        setting={**SETTLING, "kernels": 100}, control={"kernels": 0}, steps=SETTLING_STEPS
    )._replace(rivals={"more width": {"kernels": 0, "width": 128}}),
)


def experiment(
    *,
    data: Dataset = Dataset(),
    aim: Literal["logit", "features"] = "logit",
    kernels: int = 0,
    generator_norm: Literal["batch", "virtual"] = "batch",
    history: float = 0.0,
    loss: str = "non_saturating",
    architecture: Architecture = Architecture(),
    noise: float = 0.0,
    adam: Adam = Adam(),
) -> Experiment:
    """A plain GAN and its improvements, each by a flag.

    Args:
      aim: What the generator learns from: the discriminator's logit, or its mean features (feature matching).
      kernels: Kernels of minibatch discrimination; 100 in the authors' code, 0 for none.
      generator_norm: Batch normalisation (none for points), or virtual with a perceptron.
      history: Weight of the historical averaging of both players.
      loss: Name of the loss, one of jgan.losses.LOSSES.
      noise: Deviation of noise in front of the discriminator's dense layers; 0.3 and 0.5 in the authors' code.
    """
    source, prior = data.load(), normal(100)
    if generator_norm == "virtual":
        generator = virtual_generator(source.shape, prior, width=architecture.width)
    else:
        generator = architecture.generator(source)
    judge = architecture.heads({"logit": 1}, noise=noise, kernels=kernels)
    system = feature_matching_gan if aim == "features" else gan
    game = system(generator, judge, get_loss(loss), prior)
    if history:
        game = game.add(historical_averages(history))
    return Experiment(game, adam.alternating(game), source, steps=2000, claims=CLAIMS)
