"""Tables of sweeps whose members are known: rows, choice, what is refused, what is written."""

import csv
import json
import math

import numpy as np
import pytest
from made_sweeps import DATA, FIELD, SCORE, made_sweep, searched, wave

import jgan
from jgan.cli.main import main
from jgan.errors import UserError
from jgan.statistics.expected_best import expected_best
from jgan.statistics.improvement import improvement
from jgan.statistics.summaries import interquartile_mean, student_interval
from jgan.sweeps.plans import member_folder
from jgan.tables.likeness import Unlike
from jgan.tables.rows import Row
from jgan.tables.selections import Selection, parse_selection


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    return searched(tmp_path_factory.mktemp("tables") / "sweep")


def entry(found, name, task=""):
    row = next(row for row in found.comparison.rows if row.name == name)
    return found.comparison.entry(found.comparison.metrics[0], row, task)


def test_rows_are_the_settings_that_vary(sweep):
    found = jgan.table(sweep)
    assert [row["loss"] for row in found] == ["hinge"] * 3 + ["wasserstein"] * 3
    assert found.column("lr") == ["0.0001", "0.001", "0.01"] * 2
    scores = [3 + wave(0, seed) for seed in range(9)]
    own = entry(found, "loss=hinge lr=0.0001").estimate
    assert own.value == pytest.approx(np.mean(scores))
    assert own.deviation == pytest.approx(np.std(scores, ddof=1))
    assert own.interval == pytest.approx(student_interval(scores))
    low, high = own.interval
    assert found[0]["score ↓"] == f"{own.value:.4g} ± {own.deviation:.2g} [{low:.3g}, {high:.3g}]"


def test_a_training_that_diverged_is_an_outcome(sweep):
    found = jgan.table(sweep)
    assert found.column("diverged") == ["0", "0", "1", "0", "0", "0"]
    assert found[2]["rank"].startswith("6 ")
    own = entry(found, "loss=hinge lr=0.01")
    assert (own.estimate.total, own.estimate.diverged, own.losses[1]) == (9, 1, math.inf)
    assert own.estimate.value == pytest.approx(np.mean([v for v in own.losses.values() if v < 99]))
    assert "1 of 54 trainings diverged, which ranks count as the worst." in found.notes
    robust = jgan.table(sweep, summary="iqm")
    own = entry(robust, "loss=hinge lr=0.01")
    assert own.estimate.value == pytest.approx(interquartile_mean(list(own.losses.values())))
    assert robust[2]["rank"].startswith("3 ")


def test_choice_and_report_are_on_different_seeds(sweep):
    found = jgan.table(sweep, by="loss", choose="score@seeds=0:3", best_of=[1, 2, 3])
    assert found.column("chosen") == ["lr=0.0001"] * 2
    assert found.column("settings tried") == ["3", "3"]
    own = entry(found, "loss=wasserstein")
    assert list(own.losses) == [3, 4, 5, 6, 7, 8]
    assert own.estimate.value == pytest.approx(np.mean([6 + wave(3, s) for s in range(3, 9)]))
    choices, outcomes = (
        [3 + place + np.mean([wave(place, seed) for seed in seeds]) for place in (3, 4, 5)]
        for seeds in (range(3), range(3, 9))
    )
    for count in (1, 2, 3):
        assert own.expected[count] == pytest.approx(expected_best(choices, count, outcomes))
    # A setting that diverged on a seed that chooses is never chosen, as the mean of its choice is infinite.
    assert entry(found, "loss=hinge").expected[3] == entry(found, "loss=hinge").estimate.value
    narrow = jgan.table(sweep, by="loss", choose="score@seeds=0:3", report="seeds=5:7")
    assert list(entry(narrow, "loss=hinge").losses) == [5, 6]


def test_a_row_is_compared_with_the_baseline(sweep):
    found = jgan.table(sweep, baseline="loss=hinge,lr=0.01")
    base = list(entry(found, "loss=hinge lr=0.01").losses.values())
    p_values = []
    for place, row in enumerate(found.comparison.rows):
        own = entry(found, row.name)
        if place == 2:
            assert own.improvement is None
            continue
        expected = improvement(list(own.losses.values()), base)
        assert own.improvement == expected
        p_values.append(expected.p_value)
        assert own.adjusted >= expected.p_value
        assert own.paired.pairs == 9
        assert own.paired.finite == 8
    assert min(
        entry(found, row.name).adjusted
        for row in found.comparison.rows
        if row is not found.comparison.rows[2]
    ) == pytest.approx(5 * min(p_values))
    assert found[2]["P(better)"] == "-"
    assert found[0]["paired difference"].endswith("better in 9 of 9")


def test_tasks_are_columns_and_ranks_are_over_them(tmp_path):
    sweeps = []
    for data, sign in (("ring", 1), ("grid", -1)):
        members = [
            ({"loss": loss}, seed, 5 + sign * place + wave(place, seed) / 9)
            for place, loss in enumerate(("hinge", "least", "ns"))
            for seed in range(4)
        ]
        own = {**DATA, "name": data, "fields": {"image": {**FIELD, "sha256": data}}}
        sweeps.append(made_sweep(tmp_path / data, members, arguments={"data": data}, data=own))
    found = jgan.table(*sweeps, tasks="data")
    assert {"ring: score ↓", "grid: score ↓"} <= set(found.columns)
    assert [row["rank"].split()[0] for row in found] == ["2", "2", "2"]
    with pytest.raises(
        UserError, match=r"^the numbers differ in data: a: 'ring'; b: 'grid' has oth"
    ):
        jgan.table(*sweeps)


def test_where_higher_is_better(tmp_path):
    members = [
        ({"lr": lr}, seed, {"score": 1.0, "modes": 8 * lr + seed})
        for lr in (0.1, 0.2)
        for seed in range(3)
    ]
    found = jgan.table(made_sweep(tmp_path / "s", members), report="modes", baseline="lr=0.1")
    assert found.column("modes ↑")[1].startswith("2.6 ± 1 [")
    assert [row["rank"].split()[0] for row in found] == ["2", "1"]
    own = entry(found, "lr=0.2")
    assert own.values == {0: 1.6, 1: 2.6, 2: 3.6}
    assert own.improvement.probability > 0.5
    assert found[1]["paired difference"].startswith("+0.8 [0.8, 0.8], better in 3 of 3")


@pytest.mark.parametrize(
    ("kind", "change", "meaning"),
    [
        (
            "protocol",
            {"score": {**SCORE, "samples": 50}},
            "protocol: a: samples 100; b: samples 50",
        ),
        (
            "data",
            {"data": {**DATA, "fields": {"image": {**FIELD, "sha256": "bb"}}}},
            "has other values",
        ),
        (
            "versions",
            {"versions": {"jgan": "0.3.0", "jax": "0.12"}},
            "a: jgan 0.2.0; b: jgan 0.3.0",
        ),
        ("versions", {"experiment_sha256": "cd" * 32}, "a: toy.py abababababab; b: toy.py cdcd"),
        ("budget", {"steps": 80}, "budget: a: steps 8; b: steps 80"),
        ("budget", {"batch_size": 20}, "budget: a: batch size 10; b: batch size 20"),
    ],
)
def test_what_is_unlike_is_refused_or_marked(kind, change, meaning, tmp_path):
    members = lambda lr: [({"lr": lr}, seed, 1.0 + seed) for seed in range(3)]
    one = made_sweep(tmp_path / "one", members(0.1))
    two = made_sweep(tmp_path / "two", members(0.2), **change)
    with pytest.raises(
        UserError, match=rf"^the numbers differ in {kind}: .* by mark {kind}\.$"
    ) as caught:
        jgan.table(one, two, mark="none")
    assert meaning in str(caught.value)
    found = jgan.table(one, two, mark=[kind])
    assert found.column(kind) == ["a", "b"]
    assert any(meaning in note for note in found.notes)
    if kind in ("versions", "budget"):
        assert jgan.table(one, two).column(kind) == ["a", "b"]
    else:
        with pytest.raises(UserError, match=f"differ in {kind}"):
            jgan.table(one, two)


def test_a_metric_that_was_measured_again_says_so(tmp_path):
    sweep = made_sweep(tmp_path / "s", [({"lr": 0.1}, seed, 1.0) for seed in range(3)])
    for seed in range(3):
        folder = member_folder(sweep, {"lr": 0.1}, seed)
        folder.mkdir(parents=True)
        entries = [
            {
                "values": [{"name": "KID", "value": value, "better": "lower"}],
                "protocol": {"samples": samples, "seconds": value},
            }
            for samples, value in ((50, 3.0 + seed), (90, 2.0 + seed))
        ]
        (folder / "evaluations.json").write_text(json.dumps({"evaluations": entries}))
    found = jgan.table(sweep, report="kid")
    assert found.column("KID ↓")[0].startswith("3 ")
    assert "KID was measured by several protocols; the numbers are of the last one." in found.notes
    assert not any("several protocols" in note for note in jgan.table(sweep).notes)
    # A member that was not measured again keeps the table from being made.
    kept = {"evaluations": entries[:1]}
    (folder / "evaluations.json").write_text(json.dumps(kept))
    other = made_sweep(tmp_path / "t", [({"lr": 0.2}, 0, 1.0)])
    place = member_folder(other, {"lr": 0.2}, 0)
    place.mkdir(parents=True)
    (place / "evaluations.json").write_text(json.dumps(kept))
    with pytest.raises(
        UserError, match="differ in protocol: a: KID: samples 90; b: KID: samples 50"
    ):
        jgan.table(sweep, other, report="KID")


def test_searches_of_unlike_size_are_unlike_budgets(sweep, tmp_path):
    members = [({"loss": "ns", "lr": 0.1}, seed, 4.0 + seed) for seed in range(9)]
    other = made_sweep(tmp_path / "other", members)
    found = jgan.table(sweep, other, by="loss", choose="seeds=0:3")
    assert found.column("budget") == ["a", "a", "b"]
    assert "a: 3 settings tried; b: 1 settings tried" in " ".join(found.notes)


def test_a_score_whose_metric_is_better_higher(tmp_path):
    score = {**SCORE, "distance": "recall (coordinates)", "better": "higher"}
    members = [({"lr": lr}, seed, lr + seed) for lr in (0.1, 0.2) for seed in range(3)]
    found = jgan.table(made_sweep(tmp_path / "s", members, score=score))
    assert "score ↑" in found.columns
    assert [row["rank"].split()[0] for row in found] == ["2", "1"]
    assert "score: recall (coordinates) of 100 samples." in found.notes


def test_sweeps_of_one_study_are_found_in_its_folder(tmp_path):
    study = {"name": "Fréchet distance", "samples": 10}
    wide = [
        ({"method": m, "lr": lr}, 0, {"distance": lr}) for m in ("mm", "ns") for lr in (0.2, 0.1)
    ]
    best = [
        ({"method": m, "lr": 0.1}, seed, {"distance": 1.0 + seed})
        for m in ("mm", "ns")
        for seed in (1, 2)
    ]
    for name, members in (("wide", wide), ("best", best)):
        folder = made_sweep(tmp_path / "study" / name, members)
        content = json.loads((folder / "settings.json").read_text())
        content["sweep"] = {"distance": study}
        (folder / "settings.json").write_text(json.dumps(content))
    found = jgan.table(
        tmp_path / "study", by="method", choose="distance@seeds=0:1", report="distance"
    )
    assert found.column("chosen") == ["lr=0.1"] * 2
    assert entry(found, "method=mm").values == {1: 2.0, 2: 3.0}
    assert found.comparison.entries["distance"][0].cell.outcomes[0].protocols["distance"] == study


def test_what_is_written(sweep, tmp_path, capsys):
    out = [str(tmp_path / f"t{suffix}") for suffix in (".md", ".csv", ".tex", ".json")]
    words = ["--by", "loss", "--choose", "score@seeds=0:3", "--baseline", "loss=hinge"]
    assert main(["table", str(sweep), *words, "--out", *out]) == 0
    said = capsys.readouterr().out
    assert "is reported on the seeds 3 to 8." in said
    assert all(f"wrote {path}" in said for path in out)
    lines = (tmp_path / "t.md").read_text().splitlines()
    assert lines[0].startswith(
        "| loss | chosen | settings tried | seeds | score ↓ | rank | P(better)"
    )
    assert lines[2].startswith("| hinge | lr=0.0001 | 3 | 6 | 3 ± 0.48 [2.5, 3.5] | 1 [1, 1] | - |")
    with open(tmp_path / "t.csv") as stream:
        rows = list(csv.DictReader(stream))
    content = json.loads((tmp_path / "t.json").read_text())
    assert [float(row["mean"]) for row in rows] == [row["value"] for row in content["rows"]]
    assert rows[1]["P(better)"] == "0.0"
    assert rows[0]["P(better)"] == ""
    assert content["choose"] == {"metrics": ["score"], "seeds": [0, 3]}
    assert content["protocols"] == {"score": SCORE}
    tex = (tmp_path / "t.tex").read_text()
    assert r"score $\downarrow$" in tex
    assert r"3 $\pm$ 0.48 [2.5, 3.5]" in tex
    body = [line for line in tex.splitlines() if line.endswith(r"\\") and "multicolumn" not in line]
    assert len({line.count("&") for line in body}) == 1


@pytest.mark.parametrize("plot", ["intervals", "profiles", "ranks", "best"])
def test_figures(plot, sweep, tmp_path):
    words = {"by": "loss", "choose": "score@seeds=0:3"} if plot == "best" else {}
    jgan.table(sweep, **words, plot=plot, out=tmp_path / "f.svg")
    text = (tmp_path / "f.svg").read_text()
    assert text.count("loss=hinge") == (1 if plot == "best" else 3)
    jgan.table(sweep, **words, plot=plot, out=tmp_path / "g.svg")
    assert (tmp_path / "g.svg").read_text() == text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            {"by": "loss"},
            "^the row 'loss=hinge' has 3 settings, which differ in lr; choose one of them by",
        ),
        (
            {"by": "gamma"},
            "^by names 'gamma', which is no setting of these sweeps; they have data, exp",
        ),
        ({"tasks": "set"}, "^tasks names 'set', which is no setting"),
        (
            {"choose": "score@seeds=0:3"},
            "^choose chooses one setting .* must name .*; loss, lr vary",
        ),
        (
            {"by": "loss", "choose": "score"},
            "^choose names no seeds, but the report must be on other",
        ),
        (
            {"by": "loss", "choose": "seeds=0:9"},
            "^choose has all seeds of the sweeps, so none is left",
        ),
        (
            {"by": "loss", "choose": "seeds=0:3", "report": "seeds=2:5"},
            "^seed 2 is one that choose and report have, but what is reported on the seeds that chose",
        ),
        (
            {"by": "loss", "choose": "seeds=20:23"},
            "^the row 'loss=hinge' has no members with the seeds 20:",
        ),
        (
            {"report": "seeds=20:23"},
            "^the row 'loss=hinge lr=0.0001' has no members with the seeds 20:",
        ),
        ({"report": "score@3"}, "^report is 'score@3', but must be METRIC@seeds=A:B, METRIC or"),
        ({"report": "seeds=3:3"}, "^report has the seeds 3:3, which are none"),
        ({"report": "fd"}, "^metric 'fd' was not measured; the members have score"),
        (
            {"baseline": "loss=ns"},
            "^baseline is 'loss=ns', which is 0 rows, but must be one of loss=hinge lr",
        ),
        ({"baseline": "loss=hinge"}, "^baseline is 'loss=hinge', which is 3 rows"),
        ({"best_of": [2]}, "^best_of needs a search: give choose"),
        (
            {"by": "loss", "choose": "seeds=0:3", "best_of": [4]},
            "^best_of has 4, but the row .* has 3 set",
        ),
        (
            {"mark": "device"},
            "^mark names 'device', but must be of protocol, data, versions, budget, or",
        ),
        ({"level": 1.0}, "^level is 1, but must lie between 0 and 1"),
        ({"plot": "best", "out": "f.svg"}, "^plot best needs a search: give choose"),
        (
            {"out": "table.doc"},
            r"^out is 'table.doc', but must end in .md or .csv or .tex or .json or",
        ),
    ],
)
def test_mistakes(words, message, sweep, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=message):
        jgan.table(sweep, **words)


def test_directories_that_are_no_finished_sweeps(sweep, tmp_path):
    with pytest.raises(UserError, match=r"is not a run directory: it has no settings.json"):
        jgan.table(tmp_path)
    with pytest.raises(UserError, match=r"^a table needs at least one sweep"):
        jgan.table()
    with pytest.raises(UserError, match=r"^seed 0 of one setting is in .* and would count twice"):
        jgan.table(sweep, searched(tmp_path / "again"))
    half = made_sweep(tmp_path / "half", [({"lr": 1.0}, 0, 2.0)], finished=False)
    notes = jgan.table(half).notes
    assert f"The sweep {str(half)!r} is not finished; 1 members are." in notes
    assert "A row with 1 seeds says little: intervals need 3 and more." in notes
    (half / "batches" / "0000.json").write_text("[")
    with pytest.raises(
        UserError, match=r"0000.json' is damaged; the same jgan sweep command trains"
    ):
        jgan.table(half)
    run = tmp_path / "run"
    made_sweep(run, [])
    content = json.loads((run / "settings.json").read_text())
    del content["sweep"]
    (run / "settings.json").write_text(json.dumps(content))
    with pytest.raises(UserError, match="is the directory of a single run, but a table is made of"):
        jgan.table(run)


def test_settings_that_were_tried_with_fewer_seeds_are_not_chosen_from(tmp_path):
    members = [({"lr": 0.1}, s, 1.0) for s in (0, 1, 5)] + [({"lr": 0.2}, s, 2.0) for s in (0, 5)]
    own = made_sweep(tmp_path / "s", members)
    with pytest.raises(
        UserError, match=r"^settings of the row 'experiment=toy' have from 1 to 2 seeds"
    ):
        jgan.table(own, by="experiment", choose="seeds=0:2")


def test_selections_and_names():
    assert parse_selection("--choose", "fd,kid@seeds=0:2") == Selection(("fd", "kid"), range(2))
    assert Row({}, {}).name == "all"
    assert Unlike("budget", ["a"], {"a": "x"}).sentence == "budget: a: x"
