"""What the command says of errors that are not a user's."""

import errno
import subprocess
import sys

import pytest

from jgan.cli.main import main


def test_the_system_s_errors_are_sentences_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(words: list[str]) -> int:
        raise OSError(errno.ENOSPC, "No space left on device", "/disk/file")

    monkeypatch.setattr("jgan.cli.list.main", full)
    assert main(["list"]) == 2
    assert capsys.readouterr().err == "jgan: '/disk/file': No space left on device.\n"


def test_what_the_reads_of_orbax_leave_behind_is_not_told() -> None:
    program = """
import sys
from types import SimpleNamespace
from jgan.cli.main import main
main(["list", "nothing"])
async def read(): ...
left = read()
sys.unraisablehook(SimpleNamespace(object=None, exc_value=RuntimeError("Event loop is closed")))
sys.unraisablehook(SimpleNamespace(object=left, exc_value=ValueError("half a file")))
left.close()
class Loud:
    def __del__(self): raise ValueError("another's")
Loud()
"""
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    lines = found.stderr.splitlines()
    assert lines[0].startswith("jgan: 'nothing' does not exist")
    assert lines[1].startswith("Exception ignored in: <function Loud.__del__")
    assert lines[-1] == "ValueError: another's"
    assert "Event loop" not in found.stderr
    assert "half a file" not in found.stderr
