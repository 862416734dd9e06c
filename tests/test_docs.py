"""What the documents show runs as it is shown."""

import re
from pathlib import Path

import numpy as np
import pytest

from jgan.cli.main import main

DOCS = Path(__file__).parents[1] / "docs"


def test_a_new_gan_in_one_file(tmp_path):
    text = (DOCS / "new-gan.md").read_text()
    assert len(text.splitlines()) <= 60
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    file = tmp_path / "denoise.py"
    file.write_text(code)
    assert main(["train", str(file), "--steps", "20", "--out", str(tmp_path / "run")]) == 0
    assert (tmp_path / "run" / "samples.png").exists()


@pytest.mark.full
def test_stages(tmp_path, capsys):
    text = (DOCS / "stages.md").read_text()
    assert len(text.splitlines()) <= 60
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    file, out = tmp_path / "growing.py", tmp_path / "run"
    file.write_text(code)
    words = ["train", str(file), "--out", str(out), "--log-every", "10"]
    words += ["--half", "20"]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert re.search(r"^40/40 steps .*  stage 2/2  ", said, re.MULTILINE)
    assert main([*words, "--dry-run"]) == 0
    assert "stage 2/2: steps 21 to 40 on ring in batches of 64; " in capsys.readouterr().out


def test_python(tmp_path, monkeypatch):
    text = (DOCS / "python.md").read_text()
    assert len(text.splitlines()) <= 70
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    own = blocks[2].strip().splitlines()
    assert len(own) <= 12  # a loop of ten lines, and the import
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in blocks:
        exec(block, names)
    assert names["points"].shape == (64, 2)
    assert all(np.isfinite(value) for value in names["scores"].numbers.values())
    assert names["run"].sample(count=3).shape == (3, 2)
