"""Experiments by name and by path, and copies of them."""

import ast
import re
from pathlib import Path

import pytest

from jgan.errors import UserError
from jgan.training import experiment_files
from jgan.training.experiment import load_experiment
from jgan.training.experiment_files import (
    copy_experiment,
    experiment_path,
    shipped_experiments,
    summary_line,
)

FOLDER = Path(__file__).parents[2] / "experiments"
SHIPPED = shipped_experiments()
OWN = '''"""Mine.

    jgan train mine --lr 1
    jgan verify a/mine.py
    jgan train mines.py
"""
x = "jgan train mine"
'''


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """A folder that is not the checkout."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_all_experiments_of_the_checkout_have_names():
    assert {path.stem: path for path in sorted(FOLDER.glob("*.py"))} == SHIPPED
    assert len(SHIPPED) >= 30


def test_an_installed_package_holds_them(tmp_path, monkeypatch):
    (tmp_path / "jgan" / "experiments").mkdir(parents=True)
    (tmp_path / "jgan" / "experiments" / "own.py").touch()
    monkeypatch.setattr(experiment_files, "_PACKAGE", tmp_path / "jgan")
    assert experiment_path("own") == tmp_path / "jgan" / "experiments" / "own.py"
    assert list(shipped_experiments()) == ["own"]


def test_a_bare_name_is_the_shipped_one_and_a_path_is_the_file(elsewhere):
    (elsewhere / "r1").mkdir()
    (elsewhere / "r1.py").write_text('"""Mine."""\n')
    assert experiment_path("r1") == SHIPPED["r1"]
    for path in ("r1.py", "./r1.py", str(elsewhere / "r1.py"), Path("r1.py")):
        assert summary_line(experiment_path(path)) == "Mine."
    assert load_experiment("r1").path == SHIPPED["r1"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("r7", "there is no experiment 'r7' (did you mean 'r1'?); allowed are"),
        ("DCGAN", "'DCGAN' (did you mean 'dcgan' or "),
        ("nothing like it", "there is no experiment 'nothing like it'; allowed are the names that"),
        ("", "there is no experiment ''; allowed are"),
        ("mine.py", "experiment file 'mine.py' does not exist; give the path of a Python file."),
        ("experiments/r1.py", "give the path of a Python file, or the name 'r1' for the one that"),
        ("./", "experiment file '.' is a folder; give the path"),
        (Path("r1"), "experiment file 'r1' does not exist; give the path"),
    ],
)
def test_what_there_is_not_is_said_in_one_sentence(name, message):
    with pytest.raises(UserError, match=re.escape(message)) as error:
        experiment_path(name)
    assert str(error.value).endswith(".")


@pytest.mark.parametrize("name", SHIPPED)
def test_a_copy_shows_its_own_command(name, elsewhere):
    copy_experiment("ours/mine.py", name)
    before, after = SHIPPED[name].read_text(), (elsewhere / "ours" / "mine.py").read_text()
    assert f"experiments/{name}.py" not in ast.get_docstring(ast.parse(after))
    command = re.compile(rf"^(jgan \w+ )experiments/{name}\.py", re.MULTILINE)
    assert after == command.sub(r"\1ours/mine.py", before, count=1) != before


@pytest.mark.parametrize("name", ["it's mine.py", 'a"b.py', "a\\b.py"])
def test_a_copy_of_any_name_is_python(name, elsewhere):
    copy_experiment(name, "r1")
    assert load_experiment(f"./{name}").summary == load_experiment("r1").summary


def test_a_copy_of_an_own_file_changes_commands_with_its_name_only(elsewhere):
    text = OWN
    (elsewhere / "mine.py").write_text(text)
    copy_experiment(Path("new.py"), "mine.py")
    first, second = "jgan train new.py --lr 1", "jgan verify new.py"
    changed = text.replace("jgan train mine --lr 1", first).replace("jgan verify a/mine.py", second)
    assert (elsewhere / "new.py").read_text() == changed


@pytest.mark.parametrize("content", [b"def x(:\n", b"x = 1  # jgan train odd.py\n", b"", b"\0"])
def test_a_file_without_docstring_is_copied_as_it_is(content, elsewhere):
    (elsewhere / "odd.py").write_bytes(content)
    copy_experiment("new.py", "./odd.py")
    assert (elsewhere / "new.py").read_bytes() == content


def test_nothing_is_overwritten(elsewhere):
    (elsewhere / "mine.py").write_text("work of days")
    (elsewhere / "link.py").symlink_to("nowhere")
    for name in ("mine.py", "link.py"):
        with pytest.raises(UserError, match=f"'{name}' exists already; give another name"):
            copy_experiment(name, "r1")
    assert (elsewhere / "mine.py").read_text() == "work of days"
    with pytest.raises(UserError, match="there is no experiment 'nothing'"):
        copy_experiment("new.py", "nothing")
