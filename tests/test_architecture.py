"""The floors of the building: a file imports from its own floor or below, and never in a circle."""

import ast
import functools
import subprocess
import sys
from collections import defaultdict
from graphlib import TopologicalSorter
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parents[1]
FLOORS = {
    1: [
        "errors",
        "arguments",
        "batch_axis",
        "threefry",
        "players",
        "schedules",
        "scene",
        "game",
        "terms",
        "losses",
        "latents",
        "augmentation",
        "networks",
        "convolution",
    ],
    2: ["gans", "rules"],
    3: ["numerics", "metrics", "features", "analysis", "statistics"],
    4: ["files", "references", "versions", "display", "training", "data", "evaluation", "weights"],
    5: ["claims", "sweeps", "runs"],
    6: ["cli", "commands", "reports", "tables"],
}
FLOOR_OF = {room: floor for floor, rooms in FLOORS.items() for room in rooms}


def name_of(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {name_of(path): path for path in sorted((ROOT / "jgan").rglob("*.py"))}


def imports(path):
    """The modules that a file imports anywhere in it, functions included."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                found.add(inner if inner in FILES else node.module)
    return found


@functools.cache
def graph():
    """Of every module, what it imports."""
    return {name: imports(path) for name, path in FILES.items()}


def floor(module):
    return FLOOR_OF[room(module)]


def test_every_room_has_a_floor():
    rooms = {name.split(".")[1] for name in FILES if name != "jgan"}
    assert rooms <= set(FLOOR_OF)


@pytest.mark.parametrize("name", [name for name in FILES if name != "jgan"])
def test_imports_go_down(name):
    above = [
        other for other in graph()[name] if other.startswith("jgan.") and floor(other) > floor(name)
    ]
    assert not above


def test_files_form_no_circle():
    # A package's __init__ gathers its files, so a file's edge to its own package counts too.
    inside = {name: {o for o in others if o in FILES} for name, others in graph().items()}
    assert list(TopologicalSorter(inside).static_order())


def room(module):
    return module.split(".")[1]


def test_rooms_form_no_circle():
    """Nor do the rooms themselves: of two of them one can be read without the other."""
    rooms = defaultdict(set)
    for name, others in graph().items():
        if name != "jgan":
            beyond = {room(o) for o in others if o in FILES and o != "jgan"}
            rooms[room(name)] |= beyond - {room(name)}
    assert list(TopologicalSorter(rooms).static_order())


def test_flax_stays_in_its_room():
    users = {
        name for name, others in graph().items() if any(o.split(".")[0] == "flax" for o in others)
    }
    assert users
    assert all(name.startswith("jgan.networks") for name in users)


@pytest.mark.parametrize(
    "room",
    [room for floor in (1, 2, 3) for room in FLOORS[floor] if room not in ("errors", "networks")],
)
def test_pure_rooms_have_no_effects(room):
    effects = {"os", "sys", "pathlib", "time", "io", "shutil", "subprocess", "random", "logging"}
    for name, others in graph().items():
        if name.startswith(f"jgan.{room}"):
            assert not {o.split(".")[0] for o in others} & effects


def test_files_are_short():
    lengths = {name: len(path.read_text().splitlines()) for name, path in FILES.items()}
    assert median(lengths.values()) <= 110
    assert {name: length for name, length in lengths.items() if length > 400} == {}


def test_importing_jgan_needs_no_other_framework():
    modules = ["jgan", *(name for name in FILES if name.count(".") == 1 and name != "jgan.reports")]
    program = (
        "import importlib, sys\n"
        f"for name in {modules}: importlib.import_module(name)\n"
        "print([name for name in ('tensorflow', 'torch') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
