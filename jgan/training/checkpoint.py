"""Checkpoints of a whole run. Everything that touches Orbax is in this file.

A checkpoint is a `TrainState`: arrays and JSON, never a pickle. Orbax writes under a temporary name and
renames, so an interrupted save leaves the ones before it.
"""

from pathlib import Path
from types import TracebackType

import jax
from orbax.checkpoint import v1 as ocp

from jgan.errors import UserError
from jgan.rules import TrainState


class Checkpoints:
    """The checkpoints of one run directory; a context manager that waits for pending saves."""

    def __init__(self, directory: Path, keep: int = 3) -> None:
        training = ocp.training
        self._root = Path(directory).absolute()
        self._inner = training.Checkpointer(
            self._root,
            # Orbax skips a save while another is pending unless told that every step is due.
            save_decision_policy=training.save_decision_policies.FixedIntervalPolicy(1),
            preservation_policy=training.preservation_policies.LatestN(keep),
            cleanup_tmp_directories=True,
        )

    def __enter__(self) -> "Checkpoints":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._inner.close()

    def steps(self) -> list[int]:
        """Steps that can be loaded, oldest first."""
        return sorted(checkpoint.step for checkpoint in self._inner.checkpoints)

    def save(self, state: TrainState) -> None:
        """Begin to save ``state``; returns once its values are copied, so they may be donated."""
        step = int(state.step)
        if step not in self.steps():
            self._inner.save_checkpointables_async(step, {"state": state})

    def load(self, like: TrainState, step: int | None = None) -> TrainState:
        """The state at ``step``, or the newest one.

        Args:
          like: a state (or its shapes) with the structure to restore.
          step: which; None for the newest.

        Raises:
          UserError: if there is none, or it holds other arrays than ``like``.
        """
        steps = self.steps()
        if not steps:
            raise UserError(f"{str(self._root)!r} holds no checkpoint; train the run first.")
        if step is not None and step not in steps:
            raise UserError(
                f"{str(self._root)!r} holds no checkpoint of step {step}, only of {steps}."
            )
        wanted = steps[-1] if step is None else step
        sharding = jax.sharding.SingleDeviceSharding(jax.devices()[0])
        shapes = jax.tree.map(
            lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=sharding), like
        )
        try:
            return self._inner.load_checkpointables(wanted, {"state": shapes})["state"]
        except Exception as error:  # Orbax wraps what went wrong in several types of its own
            raise UserError(
                f"the checkpoint of step {wanted} in {str(self._root)!r} does not fit this experiment "
                f"or is damaged: {_innermost(error)}"
            ) from error


def _innermost(error: BaseException) -> str:
    """The first line of the exception at the bottom of a chain, the one that names the leaf."""
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error).strip().split("\n")[0][:300]
