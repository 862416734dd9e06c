"""The figure of ``jgan spectrum``: eigenvalues in the plane, densities, and how they change in training."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from jgan.commands.dirac_figure import FIELD, FLOW, INK, PATH, pyplot
from jgan.files import make_folder

Report = dict[str, Any]
PLAYERS = (("generator", FLOW), ("discriminator", PATH))


def draw(reports: Sequence[Report], out: Path) -> None:
    """Write the figure of one or several checkpoints, oldest first, to ``out``.

    Parts that could not be solved are left out, and so are panels that would be empty.
    """
    plt = pyplot()
    panels = [panel for panel, holds in PANELS if holds(reports)]
    columns = max(min(len(panels), 3), 1)
    rows = max(-(-len(panels) // columns), 1)
    figure, axes = plt.subplots(rows, columns, figsize=(4.8 * columns, 4.4 * rows), squeeze=False)
    shades = plt.get_cmap("viridis")(np.linspace(0.1, 0.9, len(reports)))
    for panel, axis in zip(panels, axes.ravel(), strict=False):
        panel(axis, reports, shades)
        if axis.get_legend_handles_labels()[0] and len(reports) <= 8:
            axis.legend(fontsize=8)
    for axis in axes.ravel()[len(panels) :]:
        axis.set_axis_off()
    if len(reports) > 8:
        steps = [report["step"] for report in reports]
        scale = plt.cm.ScalarMappable(plt.Normalize(steps[0], steps[-1]), plt.get_cmap("viridis"))
        figure.colorbar(scale, ax=axes, label="step", shrink=0.6)
    else:
        figure.tight_layout()
    make_folder(out.parent)
    figure.savefig(out, dpi=110)
    plt.close(figure)


def _field_plane(axis: Any, reports: Sequence[Report], shades: Any) -> None:
    values = [_eigenvalues(one, "field") + _eigenvalues(one, "field_right") for one in reports]
    _plane(axis, reports, values, shades)
    axis.set(title="field: eigenvalues")


def _operator_plane(axis: Any, reports: Sequence[Report], shades: Any) -> None:
    angle = np.linspace(0, 2 * np.pi, 400)
    axis.plot(np.cos(angle), np.sin(angle), color=INK, lw=1)
    _plane(axis, reports, [_eigenvalues(one, "operator") for one in reports], shades)
    axis.set(title="update operator: eigenvalues")
    axis.set_aspect("equal", adjustable="datalim")


def _plane(
    axis: Any, reports: Sequence[Report], values: list[list[list[float]]], shades: Any
) -> None:
    for report, found, shade in zip(reports, values, shades, strict=True):
        if found:
            real, imaginary = np.array(found).T
            axis.plot(real, imaginary, "o", ms=5, color=shade, label=f"step {report['step']}")
    axis.axhline(0, color=FIELD, lw=0.5)
    axis.axvline(0, color=FIELD, lw=0.5)
    axis.set(xlabel="Re λ", ylabel="Im λ")


def _field_ends(axis: Any, reports: Sequence[Report], shades: Any) -> None:
    """The largest real part with its interval over batches, and the fastest rotation."""
    found = [one for one in reports if "field_right" in one]
    steps = [one["step"] for one in found]
    right = [max(z[0] for z in _eigenvalues(one, "field_right")) for one in found]
    axis.plot(steps, right, "-o", color=FLOW, label="largest Re λ")
    over = [one for one in found if "over_batches" in one["field_right"]]
    if over:
        means = np.array([one["field_right"]["over_batches"]["mean"] for one in over])
        half = np.array([one["field_right"]["over_batches"]["half_width_95"] for one in over])
        axis.fill_between(
            [one["step"] for one in over],
            means - half,
            means + half,
            color=FLOW,
            alpha=0.2,
            lw=0,
            label="95 % interval over batches",
        )
    both = [one for one in reports if "field" in one]
    fastest = [max(abs(z[1]) for z in _eigenvalues(one, "field")) for one in both]
    axis.plot([one["step"] for one in both], fastest, "--s", color=PATH, label="largest |Im λ|")
    axis.axhline(0, color=FIELD, lw=0.5)
    axis.set(title="field over training", xlabel="step", ylabel="eigenvalue")
    _symmetric_scale(axis, [*right, *fastest])


def _hessian_ends(axis: Any, reports: Sequence[Report], shades: Any) -> None:
    ends: list[float] = []
    for player, colour in PLAYERS:
        for end, style, pick in (("lowest", "--o", min), ("highest", "-o", max)):
            found = [
                (report["step"], _eigenvalues(report.get("hessians", {}).get(player, {}), end))
                for report in reports
            ]
            line = [(step, pick(np.array(values)[:, 0])) for step, values in found if values]
            if line:
                steps, heights = zip(*line, strict=True)
                ends += heights
                axis.plot(steps, heights, style, color=colour, label=f"{player}, {end}")
    axis.axhline(0, color=FIELD, lw=0.5)
    axis.set(title="Hessians", xlabel="step", ylabel="curvature")
    _symmetric_scale(axis, ends)


def _rotation(axis: Any, reports: Sequence[Report], shades: Any) -> None:
    found = [one for one in reports if "rotation_share" in one]
    shares = np.array([one["rotation_share"] for one in found])
    errors = np.array([one["rotation_share_standard_error"] for one in found])
    axis.errorbar([one["step"] for one in found], shares, 2 * errors, fmt="-o", color=INK)
    axis.set(title="antisymmetric share of the Jacobian", xlabel="step", ylabel="share")
    axis.set_ylim(-0.02, 1.02)


def _lengths(axis: Any, reports: Sequence[Report], shades: Any) -> None:
    for player, colour in PLAYERS:
        found = [
            (one["step"], one["motion"][player]["lengths"]) for one in reports if "motion" in one
        ]
        for step, lengths in found:
            axis.plot([step] * len(lengths), lengths, ".", color=colour, ms=4)
        steps = [step for step, _ in found]
        axis.plot(steps, [np.mean(values) for _, values in found], color=colour, label=player)
    axis.set(title="length of the field, by batches", xlabel="step", ylabel="length", yscale="log")


def _whole(axis: Any, reports: Sequence[Report], shades: Any) -> None:
    """Numbers of single batches and the interval of their mean, seen from those of all examples."""
    found = [(one, shade) for one, shade in zip(reports, shades, strict=True) if _beside(one)]
    names = list(dict.fromkeys(name for one, _ in found for name in _beside(one)))
    words = dict(zip(names, names, strict=True))
    for number, (report, shade) in enumerate(found):
        offset = 0.6 * ((number + 0.5) / len(found) - 0.5)
        for name, own in _beside(report).items():
            place, over = names.index(name) + offset, own["over_batches"]
            size = over["standard_deviation"]
            shift = (np.array(over["values"]) - own["whole"]) / size
            axis.plot(shift, [place] * len(shift), "|", color=shade, ms=7)
            half = over["half_width_95"] / size
            axis.errorbar(shift.mean(), place, xerr=half, fmt="o", ms=4, color=shade, capsize=3)
            if len(found) == 1:
                words[name] = f"{name}\n{own['whole']:.3g}, deviation {size:.1g}"
    axis.axvline(0, color=INK, lw=1, label="all examples")
    axis.plot([], [], "|", color=INK, label="single batches")
    axis.errorbar([], [], xerr=[], fmt="o", ms=4, color=INK, capsize=3, label="mean, 95 % interval")
    axis.set_yticks(range(len(names)), [words[name] for name in names], fontsize=8)
    axis.set(title="one batch beside all examples", ylim=(len(names) + 0.7, -0.6))
    axis.set_xlabel("distance from all examples, in deviations of a batch")


def _beside(report: Report) -> Report:
    """The numbers of all examples that several batches, which differ, stand beside."""
    found = report.get("whole", {}).get("beside_batches", {})
    return {name: own for name, own in found.items() if own["over_batches"]["standard_deviation"]}


def _density(part: str) -> Callable[[Any, Sequence[Report], Any], None]:
    def panel(axis: Any, reports: Sequence[Report], shades: Any) -> None:
        for report, shade in zip(reports, shades, strict=True):
            found = _density_of(report, part)
            if found:
                grid, height = np.array(found["values"]), np.array(found["density"])
                error = 2 * np.array(found["standard_error"])
                label = f"step {report['step']}, width {found['width']:.2g}"
                axis.plot(grid, height, color=shade, label=label)
                axis.fill_between(
                    grid,
                    np.maximum(height - error, 0),
                    height + error,
                    color=shade,
                    alpha=0.2,
                    lw=0,
                )
        axis.set(title=DENSITIES[part], xlabel="eigenvalue", ylabel="density", yscale="log")
        top = axis.get_ylim()[1]
        axis.set_ylim(1e-5 * top, 2 * top)

    return panel


DENSITIES = {
    "symmetric": "density of the Jacobian's symmetric part",
    "antisymmetric": "density of its antisymmetric part, Im λ",
    "generator": "density of the generator's Hessian",
    "discriminator": "density of the discriminator's Hessian",
}


def _density_of(report: Report, part: str) -> Report:
    if part in ("generator", "discriminator"):
        return report.get("hessians", {}).get(part, {}).get("density", {})
    return report.get("densities", {}).get(part, {})


def _symmetric_scale(axis: Any, values: Sequence[float]) -> None:
    """A symmetric logarithmic axis, linear to two decades below the largest value, with room at both ends."""
    largest = max((abs(value) for value in values), default=0.0)
    axis.set_yscale("symlog", linthresh=0.01 * largest if largest > 0 else 1.0)
    axis.margins(y=0.15)
    axis.autoscale_view()


def _eigenvalues(report: Report, part: str) -> list[list[float]]:
    return report.get(part, {}).get("eigenvalues", [])


def _several(part: str) -> Callable[[Sequence[Report]], bool]:
    """Whether several checkpoints have a part, so that there is something over training to see."""
    return lambda reports: sum(part in report for report in reports) > 1


def _any(part: str) -> Callable[[Sequence[Report]], bool]:
    return lambda reports: any(part in report for report in reports)


PANELS: list[tuple[Callable[..., None], Callable[[Sequence[Report]], bool]]] = [
    (_field_plane, _any("field")),
    (_operator_plane, _any("operator")),
    (_hessian_ends, _any("hessians")),
    (_field_ends, _several("field_right")),
    (_rotation, _several("rotation_share")),
    (_lengths, _several("motion")),
    (_whole, lambda reports: any(_beside(one) for one in reports)),
    *[
        (_density(part), lambda reports, part=part: any(_density_of(one, part) for one in reports))
        for part in DENSITIES
    ],
]
"""Panels, and whether there is anything to show on them."""
