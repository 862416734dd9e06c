"""Limit cycles of the Dirac-GAN (Mescheder et al. 2018); Runge-Kutta and Euler steps (Qin et al. 2020); drift.

    python experiments/figures/limit_cycles.py [--out limit_cycles.png]

Left: simultaneous descent of the non-saturating loss settles on a circle of radius sqrt(2h), from inside and
outside. Middle: Euler's, Heun's and the classical Runge-Kutta step (arXiv 2010.15040) on a rotation, whose
factors are sqrt(1 + y²), sqrt(1 + y⁴/4) and sqrt(1 - y⁶/72 + y⁸/576). Right: what discrete steps follow instead
of the flow (Rosca et al. 2021, arXiv 2105.13922): the error of one step of h against the flow falls like h²,
against the flow corrected for drift like h³.
"""

import argparse
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from jgan.commands.dirac_figure import FLOW, INK, PATH, pyplot
from jgan.game import DISCRIMINATOR, GENERATOR
from jgan.numerics.dirac import regularised
from jgan.numerics.field import field
from jgan.numerics.flow import flow
from jgan.numerics.game_case import GameCase
from jgan.numerics.named_rules import Setting, named_rule
from jgan.numerics.orbit import limit_cycle, positions
from jgan.numerics.toy_games import as_variables, bilinear
from jgan.rules.drift import with_drift

FACTORS = {
    "simultaneous": ("Euler", lambda y: np.sqrt(1 + y**2), PATH),
    "runge-kutta-2": ("Heun", lambda y: np.sqrt(1 + y**4 / 4), FLOW),
    "runge-kutta-4": ("RK4", lambda y: np.sqrt(1 - y**6 / 72 + y**8 / 576), "#15803d"),
}


def radii_of_cycles(steps: np.ndarray, start: tuple[float, float]) -> np.ndarray:
    """Radii of the cycle that simultaneous non-saturating descent settles on, over steps."""
    toy = regularised("non-saturating", start=start)

    def one(step: jax.Array) -> jax.Array:
        rule = named_rule("simultaneous", toy.game, Setting(step))
        state = rule.init(jax.random.key(0), toy.batch)
        return limit_cycle(rule, state, toy.batch, settle=100_000, measure=4000).radius

    return np.asarray(jax.jit(jax.vmap(one))(jnp.asarray(steps)))


def drift_errors(steps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distances of a simultaneous step from the flow and from the corrected flow, on the Dirac-GAN."""
    toy, at = regularised("minimax", "r1", 0.3, (1.0, -0.7)), as_variables(1.0, -0.7)
    plain: list[float] = []
    corrected: list[float] = []
    for step in steps:
        rule = named_rule("simultaneous", toy.game, Setting(float(step)))
        state = rule.init(jax.random.key(0), toy.batch)
        there = np.asarray(positions(rule, state, toy.batch, 1))[-1]
        rates = {GENERATOR: float(step), DISCRIMINATOR: float(step)}
        times = np.array([0.0, float(step)])
        for game, errors in ((toy.game, plain), (with_drift(toy.game, rates), corrected)):
            end = flow(field(game, at, toy.batch), times, tolerance=1e-13)[-1]
            errors.append(float(np.linalg.norm(there - end)))
    return np.array(plain), np.array(corrected)


def draw(out: Path) -> list[str]:
    """Draw the three panels into ``out``; returns a line for each curve."""
    plt = pyplot()
    figure, (cycles, factors, drift) = plt.subplots(1, 3, figsize=(15.5, 4.8))
    steps, lines = np.geomspace(0.02, 0.3, 12), []
    for start, marker, name in (
        ((0.05, 0.0), "o", "from inside"),
        ((1.0, 1.0), "x", "from outside"),
    ):
        radii = radii_of_cycles(steps, start)
        cycles.loglog(steps, radii, marker, color=PATH, label=name)
        gap = np.abs(radii / np.sqrt(2 * steps) - 1).max()
        lines.append(f"cycle {name}: within {gap:.2%} of sqrt(2h)")
    cycles.loglog(steps, np.sqrt(2 * steps), "--", lw=1, color=INK, label="sqrt(2h)")
    cycles.set(
        xlabel="step h", ylabel="radius of the cycle", title="non-saturating loss, simultaneous"
    )
    ys = np.linspace(0.05, 3.1, 62)
    for rule, (name, closed_form, colour) in FACTORS.items():
        case = GameCase(lambda: (bilinear(1.0), {}), {}, rule, Setting(0.1))
        radius = lambda step, case=case: case.changed(step=step).radius_at(jnp.zeros(2))
        found = np.asarray(jax.jit(jax.vmap(radius))(jnp.asarray(ys)))
        factors.plot(ys, found, ".", ms=4, color=colour, label=name)
        factors.plot(ys, closed_form(ys), "--", lw=1, color=INK)
        lines.append(f"{name}: off the closed form by {np.abs(found - closed_form(ys)).max():.1e}")
    factors.axhline(1, color=INK, lw=0.8)
    factors.axvline(2 * np.sqrt(2), color=INK, lw=0.5)
    factors.annotate("2√2", (2 * np.sqrt(2), 2.2), xytext=(4, 0), textcoords="offset points")
    factors.plot([], [], "--", lw=1, color=INK, label="closed form")
    factors.set(xlabel="step times angular speed y", ylabel="factor an update", ylim=(0.4, 5))
    factors.set(title="steps on a rotation")
    sizes = np.geomspace(0.02, 0.5, 9)
    for errors, order, name, colour in zip(
        drift_errors(sizes), (2, 3), ("the flow", "the flow with drift"), (PATH, FLOW), strict=True
    ):
        slope = np.polyfit(np.log(sizes[:5]), np.log(errors[:5]), 1)[0]
        drift.loglog(
            sizes, errors, "o", ms=4, color=colour, label=f"from {name}, order {slope:.2f}"
        )
        drift.loglog(sizes, errors[0] * (sizes / sizes[0]) ** order, "--", lw=1, color=INK)
        lines.append(f"one step from {name}: order {slope:.3f}")
    drift.plot([], [], "--", lw=1, color=INK, label="orders 2 and 3")
    drift.set(
        xlabel="step h", ylabel="distance after a step", title="Dirac-GAN with R1, gamma = 0.3"
    )
    for panel, ticks in ((cycles, (0.02, 0.05, 0.1, 0.2)), (drift, (0.02, 0.05, 0.1, 0.2, 0.5))):
        panel.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        panel.set_xticks([], minor=True)
    cycles.set_yticks((0.2, 0.4, 0.6), ("0.2", "0.4", "0.6"))
    cycles.set_yticks([], minor=True)
    for panel in (cycles, factors, drift):
        panel.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(out, dpi=110)
    plt.close(figure)
    return lines


if __name__ == "__main__":
    style = argparse.RawTextHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=style)
    parser.add_argument("--out", type=Path, default=Path("limit_cycles.png"))
    with jax.enable_x64(True):
        print("\n".join(draw(parser.parse_args().out)))
