"""AttGAN: an autoencoder whose decoder is given the attributes, so that pictures come back with others."""

from typing import Any

import jax
import jax.numpy as jnp

from jgan.batch_axis import whole_batch
from jgan.game import GENERATOR, Batch, Game, Translation
from jgan.gans.pix2pix import in_turns
from jgan.gans.stargan import permutation_of_the_batch, shown_labels
from jgan.gans.versus import labels_of, versus, without_condition
from jgan.latents import LatentLike
from jgan.losses import Loss, wasserstein
from jgan.networks.network import Network
from jgan.scene import Inputs, Meeting, Scene, Step
from jgan.terms.adversarial import adversarial
from jgan.terms.classification import classification
from jgan.terms.penalties import wgan_gp
from jgan.terms.reconstruction import absolute, reconstruction


def attgan(
    encoder: Network,
    decoder: Network,
    discriminator: Network,
    attributes: int,
    *,
    loss: Loss = wasserstein(),  # noqa: B008  a tuple of pure functions
    classification_weight: float = 10.0,
    reconstruction_weight: float = 100.0,
    penalty: float = 10.0,
) -> Game:
    """The game of He et al. 2019 (eq. 9 to 12): change what is asked for, and nothing else.

    A picture is encoded without a look at its attributes. Decoded with its own it is to come back as it was,
    decoded with those of another picture of the batch it is to have these, by the word of a classifier that the
    discriminator learns on real pictures, and to pass for real. Unlike `jgan.gans.stargan.stargan` nothing goes
    there and back.

    Args:
      encoder: pictures ``(B, H, W, C)`` to a code, any pytree, such as
        `jgan.networks.attribute_editor.attribute_encoder`.
      decoder: ``(code, label, pictures)`` to pictures of the shape of those given, such as
        `jgan.networks.attribute_editor.attribute_decoder`.
      discriminator: pictures to ``{"logit": (B, ...), "class": (B, attributes)}``.
      attributes: their number A, of labels ``(B, A)`` of zeros and ones, or the number of classes.
      loss: how logits are judged.
      classification_weight: of the classification of edited pictures; that of real ones counts once.
      reconstruction_weight: of the mean absolute error of what comes back with its own attributes.
      penalty: weight of the gradient penalty; 0 for none.

    A batch needs ``"image"`` and ``"label"``. Samples are its pictures with labels in another order. The view
    ``"attributes"`` shows pictures, each beside itself with every attribute turned.

    Raises:
      ValueError: from ``init``, if there are no labels, or networks and data do not fit.
    """

    def edit(make: Any, images: jax.Array, label: jax.Array) -> jax.Array:
        return make["decoder"](make["encoder"](images), label, images)

    def meet(make: Any, batch: Batch, order: jax.Array, step: Step) -> Meeting:
        images, own = batch["image"], labels_of(batch)
        wanted = whole_batch(own)[order]
        code = make["encoder"](images)
        return Meeting(
            real=Inputs(images, own),
            fake=Inputs(make["decoder"](code, wanted, images), wanted),
            made={"rebuilt": make["decoder"](code, own, images)},
        )

    def sample(make: Any, order: jax.Array, condition: Any, step: Step) -> jax.Array:
        return edit(make, condition["image"], jnp.asarray(condition["label"])[order])

    def turned(scene: Scene) -> jax.Array:
        images, own = scene.batch["image"], jnp.asarray(labels_of(scene.batch))
        return in_turns(
            images, *[edit(scene.make, images, label) for label in shown_labels(own, attributes)]
        )

    return versus(
        {"encoder": encoder, "decoder": decoder},
        discriminator,
        adversarial(loss),
        classification("real"),
        classification("fake", player=GENERATOR, weight=classification_weight, log=False),
        reconstruction(absolute, reconstruction_weight) if reconstruction_weight else (),
        wgan_gp(penalty) if penalty else (),
        latent=LatentLike(permutation_of_the_batch),
        condition=lambda batch: {"image": batch["image"], "label": labels_of(batch)},
        meet=meet,
        present=without_condition,
        sample=sample,
        views={"attributes": turned},
        translations={
            "to-label": Translation(
                "image",
                lambda make, images, label, z: edit(make, images, label),
                labelled=True,
            )
        },
    )
