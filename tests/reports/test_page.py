"""The document itself: whole, closed to the outside, readable without a script."""

import html.parser
import json
import re

import pytest
from reports.made import (
    add_evaluation,
    garments,
    make_run,
    make_sweep,
    rows,
    spectrum,
)

from jgan.reports.page import POLICY, report

VOID = {"meta", "link", "img", "input"}


class Document(html.parser.HTMLParser):
    """Elements as ``(name, attributes, path of parents)``, texts, and whether tags close in order."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.texts, self._open = [], [], []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, name, attributes):
        self.elements.append((name, dict(attributes), tuple(self._open)))
        if name not in VOID:
            self._open.append(name)

    def handle_startendtag(self, name, attributes):
        self.elements.append((name, dict(attributes), tuple(self._open)))

    def handle_endtag(self, name):
        assert self._open.pop() == name

    def handle_data(self, text):
        self.texts.append((self._open[-1] if self._open else "", text))

    def all(self, name):
        return [attributes for each, attributes, _ in self.elements if each == name]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three seeds with all that a run can have, a run of images, a sweep with a diverged member."""
    root = tmp_path_factory.mktemp("runs")
    for seed in range(3):
        path = make_run(root / f"a{seed}", seed=seed)
        add_evaluation(path, seed, value=0.5 + seed / 10)
        (path / "spectrum.json").write_text(
            json.dumps([spectrum(step) for step in range(0, 101, 10)])
        )
    made = [{**row, "discriminator/loss": -1.0} for row in rows(0)]
    make_run(root / "images", experiment="dcgan.py", picture=garments, made=made)
    make_sweep(root / "sweep")
    return root


@pytest.fixture(scope="module")
def text(folder):
    return report([folder / name for name in ("a0", "a1", "a2", "images", "sweep")])


@pytest.fixture(scope="module")
def document(text):
    return Document(text)


def test_nothing_leads_outside(text, document):
    policy = [a["content"] for a in document.all("meta") if a.get("http-equiv")]
    assert policy == [POLICY]
    assert POLICY.startswith("default-src 'none'; img-src data:;")
    assert not re.search(r"https?:|//\w+\.|@import|xmlns", text)
    for _, attributes, _ in document.elements:
        for name in ("src", "href", "data", "action", "srcset", "poster"):
            address = attributes.get(name, "data:")
            assert address.startswith(("data:", "#"))
    assert set(re.findall(r"url\((.)", text)) <= {"#"}


def test_parts_are_there_and_the_contents_lead_to_them(document):
    sections = [attributes["id"] for attributes in document.all("section")]
    assert sections == [
        "overview",
        "samples",
        "score",
        "curves",
        "evaluations",
        "eigenvalues",
        "settings",
    ]
    links = [a["href"] for n, a, path in document.elements if n == "a" and path[-1] == "nav"]
    assert links == [f"#{name}" for name in sections]
    ids = [attributes["id"] for _, attributes, _ in document.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for attributes in document.all("a"):
        assert attributes["href"][1:] in ids


def test_references_within_pictures_are_theirs(text):
    for picture in re.findall(r"<svg.*?</svg>", text, re.DOTALL):
        ids = set(re.findall(r' id="([^"]+)"', picture))
        assert set(re.findall(r"#(\w+)", picture)) <= ids


def test_it_can_be_used_without_seeing_it(document):
    assert document.all("html") == [{"lang": "en"}]
    for attributes in document.all("img"):
        assert re.match(r"samples of .+ at step \d+", attributes["alt"])
    for attributes in document.all("svg"):
        assert attributes["role"] == "img"
        assert len(attributes["aria-label"]) > 20
    labels = {attributes["for"] for attributes in document.all("label")}
    assert {attributes["id"] for attributes in document.all("input")} <= labels
    for name, attributes, path in document.elements:
        if name == "table":
            assert path[-1] == "div"
        if name == "th":
            assert attributes["scope"] == "col"


def test_colours_are_the_theme_s(text):
    style = text[text.index("<style>") : text.index("</style>")]
    light, dark = style.split("@media screen and (prefers-color-scheme: dark)", 1)
    for name in set(re.findall(r"var\((--\w+)\)", text)):
        assert f"{name}:" in light
        assert f"{name}:" in dark
    for picture in re.findall(r"<svg.*?</svg>", text, re.DOTALL):
        assert not re.search(r"(fill|stroke): ?#[0-9a-f]", picture)
        assert "<text" in picture


def test_the_slider_has_a_picture_for_every_run_and_step(document):
    (player,) = [a for a in document.all("div") if a.get("class") == "player"]
    assert player["data-steps"] == "20 40 60 80 100"
    (slider,) = document.all("input")
    assert (slider["min"], slider["max"], slider["value"]) == ("0", "4", "4")
    shown = [a["data-step"] for a in document.all("figure") if "data-step" in a]
    assert shown == [str(step) for step in range(20, 101, 20)] * 4
    scatters = [a for a in document.all("img") if a.get("class") == "scatter"]
    assert len(scatters) == 15


def cells_of(text, caption):
    """The texts of a table's rows."""
    (found,) = [t for t in re.findall(r"<table.*?</table>", text, re.DOTALL) if caption in t]
    lines = re.findall(r"<tr>(.*?)</tr>", found, re.DOTALL)
    clean = lambda cell: re.sub(r"<[^>]*>", "", cell)
    return [[clean(c) for c in re.findall(r"<t[hd].*?</t[hd]>", line)] for line in lines]


def test_the_table_of_groups_tells_mean_and_spread(text):
    head, *lines = cells_of(text, "over seeds. Diverged runs")
    found = {line[0]: dict(zip(head[1:], line[1:], strict=True)) for line in lines}
    # Best scores are 0.5, 0.6, 0.7; scores at the end of the sweep's members 1 and 3 beside a diverged one.
    assert found["toy"]["best score"] == "0.6 ± 0.1"
    assert (found["toy"]["runs"], found["toy"]["diverged"]) == ("3", "0")
    swept = found["sweep lr=0.01"]
    assert (swept["runs"], swept["diverged"], swept["score"]) == ("3", "1", "2 ± 1.4")
    assert swept["modes"] == "7 ± 1.4"


def test_diverged_members_are_shown_as_such(text):
    head, *lines = cells_of(text, "Every run, with its newest numbers")
    states = {line[0]: line[head.index("state")] for line in lines}
    assert states["sweep lr=0.01 seed 1"] == "diverged by step 60"
    assert [state for state in states.values() if state != "finished"] == ["diverged by step 60"]
    assert "10 trainings of toy, dcgan on ring, 100 steps; 1 diverged." in text


def test_every_evaluated_number_leads_to_its_protocol(text, document):
    head, *lines = cells_of(text, "an arrow points to where better is")
    assert len(lines) == 6
    assert lines[0][: head.index("read with")] == ["a0", "100", "↑ precision", "0.5 ± 0.01"]
    assert [line[3] for line in lines[1::2]] == ["∞"] * 3
    assert [line[-1] for line in lines] == ["1", "1", "2", "2", "3", "3"]
    for number in (1, 2, 3):
        start = text.index(f'id="record-{number}"')
        record = text[start : text.index("</details>", start)]
        assert f"runs/{number - 1}" in record
        assert "Few samples." in record
    _, *means = cells_of(text, "of numbers with one protocol")
    assert means == [
        ["toy", "100", "↑ precision", "0.6 ± 0.1", "3", "1, 2, 3"],
        ["toy", "100", "↓ KL", "", "0 finite of 3", "1, 2, 3"],
    ]


def test_settings_are_all_there(text, folder):
    content = text[text.index('id="settings"') :]
    for name, value in (("batch_size", "8"), ("device", "1 x cpu"), ("python", "3.13.0")):
        assert f"<dt>{name}</dt><dd>{value}</dd>" in content
    head, *lines = cells_of(content, "Settings in which the runs differ")
    assert head[0] == "run"
    assert {"experiment", "lr", "seed"} <= set(head)
    assert len(lines) == 10


def test_score_marks_best_and_last(folder):
    single = report([folder / "a0"])
    (chart,) = re.findall(r'<svg[^>]*aria-label="score over.*?</svg>', single, re.DOTALL)
    assert [t for t in re.findall(r"<text[^>]*>([^<]*)", chart) if t in ("0.5", "0.9")][-2:] == [
        "0.5",
        "0.9",
    ]
    assert "ends at 0.9" in chart


def test_text_of_the_user_is_text(tmp_path):
    evil = '<script>alert("1")</script>&$x^{'
    made = [row | {f"generator/{evil}": 1.0} for row in rows(0)]
    path = make_run(
        tmp_path / "<b>&", data=evil, made=made, experiment=f"{evil.replace('/', '')}.py"
    )
    add_evaluation(path, 0, name=evil)
    whole = report([path])
    document = Document(whole)
    assert len(document.all("script")) == 1
    assert document.all("b") == []
    assert ("dd", evil) in document.texts
    assert any(name == "figcaption" and evil in text for name, text in document.texts)
    swept = report([make_sweep(tmp_path / evil.replace("/", ""))])
    assert len(Document(swept).all("script")) == 1


def test_the_same_files_give_the_same_text(folder):
    paths = [folder / "a0"]
    assert report(paths) == report(paths)


def test_what_a_run_does_not_have_is_not_there(tmp_path):
    path = make_run(tmp_path / "a", picture=None, made=[{"step": 10, "generator/loss": 1.0}])
    document = Document(report([path]))
    names = [attributes["id"] for attributes in document.all("section")]
    assert names == ["overview", "curves", "settings"]
    assert document.all("img") == document.all("input") == []


def test_one_picture_needs_no_slider(tmp_path):
    document = Document(report([make_run(tmp_path / "a", steps=20)]))
    assert len(document.all("img")) == 1
    assert document.all("input") == []


def test_many_settings_are_drawn_over_their_axis(tmp_path):
    path = make_sweep(tmp_path / "s", lrs=[0.001 * 1.3**n for n in range(30)], seeds=1)
    labels = [a["aria-label"] for a in Document(report([path])).all("svg")]
    assert any(label.startswith("score of 30 members over lr; the least, 0.1,") for label in labels)
    assert "grey: 6 others" in report([path])
    assert any(">lr (log scale)<" in picture for picture in pictures(report([path])))


def pictures(text):
    return re.findall(r"<svg.*?</svg>", text, re.DOTALL)


def scored(folder, samples, **options):
    """A sweep whose members were scored by so many samples."""
    path = make_sweep(folder, **options)
    content = json.loads((path / "settings.json").read_text())
    content["sweep"]["score"] = {"distance": "sliced Wasserstein", "samples": samples}
    (path / "settings.json").write_text(json.dumps(content))
    return path


def test_panels_name_their_score_and_have_the_best_on_top(tmp_path):
    text = report([scored(tmp_path / "s", 2000)])
    titles = re.findall(r"<figcaption>([^<]*)", text)
    assert "score: sliced Wasserstein, 2,000 samples (lower is better)" in titles
    assert "modes (higher is better)" in titles
    labels = [attributes["aria-label"] for attributes in Document(text).all("svg")]
    assert any(label.startswith("score by setting, least first: lr=0.001 1.1") for label in labels)
    assert any(label.startswith("modes by setting, greatest first: lr=0.001 7") for label in labels)
    assert "cannot be compared" not in text


def test_sweeps_of_unlike_steps_and_samples_say_so(tmp_path):
    text = report([scored(tmp_path / "a", 10), scored(tmp_path / "b", 2000, steps=60)])
    head, *lines = cells_of(text, "over seeds. Diverged runs")
    found = {line[0]: dict(zip(head, line, strict=True)) for line in lines}
    assert (found["a lr=0.001"]["steps"], found["b lr=0.001"]["steps"]) == ("100", "60")
    assert found["a lr=0.001"]["scored by"] == "sliced Wasserstein, 10 samples"
    assert "unlike lengths: 60, 100 steps." in text
    assert "cannot be compared: sliced Wasserstein, 10 samples; sliced Wasserstein, 2,000" in text


def test_the_best_score_says_whose_it_is_and_bands_what_they_are(text):
    assert "Best score: the best that a run&#x27;s own scores reached on the way" in text
    assert "bands one standard deviation" in text


def test_a_damaged_batch_is_told_of_the_sweep(tmp_path):
    path = make_sweep(tmp_path / "s")
    (path / "batches" / "0001.json").write_text('[{"setting"')
    (notes,) = re.findall(r'<ul class="notes".*?</ul>', report([path]), re.DOTALL)
    assert "<b>s</b>: 0001.json is damaged and left out; continuing the sweep trains" in notes


@pytest.mark.full
def test_ten_long_runs_are_small(tmp_path):
    picture = lambda step: garments(step, 32, 3)
    made = {seed: rows(seed, 20_000, 10) for seed in range(10)}
    paths = [
        make_run(tmp_path / str(seed), seed=seed, steps=1000, picture=picture, made=made[seed])
        for seed in range(10)
    ]
    assert len(report(paths).encode()) < 20e6
