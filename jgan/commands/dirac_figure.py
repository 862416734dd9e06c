"""The figure of ``jgan dirac``: field, flow and iterates; distance; eigenvalues; map of stability."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jgan.files import make_folder
from jgan.game import DISCRIMINATOR, GENERATOR
from jgan.numerics.dirac import REGULARISERS
from jgan.numerics.dirac_study import Case, Study
from jgan.numerics.field import field, vector_field
from jgan.numerics.flow import flow_curve
from jgan.numerics.named_rules import RULES
from jgan.numerics.stability import radius_map
from jgan.numerics.time_scales import with_time_scale
from jgan.numerics.toy_games import as_variables

INK, PATH, FLOW, FIELD = "#222222", "#c2410c", "#1d4ed8", "#9ca3af"


def pyplot() -> Any:
    """Matplotlib's pyplot on a canvas without a screen."""
    import matplotlib  # loads slowly

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    return plt


def draw(found: Study, out: Path) -> None:
    """Write the figure of a study to ``out``."""
    plt = pyplot()
    figure, axes = plt.subplots(2, 2, figsize=(10.5, 9))
    case = found.case
    strength = "" if case.penalty == "none" else f" {case.given_strength():g}"
    figure.suptitle(
        f"{case.loss}, {case.penalty}{strength}, {case.rule}, h = {case.setting.step:g}: {found.verdict.word}"
    )
    draw_plane(axes[0, 0], found)
    with np.errstate(over="ignore"):
        draw_distance(axes[0, 1], np.linalg.norm(found.path, axis=1), found.spectral_radius)
    draw_eigenvalues(axes[1, 0], found.operator, found.operator_theory, found.period)
    draw_map(axes[1, 1], case)
    figure.tight_layout()
    make_folder(out.parent)
    figure.savefig(out, dpi=110)
    plt.close(figure)


def draw_plane(axes: Any, found: Study, most: float = 6.0) -> None:
    """Field as arrows, flow and iterates from the start; points farther out than ``most`` are cut."""
    case, path = found.case, found.path
    near = path[np.isfinite(path).all(axis=1)]
    size = float(np.clip(1.15 * np.abs(near).max(), 0.2, most))
    toy = case.toy()

    def velocity(theta: jax.Array, psi: jax.Array) -> tuple[jax.Array, jax.Array]:
        game = with_time_scale(toy.game, case.setting.tau)
        moves = vector_field(game, as_variables(theta, psi), toy.batch)
        return moves[GENERATOR], moves[DISCRIMINATOR]

    theta, psi = np.meshgrid(np.linspace(-size, size, 21), np.linspace(-size, size, 21))
    u, v = (np.asarray(part) for part in jax.jit(jax.vmap(jax.vmap(velocity)))(theta, psi))
    length = np.hypot(u, v)
    scale = np.sqrt(length) / np.maximum(length, 1e-12)  # short arrows stay visible
    axes.quiver(theta, psi, u * scale, v * scale, color=FIELD, width=0.003)
    curve = flow_curve(
        field(with_time_scale(toy.game, case.setting.tau), as_variables(*case.start), toy.batch),
        float(case.setting.step) * (len(path) - 1),
    )
    # A flow that explodes, or meets a jump that lets nobody across, is drawn as far as it goes.
    label = "flow" if curve.stopped is None else f"flow until time {curve.times[-1]:.3g}"
    axes.plot(curve.points[:, 1], curve.points[:, 0], color=FLOW, lw=1, label=label)
    axes.plot(path[:, 0], path[:, 1], ".", ms=3, color=PATH, label="iterates")
    axes.plot(*path[0], "o", color=PATH, mfc="white", label="start")
    axes.plot(0, 0, "x", color=INK)
    axes.set(
        xlim=(-size, size), ylim=(-size, size), xlabel="θ (generator)", ylabel="ψ (discriminator)"
    )
    axes.set_aspect("equal")
    axes.legend(loc="upper right", fontsize=8)


def draw_distance(axes: Any, distance: np.ndarray, rate: float | None) -> None:
    """Distance from the equilibrium against updates, with what the spectral radius predicts.

    Args:
      axes: to draw on.
      distance: ``(steps + 1,)``.
      rate: the spectral radius, None where there is none.
    """
    steps = np.arange(len(distance))
    visible = np.isfinite(distance) & (distance > 0) & (distance < 1e12)
    axes.semilogy(steps[visible], distance[visible], color=PATH, label="observed")
    if rate is not None and visible.any():
        line = distance[0] * rate ** steps[visible]
        axes.semilogy(
            steps[visible], line, "--", color=INK, lw=1, label=f"factor an update {rate:.5f}"
        )
        if (
            line.max() < 1.2 * line.min()
            and distance[visible].max() / distance[visible].min() < 1.2
        ):
            axes.set_ylim(0.5 * distance[0], 2 * distance[0])
    axes.set(xlabel="update", ylabel="distance from the equilibrium")
    axes.legend(fontsize=8)


def draw_eigenvalues(
    axes: Any, found: Sequence[complex], closed_form: Sequence[complex], period: int
) -> None:
    """An operator's eigenvalues and the unit circle, inside which it contracts.

    Args:
      axes: to draw on.
      found: the eigenvalues, empty where there are none.
      closed_form: what theory says, empty where it says nothing.
      period: updates that the operator stands for.
    """
    angle = np.linspace(0, 2 * np.pi, 400)
    axes.plot(np.cos(angle), np.sin(angle), color=INK, lw=1)
    axes.axhline(0, color=FIELD, lw=0.5)
    axes.axvline(0, color=FIELD, lw=0.5)
    values = np.array(found)
    if len(closed_form):
        theory = np.array(closed_form)
        axes.plot(theory.real, theory.imag, "s", ms=11, mfc="none", color=FLOW, label="closed form")
    if len(values):
        axes.plot(values.real, values.imag, "o", color=PATH, label="autodiff")
        axes.legend(loc="upper left", fontsize=8)
    else:
        axes.text(
            0, 0, "the field jumps at the equilibrium:\nno eigenvalues", ha="center", va="center"
        )
    updates = "" if period == 1 else f" of {period} updates"
    most = max(1.25, 1.1 * float(np.abs(values).max(initial=0.0)))
    axes.set(
        xlim=(-most, most), ylim=(-most, most), xlabel="Re λ", ylabel=f"Im λ (operator{updates})"
    )
    axes.set_aspect("equal")


def draw_map(axes: Any, case: Case) -> None:
    """The factor of an update over step and strength (or momentum, where strength does not matter near 0)."""
    if not REGULARISERS[case.penalty].smooth:
        axes.axis("off")
        axes.text(
            0.5, 0.5, "no map: the operator has no derivative\nat the equilibrium", ha="center"
        )
        return
    step, strength = case.setting.step, case.given_strength()
    steps = np.linspace(0.005, max(4.0, 1.5 * step), 160)

    def radius(strengths: Any, momentum: Any) -> jax.Array:
        return radius_map(
            jnp.asarray(steps),
            jnp.asarray(strengths),
            rule=case.rule,
            loss=case.loss,
            penalty=case.penalty,
            momentum=momentum,
            discriminator_steps=case.setting.discriminator_steps,
            setting=case.setting,
        )

    inert = case.penalty in ("none", "clip")
    if inert and RULES[case.rule].takes_momentum:
        label, here = "momentum", case.setting.momentum
        lowest = 0.0 if case.setting.optimizer == "adam" else -0.9
        heights = np.linspace(lowest, 0.9, 90)
        radii = jax.vmap(lambda momentum: radius([strength], momentum)[0])(heights)
    elif inert:
        axes.plot(steps, radius([strength], 0.0)[0], color=PATH)
        axes.axhline(1, color=INK, lw=1)
        axes.axvline(step, color=FLOW, lw=1)
        axes.set(xlabel="step h", ylabel="factor an update", ylim=(0, 2))
        return
    else:
        label, here = f"strength ({REGULARISERS[case.penalty].meaning})", strength
        heights = np.linspace(
            0.0 if case.penalty != "instance-noise" else 0.01, max(3.0, 1.5 * strength), 90
        )
        radii = radius(heights, case.setting.momentum)
    radii = np.minimum(np.asarray(radii), 2.0)
    shown = axes.pcolormesh(
        steps, heights, radii, cmap="RdBu_r", vmin=0.5, vmax=1.5, shading="auto"
    )
    axes.contour(steps, heights, radii, levels=[1.0 + 1e-6], colors=INK, linewidths=1)
    axes.plot(step, here, "*", ms=14, color="#facc15", mec=INK)
    axes.set(xlabel="step h", ylabel=label)
    axes.figure.colorbar(shown, ax=axes, label="factor an update (line: 1)")
