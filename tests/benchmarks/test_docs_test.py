"""What is found on a page and how it is run, and the kept result of `make docs-test`."""

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks import docs_test  # noqa: E402
from benchmarks._docs import fixtures, pages, rules  # noqa: E402

PAGE = """# A page

`jgan list` and ``jgan x `y` z`` are no commands; `jgan train r1 --steps 5` is, and `some thing else` is not.

```
jgan train r1 \\
  --steps 3        # long
# only a comment

JAX_PLATFORMS=cpu jgan list
```

```
name of   a table
```

```console
$ echo one
one
$ echo two
```

```bash
#!/bin/bash
echo script
```

```python
def experiment(): ...
```

```toml
[jgan]
```
"""


def test_items_of_a_page():
    found = pages.items(PAGE)
    assert [(item.line, item.kind, item.text) for item in found] == [
        (3, "command", "jgan train r1 --steps 5"),
        (6, "command", "jgan train r1   --steps 3        # long"),
        (10, "command", "JAX_PLATFORMS=cpu jgan list"),
        (18, "command", "echo one"),
        (20, "command", "echo two"),
        (24, "script", "#!/bin/bash\necho script\n"),
        (29, "python", "def experiment(): ...\n"),
    ]
    blocks = [item.block for item in found]
    assert blocks[1] == blocks[2]
    assert blocks[3] == blocks[4]
    assert len(set(blocks)) == 5


def test_an_experiment_file_has_the_name_by_which_it_is_trained():
    page = f"{PAGE}\n`jgan new mine.py --from r1`, `jgan train mine.py` and `jgan train own.py`"
    assert pages.experiment_files(page) == {"own.py": "def experiment(): ...\n"}


@pytest.mark.parametrize(
    ("command", "ran", "codes"),
    [
        ("jgan train r1 --help", "jgan train r1 --help", (0,)),
        ("jgan train r1 --dry-run  # why", "jgan train r1 --dry-run", (0,)),
        ("jgan train r1 --minutes 2", "jgan train r1 --minutes 2 --minutes 0.5", (0,)),
        ("jgan verify FILE --seeds 3", "jgan verify r1 --seeds 3 --steps 20 --seeds 1", (0, 1)),
        ("jgan report RUN", "jgan report runs/r1-0", (0,)),
    ],
)
def test_what_is_run(command, ran, codes):
    assert rules.reason_not_to_run(command) is None
    assert rules.shortened(rules.filled(command)) == (ran, codes)


def test_every_reason_is_of_a_command_that_it_fits():
    for command in ("jgan train r1", "jgan list", "jgan sample runs/r1 --class Sneaker"):
        assert rules.reason_not_to_run(command) is None
    assert rules.reason_not_to_run("jgan train r1 --coordinator auto").startswith("needs several")
    assert rules.reason_not_to_run("pip install 'jgan[features]'").startswith("installs packages")


def test_fixtures_are_pictures_and_arrays(tmp_path):
    fixtures.write_fixtures(tmp_path, ROOT)
    assert len(list((tmp_path / "PHOTOS").rglob("*.jpg"))) == 2 * fixtures.COUNT
    assert (tmp_path / "PHOTOS/discs/000.jpg").read_bytes() != (
        tmp_path / "GENERATED/discs/000.jpg"
    ).read_bytes()
    assert (tmp_path / "experiments" / "r1.py").is_file()


def test_a_page_is_run_once_and_what_failed_again(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(fixtures, "COUNT", 1)
    page, out = tmp_path / "page.md", tmp_path / "kept.json"
    page.write_text(
        "```bash\necho one > a\ncat a\ntest -e photo.jpg\nmake test\n```\n\n```bash\ncat a\n```\n\n"
        "```python\nx = 2\n```\n\n```python\n>>> x\n2\n\n```\n"
    )
    assert docs_test.main([str(page), "--out", str(out)]) == 1
    entries = json.loads(out.read_text())["entries"]
    assert [entry.get("ok") for entry in entries] == [True, True, True, None, False, True, True]
    assert entries[3]["reason"] == "a target of its own"
    assert "No such file" in entries[4]["error"]
    capsys.readouterr()
    page.write_text(page.read_text().replace(">>> x\n2", ">>> x\n3"))
    assert docs_test.main([str(page), "--out", str(out)]) == 1
    words = [line.split()[0] for line in capsys.readouterr().out.splitlines() if "page.md:" in line]
    assert words.count("ok") == 0  # both blocks of Python are of one process
    assert words.count("FAILED") == 3


def test_the_kept_result_says_of_each_line_how_it_ended_or_why_it_is_not_run():
    kept = json.loads(docs_test.RESULT.read_text())
    assert {"commit", "date", "machine", "versions"} <= set(kept)
    for entry in kept["entries"]:
        assert ("reason" in entry) != ("ok" in entry)
        assert ("error" in entry) == (entry.get("ok") is False)
    assert kept["failed"] == sum(entry.get("ok") is False for entry in kept["entries"])
