"""StarGAN: garments in four colours, each dyed anew in any of them (Choi et al. 2018, arXiv 1711.09020).

jgan train experiments/stargan.py
"""

from typing import Literal

import jax
import numpy as np

from jgan import Claim, Dataset, Experiment, LinearAdam, Trained, get_loss
from jgan.claims.class_measures import classes_of
from jgan.claims.held_out_measures import held_out_source
from jgan.data.garments import DYES, hued
from jgan.errors import UserError
from jgan.gans.stargan import stargan
from jgan.networks.conditional import labelled
from jgan.networks.domain_judge import domain_discriminator
from jgan.networks.resnet import STARGAN, resnet_generator
from jgan.training.devices import on_host


def distances(trained: Trained, count: int = 500) -> np.ndarray:
    """Mean absolute differences of dyed test garments from the same in each of the colours.

    Returns:
      ``(wanted, true, count)``: of a garment whose colour ``wanted`` is asked for, from the one in colour
      ``true``.

    Raises:
      UserError: if the data are not the embedded garments in colours.
    """
    name = trained.experiment.source.name
    if name != "garments:dyes":
        raise UserError(f"data is {name!r}, but this claim is about 'garments:dyes'.")
    sampler = trained.experiment.game.sampler
    assert sampler is not None
    test = held_out_source(trained)
    images = test.first(count)["image"]
    brightness = (images.max(axis=-1) + 1) / 2
    true = [2 * hued(brightness, np.full(len(images), hue)) - 1 for hue in DYES.values()]
    variables = on_host(trained.state.averaged_variables())
    # Labels in the order in which they are given.
    generate = jax.jit(
        lambda label: sampler.generate(
            variables, {"image": images, "label": label}, np.arange(len(images))
        )
    )
    made = [np.asarray(generate(np.full(len(images), k, np.int32))) for k in range(len(DYES))]
    return np.asarray([[np.abs(x - y).mean(axis=(1, 2, 3)) for y in true] for x in made])


def domain_found(trained: Trained) -> float:
    """Share of dyed garments that are nearest to the garment in the colour that was wanted."""
    found = distances(trained)
    return float(np.mean(found.argmin(axis=1) == np.arange(len(DYES))[:, None]))


def error(trained: Trained) -> float:
    """Mean absolute difference of dyed garments from the same garment in the colour that was wanted."""
    return float(np.mean([np.mean(own[k]) for k, own in enumerate(distances(trained))]))


BLIND = {"padding": "reflect"}
CLAIMS = (
    Claim(
        "garments take the colour that was wanted (share nearest to it)",
        domain_found,
        at_least=0.9,
        control=BLIND,
    ),
    Claim(
        "nothing but the colour changes (mean absolute difference from the truth)",
        error,
        at_most=0.1,
        control=BLIND,
    ),
)


def experiment(
    *,
    data: Dataset = Dataset("garments:dyes"),
    padding: Literal["zero", "reflect"] = "zero",
    reconstruction: float = 10.0,
    classification: float = 1.0,
    penalty: float = 10.0,
    loss: str = "wasserstein",
    width: int = 16,
    blocks: int = 2,
    judge_width: int = 16,
    layers: int = 3,
    discriminator_steps: int = 2,
    adam: LinearAdam = LinearAdam(lr=5e-4, horizon=1000, decay=0.0),
) -> Experiment:
    """The paper's game at 28 pixels: narrow networks of fewer layers, and fewer steps of the discriminator.

    Its own setting, for 128 pixels: ``--data folder:FOLDER@128+flip --width 64 --blocks 6 --judge-width 64
    --layers 6 --lr 1e-4 --discriminator-steps 5``, with a subfolder for each domain or attributes in an .npz
    file.

    Args:
      data: Name or path of pictures with the domains as labels, or with vectors of attributes.
      padding: How the generator fills borders; behind reflect, instance normalisation removes the label.
      reconstruction: Weight of the mean absolute error of what comes back to its own domain.
      classification: Weight of the classification of domains in the losses of both players.
      penalty: Weight of the gradient penalty.
      loss: Name of the loss, one of jgan.losses.LOSSES.
      width: Channels of the generator's first layer.
      blocks: Residual blocks of the generator.
      judge_width: Channels of the discriminator's first layer.
      layers: Halvings of the discriminator.
      discriminator_steps: Steps of the discriminator for each step of the generator; 5 in the paper.
    """
    source = data.load()
    if not source.pictures:
        raise UserError(f"data is {source.name!r}, but this experiment needs pictures.")
    label = source.arrays.get("label")
    vectors = label is not None and label.ndim == 2
    domains = label.shape[1] if label is not None and vectors else classes_of(source)
    style = STARGAN._replace(padding=padding)
    generator = resnet_generator(source.shape[2], blocks=blocks, width=width, style=style)
    game = stargan(
        labelled(generator, domains),
        domain_discriminator(domains, layers=layers, width=judge_width),
        domains,
        loss=get_loss(loss),
        classification_weight=classification,
        reconstruction_weight=reconstruction,
        penalty=penalty,
    )
    rule = adam.alternating(game, discriminator_steps)
    return Experiment(game, rule, source, steps=1000, batch_size=16, claims=CLAIMS)
