"""Seven rules on the bilinear game (Daskalakis et al. 2018, arXiv 1711.00141; Gidel et al. 2019, 1802.10551).

    python experiments/figures/bilinear.py [--out bilinear.png]

Left: 60 updates of min over x, max over y of xy from (1, 1) with step 0.3. Right: the spectral radius of
each rule's operator against the step c, by autodiff and in closed form (dashed); a rule converges below 1.
Consensus (Mescheder et al. 2017, arXiv 1705.10461) has gamma = 1; the competitive rule is that of Schäfer &
Anandkumar 2019 (arXiv 1905.12103), RK4 that of Qin et al. 2020 (arXiv 2010.15040).
"""

from collections.abc import Callable
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from figure_command import run, write

from jgan.commands.dirac_figure import INK, pyplot
from jgan.numerics.eigen import spectral_radius
from jgan.numerics.field import operator, settled
from jgan.numerics.named_rules import Setting, named_rule
from jgan.numerics.orbit import positions
from jgan.numerics.toy_games import bilinear
from jgan.rules import Rule
from jgan.rules.consensus import with_consensus

Radius = Callable[[np.ndarray], np.ndarray]


def optimistic_radius(c: np.ndarray) -> np.ndarray:
    """The four eigenvalues meet in two pairs at c = ½; the larger modulus counts."""
    root = np.sqrt(np.abs(1 - 4 * c * c))
    return np.sqrt(np.where(c <= 0.5, (1 + root) / 2, 0.25 + (c + root / 2) ** 2))


CURVES: dict[str, tuple[Radius, str]] = {
    "simultaneous": (lambda c: np.sqrt(1 + c**2), "#c2410c"),
    "alternating": (np.ones_like, "#1d4ed8"),
    "extragradient": (lambda c: np.sqrt(1 - c**2 + c**4), "#15803d"),
    "optimistic": (optimistic_radius, "#a21caf"),
    "consensus": (lambda c: np.hypot(1 - c, c), "#ca8a04"),
    "competitive": (lambda c: 1 / np.sqrt(1 + c**2), "#0891b2"),
    "runge-kutta-4": (lambda c: np.sqrt(1 - c**6 / 72 + c**8 / 576), "#6b7280"),
}
"""By rule: the spectral radius in closed form, and a colour."""


def make(name: str, step: float | jax.Array) -> Rule:
    """The rule called ``name`` on the game xy; consensus is simultaneous descent of a changed game."""
    game = bilinear(1.0)
    if name == "consensus":
        return named_rule("simultaneous", with_consensus(game, 1.0), Setting(step))
    return named_rule(name, game, Setting(step))


def radii(name: str, steps: np.ndarray) -> np.ndarray:
    """Spectral radii of the rule's operator at all ``steps``, one vmapped program."""

    def one(step: jax.Array) -> jax.Array:
        rule = make(name, step)
        state = rule.init(jax.random.key(0), {})
        return spectral_radius(operator(rule, settled(rule, state, {}), {}))

    return np.asarray(jax.jit(jax.vmap(one))(jnp.asarray(steps)))


def draw(out: Path, step: float = 0.3, updates: int = 60) -> list[str]:
    """Draw both panels into ``out``; returns a line for each rule."""
    plt = pyplot()
    figure, (plane, plot) = plt.subplots(1, 2, figsize=(13.5, 6.6))
    steps, lines = np.linspace(0.01, 1.0, 100), []
    plot.axhline(1, color=INK, lw=0.8)
    for name, (closed_form, colour) in CURVES.items():
        rule = make(name, step)
        y, x = np.asarray(positions(rule, rule.init(jax.random.key(0), {}), {}, updates)).T
        plane.plot(x, y, ".-", ms=4, lw=0.8, color=colour, label=name)
        found, theory = radii(name, steps), closed_form(steps)
        plot.plot(steps, found, color=colour, lw=4, alpha=0.4)
        plot.plot(steps, theory, "--", color=colour, lw=1)
        error, best, last = np.abs(found - theory).max(), found.argmin(), np.hypot(x[-1], y[-1])
        lines.append(
            f"{name:<14} distance {last:8.2e}  least radius {found[best]:.5f} at c = {steps[best]:.2f}"
            f"  off the closed form by {error:.1e}"
        )
    plane.plot(0, 0, "x", color=INK)
    plane.set(xlim=(-2.6, 2.6), ylim=(-2.6, 2.6), xlabel="x", ylabel="y", aspect="equal")
    plane.set(title=f"{updates} updates from (1, 1), c = {step:g}")
    plane.legend(loc="upper right", fontsize=9)
    plot.plot([], [], color=INK, lw=4, alpha=0.4, label="autodiff, colours as on the left")
    plot.plot([], [], "--", color=INK, lw=1, label="closed form")
    note = {"fontsize": 9, "ha": "right", "arrowprops": {"arrowstyle": "-", "lw": 0.6}}
    plot.annotate("alternating: 1 at every step", (0.82, 1.0), (0.98, 1.05), **note)
    plot.annotate("RK4: 0.994 at c = 1", (0.98, 0.994), (0.87, 0.95), **note)
    plot.set(xlim=(0, 1), ylim=(0.65, 1.45), xlabel="step c", ylabel="spectral radius")
    plot.set(title="a rule converges below 1")
    plot.legend(loc="upper left", fontsize=9)
    write(figure, out)
    return lines


if __name__ == "__main__":
    run(draw, __doc__)
