"""The PyTorch side of features.py: run as a module, it speaks the lines of `serve`. Never imports jgan."""

import os
import resource
import time
from typing import Any

import torch
from torch import nn

from benchmarks._workers.features_works import NETWORKS, images
from benchmarks._workers.recipes import random_weights
from benchmarks._workers.torch_features import EfficientNetLite0, Inception, fold
from benchmarks._workers.works import serve

THREADS = int(os.environ.get("JGAN_BENCHMARK_THREADS", os.cpu_count() or 1))


def _network(work: str) -> nn.Module:
    return (Inception() if work == "inception" else EfficientNetLite0()).eval()


class Worker:
    """Holds the newest prepared network."""

    network: nn.Module
    pictures: torch.Tensor

    def facts(self) -> dict[str, Any]:
        """Versions and threads."""
        return {"torch": torch.__version__, "threads": torch.get_num_threads()}

    def shapes(self, work: str) -> dict[str, Any]:
        """Shapes of the network's arrays by name."""
        return {name: list(array.shape) for name, array in _network(work).state_dict().items()}

    def prepare(self, work: str, variant: str, shapes: dict[str, list[int]]) -> dict[str, Any]:
        """Draw weights of these shapes and compute the features once."""
        arrays = random_weights({name: tuple(shape) for name, shape in shapes.items()})
        network = _network(work)
        state = {name: torch.from_numpy(array) for name, array in arrays.items()}
        network.load_state_dict({**network.state_dict(), **state})
        pictures = torch.from_numpy(images(NETWORKS[work])).permute(0, 3, 1, 2).contiguous()
        if variant.startswith("folded"):
            fold(network)
        if variant.endswith("channels_last"):
            network.to(memory_format=torch.channels_last)
            pictures = pictures.to(memory_format=torch.channels_last)
        self.network, self.pictures = network, pictures
        began = time.perf_counter()
        with torch.inference_mode():
            features = network(pictures).numpy()
        return {
            "compile_seconds": time.perf_counter() - began,
            "features": features[:, :: max(1, features.shape[1] // 64)].tolist(),
            "flops": None,
        }

    def time(self, count: int) -> dict[str, Any]:
        """Compute the features ``count`` times."""
        began, cpu = time.perf_counter(), time.process_time()
        with torch.inference_mode():
            for _ in range(count):
                self.network(self.pictures)
        wall = time.perf_counter() - began
        return {
            "seconds_per_step": wall / count,
            "wall_seconds": wall,
            "cpu_seconds": time.process_time() - cpu,
            "peak_bytes": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        }


if __name__ == "__main__":
    torch.set_num_threads(THREADS)
    torch.set_flush_denormal(True)  # as XLA does
    worker = Worker()
    serve({name: getattr(worker, name) for name in ("facts", "shapes", "prepare", "time")})
