"""Run a feature extractor over many images in compiled, sharded batches."""

import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec
from jax.tree_util import Partial

from jgan.features.chunks import in_chunks

BATCH_SIZE = 64
BATCH = PartitionSpec("batch")


def extract(
    function: Callable[[jax.Array], Any],
    batches: Iterable[np.ndarray],
    *,
    batch_size: int = BATCH_SIZE,
    devices: list[Any] | None = None,
) -> Iterator[Any]:
    """Run ``function`` over a stream of images, holding no more than a few batches of them.

    The images are regrouped into batches of one size, the last one padded, so that ``function`` is
    compiled once; each batch is sharded over the devices. Only one result waits while the next is
    computed. Products and convolutions run at the highest precision.

    Args:
      function: images ``(B, H, W, C)`` in [-1, 1] to an array with leading axis B, or a tuple or other
        tree of such. It is compiled; if it is a `jax.tree_util.Partial` its arrays (the weights) are
        arguments of the program, and calls with the same function compile once.
      batches: arrays ``(n, H, W, C)``, n as it comes and possibly different each time, float32 in
        [-1, 1] or uint8 (which is scaled to [-1, 1] on the device). One shape and dtype throughout.
      batch_size: images in a compiled batch, rounded up to a multiple of the number of devices.
      devices: to compute on; all local ones by default.

    Yields:
      The function's values as numpy, in order, ``batch_size`` at a time; the last may be shorter.

    Raises:
      ValueError: if ``batch_size`` is not positive, or the images are of mixed shapes or dtypes, not
        of rank 4, or neither float32 nor uint8.

    Examples:
      >>> images = (np.full((n, 2, 2, 1), 0.5, np.float32) for n in (5, 1, 3))
      >>> [part.shape for part in extract(lambda x: x.mean(axis=(1, 2)), images, batch_size=8)]
      [(8, 1), (1, 1)]
    """
    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}, but must be at least 1.")
    devices = devices or jax.local_devices()
    count = -(-batch_size // len(devices)) * len(devices)
    mesh = jax.make_mesh((len(devices),), ("batch",), (AxisType.Auto,), devices=devices)
    sharded = NamedSharding(mesh, BATCH)
    program = function if isinstance(function, Partial) else Partial(function)
    program = jax.device_put(program, NamedSharding(mesh, PartitionSpec()))
    waiting: tuple[Any, int] | None = None
    for images, valid in _regroup(batches, count):
        computed = _run(mesh, program, jax.device_put(images, sharded))
        if waiting is not None:
            yield _fetch(*waiting)
        waiting = (computed, valid)
    if waiting is not None:
        yield _fetch(*waiting)


@partial(jax.jit, static_argnums=0)
def _run(mesh: Mesh, program: Partial, images: jax.Array) -> Any:
    def local(program: Partial, images: jax.Array) -> Any:
        if images.dtype == jnp.uint8:
            images = (images.astype(jnp.float32) * 2 - 255) * np.float32(1 / 255)
        # Whatever the network asks for: a GPU's TF32 would give other numbers than a CPU.
        with jax.default_matmul_precision("highest"):
            return in_chunks(program, images, chunk_size())

    # Each device sees its own images only: no example needs another, so nothing is communicated.
    everywhere = jax.shard_map(
        local, mesh=mesh, in_specs=(PartitionSpec(), BATCH), out_specs=BATCH, check_vma=False
    )
    return everywhere(program, images)


def chunk_size() -> int:
    """Images that a CPU works on at a time: one a core, at least 2, so that they stay in its caches."""
    return max(2, os.cpu_count() or 1)


def _fetch(tree: Any, valid: int) -> Any:
    return jax.tree.map(lambda leaf: np.asarray(leaf)[:valid], tree)


def _regroup(batches: Iterable[np.ndarray], size: int) -> Iterator[tuple[np.ndarray, int]]:
    """The images in arrays of exactly ``size``, each with how many of them are not padding."""
    kept: list[np.ndarray] = []
    first: np.ndarray | None = None
    for images in batches:
        images = np.asarray(images)
        first = _checked(images, images if first is None else first)
        kept.append(images)
        if sum(map(len, kept)) >= size:
            joined = kept[0] if len(kept) == 1 else np.concatenate(kept)
            whole = len(joined) - len(joined) % size
            for start in range(0, whole, size):
                yield joined[start : start + size], size
            kept = [joined[whole:]]
    rest = np.concatenate(kept) if kept else np.empty(0)
    if len(rest):
        padding = np.repeat(rest[-1:], size - len(rest), axis=0)
        yield np.concatenate([rest, padding]), len(rest)


def _checked(images: np.ndarray, first: np.ndarray) -> np.ndarray:
    if images.ndim != 4 or images.dtype not in (np.dtype(np.uint8), np.dtype(np.float32)):
        raise ValueError(
            f"images have shape {images.shape} and dtype {images.dtype}, "
            "but must be (n, H, W, C) of float32 or uint8."
        )
    if (images.shape[1:], images.dtype) != (first.shape[1:], first.dtype):
        raise ValueError(
            f"images of shape {images.shape[1:]} and dtype {images.dtype} follow images of shape "
            f"{first.shape[1:]} and dtype {first.dtype}; all must be alike."
        )
    return first
