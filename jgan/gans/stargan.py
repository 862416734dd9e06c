"""StarGAN: one generator translates between many domains, told by a label which one is wanted."""

from typing import Any

import jax
import jax.numpy as jnp

from jgan.batch_axis import draw_rows, whole_batch
from jgan.game import GENERATOR, Batch, Game, Translation, count_of
from jgan.gans.pix2pix import in_turns
from jgan.gans.versus import labels_of, versus, without_condition
from jgan.latents import LatentLike
from jgan.losses import Loss, wasserstein
from jgan.networks.network import Network
from jgan.scene import Inputs, Meeting, Scene, Step
from jgan.terms.adversarial import adversarial
from jgan.terms.classification import classification
from jgan.terms.penalties import wgan_gp
from jgan.terms.reconstruction import absolute, reconstruction


def permutation_of_the_batch(key: jax.Array, batch: Batch) -> jax.Array:
    """For each example the number of another one of the whole batch, int32 ``(B,)``, each once."""
    return draw_rows(lambda rows: jax.random.permutation(key, rows), count_of(batch))


def shown_labels(own: jax.Array, domains: int) -> list[jax.Array]:
    """What a view shows pictures as: each domain, for labels ``(B,)``, or each attribute turned, of ``(B, A)``.

    >>> [label.tolist() for label in shown_labels(jnp.array([[0, 1]]), 2)]
    [[[1, 1]], [[0, 0]]]
    """
    if own.ndim == 1:
        return [jnp.full_like(own, domain) for domain in range(domains)]
    turned = (1 - own.astype(jnp.float32)).astype(own.dtype)
    return [own.at[:, domain].set(turned[:, domain]) for domain in range(domains)]


def stargan(
    generator: Network,
    discriminator: Network,
    domains: int,
    *,
    loss: Loss = wasserstein(),  # noqa: B008  a tuple of pure functions
    classification_weight: float = 1.0,
    reconstruction_weight: float = 10.0,
    penalty: float = 10.0,
) -> Game:
    """The game of Choi et al. 2018 (eq. 5 to 8): every picture into the domain of another one.

    The wanted labels are those of the batch in another order, as in the authors' code. The discriminator names
    the domains of real pictures, the generator is to have its own named as they were wanted, and brings each
    translation back to the label that its picture had. The penalty is `jgan.terms.penalties.wgan_gp` of the sum
    over the patches, as in that code.

    Args:
      generator: ``(pictures (B, H, W, C), label)`` to pictures ``(B, H, W, C)``, such as
        `jgan.networks.conditional.labelled` of a `jgan.networks.resnet.resnet_generator` of the style
        ``STARGAN``.
      discriminator: pictures to ``{"logit": (B, h, w), "class": (B, domains)}``.
      domains: number K of classes, or of the attributes of labels ``(B, K)``.
      loss: how logits are judged.
      classification_weight: of both classifications.
      reconstruction_weight: of the mean absolute error of what comes back.
      penalty: weight of the gradient penalty; 0 for none.

    A batch needs ``"image"`` and ``"label"``. Samples are its pictures with labels in another order. The view
    ``"domains"`` shows the first B/(K + 1) pictures, each beside its translation to every domain, or with every
    attribute of its own turned.

    Raises:
      ValueError: from ``init``, if there are no labels, or networks and data do not fit.
    """

    def meet(make: Any, batch: Batch, order: jax.Array, step: Step) -> Meeting:
        own = labels_of(batch)
        wanted = whole_batch(own)[order]
        made = make(batch["image"], wanted)
        return Meeting(
            real=Inputs(batch["image"], own),
            fake=Inputs(made, wanted),
            made={"rebuilt": make(made, own)},
        )

    def sample(make: Any, order: jax.Array, condition: Any, step: Step) -> jax.Array:
        return make(condition["image"], jnp.asarray(condition["label"])[order])

    def in_domains(scene: Scene) -> jax.Array:
        images, own = scene.batch["image"], jnp.asarray(labels_of(scene.batch))
        return in_turns(
            images, *[scene.make(images, label) for label in shown_labels(own, domains)]
        )

    penalties = [wgan_gp(penalty, patches="sum")] if penalty else []
    return versus(
        generator,
        discriminator,
        adversarial(loss),
        classification("real", weight=classification_weight),
        classification("fake", player=GENERATOR, weight=classification_weight, log=False),
        reconstruction(absolute, reconstruction_weight),
        penalties,
        latent=LatentLike(permutation_of_the_batch),
        condition=lambda batch: {"image": batch["image"], "label": labels_of(batch)},
        meet=meet,
        present=without_condition,
        sample=sample,
        views={"domains": in_domains},
        translations={
            "to-label": Translation(
                "image", lambda make, images, label, z: make(images, label), labelled=True
            )
        },
    )
