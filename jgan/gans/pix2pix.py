"""pix2pix: a conditional GAN from picture to picture, learnt from pairs."""

from typing import Any

import jax
import jax.numpy as jnp

from jgan.game import Batch, Game, Translation
from jgan.gans.versus import versus
from jgan.losses import Loss
from jgan.networks.network import Network
from jgan.scene import Inputs, Meeting, Scene, Step
from jgan.terms.adversarial import adversarial
from jgan.terms.reconstruction import absolute, reconstruction

DOMAINS = ("a", "b")
"""The fields of a batch: what is translated, and what it is to become."""


def in_turns(*images: jax.Array) -> jax.Array:
    """Pictures of several kinds ``(B, ...)`` in turns, B in all, for a view: the first B/n of each.

    >>> in_turns(jnp.array([1, 2, 3, 4]), jnp.array([5, 6, 7, 8])).tolist()
    [1, 5, 2, 6]
    """
    count = images[0].shape[0]
    return jnp.stack(images, axis=1).reshape(-1, *images[0].shape[1:])[:count]


def check_domains(batch: Batch) -> None:
    """Raise ValueError unless a batch has pictures of both domains."""
    for field in DOMAINS:
        if field not in batch or batch[field].ndim != 4:
            found = ", ".join(f"{name} {values.shape[1:]}" for name, values in batch.items())
            raise ValueError(
                f"the data have {found}, but this game needs pictures in the fields 'a' and 'b'."
            )


def pix2pix(
    generator: Network,
    discriminator: Network,
    loss: Loss,
    *,
    weight: float = 100.0,
    adversarial_weight: float = 1.0,
    conditional: bool = True,
) -> Game:
    """The game of Isola et al. 2017 (eq. 4): a conditional GAN, and 100 times the L1 distance to the picture.

    There is no latent: the generator's noise is its dropout, in training and in use. The authors halve the
    discriminator's loss, which means nothing to Adam but for its epsilon.

    Args:
      generator: pictures ``(B, H, W, C)`` to pictures ``(B, H, W, C')``, such as `jgan.networks.unet.unet`.
      discriminator: pictures ``(B, H, W, C + C')``, input and answer joined, to logits of any shape, such as
        `jgan.networks.patch.patch_discriminator`.
      loss: how logits are judged; the paper's is non-saturating.
      weight: of the mean absolute error; 0 for none.
      adversarial_weight: of the adversarial loss, for both players; 0 for regression alone.
      conditional: whether the discriminator sees the input; if not, it takes ``(B, H, W, C')``.

    A batch needs ``"a"``, which is translated, and ``"b"``, its counterpart. The view ``"triples"`` shows
    inputs, translations and counterparts in turns, where all have one shape, else translations and
    counterparts.

    Raises:
      ValueError: from ``init``, if the data have no such pictures, or networks and data do not fit.
    """

    def meet(make: Any, batch: Batch, latent: Any, step: Step) -> Meeting:
        check_domains(batch)
        made = make(batch["a"])
        return Meeting(
            real=Inputs(batch["b"], batch["a"]),
            fake=Inputs(made, batch["a"]),
            made={"translated": made},
        )

    def present(ask: Any, inputs: Inputs, group: str) -> Any:
        if not conditional:
            return ask(inputs.values)
        return ask(jnp.concatenate([inputs.condition, inputs.values], axis=-1))

    def triples(scene: Scene) -> jax.Array:
        a, b = scene.batch["a"], scene.batch["b"]
        made = scene.make(a)
        return in_turns(*([a] if a.shape == b.shape else []), made, b)

    return versus(
        generator,
        discriminator,
        adversarial(loss, weight=adversarial_weight),
        reconstruction(absolute, weight, field="b", made="translated", name="l1"),
        condition=lambda batch: batch["a"],
        example="b",
        meet=meet,
        present=present,
        sample=lambda make, latent, condition, step: make(condition),
        views={"triples": triples},
        translations={"a-to-b": Translation("a", lambda make, a, label, z: make(a))},
    )
