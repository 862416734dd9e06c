"""Times the convolutions of the DCGAN and of the SNGAN ResNet against plain `jax.lax`, by layer.

Each row is one layer, each pair of figures plain/own milliseconds of the forward pass, the input
gradient or the kernel gradient, outside and inside a `lax.scan`: alternating runs, medians.
Run ``python -m benchmarks.convolution --net dcgan32 --json results.json``.
"""

import argparse
import json
import os
import pathlib
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
from jax import lax

from jgan.convolution.convolution import conv, conv_transpose

LENGTH = 2  # steps of the scan


class Layer(NamedTuple):
    """A layer: transposed or not, the larger image's side, its channels, the kernel, the stride."""

    transposed: bool
    side: int
    inputs: int
    outputs: int
    size: int
    stride: int


def dcgan(side: int, channels: int, width: int, size: int) -> list[Layer]:
    """The discriminator's layers, then the generator's, for images that halve down to 4 x 4."""
    down = []
    while side > 4:
        down.append(Layer(False, side, channels, width, size, 2))
        side, channels, width = -(-side // 2), width, 2 * width
    up = [Layer(True, d.side, d.outputs, d.inputs, d.size, d.stride) for d in reversed(down)]
    return down + up


def networks(size: int) -> dict[str, list[Layer]]:
    """The networks by name; ``size`` is the side of the DCGAN's kernels."""
    resnet = [
        Layer(False, 32, 3, 128, 3, 1),
        Layer(False, 32, 128, 128, 3, 1),
        Layer(False, 32, 128, 128, 4, 2),
        Layer(False, 16, 128, 128, 1, 1),
        Layer(False, 8, 128, 128, 3, 1),
        Layer(True, 8, 256, 256, 4, 2),
        Layer(False, 16, 256, 256, 3, 1),
        Layer(True, 32, 256, 256, 4, 2),
    ]
    return {
        "dcgan28": dcgan(28, 1, 64, size),
        "dcgan32": dcgan(32, 3, 64, size),
        "dcgan64": dcgan(64, 3, 64, size),
        "sngan32": resnet,
    }


def plain(layer: Layer, x: jax.Array, kernel: jax.Array) -> jax.Array:
    """The layer as `jax.lax` alone has it; a transposed one is cropped to its size."""
    names, stride = ("NHWC", "HWIO", "NHWC"), (layer.stride, layer.stride)
    if layer.transposed:
        y = lax.conv_transpose(x, kernel, stride, "SAME", dimension_numbers=names)
        return y[:, : layer.side, : layer.side]
    return lax.conv_general_dilated(x, kernel, stride, "SAME", dimension_numbers=names)


def ours(layer: Layer, x: jax.Array, kernel: jax.Array) -> jax.Array:
    """The layer of `jgan.convolution.convolution`."""
    if layer.transposed:
        return conv_transpose(x, kernel, stride=layer.stride, output_size=layer.side)
    return conv(x, kernel, stride=layer.stride)


def passes(apply: Callable[..., jax.Array]) -> dict[str, Callable[..., jax.Array]]:
    """The three functions of (x, kernel, y) that training runs."""
    return {
        "forward": lambda x, k, y: apply(x, k),
        "input": lambda x, k, y: jax.vjp(lambda x: apply(x, k), x)[1](y)[0],
        "kernel": lambda x, k, y: jax.vjp(lambda k: apply(x, k), k)[1](y)[0],
    }


def medians(pair: Sequence[Callable[[], Any]], seconds: float) -> list[float]:
    """Milliseconds of each, called in turn for about this long, after one call to warm up."""
    times: list[list[float]] = [[] for _ in pair]
    for function in pair:
        jax.block_until_ready(function())
    end = time.perf_counter() + seconds
    while not times[0] or time.perf_counter() < end:
        for function, record in zip(pair, times, strict=True):
            start = time.perf_counter()
            jax.block_until_ready(function())
            record.append(1e3 * (time.perf_counter() - start))
    return list(map(statistics.median, times))


def measure(layer: Layer, batch: int, seconds: float) -> dict[str, list[float]]:
    """Plain and own milliseconds of every pass of one layer, outside and inside a scan."""
    before, after = layer.side, -(-layer.side // layer.stride)
    before, after = (after, before) if layer.transposed else (before, after)
    draw = lambda *shape: jax.random.normal(jax.random.key(0), (LENGTH, *shape))
    x, y = draw(batch, before, before, layer.inputs), draw(batch, after, after, layer.outputs)
    k = draw(layer.size, layer.size, layer.inputs, layer.outputs)
    both = [passes(partial(plain, layer)), passes(partial(ours, layer))]
    found: dict[str, list[float]] = {}
    for name in both[0]:
        once = [partial(jax.jit(side[name]), x[0], k[0], y[0]) for side in both]
        scan = lambda f: jax.jit(lambda *s: lax.scan(lambda c, a: (c, f(*a)), 0, s)[1])
        loop = [partial(scan(side[name]), x, k, y) for side in both]
        found[name] = medians(once, seconds)
        found[name + " in scan"] = [t / LENGTH for t in medians(loop, seconds)]
    return found


def main() -> None:
    """Prints the table, and writes it as JSON if asked."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--net", choices=[*networks(4), "all"], default="dcgan32")
    parser.add_argument("--size", type=int, default=4, help="side of the DCGAN's kernels")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=0.5, help="for each pair of figures")
    parser.add_argument("--json", metavar="FILE")
    args = parser.parse_args()
    rows = []
    for net, layers in networks(args.size).items():
        for layer in layers if args.net in (net, "all") else []:
            found = measure(layer, args.batch, args.seconds)
            rows.append({"net": net, **layer._asdict(), "milliseconds": found})
            cells = "  ".join(f"{n} {a:.1f}/{b:.1f}" for n, (a, b) in found.items())
            print(f"{net} {tuple(map(int, layer))}  plain/own: {cells}", flush=True)
    if args.json:
        machine = [platform.machine(), os.cpu_count(), str(jax.devices()[0])]
        versions = [sys.version, jax.__version__]
        facts = {"machine": machine, "versions": versions, "batch": args.batch, "rows": rows}
        pathlib.Path(args.json).write_text(json.dumps(facts, indent=1))


if __name__ == "__main__":
    main()
