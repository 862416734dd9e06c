"""Stacked MNIST as PacGAN's authors learn it (Lin et al. 2018, arXiv 1712.04086, table 2, and their code).

jgan train benchmarks/_yardsticks/experiments/stacked.py --data stacked.npz --packing 2
"""

import math
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

from jgan import PLAYERS, Experiment, alternating, uniform
from jgan.data import load
from jgan.gans.packing import packed
from jgan.gans.versus import versus
from jgan.losses import non_saturating
from jgan.networks.layers import Conv, ConvTranspose, Dense, Norm, leaky_relu
from jgan.networks.network import from_linen
from jgan.scene import Inputs, Meeting
from jgan.terms.adversarial import adversarial

WEIGHTS = nn.initializers.normal(0.02)
SIDES = (2, 4, 7, 14, 28)


class _Generator(nn.Module):
    width: int

    @nn.compact
    def __call__(self, z: jax.Array, *, train: bool) -> jax.Array:
        features = 8 * self.width
        x = Dense(SIDES[0] ** 2 * features, kernel_init=WEIGHTS)(z, train=train)
        x = x.reshape(-1, SIDES[0], SIDES[0], features)
        for side in SIDES[1:]:
            x = nn.relu(Norm("batch")(x, train=train))
            features = 3 if side == SIDES[-1] else features // 2
            enlarged = ConvTranspose(features, output_size=(side, side), kernel_init=WEIGHTS)
            x = enlarged(x, train=train)
        return jnp.tanh(x)


class _Discriminator(nn.Module):
    width: int

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        for stage in range(4):
            convolution = Conv(self.width * 2**stage, size=5, stride=2, kernel_init=WEIGHTS)
            x = convolution(x, train=train)
            x = leaky_relu(Norm("batch")(x, train=train) if stage else x)
        x = x.reshape(len(x), math.prod(x.shape[1:]))
        return Dense(1, kernel_init=WEIGHTS)(x, train=train)[:, 0]


def experiment(*, data: str, packing: int = 1, width: int = 64) -> Experiment:
    """DCGAN on 128,000 triples of digits for 50 epochs, two steps of the generator to one of the discriminator.

    As in the authors' code pixels lie in [0, 1] although the generator ends in tanh; samples are put back into
    [-1, 1] and cut off there. Unlike there, each of the three steps of an update has latents of its own.

    Args:
      data: File of the triples, 28x28x3.
      packing: Examples that the discriminator judges together; a batch holds 64 packs.
      width: Channels of the outermost hidden layers.
    """

    def meet(make: Any, batch: Any, latent: jax.Array, step: Any) -> Meeting:
        return Meeting(real=Inputs((batch["image"] + 1) / 2), fake=Inputs(make(latent)))

    def sample(make: Any, latent: jax.Array, condition: Any, step: Any) -> jax.Array:
        return jnp.clip(2 * make(latent) - 1, -1, 1)

    game = versus(
        from_linen(_Generator(width)),
        from_linen(_Discriminator(width)),
        adversarial(non_saturating()),
        latent=uniform(100),
        meet=meet,
        sample=sample,
    )
    game = packed(game, packing)
    adam = dict.fromkeys(PLAYERS, optax.adam(2e-4, b1=0.5))
    rule = alternating(game, adam, generator_steps=2)
    return Experiment(game, rule, load(data), steps=100_000, batch_size=64 * packing)
