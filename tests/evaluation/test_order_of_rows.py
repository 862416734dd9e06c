"""Sorted, alternating and shuffled copies of one data set give one number, for every metric."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgan.data.densities import Mixture
from jgan.data.source import Source
from jgan.evaluation import collect, feature_metrics, image_metrics, reference
from jgan.evaluation.evaluate import evaluate
from jgan.evaluation.metric_table import METRICS
from jgan.evaluation.samples import Samples
from jgan.features.extractor import Extractor
from jgan.metrics.sliced_wasserstein import patch_distances

CLASSES, EACH, SIDE, SEEDS = 4, 60, 8, 4
COUNT = CLASSES * EACH
ALTERNATING = np.arange(COUNT) % CLASSES
ORDERS = {
    "sorted": np.argsort(ALTERNATING, kind="stable"),
    "alternating": np.arange(COUNT),
    "shuffled": np.random.default_rng(5).permutation(COUNT),
}
CENTRES = 3 * np.stack([np.cos(np.arange(CLASSES) * 1.57), np.sin(np.arange(CLASSES) * 1.57)], 1)


def features(images):
    """Means of four cells."""
    return images.mean(axis=3).reshape(-1, 2, 4, 2, 4).mean(axis=(2, 4)).reshape(-1, 4)


def probabilities(images):
    """A class by the brightest of four cells, the three channels alike in Stacked MNIST's metric."""
    return jax.nn.softmax(8 * features(images))


EXTRACTOR = Extractor("cells", "ab" * 32, "none", features, probabilities)


def examples(kind, seed):
    """One set of examples, the classes alternating."""
    rng = np.random.default_rng(seed)
    if kind == "points":
        return (CENTRES[ALTERNATING] + 0.3 * rng.normal(size=(COUNT, 2))).astype(np.float32)
    cells = np.eye(4)[ALTERNATING].reshape(COUNT, 2, 2)
    bright = cells.repeat(SIDE // 2, 1).repeat(SIDE // 2, 2)[..., None]
    noisy = (
        60 + 120 * bright + rng.normal(0, 20, (COUNT, SIDE, SIDE, 3 if kind == "stacked" else 1))
    )
    return noisy.clip(0, 255).astype(np.uint8)


FOR_POINTS = ("modes", "divergences")
LATENT = ("ppl", "eq")
NAMES = {
    "points": [
        "fd",
        "fd_inf",
        "kid",
        "prdc",
        "mmd",
        "c2st",
        "sw",
        "w1",
        "nn",
        "diversity",
        *FOR_POINTS,
    ],
    "pictures": [name for name in METRICS if name not in (*FOR_POINTS, *LATENT, "stacked")],
    "stacked": ["stacked"],
}


def test_every_metric_of_data_is_here():
    assert {name for names in NAMES.values() for name in names} == set(METRICS) - set(LATENT)


@pytest.fixture
def small_caps(monkeypatch):
    """All limits far below the number of examples, so that every metric takes a subset."""
    monkeypatch.setattr(feature_metrics, "COMPARED", 90)
    monkeypatch.setattr(feature_metrics, "SMALL", 60)
    for module in (collect, reference):
        monkeypatch.setattr(module, "IMAGES_KEPT", 80)
    quick = partial(patch_distances, patches_per_image=16, directions=32)
    monkeypatch.setattr(image_metrics, "patch_distances", quick)


@pytest.mark.parametrize("kind", NAMES)
def test_the_order_of_rows_does_not_show(kind, small_caps):
    first, second, third = (examples(kind, seed) for seed in (1, 2, 3))
    density = Mixture(jnp.asarray(CENTRES), jnp.full(4, 0.3), jnp.full(4, 0.25))
    found = {}
    for order, rows in ORDERS.items():
        labels = ALTERNATING[rows].astype(np.int32)
        source = Source(
            {"image": second[rows], "label": labels},
            "second",
            density if kind == "points" else None,
        )
        tables = [
            evaluate(
                Samples(iter(np.array_split(first[rows], 3)), labels),
                source,
                NAMES[kind],
                extractor=None if kind == "points" else EXTRACTOR,
                held_out=Source({"image": third}, "third"),
                seed=seed,
            ).values
            for seed in range(SEEDS)
        ]
        names = [value.name for value in tables[0]]
        found[order] = np.asarray([[value.value for value in table] for table in tables])
    deviation = np.mean([values.std(axis=0, ddof=1) for values in found.values()], axis=0)
    size = np.abs(found["shuffled"]).mean(axis=0)
    for order, values in found.items():
        gap = np.abs(values.mean(axis=0) - found["shuffled"].mean(axis=0))
        # Means over the seeds: 4 standard errors of their difference, and rounding.
        allowed = 4 * deviation * np.sqrt(2 / SEEDS) + 1e-5 * size + 1e-9
        late = [(order, n, g, a) for n, g, a in zip(names, gap, allowed, strict=True) if not g <= a]
        assert not late
