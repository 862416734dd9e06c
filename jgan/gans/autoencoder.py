"""The plain autoencoder: a code from which the example is rebuilt, and no word on how codes are spread."""

from typing import Any

import jax

from jgan.game import Batch, Game
from jgan.gans.vae import check_code, check_rebuilt
from jgan.gans.versus import versus
from jgan.latents import normal
from jgan.networks.network import Network
from jgan.scene import Meeting, Scene, Step
from jgan.terms.reconstruction import reconstruction


def plain_autoencoder(encoder: Network, decoder: Network, code: int) -> Game:
    """The one-player game that minimises E‖x - decoder(encoder(x))‖² / (elements of x).

    With linear networks its optimum is the projection on the first ``code`` principal components (Baldi &
    Hornik 1989). The generator owns both networks, as the parts ``"encoder"`` and ``"decoder"``.

    Args:
      encoder: examples to codes ``(B, code)``.
      decoder: codes to examples shaped like ``batch["image"]``: any generator.
      code: size of the code.

    Samples decode codes drawn from N(0, I). Nothing makes the codes of examples lie so, which is what a
    variational autoencoder adds: these samples are the yardstick of a model without a prior.

    Raises:
      ValueError: from ``init``, if the networks do not fit the data or each other.
    """

    def rebuilt(make: Any, x: jax.Array) -> jax.Array:
        z = make["encoder"](x)
        check_code(z, code)
        found: jax.Array = make["decoder"](z)
        check_rebuilt(found, x)
        return found

    def meet(make: Any, batch: Batch, latent: jax.Array, step: Step) -> Meeting:
        return Meeting(made={"rebuilt": rebuilt(make, batch["image"])})

    def reconstructions(scene: Scene) -> jax.Array:
        return rebuilt(scene.make, scene.batch["image"])

    return versus(
        {"encoder": encoder, "decoder": decoder},
        {},
        reconstruction(),
        latent=normal(code),
        meet=meet,
        sample=lambda make, z, condition, step: make["decoder"](z),
        encode=lambda make, images: make["encoder"](images),
        views={"reconstructions": reconstructions},
    )
