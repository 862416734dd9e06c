"""Build wheel and sdist, install each in an environment of its own, and use jgan outside the checkout.

    make wheel                                    # or python -m benchmarks.wheel
    python -m benchmarks.wheel --keep FOLDER      # leave the distributions and the environments there

pip installs the wheel, uv the sdist as a tool. In each environment the commands of `COMMANDS` run in an empty
folder, and must end with code 0 and leave their files. The result is kept in benchmarks/results/wheel.json.
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
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks._workers.report import commit, machine
from jgan.files import make_folder, write_atomically

ROOT = Path(__file__).parents[1]
RESULT = ROOT / "benchmarks" / "results" / "wheel.json"
COMMANDS = {
    "jgan list": (),
    "jgan train dcgan --steps 20 --out runs/dcgan": ("runs/dcgan/samples.png",),
    "jgan sample runs/dcgan --out samples.png": ("samples.png",),
    "jgan evaluate runs/dcgan --samples 500": ("runs/dcgan/evaluations",),
    "jgan report runs/dcgan": ("runs/dcgan/report.html",),
    "jgan new mine.py --from r1": ("mine.py",),
    "jgan train dcgan --steps 25 --out runs/dcgan --track tensorboard,trackio": (
        "runs/dcgan/tensorboard",
        "trackio/jgan.db",
    ),
    "jgan cite runs/dcgan --out dcgan.bib": ("dcgan.bib",),
    "jgan train mine.py --data ring --steps 20 --out runs/mine": ("runs/mine/samples.png",),
}
"""What is run in each environment, and the files and folders that each command leaves."""
TRACKERS = ("tensorboardX", "trackio")
"""Packages that are installed too, since a command tracks by them."""
_ABOUT = """
import json, jgan
from jgan.versions import versions
print(json.dumps({"place": jgan.__file__, "versions": versions()}))
"""
_OWN = ("PYTHON", "VIRTUAL_ENV", "JAX", "XLA", "JGAN", "UV_PROJECT", "UV_FROZEN")
"""How variables begin that would let this environment show through."""


class Installed(NamedTuple):
    """An environment with jgan in it: its Python, its command, and what installed it."""

    python: Path
    command: Path
    by: str


class Failure(Exception):
    """A program that ended with another code than 0, or left something out; the message says which."""


def main(words: Sequence[str] | None = None) -> int:
    """Run the whole; exit code 1 if anything failed, in which case the kept result stays as it is."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=RESULT, help="file of the result")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="an empty folder to work in")
    options = parser.parse_args(words)
    uv = os.environ.get("UV") or shutil.which("uv") or str(ROOT / ".uv" / "bin" / "uv")
    found: dict[str, Any] = {
        "commit": commit(),
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "machine": machine(),
        "environments": [],
    }
    with ExitStack() as stack:
        folder = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder = make_folder(folder).resolve()
        env = clean(os.environ) | {"JGAN_CACHE": str(folder / "cache")}
        try:
            for distribution in build(uv, folder / "dist", env):
                by_pip = distribution.suffix == ".whl"
                place = folder / ("pip" if by_pip else "uv-tool")
                installed = (
                    with_pip(distribution, place, env)
                    if by_pip
                    else with_uv_tool(uv, distribution, place, env)
                )
                found["environments"].append(
                    {
                        "distribution": distribution.name,
                        "bytes": distribution.stat().st_size,
                        "installed_by": installed.by,
                        **use(installed, place, make_folder(folder / f"{place.name}-work"), env),
                    }
                )
        except Failure as failure:
            print(f"wheel: {failure}", file=sys.stderr)
            return 1
    write_atomically(options.out, json.dumps(found, indent=1) + "\n")
    print(f"wrote {options.out}")
    return 0


def clean(env: Mapping[str, str]) -> dict[str, str]:
    """The variables of an environment without those that concern this Python or jgan."""
    return {name: value for name, value in env.items() if not name.startswith(_OWN)}


def build(uv: str, folder: Path, env: Mapping[str, str]) -> list[Path]:
    """Build the sdist, and the wheel from it; returns both, the wheel first."""
    run([uv, "build", "--out-dir", str(folder), str(ROOT)], ROOT, env)
    return [next(folder.glob("*.whl")), next(folder.glob("*.tar.gz"))]


def with_pip(distribution: Path, place: Path, env: Mapping[str, str]) -> Installed:
    """Install a distribution into a new virtual environment."""
    run([sys.executable, "-m", "venv", str(place)], place.parent, env)
    python = place / "bin" / "python"
    pip = [str(python), "-m", "pip"]
    run([*pip, "install", "--quiet", str(distribution), *TRACKERS], place.parent, env)
    version = run([*pip, "--version"], place.parent, env).split()[1]
    return Installed(python, place / "bin" / "jgan", f"pip {version}")


def with_uv_tool(uv: str, distribution: Path, place: Path, env: Mapping[str, str]) -> Installed:
    """Install a distribution as a tool of uv in a folder of its own."""
    own = {**env, "UV_TOOL_DIR": str(place), "UV_TOOL_BIN_DIR": str(place / "bin")}
    words = [uv, "tool", "install", "--quiet", "--python", sys.executable]
    beside = [word for package in TRACKERS for word in ("--with", package)]
    run([*words, *beside, str(distribution)], place.parent, own)
    version = run([uv, "--version"], place.parent, own).split()[1]
    return Installed(
        place / "jgan" / "bin" / "python", place / "bin" / "jgan", f"uv tool {version}"
    )


def use(
    installed: Installed,
    place: Path,
    folder: Path,
    env: Mapping[str, str],
    commands: Mapping[str, Sequence[str]] = COMMANDS,
) -> dict[str, Any]:
    """Run the commands in an environment.

    Args:
      installed: the environment.
      place: its folder, in which jgan must lie.
      folder: an empty one to run them in.
      env: variables of the processes.
      commands: and what each leaves in ``folder``.

    Returns:
      Versions, and the seconds that each command took, as JSON.

    Raises:
      Failure: if a command fails, leaves something out, or jgan is not the installed one.
    """
    env = {**env, "TRACKIO_DIR": str(folder / "trackio")}
    about = json.loads(run([str(installed.python), "-c", _ABOUT], folder, env))
    if not Path(about["place"]).resolve().is_relative_to(place.resolve()):
        raise Failure(f"jgan is imported from {about['place']}, not from {place}")
    seconds = {}
    for command, left in commands.items():
        began = time.perf_counter()
        run([str(installed.command), *shlex.split(command)[1:]], folder, env)
        seconds[command] = round(time.perf_counter() - began, 1)
        for name in left:
            if not (folder / name).exists():
                raise Failure(f"`{command}` left no {name}")
        print(f"{installed.by}: {command} ({seconds[command]} s)", flush=True)
    return {"versions": about["versions"], "seconds": seconds}


def run(command: Sequence[str], folder: Path, env: Mapping[str, str]) -> str:
    """Run a program to its end; returns what it printed.

    Raises:
      Failure: if it ends with another code than 0.
    """
    done = subprocess.run(command, cwd=folder, env=dict(env), capture_output=True, text=True)
    if done.returncode:
        said = (done.stdout + done.stderr).strip()
        raise Failure(f"{shlex.join(command)} ended with code {done.returncode}:\n{said}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
