"""Run a quick subset of the tests on each Python, with the oldest and with the newest packages.

    make matrix                              # or python -m benchmarks.matrix
    python -m benchmarks.matrix --python 3.12

The oldest packages are the lower bounds of pyproject.toml (uv's ``lowest-direct``), the newest what the
registry has below the upper bounds. Each pair has an environment of its own, in which `TESTS` and `COMMANDS`
must pass. A Python that this machine does not have is recorded as not run. The result,
benchmarks/results/matrix.json, is written after each pair.
"""

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks._workers.report import commit, machine
from jgan.files import write_atomically

ROOT = Path(__file__).parents[1]
RESULT = ROOT / "benchmarks" / "results" / "matrix.json"
PYTHONS = ("3.12", "3.13")
RESOLUTIONS = {"oldest": "lowest-direct", "newest": "highest"}
TESTS = (
    "tests/test_game.py",
    "tests/test_losses.py",
    "tests/test_latents.py",
    "tests/test_exports.py",
    "tests/runs/test_logs.py",
)
COMMANDS = (
    "jgan train r1 --data ring --width 8 --steps 20 --out run",
    "jgan train r1 --data ring --width 8 --steps 30 --out run",
    "jgan sample run --out samples.png",
    "jgan evaluate run --samples 500 --metrics sw",
    "jgan report run",
)
PACKAGES = (
    "jax",
    "jaxlib",
    "flax",
    "optax",
    "orbax-checkpoint",
    "grain",
    "numpy",
    "scipy",
    "matplotlib",
)
Entry = dict[str, Any]


class Pair(NamedTuple):
    """A Python and a choice of packages.

    Attributes:
      python: its version, such as "3.12".
      packages: "oldest" or "newest".
    """

    python: str
    packages: str


def main(words: Sequence[str] | None = None) -> int:
    """Run all pairs; exit code 1 if one fails."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--python", nargs="+", default=PYTHONS, help="Versions of Python.")
    parser.add_argument("--packages", nargs="+", choices=RESOLUTIONS, default=list(RESOLUTIONS))
    parser.add_argument("--out", type=Path, default=RESULT, help="File of the result.")
    options = parser.parse_args(words)
    uv = os.environ.get("UV") or shutil.which("uv") or str(ROOT / ".uv" / "bin" / "uv")
    entries = []
    for python in options.python:
        for packages in options.packages:
            entries.append(examined(Pair(python, packages), uv))
            write(options.out, entries)
            print(line(entries[-1]), flush=True)
    print(f"wrote {options.out}")
    return 1 if any(entry["result"] == "failed" for entry in entries) else 0


def examined(pair: Pair, uv: str) -> Entry:
    """Install a pair and run what must pass."""
    began = time.perf_counter()
    entry: Entry = {**pair._asdict()}
    interpreter = find_python(pair.python, uv)
    if interpreter is None:
        return {**entry, "result": "not run: no such Python"}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        python = place / "venv" / "bin" / "python"
        steps = [
            [uv, "venv", "--quiet", "--python", interpreter, str(place / "venv")],
            [
                *(uv, "pip", "install", "--quiet", "--python", str(python)),
                *("--resolution", RESOLUTIONS[pair.packages]),
                *("--group", f"{ROOT / 'pyproject.toml'}:dev", "--editable", str(ROOT)),
            ],
            [str(python), "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", *TESTS],
        ]
        steps += [[str(python), "-m", "jgan.cli.main", *shlex.split(one)[1:]] for one in COMMANDS]
        for words in steps:
            error = run(words, ROOT if "pytest" in words else place, place)
            if error is not None:
                entry |= {"result": "failed", "error": error}
                break
        else:
            entry["result"] = "passed"
        entry["versions"] = versions(python)
    return {**entry, "seconds": round(time.perf_counter() - began)}


def find_python(version: str, uv: str) -> str | None:
    """The path of an interpreter of this version: one that uv finds, or that pyenv has installed."""
    done = subprocess.run(
        [uv, "python", "find", "--system", version],
        env={**os.environ, "UV_PYTHON_DOWNLOADS": "never"},
        capture_output=True,
        text=True,
    )
    if done.returncode == 0:
        return done.stdout.strip()
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    found = sorted(root.glob(f"versions/{version}.*/bin/python"))
    return str(found[-1]) if found else None


def run(words: Sequence[str], folder: Path, place: Path) -> str | None:
    """Run a program to its end; returns None, or what it said last if it fails."""
    done = subprocess.run(
        words, cwd=folder, env=environment(os.environ, place), capture_output=True, text=True
    )
    if done.returncode == 0:
        return None
    said = (done.stdout + done.stderr).strip()[-3000:]
    return f"{shlex.join(words)} ended with code {done.returncode}:\n{said}"


def environment(env: Mapping[str, str], place: Path) -> dict[str, str]:
    """The variables of a program: those of this Python and of its caches left out."""
    own = ("PYTHON", "VIRTUAL_ENV", "JAX", "XLA", "JGAN", "UV_PROJECT", "UV_FROZEN")
    kept = {name: value for name, value in env.items() if not name.startswith(own)}
    # The checkout is installed as editable; its compiled modules are of another Python.
    return {**kept, "JGAN_CACHE": str(place / "cache"), "PYTHONPATH": str(ROOT)}


def versions(python: Path) -> dict[str, str]:
    """The versions of Python and of the packages that matter in an environment; none if it has no Python."""
    program = (
        "import json, platform; from importlib.metadata import version\n"
        f"print(json.dumps({{'python': platform.python_version(), **{{n: version(n) for n in {PACKAGES}}}}}))"
    )
    try:
        done = subprocess.run(
            [str(python), "-c", program], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return {}
    return json.loads(done.stdout)


def write(path: Path, entries: Sequence[Entry]) -> None:
    """Keep the results so far."""
    found = {
        "commit": commit(),
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "machine": machine(),
        "tests": TESTS,
        "commands": COMMANDS,
        "pairs": entries,
    }
    write_atomically(path, json.dumps(found, indent=1) + "\n")


def line(entry: Entry) -> str:
    """A line about a pair."""
    jax = entry.get("versions", {}).get("jax")
    about = f" (jax {jax}, {entry['seconds']} s)" if jax else ""
    error = f"\n{entry['error']}" if "error" in entry else ""
    return (
        f"Python {entry['python']}, {entry['packages']} packages: {entry['result']}{about}{error}"
    )


if __name__ == "__main__":
    sys.exit(main())
