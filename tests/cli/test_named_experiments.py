"""Commands that take an experiment take the name of one that comes with jgan, in any folder."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from jgan.cli.main import main
from jgan.commands.experiments import given_experiment
from jgan.runs.saved import experiment_of_run
from jgan.training.experiment_files import shipped_experiments

FILE = Path(__file__).parents[2] / "experiments" / "r1.py"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """A folder that is not the checkout."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_list_shows_the_names(capsys):
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(shipped_experiments())
    assert all(len(line.split()) > 3 for line in lines)


def test_a_run_by_name_goes_on_by_path_and_is_read_anywhere(elsewhere, capsys):
    words = ["--data", "ring", "--width", "2", "--batch-size", "8", "--out", "run"]
    (elsewhere / "r1.py").write_text("raise SystemExit  # not the file that is meant\n")
    assert main(["train", "r1", "--steps", "1", *words]) == 0
    assert json.loads((elsewhere / "run" / "settings.json").read_text())["experiment"] == "r1.py"
    assert main(["train", str(FILE), "--steps", "2", *words]) == 0
    assert "resuming at step 1" in capsys.readouterr().out
    assert experiment_of_run(Path("run"))[0].steps == 2


@pytest.mark.parametrize("command", ["verify", "sweep"])
def test_other_commands_know_the_names(command, capsys):
    with pytest.raises(SystemExit):
        main([command, "r1", "--help"])
    text = capsys.readouterr().out
    assert f"usage: jgan {command} r1 " in text
    assert "--gamma" in text


@pytest.mark.parametrize("command", ["train", "verify", "sweep"])
@pytest.mark.parametrize("rest", [[], ["--seed", "3"]])
def test_without_an_experiment_they_are_listed(command, rest, capsys):
    assert main([command, *rest]) == 2
    said = capsys.readouterr()
    assert [line.split()[0] for line in said.out.split("\n")[:-2]] == list(shipped_experiments())
    assert said.err.startswith(f"jgan: jgan {command} needs an experiment first: jgan {command} ")
    assert said.err.count("\n") == 1


def test_what_shows_the_list_waits_for_no_jax():
    program = (
        "import sys\n"
        "from jgan.cli.main import main\n"
        "assert main(['list']) == 0\n"
        "assert main(['train']) == 2\n"
        "assert main(['new', 'mine.py', '--from', 'r1']) == 0\n"
        "assert 'jax' not in sys.modules and 'numpy' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)


def test_python_takes_the_names_too():
    assert given_experiment("r1").origin == shipped_experiments()["r1"]


def test_new_makes_an_experiment_that_trains(elsewhere, capsys):
    assert main(["new", "my first.py", "--from", "r1"]) == 0
    assert "`jgan train 'my first.py'` trains it" in capsys.readouterr().out
    assert main(["train", "my first.py", "--data", "ring", "--width", "2", "--dry-run"]) == 0
    assert '"experiment": "my first.py"' in capsys.readouterr().out
    assert main(["new", "my first.py", "--from", "dcgan"]) == 2
    assert "'my first.py' exists already" in capsys.readouterr().err
    assert "experiments/" not in (elsewhere / "my first.py").read_text()
