"""The check of wheel and sdist, with programs that stand for the installed ones, and its kept result."""

import json
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks import wheel  # noqa: E402

PYTHON = """#!/bin/sh
echo '{"place": "PLACE/lib/jgan/__init__.py", "versions": {"jgan": "1.0"}}'
"""
COMMAND = """#!/bin/sh
echo "$2" > "$1"
test "$1" != fails
"""


@pytest.fixture
def installed(tmp_path):
    for name, text in (
        ("python", PYTHON.replace("PLACE", str(tmp_path))),
        ("jgan", COMMAND),
    ):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    return wheel.Installed(tmp_path / "python", tmp_path / "jgan", "hand")


def test_commands_run_in_the_folder_and_must_leave_their_files(installed, tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    use = lambda commands: wheel.use(installed, tmp_path, folder, {}, commands)
    found = use({"jgan a 'two words'": ["a"]})
    assert (folder / "a").read_text() == "two words\n"
    assert found["versions"] == {"jgan": "1.0"}
    assert list(found["seconds"]) == ["jgan a 'two words'"]
    with pytest.raises(wheel.Failure, match="`jgan b` left no c"):
        use({"jgan b": ["c"]})
    with pytest.raises(wheel.Failure, match="jgan fails ended with code 1"):
        use({"jgan fails": []})
    with pytest.raises(wheel.Failure, match="jgan is imported from"):
        wheel.use(installed, folder, folder, {}, {})


def test_nothing_of_this_environment_shows_through():
    own = {"PYTHONPATH": "/here", "VIRTUAL_ENV": "/here", "JAX_PLATFORMS": "cpu", "JGAN_CACHE": ""}
    assert wheel.clean({**own, "HOME": "/home", "UV_SYSTEM_CERTS": "1"}) == {
        "HOME": "/home",
        "UV_SYSTEM_CERTS": "1",
    }


def test_a_failure_leaves_the_kept_result(tmp_path, monkeypatch, capsys):
    def fail(*arguments):
        raise wheel.Failure("no wheel")

    monkeypatch.setattr(wheel, "build", fail)
    (tmp_path / "kept.json").write_text("{}")
    words = ["--out", str(tmp_path / "kept.json"), "--keep", str(tmp_path / "folder")]
    assert wheel.main(words) == 1
    assert (tmp_path / "kept.json").read_text() == "{}"
    assert capsys.readouterr().err == "wheel: no wheel\n"


def test_the_wheel_is_of_the_package_and_the_experiments():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    assert settings["targets"]["wheel"]["only-include"] == ["jgan", "experiments"]
    assert settings["targets"]["wheel"]["sources"] == {"experiments": "jgan/experiments"}


def test_the_kept_result_is_of_both_distributions_and_every_command():
    kept = json.loads(wheel.RESULT.read_text())
    assert {"commit", "date", "machine"} <= set(kept)
    assert [Path(one["distribution"]).suffix for one in kept["environments"]] == [".whl", ".gz"]
    for one in kept["environments"]:
        assert list(one["seconds"]) == list(wheel.COMMANDS)
        assert {"python", "jgan", "jax"} <= set(one["versions"])
