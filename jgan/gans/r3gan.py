"""R3GAN as a game: pairs of a real and a generated image, whose samples are confined to [-1, 1]."""

from typing import Any

import jax
import jax.numpy as jnp

from jgan.game import Game, PyTree
from jgan.gans.versus import labels_in_order, labels_of, versus
from jgan.latents import normal
from jgan.losses import Loss, relativistic
from jgan.networks.network import Network
from jgan.scene import Scene, Step
from jgan.terms.adversarial import adversarial


def r3gan(
    generator: Network,
    discriminator: Network,
    loss: Loss | None = None,
    latent: int = 64,
    *,
    conditional: bool = False,
) -> Game:
    """The game of Huang et al. 2024 without its penalties: ``game.add(r1_r2(gamma))``.

    Both players minimise the softplus of a difference of logits, as in the code; the paper's equation 2 is
    zero-sum. Every real image is paired with one made for its label.

    Args:
      generator: latents ``(B, latent)``, and labels, to images; `jgan.networks.r3gan.r3gan_generator`.
      discriminator: images, and labels, to logits ``(B,)``.
      loss: how logits are judged, `jgan.losses.relativistic` unless another is given.
      latent: size of the latents, which are N(0, I).
      conditional: whether both networks are given the labels of the real examples.

    Samples are confined to [-1, 1] by clipping. With labels the view ``"classes"`` shows samples for the
    batch's labels, in ascending order if there is one for each example.
    """

    def sample(make: Any, z: jax.Array, c: PyTree, step: Step) -> jax.Array:
        return jnp.clip(make(z, c) if conditional else make(z), -1.0, 1.0)

    def in_order(scene: Scene) -> jax.Array:
        return sample(scene.make, scene.latent, labels_in_order(scene.batch), scene.step)

    return versus(
        generator,
        discriminator,
        adversarial(loss or relativistic()),
        latent=normal(latent),
        condition=labels_of if conditional else None,
        sample=sample,
        views={"classes": in_order} if conditional else None,
    )
