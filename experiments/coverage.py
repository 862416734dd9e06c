"""Mode coverage: VEEGAN's toys and Stacked MNIST (Srivastava et al. 2017, arXiv 1705.07761), one net for all.

jgan train experiments/coverage.py
"""

import functools
from collections.abc import Callable
from typing import Any, Literal

import flax.linen as nn
import jax
import numpy as np
import optax

from jgan import PLAYERS, Adam, Claim, Experiment, Network, Term, from_linen, gan, get_loss, normal
from jgan.claims.measures import modes, reverse_kl
from jgan.data import Source, load, mixture
from jgan.gans.packing import packed
from jgan.gans.unrolled import unrolled
from jgan.networks import generator_for, heads
from jgan.networks.minibatch import MinibatchDiscrimination
from jgan.rules import alternating, averaged
from jgan.terms.penalties import r1, r1_r2, r2, wgan_gp

PENALTIES: dict[str, Callable[[Any], tuple[Term, ...]]] = {
    "none": lambda gamma: (),
    "r1": lambda gamma: (r1(gamma),),
    "r2": lambda gamma: (r2(gamma),),
    "r1_r2": r1_r2,
    "wgan_gp": lambda weight: (wgan_gp(weight),),
}
GRID = {"data": "grid", "gamma": 0.3, "loss": "relativistic", "penalty": "r1_r2"}
PLAIN = {"loss": "non_saturating", "penalty": "none"}
CLAIMS = (
    Claim("covers the grid's 25 modes", modes, setting=GRID, at_least=25, control=PLAIN),
    Claim("covers them evenly (reverse KL)", reverse_kl, setting=GRID, at_most=0.1, control=PLAIN),
)


class _Perceptron(nn.Module):
    """Two hidden layers of tanh for numbers of size 1; the first layer's steps lie all over them.

    With biases of 0, as usual, all steps would pass through the origin, and networks of this size would need
    many times the updates to tell 25 modes apart.
    """

    width: int
    outputs: int
    sharpness: float
    kernels: int = 0

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        steep = nn.initializers.normal(self.sharpness / np.sqrt(x.shape[1]))
        anywhere = nn.initializers.normal(self.sharpness)
        x = nn.tanh(nn.Dense(self.width, kernel_init=steep, bias_init=anywhere)(x))
        x = nn.tanh(nn.Dense(self.width)(x))
        if self.kernels:
            x = MinibatchDiscrimination(self.kernels)(x)
        return nn.Dense(self.outputs)(x)


def _perceptrons(
    shape: tuple[int, ...], width: int, kernels: int, sharpness: float, size: float
) -> tuple[Network, Network]:
    """A generator and a discriminator of points whose coordinates have the standard deviation ``size``."""
    maker = from_linen(_Perceptron(width, shape[0], 1.5))
    judge = from_linen(_Perceptron(width, 1, sharpness, kernels))

    def make(collections: Any, *latents: Any, key: Any = None, train: bool = False) -> Any:
        points, state = maker.apply(collections, *latents, key=key, train=train)
        return size * points, state

    def logits_of(collections: Any, *points: Any, key: Any = None, train: bool = False) -> Any:
        logits, state = judge.apply(collections, points[0] / size, key=key, train=train)
        return logits[:, 0], state

    return Network(maker.init, make), Network(judge.init, logits_of)


def experiment(
    *,
    data: str = "grid",
    loss: str = "non_saturating",
    penalty: Literal["none", "r1", "r2", "r1_r2", "wgan_gp"] = "none",
    gamma: float = 0.3,
    unroll: int = 0,
    unroll_rate: float = 0.1,
    kernels: int = 0,
    packing: int = 1,
    discriminator_steps: int = 1,
    body: Literal["dcgan", "mlp"] = "dcgan",
    width: int = 16,
    sharpness: float = 10.0,
    latent: int = 2,
    adam: Adam = Adam(lr=3e-3, beta1=0.0, beta2=0.99),
    horizon: int = 5000,
) -> Experiment:
    """Any loss, penalty and remedy against collapse on the same networks and optimizers.

    Args:
      data: Name or path of the data, see jgan.data.load; high is VEEGAN's mixture in 1200 dimensions.
      loss: Name of the loss, one of jgan.losses.LOSSES.
      penalty: Penalty on the discriminator's gradients.
      gamma: Strength of R1 and of R2, or the weight of wgan_gp.
      unroll: Steps that the generator looks ahead; 5 in VEEGAN's comparison.
      unroll_rate: Learning rate of these steps, which are plain descent; Adam, as the authors have it, has no
        second derivative where a gradient is 0.
      kernels: Kernels of minibatch discrimination; 0 for none.
      packing: Examples that the discriminator judges together; it must divide the batch.
      discriminator_steps: Steps of the discriminator for each step of the generator.
      body: Kind of both networks for images; points always get perceptrons.
      width: Channels of the outermost hidden layers; perceptrons are eight times as wide.
      sharpness: Sharpness of the steps of the discriminator's first layer, for points: their width is its
        inverse in standard deviations of the data.
      latent: Dimension of the standard normal latents.
      lr: Learning rate of both Adam optimizers, which falls to 0 along a cosine.
      horizon: Number of updates, unless --steps says otherwise, after which the learning rate is 0.
    """
    source = _high() if data == "high" else load(data)
    if len(source.shape) == 1:
        size = float(np.std(source.arrays["image"]))
        generator, judge = _perceptrons(source.shape, 8 * width, kernels, sharpness, size)
    else:
        generator = generator_for(source.shape, body=body, width=width)
        judge = heads({"logit": 1}, body=body, width=width, norm="none", kernels=kernels)
    game = gan(generator, judge, get_loss(loss), normal(latent))
    if packing > 1:
        game = packed(game, packing)
    game = game.add(PENALTIES[penalty](gamma))
    if unroll:
        game = unrolled(game, unroll, optax.sgd(unroll_rate))
    falling = optax.cosine_decay_schedule(adam.lr, horizon)
    optimizers = dict.fromkeys(PLAYERS, optax.adam(falling, b1=adam.beta1, b2=adam.beta2))
    rule = averaged(
        alternating(game, optimizers, discriminator_steps=discriminator_steps), adam.decay
    )
    return Experiment(game, rule, source, horizon, claims=CLAIMS)


@functools.cache
def _high() -> Source:
    with jax.ensure_compile_time_eval():
        return mixture(10_000, dimension=1200)
