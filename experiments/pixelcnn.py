"""PixelCNN: one pixel after the other (van den Oord et al. 2016, arXiv 1606.05328).

jgan train experiments/pixelcnn.py
"""

import jax
import jax.numpy as jnp
import numpy as np

from jgan import GENERATOR, Adam, Claim, Dataset, Experiment, Trained
from jgan.claims.measures import Measure
from jgan.data import gather, load
from jgan.gans.pixelcnn import pixelcnn, to_levels
from jgan.networks.masked import pixelcnn_network


def share_of_independent(levels: int) -> Measure:
    """Bits for a test image, as a share of what independent pixels take.

    Independent pixels have the training images' frequencies, each level counted once more.
    """

    def measure(trained: Trained) -> float:
        source, game = trained.experiment.source, trained.experiment.game
        chosen = np.linspace(0, source.size - 1, min(10_000, source.size)).astype(int)
        train = np.asarray(to_levels(gather(source.arrays, chosen)["image"], levels))
        batch = jax.tree.map(jnp.asarray, load(source.name, split="test").first(500))
        test = np.asarray(to_levels(batch["image"], levels))
        counts = np.stack([(train == level).sum(axis=0) + 1 for level in range(levels)], axis=-1)
        own = np.log(counts / counts.sum(axis=-1, keepdims=True))
        independent = -np.mean(np.take_along_axis(own[None], test[..., None], axis=-1))
        variables = trained.state.averaged_variables()
        loss = jax.jit(lambda *inputs: game.losses(*inputs)[GENERATOR][0])
        nats = loss(variables, batch, jax.random.key(0), jnp.zeros((), jnp.int32))
        return float(nats / independent)

    return measure


LEVELS = 4
CLAIMS = (
    Claim(
        "takes fewer bits for test images than independent pixels (share)",
        share_of_independent(LEVELS),
        at_most=0.6,
        steps=300,
        setting={"levels": LEVELS},
        control={"layers": 0},
    ),
)


def experiment(
    *,
    data: Dataset = Dataset(),
    levels: int = 4,
    layers: int = 3,
    width: int = 8,
    size: int = 3,
    adam: Adam = Adam(lr=3e-3, beta1=0.9, decay=0.99),
) -> Experiment:
    """One player, the generator; images are rounded to a few levels.

    Args:
      data: Name or path of the data, see jgan.data.load; points are cut to [-1, 1].
      levels: Levels of a pixel; 256 in the article.
      layers: Number of gated layers; 0 for independent pixels.
      width: Channels of both stacks.
      size: Side of the masked kernels, which is odd.
    """
    source = data.load()
    network = pixelcnn_network(levels, layers=layers, width=width, size=size)
    game = pixelcnn(network, levels)
    return Experiment(game, adam.simultaneous(game), source, 1000, 32, claims=CLAIMS)
