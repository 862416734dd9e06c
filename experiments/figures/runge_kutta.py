"""Runge-Kutta steps against Euler's (Qin et al. 2020, "Training GANs by Solving ODEs", arXiv 2010.15040).

    python experiments/figures/runge_kutta.py [--out runge_kutta.png]

On a rotation, min over x, max over y of xy, whose flow is a circle. Left: iterates to time 8 with steps of
0.5 of Euler (which is simultaneous gradient descent), Heun and the classical fourth-order method. Middle: the
factor by which one step changes the distance from the equilibrium, by autodiff and in closed form: sqrt(1 +
y²), sqrt(1 + y⁴/4) and sqrt(1 - y⁶/72 + y⁸/576). Right: the distance from the exact flow at time 6 against
the step; in closed form it is abs(R(ih)^(6/h) - exp(6i)) with R the polynomial of the method.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from figure_command import run, write

from jgan.commands.dirac_figure import FIELD, FLOW, INK, PATH, pyplot
from jgan.numerics.game_case import GameCase
from jgan.numerics.named_rules import Setting, named_rule
from jgan.numerics.orbit import positions
from jgan.numerics.toy_games import bilinear

METHODS: dict[str, tuple[str, Callable[[Any], Any], str]] = {
    "simultaneous": ("Euler", lambda z: 1 + z, PATH),
    "runge-kutta-2": ("Heun", lambda z: 1 + z + z**2 / 2, FLOW),
    "runge-kutta-4": ("RK4", lambda z: 1 + z + z**2 / 2 + z**3 / 6 + z**4 / 24, "#15803d"),
}
"""By rule: the method's name, its polynomial R of step times eigenvalue, and a colour."""
END = 6.0


def path_of(name: str, step: float, updates: int) -> np.ndarray:
    """``(updates + 1,)``, iterates from (1, 1) as complex numbers x + iy."""
    rule = named_rule(name, bilinear(1.0), Setting(step))
    y, x = np.asarray(positions(rule, rule.init(jax.random.key(0), {}), {}, updates)).T
    return x + 1j * y


def draw(out: Path, step: float = 0.5, time: float = 8.0) -> list[str]:
    """Draw the three panels into ``out``; returns a line for each method."""
    plt = pyplot()
    figure, (plane, factors, errors) = plt.subplots(1, 3, figsize=(15.5, 5))
    ys, lines = np.linspace(0.05, 3.1, 62), []
    angle, size = np.linspace(0, 2 * np.pi, 200), np.sqrt(2)
    plane.plot(size * np.cos(angle), size * np.sin(angle), color=FIELD, lw=4, label="flow")
    counts = np.array([6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256])
    for rule, (name, polynomial, colour) in METHODS.items():
        path = path_of(rule, step, round(time / step))
        theory = path[0] * polynomial(1j * step) ** np.arange(len(path))
        plane.plot(path.real, path.imag, ".-", ms=4, lw=0.6, color=colour, label=name)
        case = GameCase(lambda: (bilinear(1.0), {}), {}, rule, Setting(0.1))
        radius = lambda value, case=case: case.changed(step=value).radius_at(jnp.zeros(2))
        found = np.asarray(jax.jit(jax.vmap(radius))(jnp.asarray(ys)))
        closed = np.abs(polynomial(1j * ys))
        factors.plot(ys, found, ".", ms=4, color=colour, label=name)
        factors.plot(ys, closed, "--", lw=1, color=INK)
        ends = np.array([path_of(rule, END / count, int(count))[-1] for count in counts])
        exact = (1 + 1j) * np.exp(1j * END)
        steps, fine = END / counts, np.geomspace(END / counts[-1], END / counts[0], 200)
        gaps = np.abs(ends - exact)
        known = np.sqrt(2) * np.abs(polynomial(1j * fine) ** (END / fine) - np.exp(1j * END))
        order = np.polyfit(np.log(steps[-5:]), np.log(gaps[-5:]), 1)[0]
        errors.loglog(steps, gaps, "o", ms=4, color=colour, label=f"{name}, order {order:.2f}")
        errors.loglog(fine, known, "--", lw=1, color=INK)
        lines.append(
            f"{name}: iterates off R(ih)^n by {np.abs(path - theory).max():.1e}, factors by "
            f"{np.abs(found - closed).max():.1e}; order {order:.3f}"
        )
    plane.plot(0, 0, "x", color=INK)
    plane.set(xlabel="x", ylabel="y", aspect="equal", title=f"steps of {step:g} to time {time:g}")
    factors.axhline(1, color=INK, lw=0.8)
    factors.axvline(2 * np.sqrt(2), color=INK, lw=0.5)
    factors.annotate("2√2", (2 * np.sqrt(2), 0.5), xytext=(4, 0), textcoords="offset points")
    factors.set(xlabel="step times angular speed y", ylabel="factor an update", ylim=(0.4, 5.2))
    factors.set(title="one step on a rotation")
    errors.set(xlabel="step h", ylabel=f"distance from the flow at time {END:g}")
    errors.set(title="error against the step")
    ticks = (0.02, 0.05, 0.1, 0.2, 0.5, 1)
    errors.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    errors.set_xticks([], minor=True)
    for panel in (factors, errors):
        panel.plot([], [], "--", lw=1, color=INK, label="closed form")
    for panel, place in ((plane, "upper right"), (factors, "upper left"), (errors, "best")):
        panel.legend(fontsize=8, loc=place)
    write(figure, out)
    return lines


if __name__ == "__main__":
    run(draw, __doc__)
