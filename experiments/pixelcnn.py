"""PixelCNN: one pixel after the other (van den Oord et al. 2016, arXiv 1606.05328).

jgan train experiments/pixelcnn.py
"""

import math
from functools import partial

import numpy as np

from jgan import Adam, Claim, Dataset, Experiment, Trained
from jgan.claims.class_measures import recognised
from jgan.claims.held_out_measures import held_out_loss, held_out_source
from jgan.data import Source, gather
from jgan.evaluation.beside import put_beside
from jgan.gans.pixelcnn import pixelcnn
from jgan.networks.masked import pixelcnn_network
from jgan.terms.quantized import to_levels

LEVELS = 16
COMPONENTS = 40


def levels_of(source: Source, count: int) -> np.ndarray:
    """Levels of images at equal distances in the source, ``(count, pixels)``."""
    chosen = np.linspace(0, source.size - 1, min(count, source.size)).astype(int)
    images = gather(source.arrays, chosen)["image"]
    return np.asarray(to_levels(images, LEVELS)).reshape(len(images), -1)


def mixture_bits(train: np.ndarray, test: np.ndarray, components: int, rounds: int = 15) -> float:
    """Bits that a mixture of independent pixels takes for a pixel of ``test``.

    Fitted to ``train`` by expectation maximisation from random images; each level of a pixel counts once more
    in each component.
    """
    one_hot = lambda index: np.eye(LEVELS, dtype=np.float32)[index].reshape(len(index), -1)
    known, unknown = one_hot(train), one_hot(test)
    centres = known[np.random.default_rng(0).permutation(len(known))[:components]]
    shares, counts = np.full(components, 1 / components), 20 * centres
    for _ in range(rounds):
        logits = _joint(known, shares, counts)
        weights = np.exp(logits - _sum(logits)[:, None])
        shares, counts = weights.mean(axis=0), weights.T.astype(np.float32) @ known
    nats = -_sum(_joint(unknown, shares, counts)).mean()
    return float(nats / test.shape[1] / math.log(2))


def _joint(images: np.ndarray, shares: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """log of share and likelihood of each component, ``(N, components)``."""
    smooth = counts.reshape(len(shares), -1, LEVELS) + 1
    log_p = np.log(smooth / smooth.sum(axis=2, keepdims=True)).reshape(len(shares), -1)
    return images @ log_p.T.astype(np.float32) + np.log(np.maximum(shares, 1e-12))


def _sum(logits: np.ndarray) -> np.ndarray:
    """log of the sum over components, ``(N,)``."""
    most = logits.max(axis=1)
    return most + np.log(np.exp(logits - most[:, None]).sum(axis=1))


def share_of_mixture(trained: Trained) -> float:
    """Bits for a pixel of a test image, as a share of what a mixture of `COMPONENTS` takes."""
    train = levels_of(trained.experiment.source, 10_000)
    bits = held_out_loss(trained) / math.log(2)
    put_beside(f"{bits:.3f} bits a pixel")
    return bits / mixture_bits(train, levels_of(held_out_source(trained), 500), COMPONENTS)


claim = partial(Claim, steps=1500, setting={"levels": LEVELS}, control={"layers": 0})
CLAIMS = (
    claim(
        "takes fewer bits than a mixture of 40 products over pixels (share)",
        share_of_mixture,
        at_most=0.9,
    ),
    claim(
        "samples are recognised (share with an entropy of classes below 0.8 nats)",
        recognised(0.8, 250),
        at_least=0.5,
    ),
)


def experiment(
    *,
    data: Dataset = Dataset(),
    levels: int = LEVELS,
    layers: int = 5,
    width: int = 16,
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
    return Experiment(game, adam.simultaneous(game), source, 1500, 32, claims=CLAIMS)
