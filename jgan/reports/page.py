"""The whole report as one HTML document."""

from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path

from jgan.reports.groups import grouped
from jgan.reports.html import Html, section, tag
from jgan.reports.runs import Run, Sweep, read
from jgan.reports.sections import PARTS, warnings

POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'"
)
"""The browser is told to send no request whatever the page holds."""


def report(paths: Sequence[Path], comparison: Html | None = None) -> str:
    """The report of runs and sweeps, in the order given; the same files give the same text.

    Args:
      paths: their directories.
      comparison: a section after the overview, None for none.

    Returns:
      HTML that needs no other file.

    Raises:
      UserError: for a directory that is no run's, an empty one, or one named twice.
    """
    runs, sweeps = read(paths)
    groups = grouped(runs)
    title = ", ".join(dict.fromkeys([sweep.name for sweep in sweeps] + _single(runs)))
    title = title if len(title) <= 60 else f"{title[:57]}…"
    parts = {
        name: content
        for name, make in PARTS.items()
        if (content := [part for part in make(groups) if part])
    }
    if comparison:
        first, *rest = parts.items()
        parts = dict([first, ("Comparison", [comparison]), *rest])
    damaged = warnings([(sweep.name, note) for sweep in sweeps for note in sweep.notes])
    parts["Overview"] += [damaged] if damaged else []
    return document(title, _subtitle(runs, sweeps), parts)


def document(title: str, lead: str, parts: Mapping[str, Sequence[Html | None]]) -> str:
    """A page with this title and first sentence, and a section for each of the parts, by its name.

    >>> document("Two runs", "Trained on a ring.", {"Samples": []}).startswith("<!doctype html>")
    True
    """
    sections = [section(name.lower(), name, *content) for name, content in parts.items()]
    contents = [tag("a", name, href=f"#{name.lower()}") for name in parts]
    own = lambda file: Html((resources.files("jgan.reports") / file).read_text())
    head = [
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name_="color-scheme", content="light dark"),
        tag("title", f"{title} · jgan report"),
        tag("link", rel="icon", href="data:,"),
        tag("style", own("style.css")),
    ]
    header = tag("header", tag("h1", title), tag("p", lead, class_="lead"))
    nav = tag("nav", contents, aria_label="Contents")
    body = [header, nav, tag("main", sections), tag("script", own("script.js"))]
    return f"<!doctype html>\n{tag('html', tag('head', head), tag('body', body), lang='en')}\n"


def _single(runs: Sequence[Run]) -> list[str]:
    return [run.name for run in runs if not run.varied]


def _subtitle(runs: Sequence[Run], sweeps: Sequence[Sweep]) -> str:
    """In a sentence, what this is a report of."""
    experiments = ", ".join(dict.fromkeys(run.experiment for run in runs))
    data = ", ".join(
        dict.fromkeys(
            str(run.settings["arguments"]["data"])
            for run in runs
            if "data" in run.settings["arguments"]
        )
    )
    count = f"{len(runs)} trainings" if len(runs) > 1 else "A training"
    steps = {run.settings["steps"] for run in runs}
    sentence = f"{count} of {experiments}" + (f" on {data}" if data else "")
    sentence += f", {steps.pop():,} steps" if len(steps) == 1 else ""
    diverged = sum(run.diverged is not None for run in runs)
    sentence += f"; {diverged} diverged" if diverged else ""
    waiting = [sweep.name for sweep in sweeps if not sweep.complete]
    if waiting:
        sentence += (
            f"; {', '.join(waiting)} has not ended, and its members that have not are missing here"
        )
    return f"{sentence}."
