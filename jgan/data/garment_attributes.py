"""Attributes of garments, laid on the embedded pictures by a known rule; one kind of garment never shows any.

``load("garments:attributes")``.
"""

import numpy as np

ATTRIBUTES = ("red", "hoops", "light ground")
"""What a garment may be, each of them or none: in red instead of grey, in hoops, before a light ground."""
RARE = 8
"""The class whose training pictures have no attributes: bags."""
PERIOD, HOOP, DARK, LIGHT = 4, 0.5, 0.1, 0.6


def attributed(brightness: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Garments with attributes, ``(N, H, W, 3)`` in [0, 1].

    Of hoops two rows of four are half as bright. The ground is what is no brighter than a tenth; a light one is
    grey, whatever the colour of the garment.

    Args:
      brightness: ``(N, H, W)`` in [0, 1].
      vectors: which of `ATTRIBUTES` each garment has, zeros and ones ``(N, 3)``.

    Example:
      >>> attributed(np.ones((1, 4, 1)), np.asarray([[1, 1, 0]]))[0, :, 0].tolist()
      [[0.5, 0.0, 0.0], [0.5, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 0.0, 0.0]]
    """
    red, hoops, light = (vectors[:, number, None, None] > 0 for number in range(len(ATTRIBUTES)))
    row = np.arange(brightness.shape[1])[:, None]
    cloth = brightness * np.where(hoops & (row % PERIOD < PERIOD // 2), 1 - HOOP, 1)
    pictures = np.stack([cloth, *[np.where(red, 0, cloth)] * 2], axis=-1)
    return np.where((light & (brightness <= DARK))[..., None], LIGHT, pictures)


def random_vectors(kind: np.ndarray, rng: np.random.Generator, rare: bool) -> np.ndarray:
    """Attributes of garments of these classes, each with probability one half, int32 ``(N, 3)``.

    Args:
      kind: classes of Fashion-MNIST, ``(N,)``.
      rng: of the attributes.
      rare: whether the class `RARE` has attributes as well.
    """
    vectors = rng.integers(2, size=(len(kind), len(ATTRIBUTES))).astype(np.int32)
    return vectors if rare else np.where(kind[:, None] == RARE, 0, vectors).astype(np.int32)
