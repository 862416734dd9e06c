"""The conditional GAN: both players are told the label."""

import jax

from jgan.game import Game
from jgan.gans.versus import Present, labels_in_order, labels_of, versus, with_condition
from jgan.latents import Prior
from jgan.losses import Loss
from jgan.networks.network import Network
from jgan.scene import Scene
from jgan.terms.adversarial import adversarial


def conditional(
    generator: Network,
    discriminator: Network,
    loss: Loss,
    prior: Prior,
    *,
    present: Present = with_condition,
) -> Game:
    """The game of Mirza & Osindero 2014 (eq. 2): min max E log D(x|y) + E log(1 - D(G(z|y)|y)).

    How a network uses the label is its own matter: `jgan.networks.conditional.labelled` joins it to the
    input, `projection_discriminator` and `conditional_generator` are those of Miyato & Koyama 2018.

    Args:
      generator: ``(latents (B, d), label)`` to examples.
      discriminator: ``(examples, label)`` to logits ``(B,)``.
      loss: how logits are judged.
      prior: of the latents.
      present: how the discriminator is asked, if it is not told the label.

    A batch needs ``"image"`` and ``"label"``, int32 ``(B,)`` or vectors of attributes ``(B, A)``. Fakes are
    made for the labels of the real examples, which are draws from the labels' distribution. The view
    ``"classes"`` shows samples for the batch's labels, in ascending order if there is one for each example.

    Raises:
      ValueError: from ``init``, if there are no labels, or networks and data do not fit.
    """

    def in_order(scene: Scene) -> jax.Array:
        return scene.make(scene.latent, labels_in_order(scene.batch))

    return versus(
        generator,
        discriminator,
        adversarial(loss),
        latent=prior,
        condition=labels_of,
        present=present,
        views={"classes": in_order},
    )
