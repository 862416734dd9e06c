"""Path-angles of a small GAN (Berard et al. 2020, arXiv 1906.04848, figures 2 and 3).

    python experiments/figures/path_angle.py [--steps 3000] [--out path_angle.png]

An MLP GAN on a ring of eight Gaussians, non-saturating loss, Adam, with and without R1; the path runs
from the initialisation to the last iterate. Left: the path-angle; a passage through 0 at the end of the path
shows attraction, a bump rotation. Middle: the length of the field on the way. Right: the leading eigenvalues of
the field at the end.
"""

from pathlib import Path

import jax
import numpy as np
import optax
from figure_command import run, write

from jgan.commands.dirac_figure import FLOW, INK, PATH, pyplot
from jgan.data import load
from jgan.game import PLAYERS, Game
from jgan.gans.gan import gan
from jgan.latents import normal
from jgan.losses import non_saturating
from jgan.networks.mlp import mlp_discriminator, mlp_generator
from jgan.numerics.field import field
from jgan.numerics.leading import leading_eigenvalues
from jgan.numerics.path_angle import path_angle
from jgan.rules import alternating
from jgan.terms.penalties import r1
from jgan.training.experiment import Experiment
from jgan.training.feed import place
from jgan.training.fit import begin
from jgan.training.loop import compile_steps


def small_gan(gamma: float, width: int = 32) -> Game:
    """The GAN of points, with R1 unless gamma is 0."""
    networks = (
        mlp_generator((2,), (width, width), activation="tanh"),
        mlp_discriminator((width, width), activation="tanh"),
    )
    game = gan(*networks, non_saturating(), normal(4))
    return game.add(r1(gamma)) if gamma else game


def draw(out: Path, steps: int = 3000) -> list[str]:
    """Train both GANs, and draw path-angles and eigenvalues into ``out``; returns a line for each."""
    plt = pyplot()
    figure, axes = plt.subplots(1, 3, figsize=(15.5, 4.8))
    lines = []
    for gamma, colour in ((0.0, PATH), (1.0, FLOW)):
        game = small_gan(gamma)
        rule = alternating(game, dict.fromkeys(PLAYERS, optax.adam(1e-3, b1=0.5)))
        experiment = Experiment(game, rule, load("ring"), steps=steps, batch_size=256)
        arrays = place(experiment)
        start = begin(experiment, seed=0)
        first = jax.tree.map(np.asarray, start.variables)
        end, _ = compile_steps(rule, 256)(start, arrays, steps)
        batch = {"image": arrays["image"][:4096]}
        name = f"R1 {gamma:g}" if gamma else "no penalty"
        look = jax.jit(lambda a, b, game=game, batch=batch: path_angle(game, a, b, batch))
        found = look(first, end.variables)
        axes[0].plot(found.shares, found.cosines, color=colour, label=name)
        axes[1].semilogy(found.shares, found.norms, color=colour, label=name)
        small = {"image": batch["image"][:1024]}
        leading = leading_eigenvalues(field(game, end.variables, small), 30, tolerance=1e-4)
        axes[2].plot(leading.values.real, leading.values.imag, "o", ms=4, color=colour, label=name)
        lines.append(
            f"{name}: largest residual {leading.residuals.max():.1e}, largest |Im λ| "
            f"{np.abs(leading.values.imag).max():.3g}, largest Re λ {leading.values.real.max():.3g}"
        )
    for panel in axes[:2]:
        panel.axvline(1, color=INK, lw=0.5)
        panel.set(xlabel="place on the path (0 start, 1 end)")
    for panel in (axes[0], axes[2]):
        panel.axhline(0, color=INK, lw=0.5)
    axes[2].axvline(0, color=INK, lw=0.5)
    for panel in axes:
        panel.legend(fontsize=8)
    axes[0].set(ylabel="cosine", title="path-angle")
    axes[1].set(ylabel="length of the field", title="field on the path")
    axes[2].set(xlabel="Re λ", ylabel="Im λ", title="30 leading eigenvalues at the end")
    axes[2].set_xscale("symlog", linthresh=1.0)
    write(figure, out)
    return lines


if __name__ == "__main__":
    run(draw, __doc__, double=False)
