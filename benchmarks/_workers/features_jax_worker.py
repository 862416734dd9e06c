"""The jgan side of features.py: run as a module, it speaks the lines of `serve`."""

import os
import resource
import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks._workers.features_works import NETWORKS, images
from benchmarks._workers.recipes import random_weights
from benchmarks._workers.works import serve
from jgan.evaluation.extraction import chunk_size
from jgan.features.chunks import in_chunks
from jgan.features.efficientnet_lite import efficientnet_lite0_features
from jgan.features.inception import inception_features
from jgan.weights.efficientnet_lite import efficientnet_weights
from jgan.weights.inception import inception


class Worker:
    """Holds the newest prepared network."""

    run: Any
    arguments: tuple[Any, ...]

    def facts(self) -> dict[str, Any]:
        """Versions and device."""
        return {"jax": jax.__version__, "device": str(jax.devices()[0])}

    def prepare(self, work: str, variant: str, shapes: dict[str, list[int]]) -> dict[str, Any]:
        """Draw weights of these shapes, compile, and compute the features once."""
        arrays = random_weights({name: tuple(shape) for name, shape in shapes.items()})
        if work == "inception":
            weights = inception(arrays, "random").features.args[0]  # type: ignore[attr-defined]
            network = inception_features
        else:
            weights, network = efficientnet_weights(arrays)[0], efficientnet_lite0_features
        pictures = jnp.asarray(images(NETWORKS[work]))
        size = chunk_size()
        program = lambda weights, x: in_chunks(lambda part: network(weights, part), x, size)
        began = time.perf_counter()
        self.run, self.arguments = jax.jit(program), (weights, pictures)
        features = np.asarray(self.run(*self.arguments))
        return {
            "compile_seconds": time.perf_counter() - began,
            "features": features[:, :: max(1, features.shape[1] // 64)].tolist(),
            "flops": None,
        }

    def time(self, count: int) -> dict[str, Any]:
        """Compute the features ``count`` times."""
        began, cpu = time.perf_counter(), time.process_time()
        for _ in range(count):
            jax.block_until_ready(self.run(*self.arguments))
        wall = time.perf_counter() - began
        return {
            "seconds_per_step": wall / count,
            "wall_seconds": wall,
            "cpu_seconds": time.process_time() - cpu,
            "peak_bytes": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        }


if __name__ == "__main__":
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    worker = Worker()
    serve({name: getattr(worker, name) for name in ("facts", "prepare", "time")})
