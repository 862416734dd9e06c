"""Discretisation drift (Rosca et al. 2021, arXiv 2105.13922): what discrete steps follow instead of the flow.

    python experiments/figures/drift.py [--out drift.png]

Above: the Dirac-GAN from (1, 1), simultaneous and alternating (generator first) updates with h = 0.3 (dots),
the game's flow, and the flow with drift, of the modified losses. Below, left: the distance from the equilibrium
of min over x, max over y of xy; in closed form (1 + h²)^(n/2) of n updates and exp(nh²/2) of the flow with
drift. Right: the error of one step, which falls like h² against the flow and like h³ against the flow with
drift, on the Dirac-GAN with R1.
"""

from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
from figure_command import run, write

from jgan.commands.dirac_figure import FLOW, INK, PATH, pyplot
from jgan.game import GENERATOR, PLAYERS, Batch, Game, Variables
from jgan.numerics.dirac import regularised
from jgan.numerics.field import field
from jgan.numerics.flow import flow
from jgan.numerics.named_rules import Setting, named_rule
from jgan.numerics.orbit import positions
from jgan.numerics.toy_games import as_variables, bilinear
from jgan.rules.drift import with_drift

FIRST = {"simultaneous": None, "alternating": GENERATOR}
"""By rule: who moves first."""


class Paths(NamedTuple):
    """Positions ``(n + 1, 2)`` after every update, or at its time, discriminator first."""

    updates: np.ndarray
    flow: np.ndarray
    drift: np.ndarray


def paths(game: Game, batch: Batch, at: Variables, rule: str, step: float, count: int) -> Paths:
    """Updates of a rule, the game's flow and the flow with drift, from the same point."""
    moving = named_rule(rule, game, Setting(step))
    updates = positions(moving, moving.init(jax.random.key(0), batch), batch, count)
    drifting = with_drift(game, dict.fromkeys(PLAYERS, step), first=FIRST[rule])
    times = step * np.arange(count + 1)
    curves = [flow(field(own, at, batch), times, tolerance=1e-13) for own in (game, drifting)]
    return Paths(np.asarray(updates), *curves)


def draw(out: Path, step: float = 0.3, updates: int = 40) -> list[str]:
    """Draw the four panels into ``out``; returns a line for each curve."""
    plt = pyplot()
    figure, ((one, other), (growth, order)) = plt.subplots(2, 2, figsize=(11, 10))
    lines = []
    fine = 10
    for panel, rule in ((one, "simultaneous"), (other, "alternating")):
        toy, at = regularised("minimax", start=(1.0, 1.0)), as_variables(1.0, 1.0)
        found = paths(toy.game, toy.batch, at, rule, step, updates)
        curves = [
            flow(field(game, at, toy.batch), np.linspace(0, step * updates, fine * updates + 1))
            for game in (
                toy.game,
                with_drift(toy.game, dict.fromkeys(PLAYERS, step), first=FIRST[rule]),
            )
        ]
        panel.plot(*curves[0].T[::-1], "--", color=INK, lw=1, label="flow")
        panel.plot(*curves[1].T[::-1], color=FLOW, lw=1.5, label="flow with drift")
        panel.plot(*found.updates.T[::-1], "o", ms=4, color=PATH, label=f"{rule} updates")
        panel.plot(0, 0, "x", color=INK)
        panel.set(xlabel="θ", ylabel="ψ", title=f"Dirac-GAN, {rule}, h = {step:g}", aspect="equal")
        panel.set(xlim=(-2.2, 2.2), ylim=(-1.9, 2.5))
        far = [np.linalg.norm(own[-1] - found.updates[-1]) for own in (found.flow, found.drift)]
        lines.append(
            f"{rule}: after {updates} updates {far[0]:.3f} from the flow, {far[1]:.3f} from the flow with drift"
        )
    numbers = np.arange(updates + 1)
    found = paths(bilinear(1.0), {}, as_variables(1.0, 1.0), "simultaneous", step, updates)
    for points, closed, style, colour, name in (
        (found.updates, (1 + step**2) ** (numbers / 2), "o", PATH, "simultaneous updates"),
        (found.drift, np.exp(numbers * step**2 / 2), "s", FLOW, "flow with drift"),
        (found.flow, np.ones(updates + 1), "^", "#15803d", "flow"),
    ):
        distances = np.linalg.norm(points, axis=1)
        theory = np.sqrt(2) * closed
        growth.semilogy(numbers, distances, style, ms=4, mfc="none", color=colour, label=name)
        growth.semilogy(numbers, theory, "--", lw=1, color=INK)
        gap = np.abs(distances / theory - 1).max()
        lines.append(f"bilinear, {name}: off the closed form by {gap:.1e}")
    growth.plot([], [], "--", lw=1, color=INK, label="closed form")
    growth.set(xlabel="updates", ylabel="distance from the equilibrium")
    growth.set_yticks((1.5, 2, 3, 4, 6, 8), ("1.5", "2", "3", "4", "6", "8"))
    growth.set_yticks([], minor=True)
    growth.set(title=f"bilinear game, h = {step:g}")
    sizes = np.geomspace(0.02, 0.5, 9)
    for rule, marker in (("simultaneous", "o"), ("alternating", "s")):
        toy, at = regularised("minimax", "r1", 0.3, (1.0, -0.7)), as_variables(1.0, -0.7)
        steps = [paths(toy.game, toy.batch, at, rule, float(size), 1) for size in sizes]
        for name, power, colour in (("flow", 2, PATH), ("drift", 3, FLOW)):
            errors = np.array(
                [np.linalg.norm((own.updates - getattr(own, name))[-1]) for own in steps]
            )
            slope = np.polyfit(np.log(sizes[:5]), np.log(errors[:5]), 1)[0]
            what = {"flow": "the flow", "drift": "the flow with drift"}[name]
            label = f"{rule} from {what}, order {slope:.2f}"
            order.loglog(sizes, errors, marker, ms=5, mfc="none", color=colour, label=label)
            line = errors[0] * (sizes / sizes[0]) ** power
            order.loglog(sizes, line, "--", lw=1, color=INK)
            lines.append(f"one {rule} step from {what}: order {slope:.3f}")
    order.plot([], [], "--", lw=1, color=INK, label="orders 2 and 3")
    order.set(
        xlabel="step h", ylabel="distance after a step", title="Dirac-GAN with R1, gamma = 0.3"
    )
    ticks = (0.02, 0.05, 0.1, 0.2, 0.5)
    order.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    order.set_xticks([], minor=True)
    for panel in (one, other, growth, order):
        panel.legend(fontsize=8)
    write(figure, out)
    return lines


if __name__ == "__main__":
    run(draw, __doc__)
