"""The gallery of the Dirac-GAN (Mescheder, Geiger & Nowozin 2018, arXiv 1801.04406, figures 1 to 3).

    python experiments/figures/dirac_gallery.py [--out dirac_gallery.png]

Every regulariser in continuous time and under simultaneous and alternating descent, h = 0.2, 500 steps from (1,
1), at the settings of the authors' notebook: clipping at 1, WGAN-GP 0.7, noise 0.7, R1 0.3 and critical 1.0,
consensus 1.0. Each panel carries the verdict of the long run.
"""

from pathlib import Path

import numpy as np
from figure_command import run, write

from jgan.commands.dirac_figure import FLOW, INK, PATH, pyplot
from jgan.numerics.dirac_study import Case, study
from jgan.numerics.field import field
from jgan.numerics.flow import flow_curve
from jgan.numerics.named_rules import Setting
from jgan.numerics.toy_games import as_variables

PANELS: tuple[tuple[str, str, str, float | None], ...] = (
    ("GAN", "minimax", "none", None),
    ("non-saturating GAN", "non-saturating", "none", None),
    ("WGAN", "wasserstein", "clip", 1.0),
    ("WGAN-GP", "wasserstein", "wgan-gp", 0.7),
    ("consensus", "non-saturating", "consensus", 1.0),
    ("instance noise", "non-saturating", "instance-noise", 0.7),
    ("R1", "non-saturating", "r1", 0.3),
    ("R1, critical", "non-saturating", "r1", 1.0),
)
RULES = (("simultaneous", 1, PATH), ("alternating", 1, FLOW), ("alternating", 5, "#15803d"))


def gallery(out: Path, step: float = 0.2, steps: int = 500) -> list[str]:
    """Draw the gallery into ``out``; returns a line for each panel and rule."""
    plt = pyplot()
    figure, axes = plt.subplots(2, 4, figsize=(15, 7.8))
    lines = []
    for panel, (title, loss, penalty, strength) in zip(axes.flat, PANELS, strict=True):
        toy = Case(loss, penalty, strength).toy()
        curve = flow_curve(field(toy.game, as_variables(1.0, 1.0), toy.batch), step * steps)
        label = "flow without clipping" if penalty == "clip" else "flow"
        words = label if curve.stopped is None else f"flow until time {curve.times[-1]:.3g}"
        panel.plot(curve.points[:, 1], curve.points[:, 0], color=INK, lw=1, label=words)
        for rule, count, colour in RULES:
            case = Case(loss, penalty, strength, rule, Setting(step, 0.0, count))
            found = study(case, steps)
            name = rule if count == 1 else f"{rule}, {count} D steps"
            panel.plot(
                *found.path.T,
                ".-",
                ms=2,
                lw=0.4,
                color=colour,
                label=f"{name}: {found.verdict.word}",
            )
            last = float(np.linalg.norm(found.path[-1]))
            lines.append(f"{title:<20} {name:<24} distance {last:8.2e}  {found.verdict.word}")
        panel.plot(0, 0, "x", color=INK)
        panel.set(title=title, xlim=(-2.2, 2.2), ylim=(-3.2, 2.2), xlabel="θ", ylabel="ψ")
        panel.set_aspect("equal")
        panel.legend(fontsize=7, loc="lower left")
    write(figure, out)
    return lines


if __name__ == "__main__":
    run(gallery, __doc__)
