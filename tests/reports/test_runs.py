"""What is read of directories, whole or not."""

import json
import math

import pytest
from reports.made import add_evaluation, as_lines, make_run, make_sweep, rows, spectrum

from jgan.errors import UserError
from jgan.reports.runs import read


def test_a_run_is_what_its_files_say(tmp_path):
    path = make_run(tmp_path / "a", seed=3)
    add_evaluation(path, 3)
    (path / "spectrum-20.json").write_text(json.dumps(spectrum(20)))
    (path / "spectrum.json").write_text(json.dumps([spectrum(100), spectrum(60)]))
    (run,), sweeps = read([path])
    assert sweeps == []
    assert run.rows == rows(3)
    assert (run.name, run.experiment, run.state, run.last_step) == ("a", "toy", "finished", 100)
    assert run.best == {"step": 60, "score": pytest.approx(0.8)}
    assert run.last("score") == pytest.approx(1.2)
    assert [step for step, _ in run.pictures["samples"]] == [20, 40, 60, 80, 100]
    assert [each["step"] for each in run.spectra] == [20, 60, 100]
    assert run.evaluations[0]["protocol"]["run"] == "runs/3"
    assert run.notes == []


def test_a_line_that_is_being_written_is_not_there_yet(tmp_path):
    path = make_run(tmp_path / "a")
    file = path / "metrics.jsonl"
    file.write_text(file.read_text()[:-20])
    (run,), _ = read([path])
    assert run.rows == rows(0)[:-1]
    assert run.state == "at step 90 of 100"
    assert run.notes == []


@pytest.mark.parametrize("line", ["{half", "3", '{"loss": 1}', '{"step": null}', "\udcff\udcfe"])
def test_lines_that_cannot_be_read_are_left_out_and_named(tmp_path, line):
    path = make_run(tmp_path / "a")
    made = as_lines(rows(0)).splitlines(keepends=True)
    text = "".join([*made[:4], line + "\n", *made[4:]])
    (path / "metrics.jsonl").write_text(text, errors="surrogateescape")
    (run,), _ = read([path])
    assert run.rows == rows(0)
    assert run.notes == ["a line of metrics.jsonl could not be read and is left out"]


def test_files_that_cannot_be_read_are_named(tmp_path):
    path = make_run(tmp_path / "a")
    (path / "evaluations").mkdir()
    for name, content in (
        ("spectrum.json", ""),
        ("spectrum-1.json", "{}"),
        ("best.json", "["),
        ("evaluations/1.json", "[1]"),
        ("evaluations/2.json", '{"evaluations": [{"values": 1}]}'),
    ):
        (path / name).write_text(content)
    (run,), _ = read([path])
    assert (run.best, run.spectra, run.evaluations) == (None, [], [])
    assert run.notes == [
        "best.json could not be read and is left out",
        "spectrum-1.json holds no spectra and is left out",
        "spectrum.json could not be read and is left out",
        "1.json holds no evaluations and is left out",
    ]


def test_a_run_that_diverged_says_so(tmp_path):
    made = rows(0)
    made[6]["generator/loss"] = math.nan
    (run,), _ = read([make_run(tmp_path / "a", made=made)])
    assert run.diverged == 70
    assert run.state == "diverged by step 70"


def test_a_bad_score_alone_is_no_divergence(tmp_path):
    made = rows(0)
    made[-1]["score"] = math.inf
    (run,), _ = read([make_run(tmp_path / "a", made=made)])
    assert run.diverged is None
    assert run.last("score") == made[-3]["score"]


def test_warnings_are_those_of_the_training(tmp_path):
    made = [row | {"generator/gradient_norm": 0.0} for row in rows(0, 1000, 50)]
    (run,), _ = read([make_run(tmp_path / "a", steps=1000, made=made)])
    assert len(run.notes) == 1
    assert run.notes[0].startswith("step 150: the generator's gradient has vanished")


def test_a_sweep_is_its_members(tmp_path):
    runs, (sweep,) = read([make_sweep(tmp_path / "s")])
    assert sweep.complete
    assert [run.name for run in runs][:2] == ["lr=0.001 seed 0", "lr=0.001 seed 1"]
    assert [run.settings["arguments"]["lr"] for run in runs] == [1e-3] * 3 + [1e-2] * 3
    assert [run.diverged for run in runs] == [None] * 4 + [60, None]
    assert runs[2].rows == rows(2.1)
    assert runs[4].last("generator/loss") == pytest.approx(rows(2)[4]["generator/loss"])
    assert runs[5].measures == {"score": 3.0, "modes": 6.0}


def test_a_sweep_that_goes_on_shows_what_is_finished(tmp_path):
    path = make_sweep(tmp_path / "s")
    (path / "summary.csv").unlink()
    (path / "batches" / "0001.jsonl").write_text('{"step": 10, "generator/loss": [1.0]}\n')
    runs, (sweep,) = read([path])
    assert len(runs) == 6
    assert not sweep.complete


def test_mistakes_are_sentences(tmp_path):
    run = make_run(tmp_path / "a")
    empty = make_run(tmp_path / "empty", made=[])
    begun = make_sweep(tmp_path / "begun")
    (begun / "batches" / "0000.json").unlink()
    (tmp_path / "link").symlink_to(run)
    for paths, message in (
        ([tmp_path], "is not a run directory: it has no settings.json"),
        ([tmp_path / "none"], "is not a run directory"),
        ([run, empty], r"empty' has no rows of metrics yet; train the run first\.$"),
        ([begun], r"has no finished members yet; go on with it first\.$"),
        ([run, run], r"is named twice; name each once\.$"),
        ([run, tmp_path / "link"], "is named twice"),
    ):
        with pytest.raises(UserError, match=message):
            read(paths)


def test_spectra_of_unlike_protocols_and_parts_stand_side_by_side(tmp_path):
    path = make_run(tmp_path / "a")
    first, second = ({**spectrum(100), "protocol": {"seed": seed}} for seed in (0, 1))
    del second["operator"]
    (path / "spectrum.json").write_text(json.dumps([first, second]))
    (run,), _ = read([path])
    assert run.spectra == [first, second]
