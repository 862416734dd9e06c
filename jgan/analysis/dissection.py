"""GAN dissection (Bau et al. 2019): what a generator's hidden units show, and what they cause.

A unit is one channel of a hidden layer. Where its activation is among its highest, a segment of the picture
may lie: then the unit agrees with it. Whether it makes it, only an intervention tells.
"""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jgan.networks.hidden_layers import Change

QUANTILE = 0.005
"""Share of the pixels, over all pictures, on which a unit counts as active in the paper."""
VALUES_AT_ONCE = 2**25


class Agreement(NamedTuple):
    """How units agree with segments.

    Attributes:
      threshold: above which a unit is active, ``(U,)``.
      iou: intersection over union of active pixels and segment, over all pictures together, ``(U, K)``;
        0 where both are empty.
    """

    threshold: np.ndarray
    iou: np.ndarray


def upsampled(activations: jax.Array, height: int, width: int) -> jax.Array:
    """Activations ``(N, h, w, U)`` at the pictures' size, bilinear, ``(N, height, width, U)``."""
    shape = (activations.shape[0], height, width, activations.shape[3])
    return jax.image.resize(activations, shape, "bilinear", antialias=False)


def agreement(activations: object, masks: object, quantile: float = QUANTILE) -> Agreement:
    """Thresholds of all units and their IoU with all segments (Bau et al. 2019, section 3.1).

    A unit's threshold is the ``1 - quantile`` quantile of its upsampled activations over all pixels of
    all pictures. IoU cannot exceed the smaller of the two areas over the larger, so a segment that covers
    a tenth of the pixels never agrees by more than 0.05 at a quantile of 0.005: ask a larger one then.

    Args:
      activations: ``(N, h, w, U)``.
      masks: of K segments, ``(N, H, W, K)``.
      quantile: share of pixels on which a unit is active.

    Raises:
      ValueError: if the quantile is not between 0 and 1, or there are not as many masks as pictures.
    """
    if not 0 < quantile < 1:
        raise ValueError(f"quantile is {quantile}, but must be between 0 and 1.")
    maps, segments = np.asarray(activations, np.float32), np.asarray(masks, bool)
    if len(maps) != len(segments):
        raise ValueError(
            f"there are {len(segments)} masks for {len(maps)} pictures; they must be as many."
        )
    count, height, width, kinds = segments.shape
    flat = segments.reshape(-1, kinds).astype(np.float32)
    sizes = flat.sum(axis=0, dtype=np.float64)
    block = max(1, VALUES_AT_ONCE // (count * height * width))
    resize = jax.jit(upsampled, static_argnums=(1, 2))
    thresholds, ious = [], []
    for start in range(0, maps.shape[3], block):
        values = np.asarray(resize(maps[..., start : start + block], height, width))
        rows = np.ascontiguousarray(values.reshape(-1, values.shape[3]).T)
        threshold = np.quantile(rows, 1 - quantile, axis=1)
        active = rows > threshold[:, None]
        both = np.stack([flat[one].sum(axis=0, dtype=np.float64) for one in active])
        either = active.sum(axis=1)[:, None] + sizes - both
        thresholds.append(threshold)
        ious.append(both / np.maximum(either, 1))
    return Agreement(np.concatenate(thresholds).astype(np.float32), np.concatenate(ious))


def typical_values(activations: object, thresholds: object) -> np.ndarray:
    """What units are set to when they are inserted: the mean of their activations above threshold, ``(U,)``.

    The threshold itself where no activation exceeds it before upsampling.

    >>> typical_values(np.asarray([0.0, 1.0, 5.0, 7.0]).reshape(1, 2, 2, 1), [2.0]).tolist()
    [6.0]
    """
    values = np.asarray(activations, np.float64)
    values = values.reshape(-1, values.shape[-1])
    limit = np.asarray(thresholds, np.float64)
    above = values > limit
    total = np.where(above, values, 0).sum(axis=0)
    return np.where(above.any(axis=0), total / np.maximum(above.sum(axis=0), 1), limit)


def set_channels(
    channels: Sequence[int], values: object = 0.0, region: jax.Array | None = None
) -> Change:
    """A change of activations ``(n, h, w, U)``: those of some units become ``values``, within a region.

    For `jgan.networks.hidden_layers.changing`. Zero ablates a unit of a layer behind a rectifier, or of a
    normalisation in front of one; a positive value inserts it.

    Args:
      channels: the numbers of the units, which are the layer's channels.
      values: one number, or one for each of the units.
      region: of the picture, ``(H, W)``, true where the units are set; it is brought to the layer's size.
        None for everywhere.

    Raises:
      ValueError: when it is applied, if there is no such unit.
    """
    chosen = np.asarray(channels, int)

    def change(activations: jax.Array) -> jax.Array:
        _, height, width, most = activations.shape
        if chosen.size == 0 or chosen.min() < 0 or chosen.max() >= most:
            wrong = next((u for u in channels if not 0 <= u < most), "empty")
            raise ValueError(f"unit is {wrong}, but the layer has units 0 to {most - 1}.")
        given = jnp.broadcast_to(jnp.asarray(values, activations.dtype), chosen.shape)
        changed = activations.at[..., chosen].set(given)
        if region is None:
            return changed
        return jnp.where(layer_region(region, height, width)[:, :, None], changed, activations)

    return change


def layer_region(region: jax.Array, height: int, width: int) -> jax.Array:
    """A region ``(H, W)`` of the picture at a layer's size: where at least half of a cell belongs to it.

    >>> layer_region(jnp.asarray([[True, True, True, False, False, False]]), 1, 3).tolist()
    [[True, True, False]]
    """
    rows, columns = (
        _overlap(size, n) for size, n in zip(region.shape, (height, width), strict=True)
    )
    share = jnp.einsum(
        "ih,hw,jw->ij", rows, region.astype(jnp.float32), columns, precision="highest"
    )
    return share >= 0.5 - 1e-6


def _overlap(size: int, cells: int) -> np.ndarray:
    """Which share of each of ``cells`` equal parts of an axis each of its ``size`` pixels covers."""
    edges = np.arange(cells + 1) * size / cells
    pixels = np.arange(size)
    low = np.maximum(edges[:-1, None], pixels)
    high = np.minimum(edges[1:, None], pixels + 1)
    return (np.maximum(high - low, 0) * cells / size).astype(np.float32)


def causal_effect(
    inserted: jax.Array, ablated: jax.Array, region: jax.Array | None = None
) -> jax.Array:
    """ACE = E[S(units inserted)] - E[S(units ablated)] for each segment (Bau et al. 2019, eq. 5), ``(K,)``.

    S is the share of the region's pixels that belong to a segment; an effect lies in [-1, 1].

    Args:
      inserted: masks of the pictures with the units inserted, ``(n, H, W, K)``.
      ablated: masks of the same pictures with the units ablated.
      region: ``(H, W)``; None for the whole picture.
    """
    gain = jnp.mean(inserted.astype(jnp.float32) - ablated.astype(jnp.float32), axis=0)
    if region is None:
        return jnp.mean(gain, axis=(0, 1))
    weight = region.astype(jnp.float32)
    return jnp.sum(gain * weight[:, :, None], axis=(0, 1)) / jnp.sum(weight)
