"""Evaluate samples against a reference, and say by which protocol."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from jgan.data import Source
from jgan.display import task
from jgan.errors import UserError
from jgan.evaluation.collect import FEATURES, IMAGES, MOMENTS, PROBABILITIES, collect
from jgan.evaluation.metric import POINTS, Evidence, Value, judged
from jgan.evaluation.metric_table import CHANNELS, FOR_IMAGES, FOR_POINTS, HELD_OUT, get_metrics
from jgan.evaluation.reference import check_enough, measurable, reference_statistics
from jgan.evaluation.samples import Samples
from jgan.features.extractor import Extractor
from jgan.metrics.equivariance import Generate
from jgan.versions import versions

LEAST = 10
GATHERED = frozenset({MOMENTS, FEATURES, PROBABILITIES, IMAGES})


class Result(NamedTuple):
    """Numbers with the protocol that they hold for.

    Attributes:
      values: one for each number.
      protocol: extractor, its hash, resize, test accuracy (``judge``) where it was trained here, counts, data,
        seed, versions, device, seconds: JSON.
      warnings: sentences to be read with the values.
      pairs: samples beside the training images they are nearest to, ``(n, 2, H, W, C)`` in [-1, 1], where
        metric nn was asked for.
    """

    values: list[Value]
    protocol: dict[str, Any]
    warnings: list[str]
    pairs: np.ndarray | None = None

    def as_json(self) -> dict[str, Any]:
        """Values, protocol and warnings as JSON holds them; what is not finite becomes its name."""
        rows = [value.as_json() for value in self.values]
        return _finite({"values": rows, "protocol": self.protocol, "warnings": self.warnings})


def default_metrics(source: Source) -> tuple[str, ...]:
    """Metrics for pictures or for points.

    Raises:
      UserError: if the source has neither.
    """
    measurable(source)
    return FOR_IMAGES if source.pictures else FOR_POINTS


def evaluate(
    samples: Samples,
    reference: Source,
    metrics: Sequence[str],
    *,
    extractor: Extractor | None = None,
    held_out: Source | None = None,
    transformed: Generate | None = None,
    seed: int = 0,
    cache: Path | None = None,
    about: Mapping[str, Any] | None = None,
) -> Result:
    """Measure samples against a reference.

    Samples stream through in batches: only what a metric needs of them stays, features for most and
    pictures for a few. Statistics of the reference come from ``cache`` where they are known.

    Args:
      samples: what is evaluated, see `Samples`.
      reference: real examples.
      metrics: names in `jgan.evaluation.metric_table.METRICS`.
      extractor: of features for images; points are their own.
      held_out: real examples that the generator was not trained on, for nn.
      transformed: the generator as `jgan.metrics.equivariance` asks it, for eq.
      seed: of subsets, directions, latents.
      cache: folder for the reference's statistics, see `jgan.files.cache_folder`; None for none.
      about: what else the protocol should say, such as run, step and split.

    Returns:
      The numbers and their protocol.

    Raises:
      UserError: for an unknown metric, too few examples, examples that are neither pictures nor points,
        NaN, or something a metric needs and that is not there.
    """
    chosen = get_metrics(metrics)
    needs = frozenset().union(*(metric.needs for metric in chosen.values()))
    check_enough(reference.size, LEAST, f"reference {reference.name!r}")
    if extractor is not None and CHANNELS in needs:
        extractor = per_channel(extractor)
    tested = None if extractor is None else extractor.accuracy
    begun = time.monotonic()
    gathered = needs & GATHERED
    if not reference.pictures:
        gathered -= {IMAGES}
    try:
        real, digest = reference_statistics(
            measurable(reference),
            extractor,
            gathered,
            labels=reference.class_labels,
            seed=seed,
            cache=cache,
            name=f"reference {reference.name!r}",
        )
        fake = collect(
            samples.batches,
            extractor,
            gathered,
            name=samples.name,
            labels=samples.labels,
            seed=seed,
            total=samples.total,
        )
        check_enough(fake.count, LEAST, samples.name)
        new = None
        if held_out is not None and HELD_OUT in needs:
            new, _ = reference_statistics(
                measurable(held_out),
                extractor,
                frozenset({FEATURES}),
                cache=cache,
                name="held-out data",
            )
        evidence = Evidence(
            fake,
            real,
            new,
            extractor,
            reference.density,
            reference.num_classes,
            samples.latents,
            transformed,
            seed,
            samples.classes,
        )
        measured = []
        for name, metric in chosen.items():
            with task(f"computing {name}", note=metric.wait, announced=True):
                found = metric.measure(evidence)
            measured.append(judged(found, tested) if PROBABILITIES in metric.needs else found)
    except UserError:
        raise
    except ValueError as error:
        raise UserError(str(error)) from error
    protocol = {
        "extractor": POINTS if extractor is None else extractor.name,
        "extractor_sha256": None if extractor is None else extractor.sha256,
        "resize": None if extractor is None else extractor.resize,
        **({} if tested is None else {"judge": tested._asdict()}),
        "samples": fake.count,
        "samples_of": samples.name,
        "reference": reference.name,
        "reference_count": real.count,
        "reference_sha256": digest,
        "metrics": list(chosen),
        "seed": seed,
        "versions": versions(),
        "device": f"{jax.device_count()} x {jax.devices()[0].device_kind}",
        **(about or {}),
        "seconds": round(time.monotonic() - begun, 2),
    }
    warnings = [sentence for part in measured for sentence in part.warnings]
    pairs = [part.pairs for part in measured if part.pairs is not None]
    values = [value for part in measured for value in part.values]
    return Result(values, protocol, warnings, pairs[0] if pairs else None)


def per_channel(extractor: Extractor) -> Extractor:
    """The extractor applied to each channel as a grey picture, its outputs side by side."""
    if extractor.probabilities is None:
        raise UserError(
            f"extractor {extractor.name!r} names no classes; use a classifier of digits."
        )
    split = lambda function: Partial(
        _by_channel, function if isinstance(function, Partial) else Partial(function)
    )
    return extractor._replace(
        name=f"{extractor.name}, each channel",
        features=split(extractor.features),
        probabilities=split(extractor.probabilities),
        unrounded=None if extractor.unrounded is None else split(extractor.unrounded),
    )


def _by_channel(function: Partial, images: jax.Array) -> jax.Array:
    channels = [function(images[..., index : index + 1]) for index in range(images.shape[-1])]
    return jnp.concatenate(channels, axis=-1)


def _finite(value: Any) -> Any:
    """JSON has neither NaN nor infinity; their names stand for them."""
    if isinstance(value, Mapping):
        return {str(name): _finite(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return str(value)
    return value
