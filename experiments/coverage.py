"""Mode coverage: VEEGAN's toys and Stacked MNIST (Srivastava et al. 2017, arXiv 1705.07761), one net for all.

jgan train experiments/coverage.py
"""

import functools
from collections.abc import Callable
from typing import Any, Literal

import jax
import numpy as np
import optax

from jgan import Adam, Experiment, Term, gan, get_loss, normal
from jgan.claims.shared import covers_grid
from jgan.data import Source, load, mixture
from jgan.gans.packing import packed
from jgan.gans.unrolled import unrolled
from jgan.networks import generator_for, heads, point_discriminator, point_generator
from jgan.terms.penalties import r1, r1_r2, r2, wgan_gp

PENALTIES: dict[str, Callable[[Any], tuple[Term, ...]]] = {
    "none": lambda gamma: (),
    "r1": lambda gamma: (r1(gamma),),
    "r2": lambda gamma: (r2(gamma),),
    "r1_r2": r1_r2,
    "wgan_gp": lambda weight: (wgan_gp(weight),),
}
STEPS = 5000
CLAIMS = covers_grid(
    setting={"horizon": 10_000, "gamma": 0.3, "loss": "relativistic", "penalty": "r1_r2"},
    control={"loss": "non_saturating", "penalty": "none"},
)


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
    adam: Adam = Adam(lr=3e-3, beta1=0.0, beta2=0.99, horizon=STEPS),
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
      horizon: Number of updates over which the learning rate falls to 0 along a cosine, and which are made
        unless --steps says otherwise; 0 keeps it, and makes 5,000.
    """
    source = _high() if data == "high" else load(data)
    if len(source.shape) == 1:
        size = float(np.std(source.arrays["image"]))
        generator = point_generator(source.shape, 8 * width, size=size)
        judge = point_discriminator(8 * width, size=size, sharpness=sharpness, kernels=kernels)
    else:
        generator = generator_for(source.shape, body=body, width=width)
        judge = heads({"logit": 1}, body=body, width=width, norm="none", kernels=kernels)
    game = gan(generator, judge, get_loss(loss), normal(latent))
    if packing > 1:
        game = packed(game, packing)
    game = game.add(PENALTIES[penalty](gamma))
    if unroll:
        game = unrolled(game, unroll, optax.sgd(unroll_rate))
    rule = adam.alternating(game, discriminator_steps)
    return Experiment(game, rule, source, adam.horizon or STEPS, claims=CLAIMS)


@functools.cache
def _high() -> Source:
    with jax.ensure_compile_time_eval():
        return mixture(10_000, dimension=1200)
