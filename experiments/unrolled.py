"""Unrolled GAN: the generator foresees the discriminator's answers (Metz et al. 2017, arXiv 1611.02163).

jgan train experiments/unrolled.py
"""

import jax
import optax

from jgan import Adam, Experiment, gan, normal
from jgan.claims.shared import covers_ring
from jgan.data import load, ring
from jgan.gans.unrolled import unrolled
from jgan.losses import minimax
from jgan.networks import mlp_discriminator, mlp_generator

# All of the discriminator's loss: where unrolling takes it depends on the generator, and so does its loss on
# the data, which the minimax generator leaves out.
ZERO_SUM = minimax()._replace(generator=lambda real, fake: -minimax().discriminator(real, fake))
STEPS = 12_000
CLAIMS = (
    covers_ring(setting={"horizon": STEPS}, control={"unrolling": 0}, at_most=0.1)._replace(
        rivals={"more discriminator steps": {"unrolling": 0, "discriminator_steps": 6}}
    ),
)


def experiment(
    *,
    data: str = "ring",
    radius: float = 0.5,
    unrolling: int = 5,
    second_order: bool = True,
    discriminator_steps: int = 1,
    width: int = 128,
    latent: int = 256,
    gain: float = 0.8,
    adam: Adam = Adam(lr=1e-3, beta1=0.0),
    batch: int = 256,
) -> Experiment:
    """The article's networks with ten times its learning rate and no first moments.

    As in the authors' demo both players move at once, and the generator's loss is minus the discriminator's.
    The foreseen steps are Adam's with the discriminator's rate, begun afresh.

    Args:
      data: Name or path of the data, see jgan.data.load.
      radius: Radius of the ring, whose modes have a hundredth of it as their deviation. At 1, the demo's, one
        seed of two ends with 7 modes; a public code divides what its discriminator is shown by 4.
      unrolling: Steps of the discriminator that the generator foresees; 0 for a plain GAN.
      second_order: Whether the generator differentiates through them.
      discriminator_steps: Steps of the discriminator for each of the generator; with more than one, the players
        take turns.
      width: Width of the generator's two hidden layers and the discriminator's one.
      latent: Dimension of the standard normal latents.
      gain: Gain of the orthogonal initialisation.
      batch: Examples in a minibatch.
    """
    source = ring(radius=radius, std=radius / 100) if data == "ring" else load(data)
    start = jax.nn.initializers.orthogonal(gain)
    generator = mlp_generator(source.shape, (width, width), kernel_init=start)
    discriminator = mlp_discriminator((width,), kernel_init=start)
    game = gan(generator, discriminator, ZERO_SUM, normal(latent))
    # Dead units have no gradient, and a square root no derivative at 0; eps_root is the square of eps.
    inner = optax.adam(adam.lr, b1=adam.beta1, b2=adam.beta2, eps_root=1e-16)
    game = unrolled(game, unrolling, inner, second_order=second_order)
    together, in_turn = adam.simultaneous(game), adam.alternating(game, discriminator_steps)
    rule = together if discriminator_steps == 1 else in_turn
    return Experiment(game, rule, source, steps=STEPS, batch_size=batch, claims=CLAIMS)
