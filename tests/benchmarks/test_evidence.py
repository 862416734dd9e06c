"""The queue of kept evidence: what is missing, what is stale, what is written into the documents."""

import os
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
from PIL import Image

from benchmarks import gallery
from benchmarks._evidence import queue, staleness
from benchmarks._evidence.queue import run_queue, run_set
from benchmarks._evidence.staleness import Compared, stale_keys
from benchmarks._evidence.subjects import Subject, subjects
from benchmarks._evidence.tables import KINDS, rewritten, summary_of, table_of
from benchmarks._evidence.training_sets import TrainingSet, restated, training_sets, wanted_keys
from benchmarks.evidence import CATALOGUE, DOCUMENTS, main
from jgan.claims.comparisons import GAP
from jgan.claims.evidence import EvidenceRow, Table, merge_evidence, read_evidence
from jgan.claims.first_updates import first_updates
from jgan.claims.trainings import Plan, plan
from jgan.errors import UserError
from jgan.training.experiment import load_experiment

ROOT = Path(__file__).parents[2]
EXPERIMENT = '''"""A number that falls."""

import jax
import jax.numpy as jnp
import numpy as np
import optax

from jgan.data import from_arrays
from jgan.game import GENERATOR, PLAYERS, Aux
from jgan.gans.single_player import single_player
from jgan.rules import simultaneous
from jgan.training.experiment import Claim, Experiment

last_loss = lambda trained: trained.history[-1]["generator/loss"]
CLAIMS = (
    Claim("falls", last_loss, {"lr": 0.0}, at_most=-1.0, rivals={"faster": {"lr": 2.0}}),
    Claim("falls far", last_loss, {"lr": 0.0}, at_most=-2.0),
)


def experiment(*, lr: float = 1.0) -> Experiment:
    number = lambda variables: variables[GENERATOR]["params"]
    game = single_player(
        lambda key, batch: {"params": jax.random.uniform(key)},
        lambda variables, *rest: (number(variables), Aux()),
        views={"samples": lambda variables, batch, key: number(variables) + 0 * batch["image"]},
    )
    rule = simultaneous(game, dict.fromkeys(PLAYERS, optax.sgd(lr)))
    source = from_arrays(np.zeros((6, 2), np.float32), name="points")
    return Experiment(game, rule, source, STEPS, 2, CLAIMS)
'''


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("experiments") / "falling.py"
    path.write_text(EXPERIMENT.replace("STEPS", "5"))
    return path


@pytest.fixture(scope="module")
def made(file: Path) -> Plan:
    return plan(load_experiment(file), {})


@pytest.fixture(scope="module")
def folder(file: Path, made: Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the processes of a queue make of two seeds and one control: kept.csv and the trainings."""
    folder = tmp_path_factory.mktemp("evidence")
    wanted = wanted_keys("falling", made, range(2), 1)
    for name, now in zip(wanted, ([0, 1], [0], [0, 1]), strict=True):
        run_set(Subject("falling", file), name, now, folder / "kept.csv", folder, range(2), 1)
    return folder


@pytest.fixture(scope="module")
def table(folder: Path) -> Table:
    return read_evidence(folder / "kept.csv")


def test_a_set_makes_the_rows_of_all_claims_that_need_it(table: Table, made: Plan) -> None:
    systems = [row for row in table.values() if row.variant == "system"]
    assert [(row.claim, row.seed) for row in systems] == [
        (claim, seed) for claim in ("falls", "falls far") for seed in (0, 1)
    ]
    assert len(table) == 4 + 2 + 2
    # The mean of the losses x, x - 1, ..., x - 4 is x - 2, of an x between 0 and 1.
    assert {(row.claim, row.holds) for row in systems} == {("falls", True), ("falls far", False)}
    assert {row.holds for row in table.values() if row.variant == "control"} == {False}
    assert {row.steps for row in table.values()} == {5}
    own = made.trainings["falls", "system"].experiment
    assert systems[1].first_updates == first_updates(own, 1)


def sets_of(file: Path, made: Plan, table: Table, stale: list | None = None) -> list[TrainingSet]:
    return training_sets(
        "falling", made, wanted_keys("falling", made, range(2), 1), table, stale or []
    )


def test_only_what_is_missing_or_stale_is_run(file: Path, made: Plan, table: Table) -> None:
    assert sets_of(file, made, table) == []
    assert [len(own.keys) for own in sets_of(file, made, {})] == [4, 2, 2]
    lacking = {key: row for key, row in table.items() if key[2:] != ("faster", 1)}
    (missing,) = sets_of(file, made, lacking)
    assert (missing.keys, missing.seeds) == ((("falling", "falls", "faster", 1),), [1])
    assert missing.seconds == table["falling", "falls", "faster", 0].seconds
    stale = ("falling", "falls", "control", 0)
    (again,) = sets_of(file, made, table, [stale])
    assert again.keys == (stale,)


def test_what_is_not_recorded_takes_as_long_as_others_of_its_steps(
    file: Path, made: Plan, table: Table
) -> None:
    rows = {key: row._replace(seconds=10.0) for key, row in table.items() if key[2] == "system"}
    assert [own.seconds for own in sets_of(file, made, rows)] == [10.0, 20.0]


def test_rows_are_stale_whose_first_updates_or_steps_are_others(
    made: Plan, table: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = Compared(tmp_path / "compared.json")
    assert list(stale_keys("falling", made, table, compared)) == []
    monkeypatch.setattr(staleness, "first_updates", None)
    again = Compared(tmp_path / "compared.json")
    assert list(stale_keys("falling", made, table, again)) == []  # nothing is compared twice
    monkeypatch.setattr(staleness, "first_updates", first_updates)

    def changed(variant: str, change: dict) -> Table:
        chosen = lambda row: row.variant == variant
        return {key: row._replace(**change) if chosen(row) else row for key, row in table.items()}

    other = changed("faster", {"first_updates": [[{"generator/loss": 3.0}]]})
    stale = [key[2:] for key in stale_keys("falling", made, other, compared)]
    assert stale == [("faster", 0), ("faster", 1)]
    longer = changed("control", {"steps": 6})
    stale = [key[1:3] for key in stale_keys("falling", made, longer, compared)]
    assert stale == [("falls", "control"), ("falls far", "control")]


def test_the_queue_of_a_fresh_checkout(
    folder: Path, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    catalogue = shutil.copy(folder / "kept.csv", tmp_path)
    words = ["--list", "--seeds", "2", "--control-seeds", "1", "--catalogue", catalogue]
    words += ["--experiments", file.parent, "--runs", tmp_path / "none" / "runs"]
    assert main([str(word) for word in words]) == 0
    assert "falling" not in capsys.readouterr().out  # all is there


def test_bounds_change_without_a_training(file: Path, table: Table, tmp_path: Path) -> None:
    text = file.read_text().replace("at_most=-2.0", "at_most=-0.5").replace("faster", "fast")
    (tmp_path / "falling.py").write_text(text)
    now = restated(table, "falling", plan(load_experiment(tmp_path / "falling.py"), {}))
    assert {row.holds for row in now.values() if row.variant == "system"} == {True}
    assert {row.bound for row in now.values()} == {"<= -1", "<= -0.5"}
    assert {row.variant for row in now.values()} == {"system", "control"}
    assert restated(table, "another", plan(load_experiment(file), {})) == table


def evidence(
    variant: str,
    seed: int,
    value: float,
    commit: str = "0123456789ab",
    experiment: str = "ring",
) -> EvidenceRow:
    rest = ("", 5, 3.0, 600.0, commit, "2026-01-31", {}, [])
    return EvidenceRow(experiment, "covers", variant, seed, value, ">= 7", value >= 7, *rest)


def kept(*rows: EvidenceRow) -> Table:
    return {row.key: row for row in rows}


def test_the_table_of_the_documents() -> None:
    systems = [evidence("system", seed, value) for seed, value in enumerate((8.0, 7.5, 7.0))]
    control = evidence("control", 0, 1.0), evidence("control", 1, 3.0, "fedcba987654-modified")
    rivals = [evidence("wider", seed, value) for seed, value in enumerate((9.0, 9.5, 10.0))]
    *_, claim, rival = table_of(kept(*systems, *control, *rivals)).splitlines()
    assert claim == (
        "| `ring` | covers | >= 7 | 7.5 ± 0.5 | 7 (2) | 2 ± 1.4 | holds | 3 | 0123456, fedcba9+ |"
    )
    assert rival == "|  | rival: wider |  | 9.5 ± 0.5 |  |  | +2 (-0.484 to 4.48) | 3 |  |"
    *_, partial = table_of(kept(systems[0])).splitlines()
    assert partial == "| `ring` | covers | >= 7 | 8 | 8 (0) | - | incomplete | 3 | 0123456 |"
    *_, diverged = table_of(kept(systems[0], evidence("control", 0, float("nan")))).splitlines()
    assert "| 1 of 1 diverged | CONTROL DIVERGED |" in diverged


def test_a_table_is_written_between_its_comments() -> None:
    text = "Before.\n<!-- catalogue -->\nold\n<!-- /catalogue -->\nAfter.\n"
    table = kept(evidence("system", 0, 8.0))
    once = rewritten(text, table)
    assert once.startswith("Before.\n<!-- catalogue -->\n\n| experiment |")
    assert once.endswith("|\n\n<!-- /catalogue -->\nAfter.\n")
    assert rewritten(once, table) == once
    both = rewritten(text.replace("catalogue", "summary") + once, table)
    assert once in both
    assert summary_of(table) in both
    with pytest.raises(UserError, match="has no <!-- catalogue --> with"):
        rewritten("Before.", table)


def test_the_summary_counts_claims_by_kind() -> None:
    last = lambda *rows: summary_of(kept(*rows)).splitlines()[-3]
    one, two = (partial(evidence, experiment=name) for name in KINDS["several domains and sizes"])
    assert "| - | `cogan`, `lapgan`" in last(one("system", 0, 8.0))  # no control yet
    held = one("system", 0, 8.0), one("control", 0, 3.0)
    assert "| 1 of 1 | `lapgan`" in last(*held)
    failed = two("system", 0, 8.0), two("system", 1, 6.0), two("control", 0, 3.0)
    assert "| 1 of 2; not in `lapgan` |" in last(*held, *failed)


def test_every_experiment_is_of_one_kind() -> None:
    names = [name for kind in KINDS.values() for name in kind]
    assert sorted(names) == [path.stem for path in sorted((ROOT / "experiments").glob("*.py"))]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_the_documents_say_what_the_evidence_says(document: Path) -> None:
    text = document.read_text()
    assert rewritten(text, read_evidence(CATALOGUE)) == text


class Process:
    """A process of the queue that ends at once with a code that its seed decides."""

    started: list[list[str]] = []

    def __init__(self, command: list[str], **options: object) -> None:
        self.started.append(command)

    def wait(self, timeout: float | None = None) -> int:
        return int(self.started[-1][-1])


def test_what_fails_is_passed_over_and_what_is_stopped_ends_the_queue(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(queue.subprocess, "Popen", Process)
    sets = [TrainingSet("a", "t", (("a", "c", "system", code),), 5, 1.0) for code in (2, 0)]
    assert run_queue(sets, ["--flag"], float("inf")) == (1, 1, 0)
    assert Process.started[0][2:] == [
        "benchmarks.evidence",
        "--flag",
        *["--only", "a", "--train", "t", "2"],
    ]
    assert run_queue(sets, [], time.monotonic()) == (0, 0, 2)
    stopped = sets[0]._replace(keys=(("a", "c", "system", 130),))
    with pytest.raises(KeyboardInterrupt):
        run_queue([stopped, *sets], [], float("inf"))


@pytest.mark.full
def test_a_killed_queue_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "experiments"
    folder.mkdir()
    (folder / "falling.py").write_text(EXPERIMENT.replace("STEPS", "5"))

    def begin(name: str) -> subprocess.Popen[str]:
        words = ["--experiments", folder, "--catalogue", tmp_path / f"{name}.csv"]
        words += ["--runs", tmp_path / name, "--seeds", "2"]
        command = [sys.executable, "-m", "benchmarks.evidence", *map(str, words)]
        environment = {**os.environ, "JAX_PLATFORMS": "cpu", "JGAN_CACHE": str(tmp_path / "cache")}
        return subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=environment
        )

    said, _ = begin("whole").communicate(timeout=600)
    assert "3 done, 0 failed, 0 left" in said
    with begin("killed") as process:
        assert process.stdout is not None
        assert any(line.startswith("falling") for line in process.stdout)
        process.send_signal(signal.SIGKILL)
    time.sleep(2 * queue.WATCHED)  # the training that it left behind ends by itself
    said, _ = begin("killed").communicate(timeout=600)
    assert ", 0 failed, 0 left" in said
    both = [read_evidence(tmp_path / f"{name}.csv") for name in ("whole", "killed")]
    results = [{key: (row.value, row.holds) for key, row in table.items()} for table in both]
    assert results[0] == results[1]
    assert len(results[0]) == 2 * 2 + 2 * 2 + 2


@pytest.mark.full
def test_the_kept_evidence_belongs_to_the_code() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "XLA_FLAGS"}
    command = [sys.executable, "-m", "benchmarks.evidence", "--stale"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_the_gallery_is_drawn_from_what_is_kept(
    file: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = ("--docs", str(tmp_path), "--experiments", str(file.parent), "--runs", str(folder))
    words = [*places, "--catalogue", str(folder / "kept.csv")]
    assert gallery.main(words) == 2  # there are no captions
    caption = '[falling]\nsee = "A point."\nwrong = "It is one."\n'
    figure = '[[falling.figures]]\nname = "more"\ncommand = "sample --count 4"\nsee = "Four."\n'
    (tmp_path / "gallery.toml").write_text(caption + 'claim = "falls far"\n' + figure)
    assert gallery.main(words) == 0
    with Image.open(tmp_path / "gallery" / "falling-more.png") as picture:
        assert picture.size == (384, 384)
    with Image.open(tmp_path / "gallery" / "falling.png") as picture:
        assert picture.size == (3 * 384 + 2 * GAP, 384)
    page = (tmp_path / "gallery.md").read_text()
    assert page.splitlines()[6:] == [
        "## A number that falls",
        "",
        "![A number that falls: real, system, control](gallery/falling.png)",
        "",
        "A point. It is one.",
        "",
        "![Four.](gallery/falling-more.png)",
        "",
        "Four. `jgan sample RUN --count 4` draws it.",
        "",
        *[line for line in page.splitlines() if line.startswith("* falls")],
        *[line for line in page.splitlines() if line.startswith("* `jgan verify")],
    ]
    assert "* falls far, <= -2: " in page
    before = (tmp_path / "gallery" / "falling.png").read_bytes()
    # Without trainings the kept picture stays, and without it there is no page.
    words[words.index(str(folder))] = str(tmp_path / "nothing")
    assert gallery.main(words) == 0
    assert (tmp_path / "gallery" / "falling.png").read_bytes() == before
    (tmp_path / "gallery" / "falling.png").unlink()
    assert gallery.main(words) == 2
    (tmp_path / "gallery.toml").write_text(caption + 'claim = "rises"\n')
    assert gallery.main(words) == 2
    errors = capsys.readouterr().err
    assert "falling has no picture; run `make evidence` first." in errors
    assert "gallery.toml names the claim 'rises' of falling, but there are only" in errors


def test_some_experiments_are_measured_on_digits_too(tmp_path: Path) -> None:
    for name in ("falling", "infogan"):
        (tmp_path / f"{name}.py").touch()
    assert list(subjects(tmp_path, None)) == ["falling", "infogan"]
    (added,) = set(subjects(tmp_path, "mnist:here")) - {"falling", "infogan"}
    assert added == "infogan-digits"
    own = subjects(tmp_path, "mnist:here")[added]
    assert own == Subject(added, tmp_path / "infogan.py", {"data": "mnist:here"})


def test_rows_on_digits_outlive_a_queue_without_them(
    file: Path, table: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_digits = [row._replace(experiment="falling-digits") for row in table.values()]
    gone = [row._replace(experiment="risen") for row in table.values()]
    merge_evidence(tmp_path / "kept.csv", [*table.values(), *on_digits, *gone])
    monkeypatch.setattr("benchmarks.evidence._compare_first_updates", lambda options: None)
    words = ["--seeds", "2", "--control-seeds", "1", "--catalogue", tmp_path / "kept.csv"]
    words += ["--experiments", file.parent, "--runs", tmp_path / "runs"]
    monkeypatch.setattr(os, "nice", lambda by: 0)
    assert main([str(word) for word in words]) == 0
    kept = {row.experiment for row in read_evidence(tmp_path / "kept.csv").values()}
    assert kept == {"falling", "falling-digits"}
