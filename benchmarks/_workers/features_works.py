"""The feature networks that are timed; both interpreters read this file.

Images enter as float32 in the network's own size and scaling, so that neither side's resizing counts.
"""

from typing import NamedTuple

import numpy as np

BATCH = 32


class Network(NamedTuple):
    """One network.

    Attributes:
      side: height and width of its images.
      features: how many it has.
      batch: images in a call.
    """

    side: int
    features: int
    batch: int = BATCH


NETWORKS = {
    "inception": Network(299, 2048),
    "efficientnet": Network(224, 1280),
}
VARIANTS = {
    "jgan": ["compiled"],
    "torch": ["eager", "channels_last", "folded", "folded_channels_last"],
}
"""torch: as published; in channels-last memory; with batch normalisation folded in; with both."""


def images(network: Network) -> np.ndarray:
    """Images ``(batch, side, side, 3)``, standard normal."""
    shape = (network.batch, network.side, network.side, 3)
    return np.random.default_rng(0).standard_normal(shape, np.float32)
