"""Ring and grid as PacGAN's authors learn them (Lin et al. 2018, arXiv 1712.04086, table 1, and their code).

jgan train benchmarks/_yardsticks/experiments/pacgan.py --packing 2
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

from jgan import PLAYERS, Experiment, gan, normal, simultaneous
from jgan.data import load
from jgan.gans.packing import packed
from jgan.losses import non_saturating
from jgan.networks.layers import Dense, Norm
from jgan.networks.network import from_linen

WEIGHTS = nn.initializers.normal(0.02)


class _Generator(nn.Module):
    width: int

    @nn.compact
    def __call__(self, z: jax.Array, *, train: bool) -> jax.Array:
        for _ in range(4):
            z = Dense(self.width, bias=False, kernel_init=WEIGHTS)(z, train=train)
            z = nn.relu(Norm("batch", momentum=0.95)(z, train=train))
        return Dense(2, kernel_init=WEIGHTS)(z, train=train)


class _Discriminator(nn.Module):
    width: int
    pieces: int

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        for _ in range(3):
            x = Dense(self.width * self.pieces, kernel_init=WEIGHTS)(x, train=train)
            x = jnp.max(x.reshape(len(x), self.width, self.pieces), axis=2)
        return Dense(1, kernel_init=WEIGHTS)(x, train=train)[:, 0]


def experiment(
    *, data: str = "ring", packing: int = 1, width: int = 400, maxout: int = 200
) -> Experiment:
    """Perceptrons that learn 100,000 points for 400 epochs of 1,000 updates, both players at once.

    Args:
      data: Name of the mixture, ring or grid.
      packing: Examples that the discriminator judges together; a batch holds 100 packs.
      width: Width of the generator's four hidden layers.
      maxout: Width of the discriminator's three hidden layers, each unit the largest of five.
    """
    networks = from_linen(_Generator(width)), from_linen(_Discriminator(maxout, 5))
    game = packed(gan(*networks, non_saturating(), normal(2)), packing)
    rule = simultaneous(game, dict.fromkeys(PLAYERS, optax.adam(1e-4, b1=0.8)))
    return Experiment(game, rule, load(data), steps=400_000, batch_size=100 * packing)
