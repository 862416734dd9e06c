"""Metrics of pictures, of points with known densities and of generators, as entries of the table."""

import jax
import jax.numpy as jnp
import numpy as np

from jgan.data.densities import Density, Mixture, Spiral
from jgan.errors import UserError
from jgan.evaluation.metric import STANDARD_ERROR, Evidence, Measurement, Value, as_many, present
from jgan.features.extractor import smooth
from jgan.metrics.equivariance import equivariance
from jgan.metrics.modes import (
    HIGH_QUALITY,
    LEAST_SHARE,
    kl_floor,
    mode_coverage,
    quality_radius,
)
from jgan.metrics.ms_ssim import pair_similarity
from jgan.metrics.path_length import is_gaussian, path_length
from jgan.metrics.sliced_wasserstein import patch_distances
from jgan.metrics.subsets import draw_rows, stream
from jgan.metrics.toy_divergences import toy_divergences

WALKED = 2000
MOVED = 256


def _images(evidence: Evidence, metric: str) -> tuple[np.ndarray, np.ndarray]:
    what = "images of the samples and of the reference"
    fake = present(evidence.samples.images, metric, what)
    real = present(evidence.reference.images, metric, what)
    if fake.ndim != 4 or fake.shape[1:] != real.shape[1:]:
        raise UserError(
            f"metric {metric!r} compares pixels, but the samples are {fake.shape[1:]} and the reference "
            f"{real.shape[1:]}; resize one of them (folder:FOLDER@64)."
        )
    return fake, real


def patch_swd(evidence: Evidence) -> Measurement:
    """Sliced Wasserstein distance x 10³ of 7x7 patches, at the levels of a Laplacian pyramid and raw."""
    images = _images(evidence, "swd")
    labels = evidence.samples.image_labels, evidence.reference.image_labels
    fake, real = as_many(*images, labels, len(images[0]), evidence.seed)
    if min(fake.shape[1:3]) < 7:
        raise UserError(
            f"metric 'swd' needs images of 7 x 7 pixels or more; these are {fake.shape[1:3]}."
        )
    found = patch_distances(fake, real, seed=evidence.seed)
    settings = {"samples": len(fake), "patches": 128, "directions": 512}
    return Measurement(
        [
            Value(f"patch SWD x 1000, {name}", value, settings=settings)
            for name, value in found.items()
        ]
    )


def similarity(evidence: Evidence) -> Measurement:
    """Mean MS-SSIM of random pairs of samples, beside that of the reference."""
    fake, real = (
        pair_similarity(images, seed=evidence.seed) for images in _images(evidence, "msssim")
    )
    settings = {"reference": real.mean, "pairs": 1000, "spread": STANDARD_ERROR}
    return Measurement([Value("MS-SSIM of pairs", fake.mean, fake.error, "", settings)])


def walk(evidence: Evidence) -> Measurement:
    """Path length in the extractor's features (not LPIPS), along great circles for Gaussian latents.

    Other latents are joined by straight lines. Pictures are not rounded to 8 bits before the extractor, and
    both ends of a pair are made for one label.
    """
    latents = present(evidence.latents, "ppl", "a generator that can be asked for given latents")
    key = jax.random.key(evidence.seed)
    path = "spherical" if is_gaussian(latents.prior, key) else "linear"
    found = path_length(
        latents.generate,
        latents.prior,
        (lambda x: x) if evidence.extractor is None else smooth(evidence.extractor),
        key,
        conditions=latents.conditions and latents.conditions(WALKED, evidence.seed),
        pairs=WALKED,
        path=path,
    )
    settings = {"pairs": WALKED, "kept": found.kept, "epsilon": 1e-4, "path": path}
    settings["spread"] = STANDARD_ERROR
    name = evidence.named("path length", "path length")
    return Measurement([Value(name, found.mean, found.error, settings=settings)])


def moving(evidence: Evidence) -> Measurement:
    """EQ-T and EQ-R in dB, for a generator that can be told to translate and rotate."""
    generate = present(evidence.transformed, "eq", "a generator that can be moved and turned")
    found = equivariance(generate, jax.random.key(evidence.seed), count=MOVED)
    names = ("EQ-T (dB)", "EQ-T, fractional (dB)", "EQ-R (dB)")
    return Measurement(
        [
            Value(name, value, None, "higher", {"samples": MOVED})
            for name, value in zip(names, found, strict=True)
        ]
    )


def modes(evidence: Evidence) -> Measurement:
    """Modes of a known mixture, the share of samples of high quality, and reverse KL of the modes' shares.

    "modes" counts a mode from one high-quality sample, as published; "modes, solid" from a quarter of an
    even share of all samples.
    """
    density = evidence.density
    if not isinstance(density, Mixture):
        raise UserError(
            "metric 'modes' needs a mixture with known modes; use it on ring, grid or mixture."
        )
    points = present(evidence.samples.features, "modes", "the samples' points")
    within = quality_radius(points.shape[1])
    found = mode_coverage(jnp.asarray(points), density.modes, density.stds, within)
    settings = {"of": len(density.modes), "within": within, "samples": len(points)}
    floor = {**settings, "floor": kl_floor(len(density.modes), len(points))}
    solid = {**settings, "least share of an even one": LEAST_SHARE}
    good = {**settings, "of perfect samples": HIGH_QUALITY}
    warnings = []
    if float(found.high_quality) == 0:
        warnings.append(
            f"no sample lies within {within:.4g} standard deviations of a mode: there are no modes, and their "
            "reverse KL is that of a single one."
        )
    return Measurement(
        [
            Value("modes", float(found.modes), None, "higher", {**settings, "from samples": 1}),
            Value("modes, solid", float(found.solid), None, "higher", solid),
            Value("high-quality share", float(found.high_quality), None, "higher", good),
            Value("reverse KL of modes", float(found.reverse_kl), None, "lower", floor),
        ],
        warnings,
    )


def divergences(evidence: Evidence) -> Measurement:
    """KL, reverse KL and Jensen-Shannon divergence from the known density, both blurred alike."""
    density = present(evidence.density, "divergences", "data in the plane with a known density")
    fake = present(evidence.samples.features, "divergences", "the samples' points")
    real = present(evidence.reference.features, "divergences", "the reference's points")
    if fake.shape[1] != 2:
        raise UserError(
            f"metric 'divergences' is for points in the plane; these have {fake.shape[1]} coordinates."
        )
    width = smallest_deviation(density)
    low, high = float(real.min()), float(real.max())
    room = 0.25 * (high - low)
    box = (low - room, high + room)
    cells = int(min(2048, max(256, np.ceil((box[1] - box[0]) / width))))
    # A power of two, and as many points for both, so that the floor compares.
    cells = 1 << (cells - 1).bit_length()
    log_density = lambda x: density.log_density(jnp.asarray(x, jnp.float32))
    found = toy_divergences(fake, log_density, box, width, cells)
    rng, labels = stream(evidence.seed, "reference"), evidence.reference.labels
    ideal_points = real[draw_rows(len(real), len(fake), rng, labels)]
    ideal = toy_divergences(ideal_points, log_density, box, width, cells)
    settings = {
        "width": width,
        "cells": cells,
        "box": box,
        "outside": found.outside,
        "samples": len(fake),
    }
    return Measurement(
        [
            Value(name, value, None, "lower", {**settings, "of the reference's own points": floor})
            for name, value, floor in (
                ("KL(data, samples)", found.kl, ideal.kl),
                ("KL(samples, data)", found.reverse_kl, ideal.reverse_kl),
                ("Jensen-Shannon divergence", found.js, ideal.js),
            )
        ]
    )


def smallest_deviation(density: Density) -> float:
    """The smallest standard deviation of a mixture's components or of a spiral's noise.

    Raises:
      UserError: for any other density.
    """
    if isinstance(density, Mixture):
        return float(jnp.min(density.stds))
    if isinstance(density, Spiral):
        return float(density.std)
    raise UserError("metric 'divergences' knows the densities of mixtures and spirals only.")
