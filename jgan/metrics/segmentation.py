"""How well two maps of labels agree."""

import numpy as np


def mean_iou(found: np.ndarray, true: np.ndarray, labels: int) -> float:
    """The mean over labels of intersection over union, the pixels of all maps taken together.

    A label that neither has is left out.

    Args:
      found: labels 0 to ``labels`` - 1, integers ``(N, H, W)``.
      true: likewise.
      labels: how many there are.

    >>> mean_iou(np.asarray([[[0, 1, 1]]]), np.asarray([[[0, 0, 1]]]), 3)
    0.5
    """
    counts = np.zeros((labels, labels))
    np.add.at(counts, (found.ravel(), true.ravel()), 1)
    union = counts.sum(axis=0) + counts.sum(axis=1) - counts.diagonal()
    return float((counts.diagonal()[union > 0] / union[union > 0]).mean())
