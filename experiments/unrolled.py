"""Unrolled GAN: the generator foresees the discriminator's answers (Metz et al. 2017, arXiv 1611.02163).

jgan train experiments/unrolled.py
"""

import jax
import optax

from jgan.claims.measures import modes, reverse_kl
from jgan.data import load
from jgan.data.toy_sources import ring
from jgan.game import DISCRIMINATOR, GENERATOR
from jgan.gans.gan import gan
from jgan.gans.unrolled import unrolled
from jgan.latents import normal
from jgan.losses import minimax
from jgan.networks import mlp_discriminator, mlp_generator
from jgan.rules import averaged, simultaneous
from jgan.training.experiment import Claim, Experiment

# All of the discriminator's loss: where unrolling takes it depends on the generator, and so does its loss on
# the data, which the minimax generator leaves out.
ZERO_SUM = minimax()._replace(generator=lambda real, fake: -minimax().discriminator(real, fake))
CLAIMS = (
    Claim("covers the ring's modes", modes, at_least=7.6, control={"unrolling": 0}),
    Claim("covers them evenly (reverse KL)", reverse_kl, at_most=0.3, control={"unrolling": 0}),
)


def experiment(
    *,
    data: str = "ring",
    radius: float = 0.5,
    unrolling: int = 10,
    second_order: bool = True,
    width: int = 128,
    latent: int = 256,
    gain: float = 0.8,
    lr: float = 1e-3,
    beta1: float = 0.5,
    decay: float = 0.99,
    batch: int = 256,
) -> Experiment:
    """The article's networks with ten times its learning rate.

    As in the authors' demo both players move at once, and the generator's loss is minus the discriminator's.
    The foreseen steps are Adam's with the discriminator's rate, begun afresh.

    Args:
      data: a source by name or path, see jgan.data.load.
      radius: of the ring, whose modes have a hundredth of it as their deviation. At 1, the demo's, one seed
        of two ends with 7 modes; a public code divides what its discriminator is shown by 4.
      unrolling: steps of the discriminator that the generator foresees; 0 for a plain GAN.
      second_order: differentiate through them.
      width: of the generator's two hidden layers and the discriminator's one.
      latent: dimension of the standard normal latents.
      gain: of the orthogonal initialisation.
      lr: learning rate of both Adam optimizers.
      beta1: Adam's first decay.
      decay: of the generator's exponential average, from which samples are drawn.
      batch: examples in a minibatch.
    """
    source = ring(radius=radius, std=radius / 100) if data == "ring" else load(data)
    start = jax.nn.initializers.orthogonal(gain)
    generator = mlp_generator(source.shape, (width, width), kernel_init=start)
    discriminator = mlp_discriminator((width,), kernel_init=start)
    game = gan(generator, discriminator, ZERO_SUM, normal(latent))
    # Dead units have no gradient, and a square root no derivative at 0; eps_root is the square of eps.
    inner = optax.adam(lr, b1=beta1, eps_root=1e-16)
    game = unrolled(game, unrolling, inner, second_order=second_order)
    adam = optax.adam(lr, b1=beta1)
    rule = simultaneous(game, {GENERATOR: adam, DISCRIMINATOR: adam})
    return Experiment(
        game, averaged(rule, decay), source, steps=6000, batch_size=batch, claims=CLAIMS
    )
