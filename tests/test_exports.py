"""What ``import jgan`` gives: the everyday functions, at no cost before they are used."""

import ast
import subprocess
import sys
from importlib import import_module, metadata
from pathlib import Path

import pytest

import jgan

EXPERIMENT = Path(__file__).parents[1] / "experiments" / "dcgan.py"
FUNCTIONS = [name for name in jgan.__all__ if name != "__version__"]


def run(program):
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_importing_it_imports_nothing_else():
    heavy = ("jax", "numpy", "flax", "optax", "orbax", "grain", "scipy")
    assert run(f"import sys, jgan; print([m for m in {heavy} if m in sys.modules])") == "[]"


def test_the_first_line_of_a_training_waits_for_no_library_that_is_not_needed_yet():
    later = ("scipy.linalg", "scipy.spatial", "scipy.special", "scipy.stats", "orbax", "grain")
    program = f"""
import sys
import jgan.cli.train
from jgan.training.experiment import load_experiment
load_experiment({str(EXPERIMENT)!r})
print([m for m in {later} if m in sys.modules])"""
    assert run(program) == "[]"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_name_is_its_modules(name):
    assert getattr(jgan, name) is getattr(import_module(jgan._MODULE_OF[name]), name)


def test_type_checkers_see_the_same_names():
    tree = ast.parse(Path(jgan.__file__).read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    found = {alias.name: node.module for node in block.body for alias in node.names}
    assert found == jgan._MODULE_OF
    assert sorted(found) == sorted(FUNCTIONS)
    assert (Path(jgan.__file__).parent / "py.typed").is_file()


def test_version_and_unknown_names():
    assert jgan.__version__ == metadata.version("jgan")
    assert set(jgan.__all__) <= set(dir(jgan))
    with pytest.raises(AttributeError, match="'jgan' has no attribute 'no_such'"):
        _ = jgan.no_such


def test_no_export_hides_a_room():
    rooms = {path.stem for path in Path(jgan.__file__).parent.iterdir()}
    assert not rooms & set(FUNCTIONS)
