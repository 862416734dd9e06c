"""What the documents show runs as it is shown."""

import re
from pathlib import Path

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
