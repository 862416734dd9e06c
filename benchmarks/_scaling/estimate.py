"""What data parallelism over many devices should cost, on paper: bytes, links, efficiency.

One step is an update of the discriminator, k times, and one of the generator. The time of a step is

    t = F b / (s P)  +  t_links,        efficiency = F b / (s P) / t

with F operations an example, b examples a device, P the device's peak and s the share of it that is reached;
nothing is assumed to overlap. Over the links go, for ``jit`` (Rajbhandari et al. 2020, section 7, and
`links.half` for the seconds):

* all-reduces of the gradients, 2(n-1)/n of the moving player's parameters at each of its updates;
* all-reduces of batch statistics, two vectors of C numbers for each layer with C channels in each forward
  pass and two in each backward pass (Ioffe and Szegedy 2015, section 3; the sums of gradients are global too),

and for ``fsdp``, instead of the first, an all-gather of a player's parameters for each forward and each
backward pass (real and fake share one) and a reduce-scatter of the moving player's gradients.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from benchmarks._scaling.links import Machine, all_reduce, gather, sent
from jgan.game import DISCRIMINATOR, GENERATOR, PLAYERS
from jgan.gans.gan import gan
from jgan.latents import normal
from jgan.losses import get_loss
from jgan.networks import (
    Network,
    dcgan_discriminator,
    dcgan_generator,
    sngan_discriminator,
    sngan_generator,
)
from jgan.rules import alternating
from jgan.training.devices import SMALLEST_SPLIT
from jgan.training.flops import count_flops
from jgan.training.loop import first_state

SHARE = 0.3
"""Of the peak. Links weigh the more, the faster the devices compute: a high share is the careful guess."""
EACH = 64
"""Examples on each device."""
FLOAT = 4


class Side(NamedTuple):
    """One player on paper.

    Attributes:
      parameters: trained numbers.
      arrays: of them that are large enough to be split by ``fsdp``.
      normalised: channels of each layer with batch statistics.
    """

    parameters: int
    arrays: int
    normalised: tuple[int, ...] = ()


class Work(NamedTuple):
    """One training on paper.

    Attributes:
      name: of it.
      flops: of one step, for each example of a minibatch.
      sides: of both players.
      discriminator_steps: in a step, k.
    """

    name: str
    flops: float
    sides: dict[str, Side]
    discriminator_steps: int = 1

    def passes(self, player: str) -> int:
        """Forward and backward passes of a player's batch statistics in one step.

        The generator makes fakes k + 1 times and is differentiated once; the discriminator sees real and
        fake examples k times and fakes once more, differentiated each time.
        """
        k = self.discriminator_steps
        return k + 2 if player == GENERATOR else 4 * k + 2

    def gathers(self, player: str) -> int:
        """All-gathers and reduce-scatters of a player's parameters in one step under ``fsdp``.

        The generator: k forward passes, then forward, backward and the gradient; the discriminator: those
        three k times, then forward and backward.
        """
        k = self.discriminator_steps
        return k + 3 if player == GENERATOR else 3 * k + 2

    def updates(self, player: str) -> int:
        """Updates of a player in one step."""
        return 1 if player == GENERATOR else self.discriminator_steps


def link_bytes(work: Work, devices: int, mode: str) -> float:
    """Bytes that each device sends in one step under "jit" or "fsdp".

    >>> work = Work("w", 0.0, {GENERATOR: Side(1000, 1, (5,)), DISCRIMINATOR: Side(500, 1)})
    >>> link_bytes(work, 2, "jit")        # 2(n-1)/n = 1: 4 (1000 + 500) + 3 passes of 2 vectors of 5
    6120.0
    >>> link_bytes(work, 2, "fsdp")       # (n-1)/n = 1/2: 4 (4 * 1000 + 5 * 500) / 2 + 120
    13120.0
    """
    total = 0.0
    for player, side in work.sides.items():
        vectors = 2 * sum(side.normalised) * FLOAT
        total += 2 * work.passes(player) * sent(vectors, devices)
        size = side.parameters * FLOAT
        if mode == "fsdp":
            total += work.gathers(player) * sent(size, devices)
        else:
            total += 2 * work.updates(player) * sent(size, devices)
    return total


def messages(work: Work, mode: str) -> int:
    """Collective operations of one step.

    One for each layer's statistics in each pass; under "jit" one for each update's gradients, under "fsdp" one
    for each large array that is gathered.
    """
    total = 0
    for player, side in work.sides.items():
        total += work.passes(player) * len(side.normalised)
        fsdp = mode == "fsdp"
        total += work.gathers(player) * side.arrays if fsdp else work.updates(player)
    return total


def link_seconds(work: Work, devices: int, on: Machine, mode: str) -> float:
    """Seconds of all collective operations of one step, one after the other."""
    total = 0.0
    for player, side in work.sides.items():
        for channels in side.normalised:
            total += work.passes(player) * all_reduce(2 * channels * FLOAT, devices, on)
        size = side.parameters * FLOAT
        if mode == "fsdp":
            one = gather(size / side.arrays, devices, on)
            total += work.gathers(player) * side.arrays * one
        else:
            total += work.updates(player) * all_reduce(size, devices, on)
    return total


def efficiency(
    work: Work, each: float, devices: int, on: Machine, *, mode: str = "jit", share: float = SHARE
) -> float:
    """Share of a step in which the devices compute.

    Args:
      work: what is trained.
      each: examples of a minibatch on each device.
      devices: that share it.
      on: the machine.
      mode: "jit" or "fsdp".
      share: of the peak that the computation reaches.

    Raises:
      ValueError: if the share is not in (0, 1], or the devices do not fill whole rows.
    """
    if not 0 < share <= 1:
        raise ValueError(f"share is {share}, but must be above 0 and at most 1.")
    compute = work.flops * each / (share * on.peak)
    return compute / (compute + link_seconds(work, devices, on, mode))


@cache
def works() -> tuple[Work, ...]:
    """Two of jgan's trainings, counted from their shapes, and one given by its size."""
    large, small = (64, 64, 3), (32, 32, 3)
    dcgan = dcgan_generator(large), dcgan_discriminator()
    sngan = sngan_generator(small), sngan_discriminator(small)
    # Parameters of both players are those of StyleGAN2 at 256 pixels in rounded millions; 45 G products
    # and sums a pass of either player are assumed: 4 passes of the generator, 8 of the discriminator.
    sides = {GENERATOR: Side(30_000_000, 40), DISCRIMINATOR: Side(29_000_000, 25)}
    return (
        counted("DCGAN-64, full width", dcgan, large, "non_saturating", 1),
        counted("SNGAN-ResNet-32, k = 5", sngan, small, "hinge", 5),
        Work("of StyleGAN2-256's size", 12 * 2 * 45e9, sides),
    )


def counted(
    name: str,
    networks: tuple[Network, Network],
    shape: Sequence[int],
    loss: str,
    discriminator_steps: int,
) -> Work:
    """A training on paper from its networks' shapes; nothing is computed."""
    game = gan(*networks, get_loss(loss), normal(100))
    sgd = dict.fromkeys(PLAYERS, optax.sgd(0.1))
    rule = alternating(game, sgd, discriminator_steps=discriminator_steps)
    batch = lambda count: {"image": jax.ShapeDtypeStruct((count, *shape), jnp.float32)}
    state = jax.eval_shape(lambda first: first_state(rule, first, 0), batch(EACH))
    flops = count_flops(rule.update, state, batch(discriminator_steps * EACH)) / EACH
    sides = {player: side(state, player) for player in PLAYERS}
    return Work(name, flops, sides, discriminator_steps)


def side(state: Any, player: str) -> Side:
    """A player on paper from a state or its shapes."""
    variables = state.variables[player]
    leaves = jax.tree.leaves(variables["params"])
    means = [
        leaf.size
        for path, leaf in jax.tree_util.tree_leaves_with_path(variables.get("batch_stats", {}))
        if path[-1] == jax.tree_util.DictKey("mean")
    ]
    large = sum(leaf.size >= SMALLEST_SPLIT for leaf in leaves)
    return Side(sum(leaf.size for leaf in leaves), large, tuple(means))
