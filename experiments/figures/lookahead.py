"""Lookahead-minimax on a bilinear game (Chavdarova et al. 2021, arXiv 2006.14567, figures 1 and 2).

    python experiments/figures/lookahead.py [--out lookahead.png]

Every k updates of simultaneous descent both players go half the way back to where they were. Left: iterates
from (1, 1) with c = 0.3; the slow points are circled. Middle: the distance over the updates; lines are the
closed form abs((1 + (1 + ic)^k)/2) for every k updates. Right: the spectral radius of a period of k updates,
by autodiff and in closed form; below 1 the game converges, and k must be neither too small nor too large.
"""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from figure_command import run, write

from jgan.commands.dirac_figure import FLOW, INK, PATH, pyplot
from jgan.numerics.game_case import GameCase
from jgan.numerics.named_rules import Setting, named_rule
from jgan.numerics.orbit import positions
from jgan.numerics.toy_games import bilinear

PERIODS = ((5, FLOW), (10, "#15803d"))


def factor(c: float, k: int) -> float:
    """Of the distance in k updates, in closed form."""
    return float(abs(0.5 + 0.5 * (1 + 1j * c) ** k))


def radii(steps: tuple[float, ...], counts: range) -> np.ndarray:
    """Spectral radii of a period of k updates, by autodiff, ``(steps, counts)``."""
    found = []
    for k in counts:
        setting = Setting(steps[0], weights={"every": k})
        case = GameCase(lambda: (bilinear(1.0), {}), {}, "lookahead-minimax", setting)
        radius = lambda c, case=case: case.changed(step=c).radius_at(jnp.zeros(2))
        found.append(np.asarray(jax.jit(jax.vmap(radius))(jnp.asarray(steps))) ** k)
    return np.array(found).T


def draw(out: Path, c: float = 0.3, updates: int = 30) -> list[str]:
    """Draw the three panels into ``out``; returns a line for each curve."""
    plt = pyplot()
    figure, (plane, distance, radius) = plt.subplots(1, 3, figsize=(15.5, 5))
    lines, numbers = [], np.arange(updates + 1)
    rules = [("simultaneous", 1, Setting(c), PATH, "without lookahead")]
    for k, colour in PERIODS:
        setting = Setting(c, weights={"every": k})
        rules.append(("lookahead-minimax", k, setting, colour, f"lookahead, k = {k}"))
    for name, k, setting, colour, label in rules:
        rule = named_rule(name, bilinear(1.0), setting)
        path = np.asarray(positions(rule, rule.init(jax.random.key(0), {}), {}, updates))
        y, x = path.T
        plane.plot(x, y, ".-", ms=4, lw=0.8, color=colour, label=label)
        distances = np.linalg.norm(path, axis=1)
        distance.semilogy(numbers, distances, ".-", ms=4, lw=0.5, color=colour, label=label)
        rate = abs(1 + 1j * c) if k == 1 else factor(c, k)
        slow = numbers[::k]
        theory = np.sqrt(2) * rate ** (slow // k)
        distance.semilogy(slow, theory, "o--", ms=7, mfc="none", lw=0.8, color=INK)
        if k > 1:
            plane.plot(x[::k], y[::k], "o", ms=7, mfc="none", color=colour)
        gap = np.abs(distances[::k] / theory - 1).max()
        lines.append(f"{label}: slow points off the closed form by {gap:.1e}")
    plane.plot(0, 0, "x", color=INK)
    plane.set(xlabel="x", ylabel="y", aspect="equal")
    plane.set(title=f"{updates} updates from (1, 1), c = {c:g}")
    distance.plot([], [], "o--", ms=7, mfc="none", lw=0.8, color=INK, label="closed form")
    distance.set(xlabel="updates", ylabel="distance from the equilibrium", title=f"c = {c:g}")
    counts = range(1, 21)
    both = (0.1, 0.3)
    for own, found, colour in zip(both, radii(both, counts), (PATH, FLOW), strict=True):
        theory = np.array([factor(own, k) for k in counts])
        radius.plot(counts, found, "o", ms=4, color=colour, label=f"c = {own:g}, autodiff")
        radius.plot(counts, theory, "--", lw=1, color=INK)
        gap = np.abs(found - theory).max()
        lines.append(f"c = {own:g}: radius off the closed form by {gap:.1e}")
    radius.axhline(1, color=INK, lw=0.8)
    radius.plot([], [], "--", lw=1, color=INK, label="closed form")
    radius.set(xlabel="k, updates between looks back", ylabel="spectral radius of k updates")
    radius.set(xticks=(1, 5, 10, 15, 20), title="lookahead converges below 1")
    for panel in (plane, distance, radius):
        panel.legend(fontsize=8)
    write(figure, out)
    return lines


if __name__ == "__main__":
    run(draw, __doc__)
