"""What a generator's hidden units show, and what they cause."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from jgan.analysis.dissection import QUANTILE, causal_effect, set_channels, typical_values
from jgan.analysis.segmentation import segment as segment_images
from jgan.analysis.segmentation import segment_names
from jgan.commands.command import command
from jgan.commands.examples import Opened, check_finite, check_pictured, opened
from jgan.commands.findings import Findings
from jgan.commands.images import Images
from jgan.commands.inpaint import mask_of
from jgan.commands.kinds import Count, Finite, NotNegative, Several
from jgan.commands.layer_samples import (
    SHOWN,
    agreements,
    changed_samples,
    layer_samples,
    layer_shapes,
    strongest,
)
from jgan.commands.paths import Place, PngFile
from jgan.commands.saved_run import RunLike, opened_run
from jgan.errors import UserError
from jgan.runs.saved import Saved

QUANTILES = (QUANTILE, 0.01, 0.02, 0.05, 0.1, 0.2)


@command
def dissect(
    run: RunLike,
    *,
    layer: str | None = None,
    channels: Sequence[NotNegative] | None = None,
    top: Count = 4,
    segment: str | None = None,
    segments: Sequence[str] | None = None,
    masks: Place | None = None,
    count: Several = 256,
    quantiles: Sequence[Finite] = QUANTILES,
    region: str = "everywhere",
    value: Finite | None = None,
    seed: NotNegative = 0,
    out: PngFile | None = None,
) -> Findings:
    """Find what hidden units of a generator show, and what they cause.

    A unit's IoU says how well the pixels where it is most active agree with a segment of the pictures. The
    causal effect (ACE) says how much more of the picture a segment covers with the units inserted than with
    them ablated (Bau et al. 2019, arXiv 1811.10597). Segments are thirds of the brightness, edges and, in
    colour, red, green and blue. They need no trained segmenter, and do not name objects. The rows of the
    findings are samples, the same with the units ablated and inserted, and the samples where each unit is most
    active.

    Args:
      run: Run directory, or the `Run` that `jgan.load` returns.
      layer: Name of a layer; `jgan.commands.dissect.layers` and the command without this flag list them. Units
        are ablated by zeros, which fits layers behind a normalisation (Norm) or rectifier.
      channels: Units of the layer to change (default: the best by IoU).
      top: Number of units that are changed if none are given.
      segment: Choose the units by their IoU with this segment.
      segments: Segments that are looked for (default: all).
      masks: FILE.npz with 'mask' (N, H, W) or (N, H, W, K) and perhaps 'names' (K,) by a segmenter of your own,
        for the samples of `jgan sample RUN --count N --seed SEED`; then no ACE is measured.
      count: Number of samples.
      quantiles: Shares of the pixels on which a unit is active, of which the best counts for each unit and
        segment; the paper's is 0.005.
      region: Part of the pictures where units are changed: everywhere, center, left, random or FILE.png, black
        there.
      value: Value of inserted units (default: for each the mean of its highest activations).
      seed: Seed of the samples.
      out: FILE.png for the rows of pictures; the numbers are written beside it as FILE.json.

    Returns:
      The pictures and the numbers of every unit.

    Raises:
      UserError: If the generator has no feature maps, or there is no such layer, unit or segment.
    """
    saved = opened_run(run)

    def look(checkpoint: Saved) -> Findings:
        of = opened(saved, checkpoint)
        known = layer_shapes(of)
        if layer not in known:
            raise UserError(f"--layer is {layer!r}, but must be one of {', '.join(known)}.")
        given = _checked(channels, quantiles, layer, known[layer][-1])
        where = None
        if region != "everywhere":
            where = jnp.asarray(~mask_of(region, of.source.shape, seed, "--region"))
        if masks is None:
            names, own = _names(segments, of), None
        else:
            names, own = _masks(Path(masks), segments, of)
        if segment is not None and segment not in names:
            raise UserError(f"--segment is {segment!r}, but must be one of {', '.join(names)}.")
        samples = layer_samples(of, layer, count if own is None else len(own), seed)
        check_finite((samples.images, samples.activations), "the generator's activations")
        found = _segment(samples.images, names) if own is None else own
        rows, thresholds = agreements(samples.activations, found, names, list(quantiles))
        best = sorted(rows, key=lambda row: row["chance"] - row["iou"])
        if segment is not None:
            best = sorted(rows, key=lambda row: -row["by_segment"][segment])
        chosen = given or [row["unit"] for row in best[:top]]
        values = typical_values(samples.activations, thresholds)[chosen]
        if value is not None:
            values = np.full(len(chosen), value)
        off, on = (
            changed_samples(of, layer, samples, set_channels(chosen, new, where))
            for new in (0.0, values)
        )
        effects = None
        if own is None:
            inserted, ablated = (jnp.asarray(_segment(images, names)) for images in (on, off))
            effect = causal_effect(inserted, ablated, where)
            effects = dict(zip(names, np.asarray(effect).tolist(), strict=True))
        numbers: dict[str, Any] = {
            **of.about(seed),
            "layer": layer,
            "shape": list(samples.activations.shape[1:]),
            "samples": len(samples.images),
            "segments": dict(zip(names, found.mean(axis=(0, 1, 2)).tolist(), strict=True)),
            "chosen": chosen,
            "region": region,
            "inserted_values": values.tolist(),
            "ace": effects,
            "change_by_ablation": float(np.abs(off - samples.images).mean()),
            "change_by_insertion": float(np.abs(on - samples.images).mean()),
            "units": rows,
        }
        pictures = [samples.images[:SHOWN], off[:SHOWN], on[:SHOWN]]
        pictures += [strongest(samples, unit, thresholds[unit]) for unit in chosen[:SHOWN]]
        words = "rows: samples, ablated, inserted, then where each unit is most active"
        return Findings([Images.of(row) for row in pictures], words, numbers)

    check_pictured(saved, "dissect")
    findings = saved.look(look)
    if out is not None:
        findings.save(out)
    return findings


@command
def layers(run: RunLike) -> dict[str, tuple[int, ...]]:
    """The generator's layers of feature maps by name, with their shapes ``(height, width, units)``.

    Args:
      run: Run directory, or the `Run` that `jgan.load` returns.

    Raises:
      UserError: If it has none.
    """
    saved = opened_run(run)
    check_pictured(saved, "dissect")
    found = saved.look(lambda checkpoint: layer_shapes(opened(saved, checkpoint)))
    return {name: shape[1:] for name, shape in found.items()}


def _checked(
    channels: Sequence[int] | None, quantiles: Sequence[float], layer: str, most: int
) -> list[int]:
    """The units asked for, each once."""
    for quantile in quantiles:
        if not 0 < quantile < 1:
            raise UserError(f"--quantiles has {quantile:g}, but each must be between 0 and 1.")
    kept = list(dict.fromkeys(channels or []))
    for channel in kept:
        if channel >= most:
            raise UserError(
                f"--units has {channel}, but layer {layer!r} has units 0 to {most - 1}."
            )
    return kept


def _names(segments: Sequence[str] | None, run: Opened) -> list[str]:
    known = segment_names(run.source.shape[2])
    for name in segments or []:
        if name not in known:
            raise UserError(f"--segments has {name!r}, but must be of {', '.join(known)}.")
    return list(dict.fromkeys(segments or known))


def _masks(path: Path, segments: Sequence[str] | None, run: Opened) -> tuple[list[str], np.ndarray]:
    """Names and masks ``(N, H, W, K)`` of a file."""
    if segments:
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


def _segment(images: np.ndarray, names: list[str]) -> np.ndarray:
    return np.asarray(segment_images(jnp.asarray(images), names))
