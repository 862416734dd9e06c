"""MNIST under the optimisers of lookahead-minimax (Chavdarova et al. 2021, section 5.2, and their code).

jgan train benchmarks/_yardsticks/experiments/mnist.py --data mnist:FOLDER --rule lookahead
"""

from typing import Any, Literal

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

from jgan import PLAYERS, Experiment, alternating, averaged, extragradient, normal
from jgan.data import load
from jgan.gans.versus import versus
from jgan.losses import non_saturating
from jgan.networks.layers import Conv, ConvTranspose, Norm, leaky_relu
from jgan.networks.network import from_linen
from jgan.rules import lookahead_minimax
from jgan.scene import Inputs, Meeting
from jgan.terms.adversarial import adversarial

ONE = ((1, 1), (1, 1))
NONE = ((0, 0), (0, 0))
Rules = Literal["alternating", "extragradient", "lookahead", "lookahead_extragradient"]


def _torch_init(key: jax.Array, shape: Any, dtype: Any = jnp.float32) -> jax.Array:
    """Uniform in ± (inputs of a unit)^(-1/2), PyTorch's default for convolutions."""
    inputs = shape[0] * shape[1] * shape[2]
    return jax.random.uniform(key, tuple(shape), dtype, -1, 1) * inputs**-0.5


class _Generator(nn.Module):
    width: int

    @nn.compact
    def __call__(self, z: jax.Array, *, train: bool) -> jax.Array:
        x = z.reshape(len(z), 1, 1, z.shape[1])
        layers = ((8, 3, 1, NONE, 3), (4, 4, 2, ONE, 6), (2, 4, 2, NONE, 14), (0, 4, 2, ONE, 28))
        for times, size, stride, padding, side in layers:
            enlarged = ConvTranspose(
                times * self.width or 1,
                bias=False,
                size=size,
                stride=stride,
                padding=padding,
                output_size=(side, side),
                kernel_init=_torch_init,
            )
            x = enlarged(x, train=train)
            x = nn.relu(Norm("batch")(x, train=train)) if times else x
        return 2 * nn.sigmoid(x) - 1


class _Discriminator(nn.Module):
    width: int

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        options: dict[str, Any] = {"bias": False, "kernel_init": _torch_init}
        for stage in range(3):
            convolution = Conv(self.width * 2**stage, size=4, stride=2, padding=ONE, **options)
            x = convolution(x, train=train)
            x = leaky_relu(Norm("batch")(x, train=train) if stage else x)
        return Conv(1, size=3, padding=NONE, **options)(x, train=train).reshape(len(x))


def experiment(
    *,
    data: str,
    rule: Rules = "alternating",
    every: int = 1000,
    alpha: float = 0.5,
    width: int = 64,
    lr: float = 1e-3,
    beta1: float = 0.05,
) -> Experiment:
    """DCGAN for 28 pixels under four rules, 100,000 updates of 50 pictures.

    The discriminator sees pixels in [0, 1], as in the authors' code.

    Args:
      data: Grey pictures of 28x28, see jgan.data.load.
      rule: How the players move.
      every: Updates between two steps back of lookahead.
      alpha: Share of the way that lookahead keeps.
      width: Channels of the outermost hidden layers.
      lr: Learning rate of both Adam optimizers, whose gradients have a norm of at most 1.
      beta1: Decay rate of Adam's first moments.
    """

    def meet(make: Any, batch: Any, latent: jax.Array, step: Any) -> Meeting:
        unit = lambda pictures: Inputs((pictures + 1) / 2)
        return Meeting(real=unit(batch["image"]), fake=unit(make(latent)))

    game = versus(
        from_linen(_Generator(width)),
        from_linen(_Discriminator(width)),
        adversarial(non_saturating()),
        latent=normal(128),
        meet=meet,
    )
    adam = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(lr, b1=beta1))
    both = dict.fromkeys(PLAYERS, adam)
    ahead = rule.endswith("extragradient")
    moves = extragradient(game, both) if ahead else alternating(game, both)
    if rule.startswith("lookahead"):
        moves = lookahead_minimax(moves, every, alpha)
    return Experiment(game, averaged(moves, 0.9999), load(data), steps=100_000, batch_size=50)
