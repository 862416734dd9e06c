"""AttGAN: bags take attributes that only other garments were seen with (He et al. 2019, arXiv 1711.10678).

jgan train experiments/attgan.py
"""

import numpy as np

from jgan import Claim, Dataset, Experiment, LinearAdam, get_loss
from jgan.claims.attribute_measures import attributes_found, edited_error
from jgan.data import Source
from jgan.errors import UserError
from jgan.gans.attgan import attgan
from jgan.networks.attribute_editor import attribute_decoder, attribute_encoder
from jgan.networks.domain_judge import domain_discriminator

CLAIMS = (
    Claim(
        "bags take attributes that no bag of the training has (share nearest to what was wanted)",
        attributes_found,
        at_least=0.9,
        control={"external": False},
    ),
    Claim(
        "nothing but the attributes changes (mean absolute difference from the truth)",
        edited_error,
        at_most=0.1,
        control={"reconstruction": 0.0},
    ),
)


def with_little(source: Source, rare: int, own: int, external: bool) -> Source:
    """A source of few pictures of one kind, and of all pictures of the others.

    The few are repeated until they are as many as those of another kind are on average.

    Args:
      source: pictures with ``label``, attributes ``(N, A)``, and ``kind``, numbers from 0.
      rare: the kind of which there are few.
      own: how many there are.
      external: whether the others are there at all.

    Raises:
      UserError: if the source has no such fields, or not as many pictures of that kind.
    """
    kind, label = (source.arrays.get(field) for field in ("kind", "label"))
    if not source.pictures or kind is None or label is None or label.ndim != 2:
        raise UserError(
            f"data is {source.name!r}, but this experiment needs pictures with attributes and kinds."
        )
    chosen, others = np.flatnonzero(kind == rare), np.flatnonzero(kind != rare)
    if not 1 <= own <= len(chosen):
        raise UserError(
            f"own is {own}, but must be 1 to {len(chosen)}, the pictures of kind {rare} of {source.name!r}."
        )
    few = chosen[:own]
    kinds = max(1, len(np.unique(np.asarray(kind)[others])))
    rows = np.tile(few, max(1, len(others) // kinds // own))
    rows = np.sort(np.concatenate([rows, others])) if external else few
    return Source({name: values[rows] for name, values in source.arrays.items()}, source.name)


def experiment(
    *,
    data: Dataset = Dataset("garments:attributes"),
    rare: int = 8,
    own: int = 100,
    external: bool = True,
    reconstruction: float = 100.0,
    classification: float = 10.0,
    penalty: float = 10.0,
    loss: str = "wasserstein",
    width: int = 32,
    layers: int = 2,
    shortcuts: int = 1,
    judge_width: int = 16,
    judge_layers: int = 3,
    discriminator_steps: int = 2,
    adam: LinearAdam = LinearAdam(lr=1e-3, horizon=1500, decay=0.99),
) -> Experiment:
    """Of bags there are 100 pictures without any attribute; what attributes are is learned from other garments.

    The paper's own setting, for 128 pixels and 13 attributes of faces: ``--width 64 --layers 5 --judge-width 64
    --judge-layers 5 --discriminator-steps 5 --lr 2e-4 --batch-size 32``.

    Args:
      data: Name or path of pictures with attributes in the field label and a number for what they show in kind.
      rare: The kind of which there are few pictures.
      own: Number of pictures of that kind.
      external: Whether there are pictures of other kinds besides.
      reconstruction: Weight of the mean absolute error of pictures decoded with their own attributes.
      classification: Weight of the classification of edited pictures in the loss of the generator.
      penalty: Weight of the gradient penalty.
      loss: Name of the loss, one of jgan.losses.LOSSES.
      width: Channels of the encoder's first layer.
      layers: Halvings of the encoder.
      shortcuts: Maps of the encoder that join the decoder, the smallest first.
      judge_width: Channels of the discriminator's first layer.
      judge_layers: Halvings of the discriminator.
      discriminator_steps: Steps of the discriminator for each step of the generator; 5 in the paper.
    """
    source = with_little(data.load(), rare, own, external)
    attributes = source.arrays["label"].shape[1]
    game = attgan(
        attribute_encoder(layers=layers, width=width),
        attribute_decoder(source.shape[2], attributes, width=width, shortcuts=shortcuts),
        domain_discriminator(attributes, layers=judge_layers, width=judge_width),
        attributes,
        loss=get_loss(loss),
        classification_weight=classification,
        reconstruction_weight=reconstruction,
        penalty=penalty,
    )
    rule = adam.alternating(game, discriminator_steps)
    return Experiment(game, rule, source, steps=1500, batch_size=32, claims=CLAIMS)
