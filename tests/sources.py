"""What a file of tests depends on, as one number that changes when any of it does.

Tests of pure rooms depend on what they import, and on that alone. All others may read files, start commands or
import by name, so they depend on every file of the project.
"""

import ast
import functools
import hashlib
import sys
from pathlib import Path

PURE = {
    *(
        "arguments",
        "augmentation",
        "batch_axis",
        "convolution",
        "errors",
        "game",
        "gans",
        "latents",
        "losses",
    ),
    *("networks", "numerics", "metrics", "players", "rules", "scene", "terms", "threefry"),
}
"""Rooms and files of jgan that read nothing; tests/test_architecture.py holds them to it."""
EFFECTS = {"subprocess", "pathlib", "os", "importlib", "io"}
EVERYTHING = ("jgan", "tests", "experiments", "benchmarks", "docs", "README.md", "Makefile")
VERSIONS = ("pyproject.toml", "uv.lock", "tests/conftest.py", "jgan/__init__.py")
RESULTS = "benchmarks/results"


def sources(root: Path, test: str) -> str:
    """A hash of what the tests of a file depend on, Python's version and the locked packages included.

    Args:
      root: of the project.
      test: the file, relative to the root.
    """
    needed = imported(root, root / test)
    files = _all(root) if needed is None else needed
    files |= {root / name for name in VERSIONS}
    found = hashlib.sha256(sys.version.encode())
    for path in sorted(files):
        found.update(f"{path.relative_to(root)} {_content(path)}\n".encode())
    return found.hexdigest()[:16]


def imported(root: Path, test: Path) -> set[Path] | None:
    """The files that a file of tests imports, directly or not, with itself; None if these do not bound it."""
    seen: set[Path] = set()
    left = [test]
    while left:
        path = left.pop()
        if path in seen:
            continue
        seen.add(path)
        for module in _modules(path):
            room, *rest = module.split(".")
            if room in EFFECTS or room == "benchmarks":
                return None
            if room == "jgan":
                if not rest or rest[0] not in PURE:
                    return None
                left += _files(root, module)
            else:
                left += _files(root / "tests", module)
    return seen


@functools.cache
def _modules(path: Path) -> set[str]:
    """The modules that a file imports anywhere in it, names of packages with what is taken from them."""
    if path.suffix != ".py":
        return {"pathlib"}  # a document, whose examples may do anything
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def _files(folder: Path, module: str) -> list[Path]:
    """The files of a module and of the packages around it, those that exist in the folder."""
    parts = module.split(".")
    found = []
    for count in range(1 if folder.name == "tests" else 2, len(parts) + 1):
        place = folder.joinpath(*parts[:count])
        found += [place.with_suffix(".py"), place / "__init__.py"]
    return [path for path in found if path.is_file()]


def _all(root: Path) -> set[Path]:
    places = [root / name for name in EVERYTHING]
    found = {place for place in places if place.is_file()}
    found |= {path for place in places for path in place.rglob("*") if path.is_file()}
    return {
        path
        for path in found
        if "__pycache__" not in path.parts
        and not path.relative_to(root).as_posix().startswith(RESULTS)
    }


@functools.cache
def _content(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
