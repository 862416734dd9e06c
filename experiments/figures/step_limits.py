"""Step limits of the Dirac-GAN with R1 (Mescheder, Geiger & Nowozin 2018), and negative momentum.

    python experiments/figures/step_limits.py [--out step_limits.png]

Left: the largest stable step against gamma, by bisection on the operator's spectral radius (dots) and in
closed form (lines): h < γ/a² up to the critical gamma and (γ - sqrt(γ² - 4a²))/a² beyond for simultaneous
descent, 4/(γ + sqrt(γ² + 4a²)) for alternating descent. Right: the spectral radius of alternating descent on
the bilinear game against the momentum β of both players (Gidel et al. 2019, arXiv 1807.04740).
"""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from figure_command import run, write

from jgan.commands.dirac_figure import FLOW, INK, PATH, pyplot
from jgan.numerics.eigen import spectral_radius
from jgan.numerics.game_case import GameCase
from jgan.numerics.named_rules import Setting
from jgan.numerics.stability import (
    alternating_r1_step,
    bisect,
    dirac_operator,
    simultaneous_r1_step,
)
from jgan.numerics.toy_games import bilinear

A = 0.5
"""f'(0) of the logistic loss."""


def largest_steps(rule: str, gammas: np.ndarray) -> np.ndarray:
    """The largest stable step for every gamma, by bisection."""

    def one(gamma: jax.Array) -> jax.Array:
        def stable(step: jax.Array) -> jax.Array:
            there = dirac_operator(rule, Setting(step), "minimax", "r1", gamma)
            return spectral_radius(there) <= 1 + 1e-12

        return bisect(stable, 0.0, 8.0, 40)

    return np.asarray(jax.jit(lambda values: jax.lax.map(one, values))(jnp.asarray(gammas)))


def momentum_radii(c: float, betas: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Spectral radii of alternating descent with momentum: autodiff, and roots of its polynomial."""
    case = GameCase(lambda: (bilinear(1.0), {}), {}, "alternating", Setting(c))
    radius = lambda beta: case.changed(momentum=beta).radius_at(jnp.zeros(2))
    found = np.asarray(jax.jit(lambda values: jax.lax.map(radius, values))(jnp.asarray(betas)))
    roots = [
        np.roots(
            np.polysub(np.polymul([1, -2, 1], np.polymul([1, -b], [1, -b])), [-c * c, 0, 0, 0])
        )
        for b in betas
    ]
    return found, np.array([np.abs(one).max() for one in roots])


def draw(out: Path) -> list[str]:
    """Draw both panels into ``out``; returns a line for each curve."""
    plt = pyplot()
    figure, (limits, momentum) = plt.subplots(1, 2, figsize=(10.5, 4.8))
    gammas, lines = np.linspace(0.05, 3.0, 40), []
    for rule, closed_form, colour in (
        ("simultaneous", simultaneous_r1_step, PATH),
        ("alternating", alternating_r1_step, FLOW),
    ):
        found = largest_steps(rule, gammas)
        theory = np.asarray(closed_form(jnp.asarray(gammas), A))
        limits.plot(gammas, found, "o", ms=4, color=colour, label=f"{rule}, measured")
        fine = jnp.linspace(0.05, 3.0, 600)
        limits.plot(fine, closed_form(fine, A), "--", lw=1, color=INK)
        lines.append(f"{rule}: off the closed form by {np.abs(found - theory).max():.1e}")
    limits.plot([], [], "--", color=INK, lw=1, label="closed form")
    limits.axvline(2 * A, color=INK, lw=0.5)
    limits.annotate(
        "critical gamma", (2 * A, 0.15), fontsize=8, xytext=(4, 0), textcoords="offset points"
    )
    limits.set(xlabel="gamma", ylabel="largest stable step h", title="Dirac-GAN with R1")
    for c, colour in ((0.1, PATH), (0.5, FLOW)):
        betas = np.linspace(-0.9, 0.5, 57)
        ours, roots = momentum_radii(c, betas)
        momentum.plot(betas, ours, "o", ms=3, color=colour, label=f"c = {c:g}, autodiff")
        momentum.plot(betas, roots, "--", lw=1, color=INK)
        lines.append(f"momentum, c = {c:g}: off its polynomial by {np.abs(ours - roots).max():.1e}")
    momentum.set(xlabel="momentum β of both players", ylabel="spectral radius", ylim=(0.94, 1.32))
    momentum.set(title="negative momentum, alternating, bilinear game")
    momentum.axhline(1, color=INK, lw=0.8)
    momentum.plot([], [], "--", color=INK, lw=1, label="roots of the polynomial")
    for panel in (limits, momentum):
        panel.legend(fontsize=8)
    write(figure, out)
    return lines


if __name__ == "__main__":
    run(draw, __doc__)
