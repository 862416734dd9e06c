"""``jgan dissect RUN --layer NAME``: what the generator's hidden units show, and what they cause."""

import argparse
import json
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jgan.analysis.dissection import (
    QUANTILE,
    agreement,
    causal_effect,
    set_channels,
    typical_values,
    upsampled,
)
from jgan.analysis.segmentation import segment, segment_names
from jgan.cli.common import at_least, data_of
from jgan.cli.examples import Opened, add_run_flags, check_finite, opened, report
from jgan.cli.flags import Parser, finite
from jgan.cli.inpaint import mask_of
from jgan.cli.paths import named_path
from jgan.data.conditions import blank, conditions
from jgan.errors import UserError
from jgan.evaluation.samples import AT_ONCE, batch_and_key, fields_read
from jgan.game import Batch
from jgan.networks.hidden_layers import changing, layers, reading
from jgan.runs.saved import Data, without_data

QUANTILES = (QUANTILE, 0.01, 0.02, 0.05, 0.1, 0.2)
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


def main(words: list[str]) -> int:
    """Run the command; returns the exit code."""
    options = parser().parse_args(words)
    return without_data(lambda data: _dissect(options, data), data_of(options))


def _dissect(options: argparse.Namespace, data: Data) -> int:
    run = opened(options, "dissect", data)
    known = _layers(run)
    if options.layer is None:
        return _list(options, known)
    if options.layer not in known:
        raise UserError(f"--layer is {options.layer!r}, but must be one of {', '.join(known)}.")
    channels = _checked(options, known[options.layer][-1])
    region = None
    if options.region != "everywhere":
        known_pixels = mask_of(options.region, run.source.shape, options.seed, "--region")
        region = jnp.asarray(~known_pixels)
    names, masks = _given(options, run) if options.masks else (_names(options, run), None)
    if options.segment is not None and options.segment not in names:
        raise UserError(f"--segment is {options.segment!r}, but must be one of {', '.join(names)}.")
    samples = _look(
        run, options.layer, options.count if masks is None else len(masks), options.seed
    )
    check_finite((samples.images, samples.activations), "the generator's activations")
    segments = _segment(samples.images, names) if masks is None else masks
    rows, thresholds = _agreements(samples.activations, segments, names, options.quantiles)
    best = sorted(rows, key=lambda row: row["chance"] - row["iou"])
    if options.segment is not None:
        best = sorted(rows, key=lambda row: -row["by_segment"][options.segment])
    chosen = channels or [row["unit"] for row in best[: options.top]]
    values = typical_values(samples.activations, thresholds)[chosen]
    if options.value is not None:
        values = np.full(len(chosen), options.value)
    off, on = (
        _changed(run, options.layer, samples, set_channels(chosen, value, region))
        for value in (0.0, values)
    )
    effects = None
    if masks is None:
        inserted, ablated = (jnp.asarray(_segment(images, names)) for images in (on, off))
        effect = causal_effect(inserted, ablated, region)
        effects = dict(zip(names, np.asarray(effect).tolist(), strict=True))
    findings: dict[str, Any] = {
        "layer": options.layer,
        "shape": list(samples.activations.shape[1:]),
        "samples": len(samples.images),
        "segments": dict(zip(names, segments.mean(axis=(0, 1, 2)).tolist(), strict=True)),
        "chosen": chosen,
        "region": options.region,
        "inserted_values": values.tolist(),
        "ace": effects,
        "change_by_ablation": float(np.abs(off - samples.images).mean()),
        "change_by_insertion": float(np.abs(on - samples.images).mean()),
        "units": rows,
    }
    pictures = [samples.images[:SHOWN], off[:SHOWN], on[:SHOWN]]
    pictures += [_strongest(samples, unit, thresholds[unit]) for unit in chosen[:SHOWN]]
    lines = report(options, run, pictures, findings)
    if not options.json:
        _tell(findings, {row["unit"]: row for row in rows}, lines)
    return 0


def parser() -> Parser:
    """The command's flags."""
    result = Parser(
        prog="jgan dissect",
        description=f"{__doc__} A unit's IoU says how well the pixels where it is most active agree with a "
        "segment of the pictures; the causal effect (ACE) by how much more of the picture a segment covers "
        "with the units inserted than with them ablated. Segments are thirds of the brightness, edges "
        "and, in colour, red, green and blue: they need no trained segmenter, and name no things. Masks "
        "by a segmenter of your own go in by --masks.",
    )
    add_run_flags(result, "dissection")
    result.add_argument(
        "--layer",
        help="name of a layer; without it the layers are listed. Zero ablates behind a "
        "normalisation (Norm) or rectifier",
    )
    result.add_argument(
        "--units",
        type=at_least(0),
        nargs="+",
        dest="channels",
        metavar="UNIT",
        help="units to change (default: the best by IoU)",
    )
    result.add_argument(
        "--top", type=at_least(1), default=4, help="how many units without --units (default: 4)"
    )
    result.add_argument("--segment", help="choose the units by their IoU with this segment")
    result.add_argument("--segments", nargs="+", help="which segments (default: all)")
    result.add_argument(
        "--masks",
        type=named_path,
        help="FILE.npz with 'mask' (N, H, W) or (N, H, W, K) and perhaps 'names' (K,), for the samples of "
        "`jgan sample RUN --count N --seed SEED`; then no ACE is measured",
    )
    result.add_argument("--count", type=at_least(2), default=256, help="samples (default: 256)")
    result.add_argument(
        "--quantiles",
        type=finite,
        nargs="+",
        default=list(QUANTILES),
        help=f"shares of the pixels on which a unit is active; the best counts for each unit and segment "
        f"(default: {' '.join(map(str, QUANTILES))}; the paper's is {QUANTILE})",
    )
    result.add_argument(
        "--region",
        default="everywhere",
        help="where units are changed: everywhere, center, left, random or FILE.png, black there "
        "(default: everywhere)",
    )
    result.add_argument(
        "--value",
        type=finite,
        help="that inserted units have (default: for each the mean of its highest activations)",
    )
    return result


def _layers(run: Opened) -> dict[str, tuple[int, ...]]:
    batch, latent = _part(run, 0, 0)
    found = layers(run.sampler.for_batch, run.variables, batch, latent)
    inner = {name: shape for name, shape in found.items() if shape[0] == AT_ONCE}
    if not inner:
        raise UserError(
            f"{str(run.run)!r} has a generator without feature maps (height, width, units), so there is "
            "nothing to dissect; dissection needs a convolutional one."
        )
    return inner


def _list(options: argparse.Namespace, known: dict[str, tuple[int, ...]]) -> int:
    if options.json:
        print(json.dumps({"layers": {name: list(shape[1:]) for name, shape in known.items()}}))
        return 0
    print("layers of the generator (height, width, units); choose one by --layer")
    for name, shape in known.items():
        print(f"  {name:<24} {shape[1:]}")
    return 0


def _checked(options: argparse.Namespace, most: int) -> list[int]:
    """The units asked for, each once."""
    for quantile in options.quantiles:
        if not 0 < quantile < 1:
            raise UserError(f"--quantiles has {quantile:g}, but each must be between 0 and 1.")
    channels = list(dict.fromkeys(options.channels or []))
    for channel in channels:
        if channel >= most:
            raise UserError(
                f"--units has {channel}, but layer {options.layer!r} has units 0 to {most - 1}."
            )
    return channels


def _names(options: argparse.Namespace, run: Opened) -> list[str]:
    known = segment_names(run.source.shape[2])
    for name in options.segments or []:
        if name not in known:
            raise UserError(f"--segments has {name!r}, but must be of {', '.join(known)}.")
    return list(dict.fromkeys(options.segments or known))


def _given(options: argparse.Namespace, run: Opened) -> tuple[list[str], np.ndarray]:
    """Names and masks ``(N, H, W, K)`` of a file."""
    path = options.masks
    if options.segments:
        raise UserError("--segments and --masks were both given; give one of them.")
    if path.suffix != ".npz":
        raise UserError(f"--masks is {str(path)!r}, but must end in .npz.")
    try:
        with np.load(path, allow_pickle=False) as file:
            fields = {name: file[name] for name in file.files}
    except Exception as error:  # a damaged archive fails in several ways
        raise UserError(
            f"--masks {str(path)!r} cannot be read: {str(error).rstrip('.')}."
        ) from error
    masks = fields.get("mask", np.zeros(0))
    masks = masks[..., None] if masks.ndim == 3 else masks
    if masks.ndim != 4 or len(masks) < 2 or masks.shape[1:3] != run.source.shape[:2]:
        found = f"shape {fields['mask'].shape}" if "mask" in fields else "no such array"
        raise UserError(
            f"--masks {str(path)!r} must hold 'mask' of shape (N, {run.source.shape[0]}, "
            f"{run.source.shape[1]}) or with K segments behind, N at least 2; it has {found}."
        )
    names = [str(name) for name in fields.get("names", range(masks.shape[3]))]
    if len(names) != masks.shape[3]:
        raise UserError(
            f"--masks {str(path)!r} has {len(names)} names for {masks.shape[3]} segments."
        )
    return names, masks != 0


def _part(run: Opened, index: int, seed: int) -> tuple[Batch, Any]:
    """Conditions and latents of a batch of samples, those of ``jgan sample --seed``."""
    shape = blank(run.source, AT_ONCE)
    latent = run.sampler.latent(jax.random.key(seed), shape)
    generate = jax.jit(lambda variables, batch: run.sampler.for_batch(variables, batch, latent))
    read = fields_read(generate, run.variables, shape)
    batch, key = batch_and_key(conditions(run.source, seed), index, seed, read=read)
    return batch, run.sampler.latent(key, batch)


def _look(run: Opened, layer: str, count: int, seed: int) -> LayerSamples:
    look = jax.jit(reading(run.sampler.for_batch, layer))
    parts = [_part(run, index, seed) for index in range(-(-count // AT_ONCE))]
    found = [jax.device_get(look(run.variables, *part)) for part in parts]
    images, activations = (np.concatenate(both)[:count] for both in zip(*found, strict=True))
    return LayerSamples(parts, images, activations)


def _changed(
    run: Opened, layer: str, samples: LayerSamples, change: Callable[[jax.Array], jax.Array]
) -> np.ndarray:
    make = jax.jit(changing(run.sampler.for_batch, layer, change))
    made = [np.asarray(make(run.variables, *part)) for part in samples.parts]
    return np.concatenate(made)[: len(samples.images)]


def _segment(images: np.ndarray, names: list[str]) -> np.ndarray:
    return np.asarray(segment(jnp.asarray(images), names))


def _agreements(
    activations: np.ndarray, masks: np.ndarray, names: list[str], quantiles: list[float]
) -> tuple[list[dict[str, Any]], np.ndarray]:
    """For each unit the segment and quantile farthest above chance, and the threshold there, ``(U,)``."""
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


def _strongest(samples: LayerSamples, unit: int, threshold: float) -> np.ndarray:
    """The samples where the unit is most active, dimmed where it is below its threshold."""
    order = np.argsort(-samples.activations[..., unit].max(axis=(1, 2)), kind="stable")[:SHOWN]
    size = samples.images.shape[1:3]
    maps = np.asarray(upsampled(jnp.asarray(samples.activations[order][..., [unit]]), *size))
    images = samples.images[order]
    return np.where(maps > threshold, images, DIMMED * (images + 1) - 1)


def _tell(findings: dict[str, Any], rows: dict[int, dict[str, Any]], lines: list[str]) -> None:
    print(f"{findings['samples']} samples; layer {findings['layer']} {tuple(findings['shape'])}")
    for unit in findings["chosen"]:
        row = rows[unit]
        print(
            f"  unit {unit:<4} {row['segment']:<8} IoU {row['iou']:.3f} "
            f"(chance {row['chance']:.3f}, active on {row['quantile']:g} of the pixels)"
        )
    for name, effect in (findings["ace"] or {}).items():
        print(f"  ACE {name:<8} {effect:+.3f} (covers {findings['segments'][name]:.3f})")
    print("rows: samples, ablated, inserted, then where each unit is most active")
    print("\n".join(lines))
