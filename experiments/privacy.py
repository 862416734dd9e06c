"""Privacy: garments that tell what they are, but not whose (Ren, Lee & Ryoo 2018, arXiv 1803.11556).

jgan train experiments/privacy.py
"""

from typing import Literal

from jgan import Claim, Dataset, Experiment, TwoRateAdam
from jgan.claims.class_measures import classes_of
from jgan.claims.privacy_measures import action_kept, identity_to_chance
from jgan.errors import UserError
from jgan.gans.privacy import privacy
from jgan.networks.classifier import classifying_player
from jgan.networks.unet import unet

CLAIMS = (
    Claim(
        "a classifier trained on modified pictures cannot name the owner (accuracy over that of guesses)",
        identity_to_chance,
        at_most=2.0,
        control={"anonymity": 0.0},
        rivals={"errors of the discriminator for its doubts": {"kind": "errors"}},
    ),
    Claim(
        "one trained on modified pictures names the garment (accuracy over that on originals)",
        action_kept,
        at_least=0.9,
        control={"usefulness": 0.0},
    ),
)


def experiment(
    *,
    data: Dataset = Dataset("garments:owners"),
    anonymity: float = 1.0,
    usefulness: float = 1.0,
    likeness: float = 10.0,
    kind: Literal["uniform", "binary", "errors"] = "uniform",
    width: int = 16,
    depth: int = 3,
    judge_width: int = 24,
    discriminator_steps: int = 2,
    adam: TwoRateAdam = TwoRateAdam(
        lr=2e-3, generator_lr=2e-3, beta2=0.99, decay=0.99, horizon=1000
    ),
) -> Experiment:
    """Each garment has the colour and the weave of its owner, of whom nothing is to be left but the garment.

    The paper modifies faces in videos and detects actions; here the actions are the garments' classes, and the
    modifier is a small U-Net without dropout.

    Args:
      data: Name or path of pictures with classes in the field label and whose they are in the field identity.
      anonymity: Weight of the discriminator's ignorance of identities in the loss of the modifier.
      usefulness: Weight of the classification of modified pictures by their labels.
      likeness: Weight of the mean squared difference of modified pictures from the originals.
      kind: What the modifier pays for: uniform or binary ambiguity, or the discriminator's errors.
      width: Channels of the modifier's first layer.
      depth: Halvings of the modifier.
      judge_width: Channels of the first layers of both classifiers.
      discriminator_steps: Steps of the classifier of identities for each step of the modifier.
    """
    source = data.load()
    identity = source.arrays.get("identity")
    if not source.pictures or identity is None or identity.ndim != 1:
        raise UserError(
            f"data is {source.name!r}, but this experiment needs pictures with identities."
        )
    game = privacy(
        unet(source.shape[2], width=width, depth=depth, dropouts=0, norm="instance"),
        classifying_player(classes_of(source), width=judge_width),
        classifying_player(int(identity.max()) + 1, width=judge_width),
        anonymity=anonymity,
        action_weight=usefulness,
        likeness=likeness,
        kind=kind,
    )
    rule = adam.alternating(game, discriminator_steps)
    return Experiment(game, rule, source, steps=1000, batch_size=32, claims=CLAIMS)
