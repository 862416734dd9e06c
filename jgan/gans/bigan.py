"""BiGAN and ALI: an encoder learns beside the generator, and the discriminator judges pairs."""

from typing import Any

import jax

from jgan.game import Batch, Game
from jgan.gans.versus import Present, versus, with_condition
from jgan.latents import Prior
from jgan.losses import Loss
from jgan.networks.network import Network
from jgan.scene import Inputs, Meeting, Scene, Step
from jgan.terms.adversarial import adversarial


def mirrored(loss: Loss) -> Loss:
    """The loss whose generator also makes the real pairs, and asks of -r what it asks of a fake's logit.

    The non-saturating generator minimises sp(-f) + sp(r) then, the labels exchanged; minimax stays zero-sum,
    hinge and Wasserstein give r - f. Of least squares only targets like -1 and 1 make sense in it. A loss on
    pairs compares r with f already, and is returned as it is.

    >>> from jgan.losses import wasserstein
    >>> float(mirrored(wasserstein()).generator(2.0, 5.0))
    -3.0
    """
    if loss.terms is None:
        return loss
    return loss._replace(
        generator=lambda real, fake: loss.generator(real, fake) + loss.generator(-fake, -real)
    )


def bigan(
    generator: Network,
    encoder: Network,
    discriminator: Network,
    loss: Loss,
    prior: Prior,
    *,
    present: Present = with_condition,
) -> Game:
    """The game of Donahue et al. 2017 (eq. 3) and Dumoulin et al. 2017 (eq. 1) over pairs.

    D tells (x, E(x)) from (G(z), z); E and G are one player, against whom D wants both kinds of pairs told
    apart (`mirrored`). Where D cannot, E inverts G (theorem 2 of the former). With a deterministic encoder
    it is BiGAN, with `jgan.networks.joint.reparameterized` ALI.

    Args:
      generator: latents ``(B, d)`` to examples.
      encoder: examples to latents.
      discriminator: ``{"image": examples, "latent": (B, d)}`` to logits ``(B,)``.
      loss: how logits are judged.
      prior: of the latents.
      present: how a pair is put to the discriminator.

    The generator's collections have the parts ``"generator"`` and ``"encoder"``. The view
    ``"reconstructions"`` shows G(E(x)) for the batch.

    Raises:
      ValueError: from ``init``, if networks, prior and data do not fit.
    """

    def meet(make: Any, batch: Batch, latent: jax.Array, step: Step) -> Meeting:
        code = make["encoder"](batch["image"])
        if code.shape != latent.shape:
            raise ValueError(
                f"the encoder returns codes of shape {code.shape[1:]}, "
                f"but latents have {latent.shape[1:]}; they must agree."
            )
        return Meeting(
            real=Inputs({"image": batch["image"], "latent": code}),
            fake=Inputs({"image": make["generator"](latent), "latent": latent}),
        )

    return versus(
        {"generator": generator, "encoder": encoder},
        discriminator,
        adversarial(mirrored(loss)),
        latent=prior,
        meet=meet,
        present=present,
        sample=lambda make, latent, condition, step: make["generator"](latent),
        encode=lambda make, images: make["encoder"](images),
        views={"reconstructions": reconstructions},
    )


def reconstructions(scene: Scene) -> jax.Array:
    """What the generator makes of the codes of the batch's examples."""
    rebuilt: jax.Array = scene.make["generator"](scene.make["encoder"](scene.batch["image"]))
    return rebuilt
