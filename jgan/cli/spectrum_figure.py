"""The figure of ``jgan spectrum``: eigenvalues in the plane, and their ends over training time."""

from pathlib import Path
from typing import Any

import numpy as np

from jgan.cli.dirac_figure import FIELD, FLOW, INK, PATH, pyplot
from jgan.training.files import make_folder


def draw(reports: list[dict[str, Any]], out: Path) -> None:
    """Write the figure of one or several checkpoints, oldest first, to ``out``."""
    plt = pyplot()
    figure, axes = plt.subplots(1, 3, figsize=(14, 4.5))
    shades = plt.get_cmap("viridis")(np.linspace(0.1, 0.9, len(reports)))
    angle = np.linspace(0, 2 * np.pi, 400)
    axes[1].plot(np.cos(angle), np.sin(angle), color=INK, lw=1)
    for report, shade in zip(reports, shades, strict=True):
        both = report["field"]["eigenvalues"] + report["field_right"]["eigenvalues"]
        for panel, values in ((axes[0], both), (axes[1], report["operator"]["eigenvalues"])):
            real, imaginary = np.array(values).T
            panel.plot(real, imaginary, "o", ms=5, color=shade, label=f"step {report['step']}")
    for panel, name in ((axes[0], "field"), (axes[1], "update operator")):
        panel.axhline(0, color=FIELD, lw=0.5)
        panel.axvline(0, color=FIELD, lw=0.5)
        panel.set(title=name, xlabel="Re λ", ylabel="Im λ")
    axes[0].legend(fontsize=8)
    axes[1].set_aspect("equal", adjustable="datalim")
    steps = [report["step"] for report in reports]
    for player, colour in (("generator", FLOW), ("discriminator", PATH)):
        ends = [report["hessians"][player] for report in reports]
        for end, style in (("lowest", "--o"), ("highest", "-o")):
            line = [np.array(found[end]["eigenvalues"])[:, 0] for found in ends]
            pick = min if end == "lowest" else max
            axes[2].plot(
                steps,
                [pick(values) for values in line],
                style,
                color=colour,
                label=f"{player}, {end}",
            )
    axes[2].set(title="Hessians", xlabel="step", ylabel="curvature", yscale="symlog")
    axes[2].legend(fontsize=8)
    figure.tight_layout()
    make_folder(out.parent)
    figure.savefig(out, dpi=110)
    plt.close(figure)
