"""Worker processes as seen by the driver, and how busy the rest of the machine was meanwhile."""

import contextlib
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {
    # Freed memory is kept: touching fresh pages costs both frameworks up to a sixth of their speed.
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": "17179869184",
    "MALLOC_TOP_PAD_": "67108864",
    "JAX_ENABLE_COMPILATION_CACHE": "false",
}
"""Set for every worker, of either side."""


class BenchmarkError(Exception):
    """What the user, or a worker, got wrong, in one sentence."""


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def busy_seconds(stat: Path = Path("/proc/stat")) -> float | None:
    """CPU seconds used on this machine since it started, stolen ones included; None if unknown."""
    try:
        fields = stat.read_text().split("\n", 1)[0].split()[1:]
        user, nice, system, _, _, irq, softirq, steal = map(int, fields[:8])
    except (OSError, ValueError):
        return None
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


class Worker:
    """One worker process, asked one thing at a time."""

    def __init__(
        self,
        python: str,
        side: str,
        environment: Mapping[str, str] | None = None,
        module: str | None = None,
    ) -> None:
        self.side = side
        module = module or f"benchmarks._workers.{'jax' if side == 'jgan' else side}_worker"
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 (lives as long as the process)
        threads = {"JGAN_BENCHMARK_THREADS": str(cores())}
        try:
            self._process = subprocess.Popen(
                [python, "-m", module],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                cwd=ROOT,
                env={**os.environ, **ENVIRONMENT, **threads, **(environment or {})},
                text=True,
            )
        except OSError as error:
            self._log.close()
            raise BenchmarkError(
                f"{python!r} cannot be run ({error.strerror}); "
                f"give the interpreter of an environment with {side}."
            ) from error

    def ask(self, do: str, **arguments: Any) -> dict[str, Any]:
        """The worker's answer.

        Raises:
          BenchmarkError: if it reports an error or is gone.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            code = self._process.wait()
            self._log.seek(0)
            last = (self._log.read().strip() or "it said nothing").splitlines()[-1]
            raise BenchmarkError(f"the {self.side} worker ended with code {code} in {do!r}: {last}")
        answer = json.loads(line)
        if "error" in answer:
            raise BenchmarkError(answer["error"])
        return answer

    def measure(self, count: int) -> dict[str, Any]:
        """Time ``count`` steps, with ``others``: the share of all cores that other processes used.

        None where the machine does not tell. Cores that nobody used are no disturbance.
        """
        before, began = busy_seconds(), time.perf_counter()
        answer = self.ask("time", count=count)
        wall, after = time.perf_counter() - began, busy_seconds()
        if before is None or after is None or after == before:
            return {**answer, "others": None}
        spent = max(after - before - answer["cpu_seconds"], 0.0)
        return {**answer, "others": min(spent / (wall * (os.cpu_count() or 1)), 1.0)}

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
        self._log.close()
