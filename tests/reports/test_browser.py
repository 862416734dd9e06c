"""A real browser opens the report: it asks for nothing, complains of nothing, and its parts move."""

import json

import pytest
from reports.browser import Browser
from reports.made import add_evaluation, make_run, make_sweep, rows, spectrum

from jgan.reports.page import report

ARROW_LEFT, HOME = "\ue012", "\ue011"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    root = tmp_path_factory.mktemp("page")
    for seed in range(2):
        path = make_run(root / f"a{seed}", seed=seed)
        add_evaluation(path, seed)
    (path / "spectrum.json").write_text(json.dumps([spectrum(100)]))
    short = make_run(root / "short", lr=0.1, steps=60, made=rows(0, 60))
    make_sweep(root / "sweep", lrs=[0.02, 0.1, 0.3, 0.4, 0.5], seeds=2)
    file = root / "a report.html"
    file.write_text(report([root / "a0", root / "a1", short, root / "sweep"]))
    return file.as_uri()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(params=["light", "dark"])
def theme(request):
    return request.param


def test_it_opens_at_once_and_asks_for_nothing(browser, page, theme):
    browser.look(1280, theme)
    browser.open(page)
    timing = "const t = performance.getEntriesByType('navigation')[0]; return t.loadEventEnd;"
    assert 0 < browser.run(timing) < 2000
    assert browser.console() == []
    assert [url for url in browser.requests() if not url.startswith("data:")] == [page]
    paper = browser.run("return getComputedStyle(document.body).backgroundColor")
    assert paper == {"light": "rgb(250, 249, 247)", "dark": "rgb(20, 23, 27)"}[theme]


def test_the_policy_stops_what_would_leave(browser, page):
    browser.open(page)
    browser.console()
    browser.run("new Image().src = 'http://127.0.0.1:9/x.png'; fetch('http://127.0.0.1:9/y');")
    browser.run("return new Promise((done) => setTimeout(done, 100))")
    assert sum("Content Security Policy" in line for line in browser.console()) >= 2


def steps_shown(browser):
    """For each run the step of the one picture that is seen."""
    return browser.run(
        "return [...document.querySelectorAll('.frames')].map((frames) => [...frames.children]"
        ".filter((f) => f.getClientRects().length).map((f) => f.dataset.step).join())"
    )


def test_the_slider_moves_the_pictures(browser, page):
    browser.look(1280)
    browser.open(page)
    assert steps_shown(browser) == ["100", "100", "60"]
    browser.keys(".controls input", ARROW_LEFT)
    assert steps_shown(browser) == ["80", "80", "60"]
    browser.keys(".controls input", ARROW_LEFT * 2)
    assert steps_shown(browser) == ["40", "40", "40"]
    assert browser.run("return document.querySelector('output').value") == "40"
    assert (
        browser.run("return document.querySelector('.controls input').ariaValueText") == "step 40"
    )
    browser.keys(".controls input", HOME)
    assert steps_shown(browser) == ["20", "20", "20"]
    pictures = "return [...document.images].every((i) => i.complete && i.naturalWidth === 384)"
    assert browser.run(pictures)
    browser.click(".controls button")
    wait = (
        "return new Promise((done) => { const look = () => document.querySelector('.controls button')"
        ".textContent === 'Play' ? done() : setTimeout(look, 50); look(); })"
    )
    browser.run(wait)
    assert steps_shown(browser) == ["100", "100", "60"]
    assert browser.console() == []


COLUMN = (
    "const table = document.querySelectorAll('table')[arguments[0]];"
    "return [...table.tBodies[0].rows].map((row) => row.cells[arguments[1]].textContent)"
)


def test_tables_sort_by_numbers_and_by_text(browser, page):
    browser.open(page)
    heads = browser.run(
        "return [...document.querySelectorAll('table')[0].tHead.rows[0].cells].map((c) => c.textContent)"
    )
    place = heads.index("score")
    before = browser.run(COLUMN, 0, place)
    button = f"table th:nth-child({place + 1}) button"
    browser.click(button)
    ascending = browser.run(COLUMN, 0, place)
    number = lambda text: float(text.split(" ")[0])
    known = [number(text) for text in ascending if text]
    assert known == sorted(number(text) for text in before if text)
    assert ascending[len(known) :] == [""] * (len(before) - len(known))
    assert ascending != before
    browser.click(button)
    descending = browser.run(COLUMN, 0, place)
    assert [number(text) for text in descending if text] == known[::-1]
    assert descending[-1] == ""
    assert browser.run("return document.querySelectorAll('[aria-sort=descending]').length") == 1
    browser.click("table th:nth-child(1) button")
    names = browser.run(COLUMN, 0, 0)
    assert names == sorted(names)  # 0.02 before 0.1, as numbers are
    assert browser.run("return document.querySelectorAll('[aria-sort]').length") == 1


def test_a_number_s_record_opens(browser, page):
    browser.open(page)
    assert not browser.run("return document.querySelector('#record-2 details').open")
    browser.run("location.hash = '#record-2'; return new Promise((done) => setTimeout(done, 50))")
    assert browser.run("return document.querySelector('#record-2 details').open")


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_nothing_is_wider_than_the_window(browser, page, width):
    browser.look(width)
    browser.open(page)
    browser.run("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    assert browser.run("return document.documentElement.scrollWidth") == width


def test_without_a_script_all_is_there(browser, page):
    browser.look(1280, script=False)
    try:
        browser.open(page)
        assert not browser.shown(".controls")
        assert browser.shown(".frames figure:first-child img")
        assert browser.shown(".frames figure:last-child img")
        assert browser.shown("table th")
    finally:
        browser.look(1280)
