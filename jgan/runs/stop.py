"""Requests to stop: SIGINT and SIGTERM end a run after the chunk that is running, with its state saved."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import jax
import numpy as np
from jax.experimental import multihost_utils

STOPPED = 130
"""Exit code of a training that a signal stopped, so that no script goes on with half a run."""


class Stop:
    """Whether a stop was asked for, here or in any other process of the run."""

    def __init__(self) -> None:
        self._here = threading.Event()

    def request(self) -> None:
        """Ask for a stop."""
        self._here.set()

    def requested(self) -> bool:
        """Whether any process was asked; all processes must call this at the same points."""
        if jax.process_count() == 1:
            return self._here.is_set()
        everywhere = multihost_utils.process_allgather(np.asarray(self._here.is_set()))
        return bool(np.any(everywhere))


@contextmanager
def stop_requests() -> Iterator[Stop]:
    """A `Stop` that the first SIGINT or SIGTERM asks; a second signal acts as it always did."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    signals = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in signals}

    def request(number: int, frame: Any) -> None:
        stop.request()
        signal.signal(number, before[signal.Signals(number)])

    for number in signals:
        signal.signal(number, request)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
