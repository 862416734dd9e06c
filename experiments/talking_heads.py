"""Few-shot talking heads: persons from eight frames, in any pose (Zakharov et al. 2019, arXiv 1905.08233).

jgan train experiments/talking_heads.py
"""

from dataclasses import replace
from typing import Any, Literal

import numpy as np

from jgan import Claim, Dataset, Experiment, Stage, TwoRateAdam, get_loss
from jgan.claims.person_measures import error_of_person, persons_found
from jgan.data import Source, load
from jgan.errors import UserError
from jgan.gans.talking_heads import new_person, one_talking_head, talking_heads
from jgan.networks.mlp import mlp
from jgan.networks.resnet import resnet_generator, style_size
from jgan.networks.spade import map_at_input
from jgan.networks.talking_heads import (
    learned_style,
    person_discriminator,
    person_embedder,
)
from jgan.training.carries import compose, inherit

FIELDS = {"image", "pose", "shots", "shot_poses", "person"}
CLAIMS = (
    Claim(
        "persons who were not met are made as themselves (share nearest to the right one of 100)",
        persons_found,
        at_least=0.9,
        setting={"tuning": 0},
        control={"entry": "input"},
        rivals={"one frame of each person": {"shots": 1}},
    ),
    Claim(
        "fine-tuning brings a new person nearer to the truth (mean absolute difference)",
        error_of_person(0),
        at_most=0.06,
        control={"tuning": 0},
        setting={"person": 0},
    ),
)


def frames_of(source: Source, person: int) -> Source:
    """The frames of a person's clip, but for the one that is to be made, as examples."""
    numbers = source.arrays["person"]
    if person not in numbers:
        raise UserError(
            f"person is {person}, but the test set has only the persons 0 to {int(numbers.max())}."
        )
    row = int(np.argmax(numbers == person))
    frames = {"image": source.arrays["shots"][row], "pose": source.arrays["shot_poses"][row]}
    return replace(source, arrays=frames, augment=None)


def experiment(
    *,
    data: Dataset = Dataset("persons"),
    shots: int = 8,
    entry: Literal["normalisation", "input"] = "normalisation",
    learning: int = 2000,
    tuning: int = 200,
    person: int = 0,
    content: float = 20.0,
    features: float = 5.0,
    match: float = 0.1,
    loss: str = "hinge",
    width: int = 12,
    blocks: int = 1,
    halvings: int = 2,
    size: int = 64,
    judge_width: int = 12,
    judge_halvings: int = 3,
    adam: TwoRateAdam = TwoRateAdam(
        lr=2e-3, generator_lr=2e-3, beta1=0.5, beta2=0.999, decay=0.99, horizon=2000
    ),
) -> Experiment:
    """The paper's game at 32 pixels: a fifth of its width, plain convolutions and batches of 16.

    Its own setting, for 256 pixels: ``--data FILE.npz --width 64 --blocks 5 --halvings 4 --size 512
    --judge-width 64 --judge-halvings 6 --features 10 --match 10 --lr 2e-4 --generator-lr 5e-5``, with two steps
    of the discriminator for one of the generator and a perceptual term in place of the absolute difference. In
    trainings as short as this one, in which rows hardly move, such a weight holds embeddings where rows begin.

    Args:
      data: Name or path of clips of persons, with the fields of jgan.data.persons.
      shots: Frames from which a person is known.
      entry: How the embedding of a person enters the generator: through the normalisation, or beside the
        landmarks, before plain instance normalisation.
      learning: Number of updates of the first stage, with all persons.
      tuning: Number of updates of the second stage, with the frames of a new person; 0 for the first alone.
      person: Number of that person in the test set.
      content: Weight of the mean absolute difference from the frame.
      features: Weight of the features of the discriminator, matched with those of the frame.
      match: Weight of the difference of embeddings from the discriminator's rows.
      loss: Name of the loss, one of jgan.losses.LOSSES.
      width: Channels of the generator's first layer.
      blocks: Residual blocks of the generator.
      halvings: Halvings of the generator.
      size: Numbers of an embedding.
      judge_width: Channels of the first layers of discriminator and embedder.
      judge_halvings: Halvings of both.
    """
    source = data.load()
    if not source.arrays.keys() >= FIELDS:
        raise UserError(f"data is {source.name!r}, but this experiment needs clips of persons.")
    channels = source.shape[2]
    persons = int(source.arrays["person"].max()) + 1
    trunk = {"width": judge_width, "halvings": judge_halvings}
    weights: dict[str, Any] = {"content": content, "features": features}
    styled = entry == "normalisation"
    picture = resnet_generator(
        channels, width=width, blocks=blocks, halvings=halvings, styled=styled
    )
    picture = picture if styled else map_at_input(picture)
    numbers = style_size(width, blocks, halvings) if styled else size
    embedder = person_embedder(size, **trunk)
    projection = mlp((), numbers)
    many = talking_heads(
        embedder,
        projection,
        picture,
        person_discriminator(persons, size, **trunk),
        shots=shots,
        loss=get_loss(loss),
        match=match,
        **weights,
    )
    stages = [Stage(many, adam.alternating(many), source, learning, 16)]
    if tuning:
        one = one_talking_head(
            learned_style(numbers),
            picture,
            person_discriminator(0, size, **trunk),
            loss=get_loss(loss),
            **weights,
        )
        carry = compose(inherit(), new_person(embedder, projection))
        frames = frames_of(load(data.data, split="test"), person)
        stages += [Stage(one, adam.alternating(one), frames, tuning, 8, carry)]
    return Experiment.of_stages(*stages, claims=CLAIMS)
