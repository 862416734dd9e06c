"""Metrics against independent implementations, in agreement and in time.

    python -m benchmarks.metrics --json benchmarks/results/metrics-cpu2.json
    python -m benchmarks.metrics --reference-python OTHER/bin/python   # with prdc and torch-fidelity there

Contenders take turns, round by round, so that a disturbance meets both; the ratio is that of the medians.
The Fréchet distance is timed from moments that are at hand, as at the end of a streaming evaluation. For KID
and PRDC the packages ``torch-fidelity`` and ``prdc`` run in an interpreter of their own, which reads the
same features from a file; without one, plain NumPy below stands for them.
"""

import argparse
import json
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import scipy
import scipy.linalg

from benchmarks._workers.report import commit, machine
from jgan.metrics.frechet import Moments, precise_frechet_distance
from jgan.metrics.kid import draw_subsets, kernel_distance, polynomial_mmd2
from jgan.metrics.prdc import prdc

DIMENSION = 2048
ROUNDS = 3
COUNT = 2000

PACKAGES = """
import json, sys, time
import numpy as np
from prdc import compute_prdc
from torch_fidelity.metric_kid import kernel_poly, mmd2
data = np.load(sys.argv[1])
first, second = (data[name].astype(np.float64) for name in ("first", "second"))
kernel = dict(kid_kernel_poly_degree=3, kid_kernel_poly_gamma=None, kid_kernel_poly_coef0=1.0)
begin = time.perf_counter()
values = []
for i, j in zip(data["first_subsets"], data["second_subsets"]):
    x, y = first[i], second[j]
    values.append(mmd2(*(kernel_poly(a, b, **kernel) for a, b in ((x, x), (x, y), (y, y)))))
kid_seconds = time.perf_counter() - begin
begin = time.perf_counter()
found = compute_prdc(first[:2000], second[:2000], 5)
print(json.dumps({
    "kid": [float(np.mean(values)), float(np.std(values))], "kid_seconds": kid_seconds,
    "prdc": [float(found[name]) for name in ("precision", "recall", "density", "coverage")],
    "prdc_seconds": time.perf_counter() - begin,
}))
"""


def features(rng: np.random.Generator, count: int, dimension: int, shift: float) -> np.ndarray:
    """Positive, correlated and of decaying variance, like the last layer of a network."""
    mixing = np.random.default_rng(1).normal(size=(dimension, dimension)) / np.sqrt(dimension)
    scale = np.exp(-np.arange(dimension) / (dimension / 4))
    return np.maximum((rng.normal(size=(count, dimension)) * scale) @ mixing + shift, 0).astype(
        np.float32
    )


def moments(values: np.ndarray) -> Moments:
    """Mean and covariance in float64."""
    return Moments(values.mean(axis=0, dtype=np.float64), np.cov(values.T.astype(np.float64)))


def scipy_frechet(first: Moments, second: Moments) -> float:
    """The route of the published codes: the matrix root of the product."""
    root = np.real(scipy.linalg.sqrtm(first.covariance @ second.covariance))
    gap = np.asarray(first.mean - second.mean)
    return float(gap @ gap + np.trace(first.covariance + second.covariance - 2 * root))


def plain_mmd2(x: np.ndarray, y: np.ndarray) -> float:
    """Unbiased MMD² with whole kernel matrices."""
    n, m = len(x), len(y)
    k = [(a @ b.T / x.shape[1] + 1) ** 3 for a, b in ((x, x), (y, y), (x, y))]
    within = (k[0].sum() - np.trace(k[0])) / (n * (n - 1)) + (k[1].sum() - np.trace(k[1])) / (
        m * (m - 1)
    )
    return float(within - 2 * k[2].mean())


def plain_prdc(real: np.ndarray, fake: np.ndarray, k: int = 5) -> list[float]:
    """Whole matrices of distances, by scipy."""
    from scipy.spatial.distance import cdist

    radii = [np.sort(cdist(points, points), axis=1)[:, k] for points in (real, fake)]
    distances = cdist(real, fake)
    inside = distances < radii[0][:, None]
    return [
        float((distances <= radii[0][:, None]).any(axis=0).mean()),
        float((distances <= radii[1]).any(axis=1).mean()),
        float(inside.sum() / (k * len(fake))),
        float(inside.any(axis=1).mean()),
    ]


def take_turns(contenders: dict[str, Callable[[], Any]], rounds: int) -> dict[str, dict[str, Any]]:
    """Each contender's last value and all its seconds, forwards and backwards by turns."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    values = {}
    for turn in range(rounds):
        order = list(contenders) if turn % 2 == 0 else list(contenders)[::-1]
        for name in order:
            begin = time.perf_counter()
            values[name] = contenders[name]()
            seconds[name].append(time.perf_counter() - begin)
    return {
        name: {"value": values[name], "seconds": times, "median": float(np.median(times))}
        for name, times in seconds.items()
    }


def frechet(rounds: int) -> dict[str, Any]:
    """A 2048-dimensional Fréchet distance from moments, ours against scipy's root."""
    rng = np.random.default_rng(0)
    one, other = (moments(features(rng, 5000, DIMENSION, shift)) for shift in (0.3, 0.33))
    found: dict[str, Any] = take_turns(
        {
            "jgan": lambda: precise_frechet_distance(one, other),
            "scipy sqrtm": lambda: scipy_frechet(one, other),
        },
        rounds,
    )
    ours, theirs = found["jgan"], found["scipy sqrtm"]
    found["relative difference"] = abs(ours["value"] / theirs["value"] - 1)
    found["times faster"] = theirs["median"] / ours["median"]
    return found


def kernels_and_balls(rounds: int, python: str | None) -> dict[str, Any]:
    """KID (20 subsets of 1000 from 4,000) and PRDC (2,000 against 2,000) in 2048 dimensions."""
    rng = np.random.default_rng(0)
    first, second = (features(rng, 4000, DIMENSION, shift) for shift in (0.3, 0.33))
    x, y = first.astype(np.float64), second.astype(np.float64)
    draws = np.random.default_rng(0)
    subsets = [draw_subsets(4000, 20, 1000, draws) for _ in range(2)]
    pairs = list(zip(*subsets, strict=True))
    found: dict[str, Any] = {
        "kid": take_turns(
            {
                "jgan": lambda: list(kernel_distance(first, second, subsets=20)[:2]),
                "numpy": lambda: _mean_and_std([plain_mmd2(x[i], y[j]) for i, j in pairs]),
            },
            rounds,
        ),
        "prdc": take_turns(
            {
                "jgan": lambda: list(prdc(first[:COUNT], second[:COUNT])),
                "numpy": lambda: plain_prdc(x[:COUNT], y[:COUNT]),
            },
            rounds,
        ),
    }
    if python:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "features.npz"
            np.savez(
                file,
                first=first,
                second=second,
                first_subsets=subsets[0],
                second_subsets=subsets[1],
            )
            done = subprocess.run(
                [python, "-c", PACKAGES, str(file)], capture_output=True, text=True, check=True
            )
        theirs = json.loads(done.stdout.splitlines()[-1])
        found["kid"]["torch-fidelity"] = {"value": theirs["kid"], "median": theirs["kid_seconds"]}
        found["prdc"]["prdc"] = {"value": theirs["prdc"], "median": theirs["prdc_seconds"]}
    for contenders in found.values():
        ours = np.asarray(contenders["jgan"]["value"])
        for other in contenders.values():
            other["difference"] = float(np.abs(np.asarray(other["value"]) - ours).max())
            other["ratio of times"] = contenders["jgan"]["median"] / other["median"]
    found["kid"]["whole sets"] = {
        "jgan": polynomial_mmd2(first[:1000], second[:1000]),
        "numpy": plain_mmd2(x[:1000], y[:1000]),
    }
    return found


def _mean_and_std(values: list[float]) -> list[float]:
    return [float(np.mean(values)), float(np.std(values))]


def main() -> None:
    """Measure, print and store."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--reference-python", help="an interpreter with prdc and torch-fidelity")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--json", type=Path, help="also write the results here")
    options = parser.parse_args()
    results = {
        "frechet": frechet(options.rounds),
        **kernels_and_balls(options.rounds, options.reference_python),
        "machine": machine(),
        "commit": commit(),
        "versions": {"numpy": np.__version__, "scipy": scipy.__version__},
    }
    text = json.dumps(results, indent=2)
    print(text)
    if options.json:
        options.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
