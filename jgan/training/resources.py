"""What a training will need, from shapes alone: parameters, memory, operations a step."""

import contextlib
import resource
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jgan.data import gather
from jgan.data.pictures import available_bytes
from jgan.errors import UserError
from jgan.game import PLAYERS
from jgan.rules import Rule, TrainState
from jgan.training.flops import count_flops


class Estimate(NamedTuple):
    """What one device needs that holds the whole run.

    Attributes:
      parameters: trained numbers of each player.
      state_bytes: the train state: variables, optimizer states, averages; updated in place.
      data_bytes: the data set where it lives on the device, else 0.
      batch_bytes: the examples of one step.
      temporary_bytes: what the compiled step allocates beside them, None where the compiler does not
        say. Workspaces of libraries (cuDNN, oneDNN) are not in it: steps of DCGAN-32 took 1.3 to 1.5
        times as much on a CPU.
      flops: operations of matrix products and convolutions in one step, two for each multiplication
        with its addition, by `jgan.training.flops`.
      examples: data examples that one step draws.
      frozen: numbers of each player that an earlier stage left and that are trained no more, if any.
    """

    parameters: dict[str, int]
    state_bytes: int
    data_bytes: int
    batch_bytes: int
    temporary_bytes: int | None
    flops: int
    examples: int
    frozen: dict[str, int] = {}

    @property
    def memory_bytes(self) -> int:
        """The sum of all parts that are known."""
        parts = self.state_bytes + self.data_bytes + self.batch_bytes
        return parts + (self.temporary_bytes or 0)

    def counts(self) -> str:
        """The players' parameters in words.

        >>> Estimate({"generator": 1200}, 0, 0, 0, None, 0, 1, {"generator": 300}).counts()
        'generator 1,200 (and 300 frozen)'
        """
        held = {player: f" (and {count:,} frozen)" for player, count in self.frozen.items()}
        return ", ".join(
            f"{player} {count:,}{held.get(player, '')}" for player, count in self.parameters.items()
        )

    def line(self) -> str:
        """The estimate in one line, for one stage of several."""
        return (
            f"parameters {self.counts()}; memory {with_unit(self.memory_bytes, 'B')}; "
            f"{with_unit(self.flops, 'FLOP')} a step"
        )

    def lines(self) -> list[str]:
        r"""The estimate in words.

        >>> made = Estimate({"generator": 1200, "discriminator": 34}, 2000, 0, 4096, None, 7680, 64)
        >>> print("\n".join(made.lines()))
        parameters: generator 1,200, discriminator 34
        memory: 6.1 kB (state 2 kB, data on the device 0 B, batch 4.1 kB; temporary not known here)
        operations: 7.68 kFLOP a step in products and convolutions, 120 FLOP an example
        """
        known = self.temporary_bytes is not None
        temporary = f", temporary {with_unit(self.temporary_bytes or 0, 'B')}"
        return [
            f"parameters: {self.counts()}",
            f"memory: {with_unit(self.memory_bytes, 'B')} (state {with_unit(self.state_bytes, 'B')}, "
            f"data on the device {with_unit(self.data_bytes, 'B')}, "
            f"batch {with_unit(self.batch_bytes, 'B')}"
            f"{temporary if known else '; temporary not known here'})",
            f"operations: {with_unit(self.flops, 'FLOP')} a step in products and convolutions, "
            f"{with_unit(self.flops / self.examples, 'FLOP')} an example",
        ]


def estimate(
    rule: Rule,
    arrays: Mapping[str, Any],
    batch_size: int,
    resident: bool = True,
    state: TrainState | None = None,
    compiled: bool = True,
) -> Estimate:
    """What training with ``rule`` will need; compiles one step, unless told not to, and runs nothing.

    Args:
      rule: how the players move.
      arrays: the data set's fields as a loader holds them (uint8 pictures become float32 in a batch);
        anything with ``shape`` and ``dtype``.
      batch_size: examples in a minibatch; a step takes ``rule.minibatches`` of them.
      resident: whether the data set lives on the device.
      state: shapes of the state, for a stage that follows another; None for those of the rule's first state.
      compiled: whether a step is compiled, which alone tells what it allocates.

    Raises:
      UserError: if the networks do not fit the data.
    """
    fields = {
        name: jax.ShapeDtypeStruct(np.shape(array), array.dtype) for name, array in arrays.items()
    }
    examples = rule.minibatches * batch_size
    first = _batch(fields, batch_size)
    batch = _batch(fields, examples)
    try:
        if state is None:
            state = jax.eval_shape(lambda batch: rule.init(jax.random.key(0), batch), first)
        flops = count_flops(rule.update, state, batch)
    except ValueError as error:
        # Shapes and norms are checked while tracing; the message is already one sentence.
        raise UserError(str(error)) from error
    step = jax.jit(rule.update, donate_argnums=0)
    memory = step.lower(state, batch).compile().memory_analysis() if compiled else None
    return Estimate(
        parameters={player: _count(state.variables[player]["params"]) for player in PLAYERS},
        state_bytes=tree_bytes(state),
        data_bytes=tree_bytes(fields) if resident else 0,
        batch_bytes=tree_bytes(batch),
        temporary_bytes=None if memory is None else int(memory.temp_size_in_bytes),
        flops=flops,
        examples=examples,
        frozen={
            player: _count(state.variables[player]["frozen"])
            for player in PLAYERS
            if "frozen" in state.variables[player]
        },
    )


def free_bytes(device: Any, copies: int = 1) -> float:
    """Memory that may still be used on a device; infinity where that is not known.

    Args:
      device: of JAX. A CPU's memory is the system's.
      copies: how many devices share that memory.
    """
    # Of several processes each sees the memory of its own devices only.
    own = getattr(device, "process_index", 0) == jax.process_index()
    stats = (device if own else jax.local_devices()[0]).memory_stats() or {}
    if "bytes_limit" in stats:
        return stats["bytes_limit"] - stats.get("bytes_in_use", 0)
    return available_bytes() / copies


def peak_bytes(device: Any) -> int:
    """The most memory that was in use at once: on an accelerator its own, else that of this process.

    A process's peak is that since it began or, on Linux, since `forget_peak`.
    """
    stats = device.memory_stats() or {}
    if "peak_bytes_in_use" in stats:
        return stats["peak_bytes_in_use"]
    with contextlib.suppress(OSError, StopIteration):
        lines = Path("/proc/self/status").read_text().splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
    kilobytes = 1 if sys.platform == "darwin" else 1024
    return kilobytes * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def forget_peak() -> None:
    """Let `peak_bytes` of this process begin anew, where the system can do that."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")  # man proc_pid_clear_refs


def check_memory(state: TrainState, data_bytes: int, free: float, streams: bool = True) -> None:
    """Refuse a training whose state and data alone exceed the memory of a device.

    Args:
      state: the train state, or its shapes.
      data_bytes: of the data set where it lives on the device, else 0.
      free: by `free_bytes`.
      streams: whether the data could be streamed instead.

    Raises:
      UserError: if they do not fit, with both sizes and what is free.
    """
    needed = tree_bytes(state)
    if needed + data_bytes <= free:
        return
    data = f" and the data set {with_unit(data_bytes, 'B')}" if data_bytes else ""
    stream = "; use --loader stream, or" if streams and needed <= free else "; use"
    raise UserError(
        f"the train state needs {with_unit(needed, 'B')}{data}, but {with_unit(free, 'B')} of memory are free"
        f"{stream} narrower networks or a larger machine."
    )


def _count(tree: Any) -> int:
    return sum(leaf.size for leaf in jax.tree.leaves(tree))


def _batch(fields: Mapping[str, jax.ShapeDtypeStruct], count: int) -> dict[str, Any]:
    return jax.eval_shape(lambda arrays: gather(arrays, jnp.zeros(count, jnp.int32)), fields)


def tree_bytes(tree: Any) -> int:
    """Bytes of all arrays, or of their shapes, in a tree."""
    return sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(tree))


def with_unit(value: float, unit: str) -> str:
    """A number with its unit in steps of 1000.

    >>> with_unit(33390444544, "FLOP"), with_unit(7840000, "B"), with_unit(12, "B")
    ('33.4 GFLOP', '7.84 MB', '12 B')
    """
    for prefix in ("", "k", "M", "G"):
        if value < 999.5:
            return f"{value:.3g} {prefix}{unit}"
        value /= 1000
    return f"{value:.3g} T{unit}"
