"""Where a run lives: its devices, and how its state and its batches lie on them."""

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from jgan.errors import UserError

AXIS = "data"
MODES = ("jit", "fsdp", "pmap")
SMALLEST_SPLIT = 2**12
"""Elements below which splitting an array saves less than its exchange costs."""


@dataclass(frozen=True)
class Layout:
    """The devices of a run, which split its batches between them.

    Attributes:
      devices: all of them, those of other processes included.
      mode: "jit": one program over a mesh, which sees whole batches, so that nothing in a game or a rule
        knows of devices; each holds the whole state. "fsdp": the same program, but parameters,
        optimiser states and averages are split between the devices too and gathered layer by layer
        (fully sharded data parallel; Rajbhandari et al. 2020, ZeRO stage 3), for states that one
        device cannot hold. "pmap": one program a device, with means and random numbers of the whole
        batch by `jgan.batch_axis`. All give the same numbers.
    """

    devices: tuple[jax.Device, ...]
    mode: str = "jit"

    @property
    def count(self) -> int:
        """Number of devices."""
        return len(self.devices)

    @cached_property
    def mesh(self) -> Mesh:
        """The devices in a row. Its axis is automatic: explicit ones refuse ordinary GAN code."""
        return Mesh(np.asarray(self.devices), (AXIS,), axis_types=(AxisType.Auto,))

    @property
    def replicated(self) -> NamedSharding:
        """A copy on every device."""
        return NamedSharding(self.mesh, PartitionSpec())

    def split(self, axis: int = 0) -> NamedSharding:
        """Examples, which lie along ``axis``, split between the devices."""
        return NamedSharding(self.mesh, PartitionSpec(*[None] * axis, AXIS))

    def of_state(self, state: Any) -> Any:
        """How each array of a state, or of its shapes, lies on the devices.

        Under "fsdp" an array of at least `SMALLEST_SPLIT` elements is split along the longest of its axes
        that the devices divide evenly; others are copied.
        """
        return jax.tree.map(self._of_leaf, state)

    def _of_leaf(self, leaf: Any) -> NamedSharding:
        even = [axis for axis, length in enumerate(leaf.shape) if length % self.count == 0]
        if self.mode != "fsdp" or not even or leaf.size < SMALLEST_SPLIT:
            return self.replicated
        return self.split(max(even, key=lambda axis: leaf.shape[axis]))

    def replicate(self, tree: Any) -> Any:
        """Host arrays, equal in every process, copied to every device."""

        def put(leaf: Any) -> jax.Array:
            values = np.asarray(leaf)
            return jax.make_array_from_callback(
                values.shape, self.replicated, lambda index: values[index]
            )

        return jax.tree.map(put, tree)

    def part(self, count: int) -> slice:
        """Which of ``count`` examples this process feeds to its devices."""
        here = [
            i
            for i, device in enumerate(self.devices)
            if device.process_index == jax.process_index()
        ]
        each = count // self.count
        return slice(here[0] * each, (here[-1] + 1) * each)


def one_device_a_core() -> None:
    """Show JAX each core of a CPU as a device, so that independent trainings keep all of them busy.

    A small network uses one thread; members spread over two devices take 0.18 ms a step where those of one
    device take 0.39 (perceptrons on the ring, ``python -m benchmarks.population``). Every device holds a copy
    of the data, so there are eight at most. Where JAX has used a device already, or ``XLA_FLAGS`` or
    ``JAX_NUM_CPU_DEVICES`` say how many there are, nothing changes.
    """
    chosen = jax.config.jax_num_cpu_devices > 0
    if not chosen and "device_count" not in os.environ.get("XLA_FLAGS", ""):
        with suppress(RuntimeError):
            jax.config.update("jax_num_cpu_devices", min(cores(), 8))


def cores() -> int:
    """How many cores of the machine this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def all_devices() -> list[jax.Device]:
    """The devices of all processes, those of a process side by side."""
    return sorted(jax.devices(), key=lambda device: (device.process_index, device.id))


def choose_layout(
    examples: int, *, mode: str = "jit", devices: Sequence[jax.Device] | None = None
) -> Layout:
    """The layout for batches of ``examples``, over all devices.

    Where the examples cannot be split evenly, as many devices are used as can.

    Raises:
      UserError: for an unknown mode, or if several processes cannot share the batch.
    """
    if mode not in MODES:
        raise UserError(f"parallel is {mode!r}, but must be one of {', '.join(MODES)}.")
    if mode == "pmap" and jax.process_count() > 1:
        raise UserError("parallel is 'pmap', but several processes need 'jit'.")
    found = list(all_devices() if devices is None else devices)
    count = max(n for n in range(1, len(found) + 1) if examples % n == 0)
    if jax.process_count() > 1 and count < len(found):
        raise UserError(
            f"a batch of {examples} examples cannot be split between the {len(found)} devices of "
            f"{jax.process_count()} processes; use a multiple of {len(found)}."
        )
    return Layout(tuple(found[:count]), mode)


def connect(coordinator: str | None, processes: int | None, process: int | None) -> None:
    """Join the other processes of a run; without arguments, a cluster manager is asked.

    Args:
      coordinator: ``host:port`` of the first process, the same for all, or "auto" to ask SLURM, Open MPI,
        Kubernetes or a TPU pod for all three.
      processes: how many there are.
      process: the number of this one, from 0.

    Raises:
      UserError: if one is missing, or the others do not answer.
    """
    if coordinator is None:
        if processes is not None or process is not None:
            raise UserError("--processes and --process need --coordinator HOST:PORT.")
        return
    if coordinator == "auto":
        arguments: dict[str, Any] = {}
    elif processes is None or process is None:
        raise UserError("--coordinator needs --processes N and --process I, or the word auto.")
    elif not 0 <= process < processes:
        raise UserError(
            f"--process is {process}, but must be from 0 to {processes - 1} of {processes}."
        )
    else:
        arguments = {
            "coordinator_address": coordinator,
            "num_processes": processes,
            "process_id": process,
        }
    try:
        jax.distributed.initialize(**arguments)
    except Exception as error:  # the service's own errors, time-outs, missing cluster variables
        reason = str(error).strip().split("\n")[0].rstrip(".")
        raise UserError(
            f"the processes could not connect through {coordinator}: {reason}."
        ) from error


def is_leader() -> bool:
    """Whether this process writes the run directory."""
    return jax.process_index() == 0


def of_leader(number: int) -> int:
    """The leader's number in every process, below 2^31; all processes must ask for it together."""
    if jax.process_count() == 1:
        return number
    return int(multihost_utils.broadcast_one_to_all(np.asarray(number, np.int32)))


def on_host(tree: Any) -> Any:
    """A tree on this process's first device, for computations of this process alone.

    Arrays that are split between devices are gathered, which all processes must ask for together.
    """

    def whole(leaf: Any) -> Any:
        if not isinstance(leaf, jax.Array):
            return leaf
        if isinstance(leaf.sharding, NamedSharding) and not leaf.is_fully_replicated:
            everywhere = NamedSharding(leaf.sharding.mesh, PartitionSpec())
            leaf = jax.jit(lambda values: values, out_shardings=everywhere)(leaf)
        return leaf.addressable_data(0)

    return jax.tree.map(whole, tree)
