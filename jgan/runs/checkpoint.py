"""Checkpoints of a whole run. Everything that touches Orbax is in this file.

A checkpoint is a `TrainState`: arrays and JSON, never a pickle. Orbax writes under a temporary name and
renames, so an interrupted save leaves the ones before it. With the state lies its fingerprint, so that a
file that was altered later is found out.
"""

import contextlib
import gc
import logging
import os
import re
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import jax
import jax.numpy as jnp
from jax.experimental import multihost_utils
from jax.sharding import NamedSharding, PartitionSpec

from jgan.display import warn
from jgan.errors import UserError
from jgan.rules import TrainState
from jgan.runs.fingerprint import fingerprint
from jgan.training.devices import is_leader

DELETION = 1.0
"""Seconds after which a checkpoint that a training has begun to delete is gone."""


class Gone(UserError):
    """A checkpoint was deleted by the training that made it while it was read."""


class SavedCheckpoints:
    """The checkpoints in a run directory, for reading: nothing is written, made or removed.

    Another process may be training there. What it has saved completely is seen, and what it deletes while it
    is read is told as `Gone`.
    """

    def __init__(self, directory: Path) -> None:
        self._root = Path(directory).absolute()

    def steps(self) -> list[int]:
        """Steps that can be loaded, oldest first."""
        # Under its own name a checkpoint is complete: it is renamed to it when all is written.
        try:
            found = [path.name for path in self._root.iterdir() if path.is_dir()]
        except FileNotFoundError:
            return []
        return sorted(int(name) for name in found if name.isdecimal())

    def load(self, like: TrainState, step: int | None = None, sharding: Any = None) -> TrainState:
        """The state at ``step``, or the newest one.

        Args:
          like: a state (or its shapes) with the structure to restore.
          step: which; None for the newest.
          sharding: of every array, or a tree of them like the state; None for the first device.

        Raises:
          UserError: if there is none, it holds other arrays than ``like``, or it was altered; `Gone` if it was
            deleted meanwhile.
        """
        steps = self.steps()
        if not steps:
            raise UserError(f"{str(self._root)!r} holds no checkpoint; train the run first.")
        if step is not None and step not in steps:
            raise UserError(
                f"{str(self._root)!r} holds no checkpoint of step {step}, only of {steps}."
            )
        wanted = steps[-1] if step is None else step
        sharding = sharding or jax.sharding.SingleDeviceSharding(jax.devices()[0])
        if isinstance(sharding, jax.sharding.Sharding):
            one = sharding
            sharding = jax.tree.map(lambda leaf: one, like)
        shapes = {
            "state": jax.tree.map(
                lambda leaf, own: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=own),
                like,
                sharding,
            ),
            "fingerprint": {"sum": jax.ShapeDtypeStruct((), jnp.uint32, sharding=_whole(sharding))},
        }
        about = f"the checkpoint of step {wanted} in {str(self._root)!r}"
        found, reason = self._attempt(wanted, shapes)
        whole = found is not None and int(found["fingerprint"]["sum"]) == int(
            fingerprint(found["state"])
        )
        if found is not None and whole:
            return found["state"]
        if self._deleted(wanted):
            raise Gone(
                f"{about} was deleted by the training there while it was read; there are now those of "
                f"{self.steps()}."
            )
        if found is None:
            raise UserError(f"{about} does not fit this experiment or is damaged: {reason}.")
        raise UserError(f"{about} is damaged: its arrays are not those that were saved.")

    def _attempt(self, step: int, shapes: Any) -> tuple[Any, str]:
        """The content of a checkpoint, or None and why it cannot be read."""
        from orbax.checkpoint import v1 as ocp  # it takes long to import

        with warnings.catch_warnings(), _silent("asyncio"):
            warnings.simplefilter("ignore", RuntimeWarning)
            try:
                return ocp.load_checkpointables(self._root / str(step), shapes), ""
            except Exception as error:  # Orbax wraps what went wrong in several types of its own
                reason = _innermost(error)
            # What Orbax leaves running complains when it is collected: that has to happen in here.
            gc.collect()
        return None, reason

    def _deleted(self, step: int) -> bool:
        """Whether a checkpoint that could not be read is deleted, or is being so."""
        until = time.monotonic() + DELETION
        while (self._root / str(step)).exists():
            # The newest is never deleted, and deleting takes no time to speak of.
            if step == max(self.steps(), default=step) or time.monotonic() > until:
                return False
            time.sleep(DELETION / 20)
        return True


class Checkpoints(SavedCheckpoints):
    """The checkpoints that a training writes; a context manager that waits for pending saves.

    Kept are the newest ``keep``, those at multiples of ``keep_every``, and what is pinned. What a killed
    training left half written is removed: only the process that holds the run directory may open them so.
    """

    def __init__(self, directory: Path, keep: int = 3, keep_every: int | None = None) -> None:
        super().__init__(directory)
        from orbax.checkpoint import v1 as ocp

        training = ocp.training
        self._pinned: set[int] = set()

        def wanted(steps: Sequence[int]) -> list[bool]:
            newest = sorted(steps)[-keep:]
            return [
                step in newest
                or step in self._pinned
                or (keep_every is not None and step % keep_every == 0)
                for step in steps
            ]

        self._inner = training.Checkpointer(
            self._root,
            # Orbax skips a save while another is pending unless told that every step is due.
            save_decision_policy=training.save_decision_policies.FixedIntervalPolicy(1),
            preservation_policy=_Preserved(wanted),
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
        if error is None:
            self._saying_what_failed(self._inner.close)
            return
        with contextlib.suppress(Exception):  # the error that is on its way is the one to tell
            self._inner.close()

    def steps(self) -> list[int]:
        """Steps that can be loaded, and those that are being saved, oldest first."""
        return sorted(checkpoint.step for checkpoint in self._inner.checkpoints)

    def _deleted(self, step: int) -> bool:
        return False  # by whom? this is the process that deletes

    def pin(self, step: int | None) -> None:
        """Keep the checkpoint of ``step`` whatever comes, in place of the one pinned before."""
        self._pinned = set() if step is None else {step}

    def save(self, state: TrainState, step: int | None = None) -> None:
        """Begin to save ``state``; returns once its values are copied, so they may be donated.

        Args:
          state: of one run, or of a population.
          step: its number; None for the state's own, which a population has many of.

        Raises:
          UserError: if this save, or the one before it, cannot be written.
        """
        step = int(state.step) if step is None else step
        if step not in self.steps():
            content = {"state": state, "fingerprint": {"sum": fingerprint(state)}}
            self._saying_what_failed(lambda: self._inner.save_checkpointables_async(step, content))

    def _saying_what_failed(self, act: Callable[[], Any]) -> None:
        try:
            act()
        except Exception as error:  # Orbax and its storage wrap a full disk in types of their own
            self._inner.reload()
            kept = self.steps()
            intact = f"that of step {kept[-1]} is intact" if kept else "there is none before it"
            raise UserError(
                f"a checkpoint in {str(self._root)!r} could not be written ({_innermost(error)}); {intact}."
            ) from error

    def load_newest_intact(self, like: Callable[[int], tuple[TrainState, Any]]) -> TrainState:
        """The newest state that can be loaded; damaged ones after it are moved out and named.

        Args:
          like: for the step of a checkpoint, a state with the structure to restore and the sharding, as for
            `load`.

        Raises:
          UserError: if none can be loaded, with what is wrong with the newest.
        """
        failures: dict[int, UserError] = {}
        for step in reversed(self.steps()):
            try:
                shape, sharding = like(step)
                state = self.load(shape, step, sharding)
            except UserError as error:
                failures[step] = error
                continue
            for damaged, failure in failures.items():
                place = self._root.parent / f"damaged-checkpoint-{damaged}"
                warn(f"{failure} It was moved to {place}; going on from step {step}.")
                self._move_out(damaged, place)
            return state
        raise next(iter(failures.values()))

    def _move_out(self, step: int, place: Path) -> None:
        if is_leader():
            number = 0
            while place.exists():
                number += 1
                place = place.with_name(f"{place.name.partition('.')[0]}.{number}")
            (self._root / str(step)).rename(place)
        if jax.process_count() > 1:
            multihost_utils.sync_global_devices("damaged checkpoint moved")
        self._inner.reload()


def _whole(shardings: Any) -> Any:
    """The sharding of a number that lies beside arrays of the given ones."""
    sharding = jax.tree.leaves(shardings)[0]
    if isinstance(sharding, NamedSharding):
        return NamedSharding(sharding.mesh, PartitionSpec())
    return sharding


class _Preserved:
    """Orbax's protocol for what is kept, by a function of the steps."""

    def __init__(self, wanted: Callable[[Sequence[int]], list[bool]]) -> None:
        self._wanted = wanted

    def should_preserve(self, checkpoints: Sequence[Any], *, context: Any) -> Sequence[bool]:
        return self._wanted([checkpoint.step for checkpoint in checkpoints])


@contextlib.contextmanager
def _silent(name: str) -> Iterator[None]:
    log = logging.getLogger(name)
    before = log.disabled
    log.disabled = True
    try:
        yield
    finally:
        log.disabled = before


def _innermost(error: BaseException) -> str:
    """The first line of the exception at the bottom of a chain, the one that names the leaf.

    What the operating system refused, such as a write to a full disk, comes behind long paths.
    """
    while error.__cause__ is not None:
        error = error.__cause__
    line = str(error).strip().split("\n")[0]
    refused = re.search(r"os_error_code='(\d+)'", line)
    if refused:
        return f"[Errno {refused[1]}] {os.strerror(int(refused[1]))}"
    return line[:300].rstrip(".")
