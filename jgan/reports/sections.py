"""The sections of a report, each from groups of runs to HTML; what a run does not have is not shown."""

from collections.abc import Callable, Sequence
from typing import Any

from jgan.reports import charts, tables
from jgan.reports.curves import learning_curve, metrics_of
from jgan.reports.evaluations import of_evaluations
from jgan.reports.groups import Group
from jgan.reports.html import Html, cards, details, quiet, tag
from jgan.reports.runs import Run
from jgan.reports.searches import of_searches
from jgan.reports.slider import samples

FIRST = ("/loss", "/gradient_norm")
BANDS = "Lines are means over seeds, bands one standard deviation (divisor n - 1) on each side."


def overview(groups: Sequence[Group]) -> list[Html | None]:
    """Tables of groups and runs, and what went wrong, in words."""
    runs = [run for group in groups for run in group.runs]
    parts: list[Html | None] = []
    if len(groups) < len(runs):
        parts.append(tables.of_groups(groups))
    several = tables.of_runs(groups)
    folded = len(groups) < len(runs) and len(runs) > 12
    parts.append(details(f"All {len(runs)} runs", several) if folded else several)
    parts.append(warnings([(run.name, note) for run in runs for note in run.notes]))
    return parts


def warnings(notes: Sequence[tuple[str, str]]) -> Html | None:
    """Sentences about what has these names; None for none."""
    listed = [tag("li", tag("b", name), f": {note}.") for name, note in notes]
    return tag("ul", listed, class_="notes", aria_label="Warnings") if listed else None


def score(groups: Sequence[Group]) -> list[Html | None]:
    """The score over time, and what sweeps measured at the end."""
    runs = [run for group in groups for run in group.runs]
    parts: list[Html | None] = []
    higher = tables.better("score", runs) == "higher"
    chart = learning_curve("score", groups, marked=True, higher=higher)
    if chart:
        words = (
            "The score of samples during training: ★ is the best of the mean over seeds, ● the last. What "
            "decides it stands under Settings, score."
        )
        title = tables.title("score", runs)
        parts += [_legend(groups), tag("div", cards([(title, chart)]), class_="wide"), quiet(words)]
        parts += [quiet(BANDS) if _banded(groups) else None]
    parts += [quiet(sentence) for sentence in tables.unlike(runs)]
    return [*parts, *of_searches(groups)]


def curves(groups: Sequence[Group]) -> list[Html | None]:
    """Losses and gradient norms; other scalars on demand."""
    runs = [run for group in groups for run in group.runs]
    names = [name for name in metrics_of(runs) if name != "score"]
    first = [name for end in FIRST for name in names if name.endswith(end)]
    rest = [name for name in names if name not in first]
    parts: list[Html | None] = [_legend(groups)]
    parts.append(
        tag("div", cards([(n, learning_curve(n, groups)) for n in first]), class_="charts")
    )
    parts.append(quiet(BANDS) if _banded(groups) else None)
    others = cards([(name, learning_curve(name, groups)) for name in rest])
    if others:
        summary = f"{len(others)} other scalars"
        parts.append(details(summary, tag("div", others, class_="charts")))
    return parts


def eigenvalues(groups: Sequence[Group]) -> list[Html | None]:
    """Spectra through time with their verdicts."""
    measured = [run for group in groups for run in group.runs if run.spectra]
    parts: list[Html | None] = []
    for run in measured:
        spectra = _of_one_protocol(run.spectra)
        both = [
            (each["step"], [*_values(each, "field"), *_values(each, "field_right")])
            for each in spectra
        ]
        moved = [(each["step"], _values(each, "operator")) for each in spectra]
        pictures = cards(
            [
                ("vector field", charts.plane(f"vector field of {run.name}", both, circle=False)),
                (
                    "update operator",
                    charts.plane(f"update operator of {run.name}", moved, circle=True),
                ),
                ("curvature of both players", charts.ends(run, spectra)),
            ]
        )
        parts += [tag("h3", run.name), tag("div", pictures, class_="charts")]
    if measured:
        rows = [
            [
                run.name,
                each["step"],
                _protocol(each),
                each.get("field_right", {}).get("verdict", ""),
                each.get("operator", {}).get("verdict", ""),
                each.get("spectral_radius"),
                each.get("rotation_share"),
            ]
            for run in measured
            for each in run.spectra
        ]
        columns = ["run", "step", "protocol", "field", "update", "spectral radius", "rotation"]
        words = "The paler, the earlier. A field whose eigenvalues lie left, an update whose lie within "
        parts.append(quiet(f"{words}the circle, draw nearby points in."))
        parts.append(tables.table(columns, rows, "What the spectra say."))
    return parts


def _values(spectrum: dict[str, Any], part: str) -> list[list[float]]:
    return spectrum.get(part, {}).get("eigenvalues", [])


def _protocol(spectrum: dict[str, Any]) -> str:
    """The seed and the examples that a spectrum was found with."""
    found = spectrum.get("protocol", {})
    if not found:
        return ""
    return f"seed {found.get('seed')}, {found.get('batches')} x {found.get('batch_size')} examples"


def _of_one_protocol(spectra: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The spectra of the protocol that most were found with, so that a line joins only what compares."""
    protocols = [each.get("protocol") for each in spectra]
    usual = max(protocols, key=protocols.count)
    return [each for each in spectra if each.get("protocol") == usual]


def settings(groups: Sequence[Group]) -> list[Html | None]:
    """All settings, and the experiment files."""
    runs = [run for group in groups for run in group.runs]
    files: dict[str, Run] = {}
    for run in runs:
        kept = run.path / "experiment.py"
        if kept.is_file():
            files.setdefault(kept.read_text(errors="replace"), run)
    listed = [
        details(f"{run.settings.get('experiment')} as it was in {run.path.name}", tag("pre", text))
        for text, run in files.items()
    ]
    return [*tables.of_settings(runs), *listed]


PARTS: dict[str, Callable[[Sequence[Group]], Sequence[Html | None]]] = {
    "Overview": overview,
    "Samples": samples,
    "Score": score,
    "Curves": curves,
    "Evaluations": of_evaluations,
    "Eigenvalues": eigenvalues,
    "Settings": settings,
}


def _banded(groups: Sequence[Group]) -> bool:
    return any(len(group.runs) > 1 for group in groups)


def _legend(groups: Sequence[Group]) -> Html | None:
    """Names and colours; those that are grey together."""
    if len(groups) == 1 and len(groups[0].runs) == 1:
        return None
    coloured = [tag("li", tables.swatch(group)) for group in groups if group.colour is not None]
    grey = len(groups) - len(coloured)
    if grey:
        coloured.append(tag("li", tag("span", f"grey: {grey} others", class_="quiet")))
    return tag("ul", coloured, class_="legend")
