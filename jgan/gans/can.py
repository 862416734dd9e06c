"""CAN: works that pass for art, yet belong to no style the discriminator knows."""

from typing import Any

import jax

from jgan.game import Batch, Game
from jgan.gans.versus import labels_of, versus, without_condition
from jgan.latents import Prior
from jgan.losses import Loss
from jgan.networks.network import Network
from jgan.scene import Inputs, Meeting, Step
from jgan.terms.adversarial import adversarial
from jgan.terms.ambiguity import Ambiguity, style_ambiguity
from jgan.terms.classification import classification


def can(
    generator: Network,
    discriminator: Network,
    loss: Loss,
    prior: Prior,
    *,
    weight: float = 1.0,
    styles: float = 1.0,
    kind: Ambiguity = "binary",
) -> Game:
    """The game of Elgammal et al. 2017: D learns the styles of real works, G to leave it in doubt.

    The discriminator minimises L_D - ``styles`` · E log D_c(c|x) over real examples alone, the generator
    L_G + ``weight`` · E `jgan.terms.ambiguity` of D_c on its own.

    Args:
      generator: latents ``(B, d)`` to examples.
      discriminator: examples to ``{"logit": (B,), "class": (B, K)}``.
      loss: how logits are judged.
      prior: of the latents.
      weight: of the ambiguity, λ; with 0 it is a GAN whose discriminator also learns classes.
      styles: of the classification.
      kind: of ambiguity, "binary" as in the paper or "uniform".

    A batch needs ``"image"`` and ``"label"``, int32 ``(B,)``. Metrics of the discriminator:
    ``class_accuracy`` on real examples; of the generator: ``entropy`` of D_c on its examples, as a share
    of log K.
    """

    def meet(make: Any, batch: Batch, latent: jax.Array, step: Step) -> Meeting:
        return Meeting(real=Inputs(batch["image"], labels_of(batch)), fake=Inputs(make(latent)))

    return versus(
        generator,
        discriminator,
        adversarial(loss),
        classification("real", weight=styles),
        style_ambiguity(weight, kind),
        latent=prior,
        meet=meet,
        present=without_condition,
    )
