"""The figure of ``jgan spectrum``: eigenvalues in the plane, and their ends over training time."""

from pathlib import Path
from typing import Any

import numpy as np

from jgan.commands.dirac_figure import FIELD, FLOW, INK, PATH, pyplot
from jgan.files import make_folder


def draw(reports: list[dict[str, Any]], out: Path) -> None:
    """Write the figure of one or several checkpoints, oldest first, to ``out``.

    Parts that could not be solved are left out.
    """
    plt = pyplot()
    figure, axes = plt.subplots(1, 3, figsize=(14, 4.5))
    shades = plt.get_cmap("viridis")(np.linspace(0.1, 0.9, len(reports)))
    angle = np.linspace(0, 2 * np.pi, 400)
    axes[1].plot(np.cos(angle), np.sin(angle), color=INK, lw=1)
    for report, shade in zip(reports, shades, strict=True):
        both = _eigenvalues(report, "field") + _eigenvalues(report, "field_right")
        for panel, values in ((axes[0], both), (axes[1], _eigenvalues(report, "operator"))):
            if values:
                real, imaginary = np.array(values).T
                label = f"step {report['step']}"
                panel.plot(real, imaginary, "o", ms=5, color=shade, label=label)
    for panel, name in ((axes[0], "field"), (axes[1], "update operator")):
        panel.axhline(0, color=FIELD, lw=0.5)
        panel.axvline(0, color=FIELD, lw=0.5)
        panel.set(title=name, xlabel="Re λ", ylabel="Im λ")
    axes[1].set_aspect("equal", adjustable="datalim")
    for player, colour in (("generator", FLOW), ("discriminator", PATH)):
        for end, style, pick in (("lowest", "--o", min), ("highest", "-o", max)):
            found = [
                (report["step"], _eigenvalues(report.get("hessians", {}).get(player, {}), end))
                for report in reports
            ]
            line = [(step, pick(np.array(values)[:, 0])) for step, values in found if values]
            if line:
                axes[2].plot(
                    *zip(*line, strict=True), style, color=colour, label=f"{player}, {end}"
                )
    axes[2].set(title="Hessians", xlabel="step", ylabel="curvature", yscale="symlog")
    for panel in (axes[0], axes[2]):
        if panel.get_legend_handles_labels()[0]:
            panel.legend(fontsize=8)
    figure.tight_layout()
    make_folder(out.parent)
    figure.savefig(out, dpi=110)
    plt.close(figure)


def _eigenvalues(report: dict[str, Any], part: str) -> list[list[float]]:
    return report.get(part, {}).get("eigenvalues", [])
