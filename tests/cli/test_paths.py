"""Where commands read and write: the same rules for every flag."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

import pytest

from jgan.cli.main import main
from jgan.commands.paths import OF_A_RUN, check_folder, named_path, output
from jgan.errors import UserError


def refusal(kind, text):
    with pytest.raises(argparse.ArgumentTypeError) as error:
        kind(text)
    return str(error.value)


def test_home_and_suffixes_in_any_case(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert named_path("~/q") == tmp_path / "q"
    assert output(".png")("~/A.PNG") == tmp_path / "A.PNG"
    assert output(".png", folder=True)("run.v2") == Path("run.v2")


@pytest.mark.parametrize("text", ["", "  "])
def test_an_empty_name_is_refused(text):
    assert refusal(named_path, text) == f"is {text!r}, but must name a file or a folder"


def test_what_cannot_be_a_name_is_refused():
    assert "cannot be the name of a file" in refusal(named_path, "a\0b")
    assert "cannot be the name of a file" in refusal(named_path, "a\ud800")
    assert "there is no such user" in refusal(named_path, "~nobody of that name/x")


def test_suffixes_are_those_that_can_be_written(tmp_path):
    assert refusal(output(".png"), "a.xyz") == "is 'a.xyz', but must end in .png"
    kind = output(".png", ".npz", folder=True)
    assert refusal(kind, "a.jpg") == "is 'a.jpg', but must end in .png or .npz or be a folder"
    assert output(folder=True)("/") == Path("/")
    assert refusal(output(folder=True), "a.png") == "is 'a.png', but must be a folder"
    (tmp_path / "a.png").mkdir()
    assert refusal(kind, f"{tmp_path}/a.png").endswith("but that is a folder")


def test_nothing_can_be_written_below_a_file(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    assert refusal(output(folder=True), f"{tmp_path}/file").endswith("but that is no folder")
    for kind, name in ((output(folder=True), "file/a/b"), (output(".png"), "file/a.png")):
        assert refusal(kind, f"{tmp_path}/{name}").endswith(f"but '{tmp_path}/file' is no folder")
    assert refusal(output(folder=True), "n" * 300).endswith(": File name too long")
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write anywhere
    message = refusal(output(".png"), f"{tmp_path}/new/a.png")
    assert message.endswith(f"but '{tmp_path}' cannot be written to")


def test_a_folder_of_other_files_is_refused(tmp_path):
    assert check_folder(tmp_path / "new") == tmp_path / "new"
    (tmp_path / ".hidden").touch()
    assert check_folder(tmp_path) == tmp_path
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(
        UserError, match=r"holds other files, such as 'thesis\.txt'; name a new one"
    ):
        check_folder(tmp_path, OF_A_RUN)
    (tmp_path / "settings.json").touch()
    assert check_folder(tmp_path, OF_A_RUN) == tmp_path


def test_train_leaves_a_folder_of_other_files_alone(tmp_path, capsys):
    (tmp_path / "thesis.txt").touch()
    assert main(["train", "experiments/r1.py", "--data", "ring", "--out", str(tmp_path)]) == 2
    assert "holds other files, such as 'thesis.txt'" in capsys.readouterr().err
    assert os.listdir(tmp_path) == ["thesis.txt"]


def test_names_and_signs_that_the_terminal_cannot_encode_degrade(tmp_path):
    name = os.fsencode(tmp_path) + b"/caf\xe9.py"
    Path(os.fsdecode(name)).write_text('"""θ → ψ."""')
    done = subprocess.run(
        [sys.executable, "-m", "jgan.cli.main", "list", str(tmp_path)],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii:strict"},
        check=True,
    )
    assert b"caf\\udce9.py" in done.stdout
    assert b"\\u03b8 \\u2192 \\u03c8." in done.stdout
    assert done.stderr == b""
