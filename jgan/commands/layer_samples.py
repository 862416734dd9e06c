"""Samples with the activations of a hidden layer, and how these agree with segments of the pictures."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jgan.analysis.dissection import agreement, upsampled
from jgan.commands.examples import Opened
from jgan.data.conditions import blank, conditions
from jgan.display import task
from jgan.errors import UserError
from jgan.evaluation.samples import AT_ONCE, batch_and_key, fields_read
from jgan.game import Batch
from jgan.networks.hidden_layers import changing, layers, reading

SHOWN = 8
DIMMED = 0.25


class LayerSamples(NamedTuple):
    """Samples with the activations of a layer.

    Attributes:
      parts: ``(batch, latents)`` that they are made from, `AT_ONCE` at a time.
      images: ``(N, H, W, C)``.
      activations: ``(N, h, w, U)``.
    """

    parts: list[tuple[Batch, Any]]
    images: np.ndarray
    activations: np.ndarray


def layer_shapes(run: Opened) -> dict[str, tuple[int, ...]]:
    """The shapes of the generator's feature maps by layer, ``(batch, height, width, units)``.

    Raises:
      UserError: if it has none.
    """
    batch, latent = _part(run, 0, 0)
    found = layers(run.sampler.for_batch, run.variables, batch, latent)
    inner = {name: shape for name, shape in found.items() if shape[0] == AT_ONCE}
    if not inner:
        raise UserError(
            f"{str(run.run)!r} has a generator without feature maps (height, width, units), so there is "
            "nothing to dissect; dissection needs a convolutional one."
        )
    return inner


def layer_samples(run: Opened, layer: str, count: int, seed: int) -> LayerSamples:
    """Samples, those of `jgan sample --seed`, with the activations of a layer."""
    look = jax.jit(reading(run.sampler.for_batch, layer))
    parts = [_part(run, index, seed) for index in range(-(-count // AT_ONCE))]
    found = []
    with task("activations of", len(parts) * AT_ONCE, "samples") as shown:
        for part in parts:
            found.append(jax.device_get(look(run.variables, *part)))
            shown.update(len(found) * AT_ONCE)
    images, activations = (np.concatenate(both)[:count] for both in zip(*found, strict=True))
    return LayerSamples(parts, images, activations)


def changed_samples(
    run: Opened, layer: str, samples: LayerSamples, change: Callable[[jax.Array], jax.Array]
) -> np.ndarray:
    """The same samples ``(N, H, W, C)`` with the activations of the layer changed."""
    make = jax.jit(changing(run.sampler.for_batch, layer, change))
    made = [np.asarray(make(run.variables, *part)) for part in samples.parts]
    return np.concatenate(made)[: len(samples.images)]


def agreements(
    activations: np.ndarray, masks: np.ndarray, names: list[str], quantiles: list[float]
) -> tuple[list[dict[str, Any]], np.ndarray]:
    """For each unit the segment and quantile farthest above chance, and the threshold there, ``(U,)``."""
    with task("comparing units with segments"):
        found = [agreement(activations, masks, quantile) for quantile in quantiles]
    ious = np.stack([one.iou for one in found])  # (quantiles, U, K)
    active, share = np.asarray(quantiles)[:, None], masks.mean(axis=(0, 1, 2))
    # That of pixels chosen without looking.
    chance = active * share / (active + share - active * share)
    rows, thresholds = [], []
    for unit in range(ious.shape[1]):
        above = ious[:, unit] - chance
        levels = np.argmax(above, axis=0)  # of each segment
        kind = int(np.argmax(above.max(axis=0)))
        level = levels[kind]
        by_segment = np.take_along_axis(ious[:, unit], levels[None], axis=0)[0]
        thresholds.append(found[level].threshold[unit])
        rows.append(
            {
                "unit": unit,
                "segment": names[kind],
                "iou": float(by_segment[kind]),
                "chance": float(chance[level, kind]),
                "quantile": quantiles[level],
                "threshold": float(thresholds[-1]),
                "by_segment": dict(zip(names, by_segment.tolist(), strict=True)),
            }
        )
    return rows, np.asarray(thresholds)


def strongest(samples: LayerSamples, unit: int, threshold: float) -> np.ndarray:
    """The samples where the unit is most active, dimmed where it is below its threshold."""
    order = np.argsort(-samples.activations[..., unit].max(axis=(1, 2)), kind="stable")[:SHOWN]
    size = samples.images.shape[1:3]
    maps = np.asarray(upsampled(jnp.asarray(samples.activations[order][..., [unit]]), *size))
    images = samples.images[order]
    return np.where(maps > threshold, images, DIMMED * (images + 1) - 1)


def _part(run: Opened, index: int, seed: int) -> tuple[Batch, Any]:
    """Conditions and latents of a batch of samples, those of ``jgan sample --seed``."""
    shape = blank(run.source, AT_ONCE)
    latent = run.sampler.latent(jax.random.key(seed), shape)
    generate = jax.jit(lambda variables, batch: run.sampler.for_batch(variables, batch, latent))
    read = fields_read(generate, run.variables, shape)
    batch, key = batch_and_key(conditions(run.source, seed), index, seed, read=read)
    return batch, run.sampler.latent(key, batch)
