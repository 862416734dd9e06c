"""Privacy: pictures are changed until they no longer say whose they are, but still what they show."""

from typing import Any, Literal

import jax

from jgan.game import GENERATOR, Batch, Game, Translation
from jgan.gans.pix2pix import in_turns
from jgan.gans.versus import labels_of, versus
from jgan.networks.network import Network
from jgan.scene import Inputs, Meeting, Result, Scene, Step, Term, mean
from jgan.terms.ambiguity import style_ambiguity
from jgan.terms.classification import classification, log_losses
from jgan.terms.reconstruction import reconstruction, squared


def identities_of(batch: Batch) -> jax.Array:
    """The identities of a batch, ``(B,)``.

    Raises:
      ValueError: if it has none.
    """
    if "identity" not in batch or batch["identity"].ndim != 1:
        raise ValueError(
            "this game needs one number for each example in the field 'identity', whose the picture is; the "
            f"data have {', '.join(batch)}."
        )
    return batch["identity"]


def usefulness(weight: float = 1.0) -> Term:
    """weight · E -log p(label|x'), paid by the generator, whose classifier is given changed pictures x'.

    The meeting's ``made["action"]`` are the logits. The metric ``action_accuracy`` is the share that is right.
    """

    def value(scene: Scene) -> Result:
        logits, label = scene.meeting.made["action"], labels_of(scene.batch)
        right = (logits.argmax(axis=-1) == label).mean()
        return mean(log_losses(logits, label)), None, {"action_accuracy": right}

    return Term("usefulness", value, GENERATOR, weight=weight)


def privacy(
    modifier: Network,
    action: Network,
    identity: Network,
    *,
    anonymity: float = 1.0,
    action_weight: float = 1.0,
    likeness: float = 1.0,
    kind: Literal["uniform", "binary", "errors"] = "uniform",
) -> Game:
    """A game without real and fake, after Ren, Lee & Ryoo 2018.

    The generator is a modifier of pictures and a classifier of what these show. It minimises ``action_weight``
    times the classifier's cross-entropy, ``anonymity`` times the `jgan.terms.ambiguity` of what the
    discriminator says of modified pictures, and ``likeness`` times the mean squared change, whose best answer
    to what has to stay unknown is the mean of the pictures that it may be. The discriminator names identities,
    of modified and of original pictures.

    The paper has the mean absolute change, and its generator maximises the discriminator's cross-entropy
    (``kind="errors"``), for which it is enough to exchange identities: whoever learns their names anew, on
    modified pictures, finds them again. Ambiguity is least where nothing is known.

    Args:
      modifier: pictures ``(B, H, W, C)`` to pictures of the same shape.
      action: pictures to ``{"class": logits (B, K)}`` of the labels.
      identity: pictures to ``{"class": logits (B, I)}`` of the identities.
      anonymity: weight of the ambiguity.
      action_weight: weight of the classification of labels.
      likeness: weight of the mean squared difference of modified pictures from the originals.
      kind: of ambiguity, "uniform" or "binary"; "errors" for minus the cross-entropy of the identities.

    A batch needs ``"image"``, ``"label"`` and ``"identity"``, both int32 ``(B,)``. Samples are its pictures,
    modified. The view ``"pairs"`` shows originals and modified pictures in turns. Metrics of the
    discriminator: ``class_accuracy`` on modified, ``original_class_accuracy`` on original pictures; of the
    generator ``entropy`` of the identities as a share of that of knowing nothing, and ``action_accuracy``.

    Penalties of the discriminator take the logits of the identities, by their mean.

    Raises:
      ValueError: from ``init``, if there are no labels or identities, or networks and data do not fit.
    """

    def meet(make: Any, batch: Batch, latent: Any, step: Step) -> Meeting:
        images, who = batch["image"], identities_of(batch)
        labels_of(batch)
        modified = make["modifier"](images)
        said = make["action"](modified)["class"]
        return Meeting(
            original=Inputs(images, who),
            modified=Inputs(modified, who),
            made={"modified": modified, "action": said},
        )

    def present(ask: Any, inputs: Inputs, group: str) -> Any:
        answers = ask(inputs.values)
        return {**answers, "logit": answers["class"]}

    def pairs(scene: Scene) -> jax.Array:
        images = scene.batch["image"]
        return in_turns(images, scene.make["modifier"](images))

    if kind == "errors":
        hidden = classification(
            "modified", player=GENERATOR, weight=-anonymity, name="errors", log=False
        )
    else:
        hidden = style_ambiguity(anonymity, kind, group="modified")
    return versus(
        {"modifier": modifier, "action": action},
        identity,
        classification("modified", "original"),
        hidden,
        usefulness(action_weight),
        reconstruction(squared, likeness, made="modified", name="likeness") if likeness else (),
        condition=lambda batch: batch["image"],
        meet=meet,
        present=present,
        sample=lambda make, latent, condition, step: make["modifier"](condition),
        views={"pairs": pairs},
        translations={
            "modified": Translation(
                "image", lambda make, images, label, z: make["modifier"](images)
            )
        },
    )
