"""Eigenvalues with and without consensus (Mescheder, Nowozin & Geiger 2017, arXiv 1705.10461, figure 1).

    python experiments/figures/consensus.py [--out consensus.png]

Left: the field of a bilinear game of 20 + 20 parameters has eigenvalues ±iσ; consensus moves them to
-gamma σ² ± iσ (circles: closed form, dots: autodiff). Right: the Dirac-GAN, whose pair moves along
-gamma a² ± ia under consensus, and meets on the real axis at the critical gamma under R1.
"""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from figure_command import run, write

from jgan.commands.dirac_figure import FLOW, INK, PATH, pyplot
from jgan.numerics.dense import exact_jacobian
from jgan.numerics.eigen import eigenvalues_2x2
from jgan.numerics.field import field
from jgan.numerics.selfmap import jacobian
from jgan.numerics.stability import dirac_field
from jgan.numerics.toy_games import bilinear
from jgan.rules import with_consensus


def spectrum(matrix: np.ndarray, gamma: float) -> np.ndarray:
    """Eigenvalues of the bilinear game's field under consensus, by autodiff."""
    game = with_consensus(bilinear(matrix), gamma)
    variables = game.init(jax.random.key(0), {})
    return np.linalg.eigvals(exact_jacobian(field(game, variables, {})))


def draw(out: Path, size: int = 20) -> list[str]:
    """Draw both panels into ``out``; returns a line for each panel."""
    plt = pyplot()
    figure, (wide, toy) = plt.subplots(1, 2, figsize=(12, 5.2))
    matrix = np.random.default_rng(0).standard_normal((size, size)) / np.sqrt(size)
    sizes, lines = np.linalg.svd(matrix, compute_uv=False), []
    for gamma, colour in ((0.0, PATH), (0.5, FLOW)):
        found = spectrum(matrix, gamma)
        theory = np.concatenate([-gamma * sizes**2 + 1j * sign * sizes for sign in (1, -1)])
        wide.plot(found.real, found.imag, ".", color=colour, label=f"gamma = {gamma:g}, autodiff")
        wide.plot(
            theory.real, theory.imag, "o", ms=9, mfc="none", color=colour, label="closed form"
        )
        error = np.abs(found[:, None] - theory).min(axis=1).max()
        lines.append(f"bilinear, gamma = {gamma:g}: off the closed form by {error:.1e}")
    gammas = np.linspace(0, 4, 41)
    a = 0.5
    solve = jax.jit(jax.vmap(lambda gamma: _pair("consensus", gamma)))
    found = np.asarray(solve(jnp.asarray(gammas)))
    theory = np.stack([-gammas * a * a + 1j * a, -gammas * a * a - 1j * a], axis=1)
    toy.plot(found.real, found.imag, ".", color=FLOW)
    toy.plot(theory.real, theory.imag, "--", color=INK, lw=1)
    toy.plot([], [], ".", color=FLOW, label="consensus, gamma 0 to 4, autodiff")
    damped = np.asarray(jax.jit(jax.vmap(lambda gamma: _pair("r1", gamma)))(jnp.asarray(gammas)))
    toy.plot(damped.real, damped.imag, ".", color=PATH)
    roots = np.sqrt((gammas**2 / 4 - a * a).astype(complex))
    for sign in (1, -1):
        closed = -gammas / 2 + sign * roots
        toy.plot(closed.real, closed.imag, "--", color=INK, lw=1)
    toy.plot([], [], ".", color=PATH, label="R1, gamma 0 to 4, autodiff")
    toy.plot([], [], "--", color=INK, lw=1, label="closed form")
    pairs = np.stack([-gammas / 2 + roots, -gammas / 2 - roots], axis=1)
    for name, ours, closed in (("consensus", found, theory), ("R1", damped, pairs)):
        gaps = np.abs(ours[:, :, None] - closed[:, None]).min(axis=2)
        lines.append(f"Dirac-GAN, {name}: off the closed form by {gaps.max():.1e}")
    for panel, title in (
        (wide, f"bilinear game of {size} + {size} parameters"),
        (toy, "Dirac-GAN"),
    ):
        panel.axvline(0, color=INK, lw=0.5)
        panel.axhline(0, color=INK, lw=0.5)
        panel.set(xlabel="Re λ", ylabel="Im λ", title=title)
        panel.legend(fontsize=8)
    write(figure, out)
    return lines


def _pair(penalty: str, gamma: jax.Array) -> jax.Array:
    return eigenvalues_2x2(jacobian(dirac_field("minimax", penalty, gamma)))


if __name__ == "__main__":
    run(draw, __doc__)
