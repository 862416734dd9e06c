"""What the report shows of a search: every setting by its members, over each axis, over all, and the best."""

import re

import pytest
from made_sweeps import made_sweep, wave
from reports.made import make_run

import jgan
from jgan.errors import UserError
from jgan.reports.charts import best_first, by_setting, over_axis
from jgan.reports.groups import grouped
from jgan.reports.page import report
from jgan.reports.parallel import parallel
from jgan.reports.runs import read

HIGHER = {"distance": "recall (coordinates)", "metric": "prdc", "better": "higher", "samples": 70}


def members(seeds=6, **options):
    """Eight settings of two axes, the first the best; half of them ended at step 3, and one seed diverged."""
    found = []
    for place in range(8):
        setting = {"lr": 10.0 ** -(place % 4), "loss": "hinge" if place < 4 else "ns"}
        for seed in range(seeds):
            score = None if (place, seed) == (1, 1) else 1 + place + wave(place, seed) / 5
            found.append((setting, seed, score, *([3] if place > 3 else [])))
    return found


@pytest.fixture(scope="module")
def search(tmp_path_factory):
    return made_sweep(tmp_path_factory.mktemp("reports") / "search", members())


@pytest.fixture(scope="module")
def groups(search):
    return grouped(read([search])[0])


def labels(text):
    return re.findall(r'<svg[^>]*aria-label="([^"]*)"', text)


def test_members_have_boxes_and_what_became_of_them(groups):
    picture = by_setting("score", groups)
    assert "score by setting, least first: lr=1 loss=hinge" in picture
    texts = re.findall(r"<text[^>]*>([^<]*)", picture)
    assert "lr=0.1 loss=hinge (1 of 6 diverged)" in texts
    assert texts.index("lr=1 loss=ns (ended at 3)") < texts.index("lr=1 loss=hinge")  # from below
    filled = lambda picture: len(re.findall(r'<path [^>]*style="fill:[^"]*opacity: 0.25', picture))
    assert filled(picture) == len(groups)
    few = [type(group)(group.name, group.runs[:4], group.colour) for group in groups]
    assert filled(by_setting("score", few)) == 0


def test_settings_that_ended_come_after_those_that_did_not(groups):
    names = [group.name for group in best_first("score", groups)]
    assert names == [
        f"lr={lr} loss={loss}" for loss in ("hinge", "ns") for lr in (1, 0.1, 0.01, 0.001)
    ]
    names = [group.name for group in best_first("score", groups, higher=True)]
    assert names[0] == "lr=0.001 loss=hinge"


def test_over_each_setting_and_over_all(groups):
    runs = [run for group in groups for run in group.runs]
    found = over_axis("score", "lr", runs)
    best = min(run.measures["score"] for run in groups[0].runs)
    assert f"score of 47 members over lr; the least, {best:.4g}, at lr 1" in found
    assert over_axis("score", "loss", runs) is None
    found = parallel("score", ["lr", "loss"], groups)
    assert "of 8 settings over lr, loss; the best, " in found
    assert "is lr=1 loss=hinge" in found
    texts = re.findall(r"<text[^>]*>([^<]*)", found)
    assert {"lr", "loss", "score", "hinge", "ns", "0.001"} <= set(texts)
    assert parallel("score", ["lr"], groups) is None
    assert parallel("score", ["lr", "loss"], groups[:3]) is None
    # On top of the last axis stands the best: the smallest, or the greatest.
    heights = lambda picture, text: next(
        float(y)
        for y, t in re.findall(r'<text [^>]* y="([\d.]+)"[^>]*>([^<]*)', picture)
        if t == text
    )
    ends = [f"{group.measure('score')[0]:.4g}" for group in (groups[0], groups[7])]
    assert heights(found, ends[0]) < heights(found, ends[1])
    turned = parallel("score", ["lr", "loss"], groups, higher=True)
    assert heights(turned, ends[0]) > heights(turned, ends[1])


def test_unlike_sweeps_have_panels_of_their_own(search, tmp_path):
    other = made_sweep(tmp_path / "other", members(2), score=HIGHER)
    text = report([search, other])
    titles = re.findall(r"<figcaption>([^<]*)", text)
    lower = "score: sliced Wasserstein, 100 samples (lower is better)"
    higher = "score: recall (coordinates), 70 samples (higher is better)"
    for title, name in ((lower, "search"), (higher, "other")):
        own = [title, f"{title}, over lr, {name}", f"{title}, over all settings, {name}"]
        assert [one for one in titles if one.startswith(title)] == own
    assert "Best of 8 settings of search by score: sliced Wasserstein" in text
    assert ", of which 4 ended at rungs: search lr=1 loss=hinge with" in text
    assert "Best of 8 settings of other by score: recall (coordinates)" in text
    assert "other lr=0.001 loss=hinge with" in text
    assert "unlike lengths: 3, 8 steps." in text
    single = report([search])
    assert "Scores are sliced Wasserstein, 100 samples; lower is better." in single
    assert "ended at rung 3" in single


def test_the_table_of_a_choice_is_a_section(search, tmp_path):
    page = jgan.report(search, by="experiment", choose="score@seeds=0:1")
    assert 'id="comparison"' in page
    (table,) = re.findall(r'<section id="comparison">.*?</section>', page, re.DOTALL)
    assert (
        "Each row&#x27;s setting was chosen on the seeds 0 and is reported on the seeds 1" in table
    )
    assert ">lr=1 loss=hinge</td>" in table
    with pytest.raises(
        UserError, match=r"^every setting of the row 'loss=ns' .* or ended at a rung"
    ):
        jgan.report(search, by="loss", choose="score@seeds=0:1")
    with pytest.raises(UserError, match=r"^by and choose make a table of sweeps, but none of"):
        jgan.report(make_run(tmp_path / "run"), by="loss")


def test_a_member_that_two_processes_trained_is_there_once(search, tmp_path):
    again = made_sweep(tmp_path / "again", members(1))
    content = (again / "batches" / "0000.json").read_text()
    (again / "batches" / "1-of-2-0000.json").write_text(content)
    assert len(read([again])[0]) == 8
