"""``--from RUN`` of ``jgan train`` and ``jgan verify``, and what may be wrong with it."""

import re
import shutil

import pytest
from staged import STAGED

from jgan.cli.main import main

CLAIM = (
    '(Claim("grows", lambda trained: float(trained.state.began), {"growing": False}, at_least=4),)'
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, staged):
    folder = tmp_path_factory.mktemp("from")
    assert CLAIM in STAGED
    shutil.copy(staged / "growing.py", folder)
    (folder / "named.py").write_text(
        STAGED.replace("claims=CLAIMS)", 'claims=CLAIMS, needs="a ring")')
    )
    for name in ("small", "whole"):
        shutil.copytree(staged / name, folder / name)
    (folder / "bare").mkdir()
    for name in ("settings.json", "experiment.py"):
        (folder / "bare" / name).write_bytes((folder / "small" / name).read_bytes())
    return folder


@pytest.mark.full
def test_train(folder, tmp_path, capsys):
    words = ["train", f"{folder}/named.py", "--from", f"{folder}/small", "--out", f"{tmp_path}/run"]
    assert main([*words, "--steps", "6"]) == 0
    said = capsys.readouterr().out
    assert (
        f"the stages before the last are {folder}/small: all 8 arrays of its variables and its optimizers "
        "are taken over."
    ) in said
    assert re.search(r"^6/6 steps .*  stage 2/2  ", said, re.MULTILINE)
    assert main(words) == 0
    assert "resuming at step 6" in capsys.readouterr().out
    assert main(["sample", f"{tmp_path}/run", "--step", "4", "--out", f"{tmp_path}/a.npz"]) == 0


def test_a_dry_run_says_what_is_taken(folder, tmp_path, capsys):
    words = ["train", f"{folder}/named.py", "--from", f"{folder}/small", "--out", f"{tmp_path}/run"]
    assert main([*words, "--dry-run"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert (
        f"stage 1/2: steps 1 to 4 on ring taken from step 4 of {folder}/small, not trained" in said
    )
    assert any(
        line.startswith("stage 2/2: steps 5 to 8 on grid in batches of 20;") for line in said
    )
    assert not (tmp_path / "run").exists()


@pytest.mark.full
def test_verify(folder, tmp_path, capsys):
    words = ["verify", f"{folder}/named.py", "--out", f"{tmp_path}/out"]
    assert main([*words, "--from", f"{folder}/small"]) == 0
    assert "holds" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("train {f}/named.py --from {f}/absent", "is not a run directory: it has no settings.json"),
        ("train {f}/named.py --from {f}/bare", "holds no checkpoint; train the run first"),
        (
            "train {f}/named.py --from {f}/bare --dry-run",
            "holds no checkpoint; train the run first",
        ),
        ("train {f}/named.py --from {f}/small --fork {f}/small", "not allowed with argument"),
        ("train {f}/named.py --from {f}/small --no-growing", "the experiment has one stage only"),
        ("train {f}/named.py --from {f}/small --steps 4", "--steps is 4, but must be more than 4"),
        (
            "train {f}/named.py --from {f}/whole",
            "does not fit the earlier stages (a ring): it has no",
        ),
        (
            "train {f}/named.py --from {f}/whole --dry-run",
            "does not fit the earlier stages (a ring)",
        ),
        (
            "verify {f}/named.py --from {f}/absent",
            "is not a run directory: it has no settings.json",
        ),
        ("verify {f}/named.py --from {f}/small --no-growing", "the experiment has one stage only"),
        ("verify {f}/growing.py --from {f}/small", "but the experiment's needs is ''"),
    ],
)
def test_mistakes_are_told_in_a_sentence(folder, tmp_path, capsys, command, message):
    words = command.format(f=folder).split()
    assert main([*words, "--out", f"{tmp_path}/run"]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.startswith("jgan: ")
    assert said.count("\n") == 1


def test_the_run_itself_is_refused(folder, capsys):
    words = ["train", f"{folder}/growing.py", "--out", f"{folder}/small", "--from"]
    assert main([*words, f"{folder}/small"]) == 2
    assert "the run directory itself; choose another --out" in capsys.readouterr().err
