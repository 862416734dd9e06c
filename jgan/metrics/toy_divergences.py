"""KL, reverse KL and Jensen-Shannon divergence of samples in the plane from a known density.

Samples have no density, so both sides are blurred by one and the same Gaussian of a given width, which
makes the samples' density a kernel estimate without bias: these are the spread divergences of Zhang et al.
(2020), 0 exactly where the laws agree and never above the divergences themselves. The blurred densities
are integrated on a grid. Finite samples leave a floor above 0; compare with as many draws from the density.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from jgan.metrics.pairwise import as_features

CELLS = 512
SMALLEST = 1e-300
CELLS_AT_ONCE = 16


class Divergences(NamedTuple):
    """In nats, p the known density and q the samples' law, both blurred.

    Attributes:
      kl: KL(p ‖ q), large where modes are missed.
      reverse_kl: KL(q ‖ p), large where samples lie between modes; infinite if any lies outside the box.
      js: Jensen-Shannon divergence, 0 to log 2.
      outside: share of the samples outside the box of the integration.
    """

    kl: float
    reverse_kl: float
    js: float
    outside: float


def _kernel(places: np.ndarray, centres: np.ndarray, width: float) -> np.ndarray:
    gaps = np.subtract.outer(places, centres) / width
    return np.exp(-0.5 * gaps**2) / (width * np.sqrt(2 * np.pi))


def toy_divergences(
    samples: object,
    log_density: Callable[[np.ndarray], object],
    box: tuple[float, float],
    width: float,
    cells: int = CELLS,
) -> Divergences:
    """Divergences between a density in the plane and samples, both blurred by N(0, width² I).

    Args:
      samples: ``(N, 2)``.
      log_density: points ``(B, 2)`` to natural logarithms of the density ``(B,)``.
      box: low and high end of both axes; nearly all of the density must lie inside, with room of several
        widths. A cell must be no longer than the density's smallest deviation.
      width: of the blur; the smallest deviation of the density, or somewhat more, is a good choice.
      cells: of the grid along each axis.

    Raises:
      ValueError: if samples are not points in the plane, the width is not positive, or the density's
        integral over the box is more than 1 % off 1.
    """
    points = as_features(samples, "samples")
    low, high = box
    if points.shape[1] != 2 or not width > 0 or not high > low:
        raise ValueError(
            f"samples have {points.shape[1]} coordinates, width is {width} and box is {box}; "
            "there must be 2 coordinates, a positive width and a box whose high end is above the low end."
        )
    edge = (high - low) / cells
    axis = low + edge * (np.arange(cells) + 0.5)
    known = np.empty((cells, cells))
    for start in range(0, cells, CELLS_AT_ONCE):
        x, y = np.meshgrid(axis[start : start + CELLS_AT_ONCE], axis, indexing="ij")
        found = log_density(np.stack([x.ravel(), y.ravel()], axis=1))
        known[start : start + CELLS_AT_ONCE] = np.exp(np.asarray(found, np.float64)).reshape(
            x.shape
        )
    mass = known.sum() * edge**2
    if abs(mass - 1) > 0.01:
        raise ValueError(
            f"the density integrates to {mass:.4g} over the box {box} in {cells} cells an axis; "
            "take a box that holds it, or more cells."
        )
    blur = _kernel(axis, axis, width) * edge
    p = blur @ known @ blur.T / mass
    # The kernel is a product over the axes, so the estimate at all cells is one matrix product.
    q = _kernel(axis, points[:, 0], width) @ _kernel(axis, points[:, 1], width).T / len(points)
    p, q = np.maximum(p * edge**2, SMALLEST), np.maximum(q * edge**2, SMALLEST)
    outside = float(np.mean(((points < low) | (points > high)).any(axis=1)))
    middle = (p + q) / 2
    kl = float(np.sum(p * np.log(p / q)))
    reverse = float(np.sum(q * np.log(q / p))) if outside == 0 else float("inf")
    shared = 0.5 * np.sum(p * np.log(p / middle)) + 0.5 * np.sum(q * np.log(q / middle))
    # Outside the box there are samples only: that share q adds ½ q log(q / (q/2)).
    return Divergences(kl, reverse, float(shared + 0.5 * outside * np.log(2)), outside)
