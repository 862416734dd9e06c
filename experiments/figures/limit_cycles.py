"""Limit cycles of the Dirac-GAN (Mescheder, Geiger & Nowozin 2018, arXiv 1801.04406).

    python experiments/figures/limit_cycles.py [--out limit_cycles.png]

Simultaneous descent of the non-saturating loss settles on a circle of radius sqrt(2h), from inside and
outside. Left: iterates with h = 0.1 and that circle. Right: the radius, measured after 100,000 updates,
against the step.
"""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from figure_command import run, write

from jgan.commands.dirac_figure import FLOW, INK, PATH, pyplot
from jgan.numerics.dirac import regularised
from jgan.numerics.named_rules import Setting, named_rule
from jgan.numerics.orbit import limit_cycle, positions

STARTS = (((0.05, 0.0), "o", FLOW, "from inside"), ((1.0, 1.0), "x", PATH, "from outside"))


def radii_of_cycles(steps: np.ndarray, start: tuple[float, float]) -> np.ndarray:
    """Radii of the cycle that simultaneous non-saturating descent settles on, over steps."""
    toy = regularised("non-saturating", start=start)

    def one(step: jax.Array) -> jax.Array:
        rule = named_rule("simultaneous", toy.game, Setting(step))
        state = rule.init(jax.random.key(0), toy.batch)
        return limit_cycle(rule, state, toy.batch, settle=100_000, measure=4000).radius

    return np.asarray(jax.jit(jax.vmap(one))(jnp.asarray(steps)))


def draw(out: Path, step: float = 0.1, updates: int = 3000) -> list[str]:
    """Draw both panels into ``out``; returns a line for each start."""
    plt = pyplot()
    figure, (plane, cycles) = plt.subplots(1, 2, figsize=(10.5, 5))
    steps, lines = np.geomspace(0.02, 0.3, 12), []
    for start, marker, colour, name in STARTS:
        toy = regularised("non-saturating", start=start)
        rule = named_rule("simultaneous", toy.game, Setting(step))
        path = positions(rule, rule.init(jax.random.key(0), toy.batch), toy.batch, updates)
        psi, theta = np.asarray(path).T
        plane.plot(theta, psi, "-", lw=0.4, color=colour, label=f"{updates} updates {name}")
        plane.plot(theta[0], psi[0], marker, color=colour)
        radii = radii_of_cycles(steps, start)
        cycles.loglog(steps, radii, marker, color=colour, label=name)
        gap = np.abs(radii / np.sqrt(2 * steps) - 1).max()
        lines.append(f"cycle {name}: within {gap:.2%} of sqrt(2h)")
    angle = np.linspace(0, 2 * np.pi, 200)
    radius = np.sqrt(2 * step)
    circle = (radius * np.cos(angle), radius * np.sin(angle))
    plane.plot(*circle, "--", lw=1.5, color=INK, label="circle of radius sqrt(2h)")
    plane.set(xlabel="θ", ylabel="ψ", title=f"iterates with h = {step:g}", aspect="equal")
    plane.set(ylim=(-1.2, 1.75))
    cycles.loglog(steps, np.sqrt(2 * steps), "--", lw=1, color=INK, label="sqrt(2h)")
    cycles.set(xlabel="step h", ylabel="radius of the cycle", title="radius against the step")
    for set_ticks, values in (
        (cycles.set_xticks, (0.02, 0.05, 0.1, 0.2)),
        (cycles.set_yticks, (0.2, 0.4, 0.6)),
    ):
        set_ticks(values, [f"{value:g}" for value in values])
        set_ticks([], minor=True)
    for panel in (plane, cycles):
        panel.legend(fontsize=8)
    write(figure, out)
    return lines


if __name__ == "__main__":
    run(draw, __doc__)
