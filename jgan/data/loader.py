"""The streaming loader: minibatches in the order of `example_indices`, read ahead by Grain.

A resident data set is gathered on the device by the same order, so both loaders give every example at the
same step. What step s reads is a pure function of the run's key and of s: a loader has no state to save.
"""

import os
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import numpy as np
from absl import flags

from jgan.data.order import example_indices, table_keys
from jgan.data.source import tables_of


class Reading(NamedTuple):
    """How a streaming loader reads.

    Attributes:
        workers: processes that read; 0 reads in threads of this process.
        threads: in each process.
        ahead: minibatches that are kept ready.
    """

    workers: int = 0
    threads: int = 4
    ahead: int = 8


@dataclass(frozen=True, eq=False)
class _Steps:
    """Random access to the examples of each step; Grain takes it for a data source."""

    tables: Mapping[str, Mapping[str, Any]]
    words: Mapping[str, np.ndarray]
    count: int
    first: int
    last: int
    part: slice

    def __len__(self) -> int:
        return self.last - self.first

    def __getitem__(self, position: Any) -> dict[str, np.ndarray]:
        step = self.first + int(position)
        found: dict[str, np.ndarray] = {}
        for table, fields in self.tables.items():
            size = len(next(iter(fields.values())))
            indices = example_indices(self.words[table], step, self.count, size, xp=np)[self.part]
            found |= {name: values[indices] for name, values in fields.items()}
        return found


def _end_with_parent(number: int, count: int) -> None:
    """In a reading process: end when the training is killed, instead of waiting for it for ever."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def batches(
    stored: Mapping[str, Any],
    key: jax.Array,
    count: int,
    first: int,
    last: int,
    *,
    part: slice = slice(None),
    reading: Reading,
) -> Iterator[dict[str, np.ndarray]]:
    """Yield what the steps ``first`` to ``last - 1`` read, as stored (pictures stay uint8).

    Args:
        stored: the source's fields, arrays or `StoredArray`s, as `jgan.data.Source.stored` gives them.
        key: that orders the data.
        count: examples a step, of each table.
        first: the first step.
        last: the step before which to end.
        part: of each step's examples, those that this process needs.
        reading: processes, threads and depth.
    """
    tables = tables_of(stored)
    # The words must be numpy: a worker process must not wake up JAX.
    words = {
        table: np.asarray(jax.random.key_data(own))
        for table, own in table_keys(key, tables).items()
    }
    steps = _Steps(tables, words, count, first, last, part)
    if len(steps) == 0:
        return iter(())
    import grain  # only a stream needs it, and it takes long to import

    here = grain.ReadOptions(num_threads=reading.threads, prefetch_buffer_size=reading.ahead)
    stream = grain.MapDataset.source(steps).to_iter_dataset(here)
    if reading.workers:
        if not flags.FLAGS.is_parsed():  # Grain's processes ask absl, which programs need not use
            flags.FLAGS.mark_as_parsed()
        buffer = max(1, reading.ahead // reading.workers)
        options = grain.MultiprocessingOptions(
            num_workers=reading.workers, per_worker_buffer_size=buffer
        )
        stream = stream.mp_prefetch(options, worker_init_fn=_end_with_parent)
    return iter(stream)
