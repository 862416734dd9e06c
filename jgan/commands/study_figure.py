"""The figure of ``jgan study``: portrait, distance, eigenvalues, heat map, bifurcation, basins."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jgan.commands.dirac_figure import (
    FIELD,
    FLOW,
    INK,
    PATH,
    draw_distance,
    draw_eigenvalues,
    pyplot,
)
from jgan.files import make_folder
from jgan.numerics.flow import flow_curve
from jgan.numerics.game_case import usual_range, values_between
from jgan.numerics.game_study import GameStudy
from jgan.numerics.landscape import ELSEWHERE, LEFT, basins, bifurcation, radius_over
from jgan.numerics.selfmap import flat

Axis = tuple[str, tuple[float, float] | None]
SHADES = ("#93c5fd", "#fdba74", "#86efac", "#f0abfc", "#fde047", "#67e8f9")


def draw(
    found: GameStudy,
    name: str,
    out: Path,
    *,
    heat_map: Sequence[Axis],
    over: Axis,
    plane: tuple[int, int],
) -> None:
    """Write the figure of a study to ``out``.

    Args:
      found: the study.
      name: of the game.
      out: a .png.
      heat_map: the two numbers of the map, with ends or None for usual ones.
      over: the number of the bifurcation.
      plane: numbers of the generator's and of the discriminator's parameter that are shown.
    """
    plt = pyplot()
    figure, axes = plt.subplots(2, 3, figsize=(15.5, 9.2))
    case, local = found.case, found.local
    figure.suptitle(f"{name}, {case.rule}, h = {case.setting.step:g}: {found.verdict.word}")
    index = (found.split + plane[0], plane[1])
    draw_plane(axes[0, 0], found, index)
    with np.errstate(all="ignore"):
        distance = np.linalg.norm(found.path - found.centre, axis=1)
    draw_distance(axes[0, 1], distance, None if local is None else local.spectral_radius)
    if local is None:
        for panel in (axes[0, 2], axes[1, 0]):
            _say(panel, "no equilibrium with a derivative:\nnothing is linearised")
    else:
        draw_eigenvalues(axes[0, 2], list(local.operator), [], case.period)
        draw_heat_map(axes[1, 0], found, heat_map)
    draw_bifurcation(axes[1, 1], found, over, index)
    draw_basins(axes[1, 2], found, index)
    figure.tight_layout()
    make_folder(out.parent)
    figure.savefig(out, dpi=110)
    plt.close(figure)


def _say(axes: Any, text: str) -> None:
    axes.axis("off")
    axes.text(0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes)


def _window(found: GameStudy, index: tuple[int, int], most: float = 6.0) -> np.ndarray:
    """Ends ``(2, 2)`` of the plane: the path and the equilibria that are near it, with a margin."""
    middle = found.centre[list(index)]
    middle = np.where(np.isfinite(middle), middle, 0.0)
    points = [found.path[:, list(index)], found.start[None, list(index)]]
    points += [np.asarray(one.point)[None, list(index)] for one in found.equilibria[:6]]
    gaps = np.concatenate(points) - middle
    gaps = gaps[np.isfinite(gaps).all(axis=1) & (np.abs(gaps).max(axis=1) < 1e3)]
    reach = max(most, 1.5 * float(np.abs(found.start[list(index)] - middle).max()))
    size = float(np.clip(1.15 * np.abs(gaps).max(initial=0.2), 0.2, reach))
    return np.stack([middle - size, middle + size], axis=1)


def _grid(found: GameStudy, index: tuple[int, int], count: int) -> np.ndarray:
    """``(count, count, n)`` points of the plane through the centre."""
    window = _window(found, index)
    axes = [np.linspace(float(low), float(high), count) for low, high in window]
    x, y = np.meshgrid(*axes)
    points = np.tile(np.nan_to_num(found.centre), (count, count, 1))
    points[..., index[0]], points[..., index[1]] = x, y
    return points


def _label(axes: Any, found: GameStudy, index: tuple[int, int]) -> None:
    window = _window(found, index)
    axes.set(xlim=window[0], ylim=window[1])
    axes.set(xlabel=found.labels[index[0]], ylabel=found.labels[index[1]])
    axes.set_aspect("equal")


def draw_plane(axes: Any, found: GameStudy, index: tuple[int, int]) -> None:
    """Field as arrows, flow and iterates from the start, and the equilibria, in a plane of two parameters."""
    points = _grid(found, index, 21)

    def velocity(point: jax.Array) -> jax.Array:
        function, here = flat(found.case.field_at(point))
        return function(here)

    moves = np.asarray(jax.jit(jax.vmap(jax.vmap(velocity)))(jnp.asarray(points)))
    u, v = moves[..., index[0]], moves[..., index[1]]
    length = np.hypot(u, v)
    scale = np.sqrt(length) / np.maximum(length, 1e-12)  # short arrows stay visible
    axes.quiver(
        points[..., index[0]], points[..., index[1]], u * scale, v * scale, color=FIELD, width=0.003
    )
    case = found.case
    end = float(case.setting.step) * (len(found.path) - 1)
    curve = flow_curve(case.field_at(jnp.asarray(found.start)), end)
    label = "flow" if curve.stopped is None else f"flow until time {curve.times[-1]:.3g}"
    label += " without constraints" if case.played()[0].projections else ""
    axes.plot(*curve.points[:, list(index)].T, color=FLOW, lw=1, label=label)
    axes.plot(*found.path[:, list(index)].T, ".", ms=3, color=PATH, label="iterates")
    axes.plot(*found.start[list(index)], "o", color=PATH, mfc="white", label="start")
    for one in found.equilibria:
        axes.plot(*np.asarray(one.point)[list(index)], "x", color=INK)
    _label(axes, found, index)
    axes.set_title("portrait" + ("" if len(found.labels) == 2 else ", in a plane"), fontsize=10)
    axes.legend(loc="best", fontsize=8)


def _ends(found: GameStudy, axis: Axis) -> tuple[float, float]:
    name, ends = axis
    if ends is not None:
        return ends
    limit = 0.0 if found.limit is None else found.limit.step
    usual = 1 / max(float(np.linalg.norm(found.local.jacobian, 2)), 1e-9) if found.local else 1.0
    longest = limit if 0 < limit < np.inf else 2 * usual
    return usual_range(found.case, name, longest)


def draw_heat_map(axes: Any, found: GameStudy, numbers: Sequence[Axis], count: int = 48) -> None:
    """The factor of an update over two numbers, and the line on which it is 1."""
    (first, _), (second, _) = numbers
    xs, ys = (values_between(axis[0], *_ends(found, axis), count) for axis in numbers)
    point = found.equilibria[0].point
    radii = np.clip(radius_over(found.case, point, (first, xs), (second, ys)), 0.0, 2.0)
    shown = axes.pcolormesh(xs, ys, radii, cmap="RdBu_r", vmin=0.5, vmax=1.5, shading="auto")
    if np.nanmin(radii) < 1 + 1e-6 < np.nanmax(radii):
        axes.contour(xs, ys, radii, levels=[1.0 + 1e-6], colors=INK, linewidths=1)
    here = [float(jnp.asarray(found.case.value(name))) for name in (first, second)]
    axes.plot(*here, "*", ms=14, color="#facc15", mec=INK)
    axes.set(xlim=(xs[0], xs[-1]), ylim=(ys[0], ys[-1]), xlabel=first, ylabel=second)
    axes.set_xscale("log" if first == "tau" else "linear")
    axes.set_yscale("log" if second == "tau" else "linear")
    axes.set_title("spectral radius", fontsize=10)
    axes.figure.colorbar(shown, ax=axes, label="factor an update (line: 1, grey: no equilibrium)")
    axes.set_facecolor("#d1d5db")


def draw_bifurcation(
    axes: Any, found: GameStudy, over: Axis, index: tuple[int, int], count: int = 96
) -> None:
    """Where the players are in the long run over one number, and the equilibrium, dashed if unstable."""
    name = over[0]
    values = values_between(name, *_ends(found, over), count)
    long = bifurcation(found.case, found.centre, name, values)
    points = long.points[..., index[0]]
    middle = found.centre[index[0]]
    reach = 3 * max(float(np.ptp(_window(found, index)[0])), 1e-3)
    visible = np.isfinite(points) & (np.abs(points - middle) < reach)
    wide = np.broadcast_to(values[:, None], points.shape)
    axes.plot(wide[visible], points[visible], ".", ms=1.5, color=PATH, label="last iterates")
    if found.local is not None:
        own = long.equilibria[:, index[0]]
        for stable, style in ((True, "-"), (False, "--")):
            part = np.where((long.radii <= 1 + 1e-9) == stable, own, np.nan)
            word = "stable" if stable else "unstable"
            if np.isfinite(part).any():
                axes.plot(values, part, style, color=INK, lw=1, label=f"equilibrium, {word}")
    axes.set(xlabel=name, ylabel=found.labels[index[0]], xlim=(values[0], values[-1]))
    axes.set_xscale("log" if name == "tau" else "linear")
    axes.set_title(f"long runs over {name}", fontsize=10)
    axes.legend(fontsize=8, loc="best")


def draw_basins(axes: Any, found: GameStudy, index: tuple[int, int], count: int = 48) -> None:
    """Which equilibrium each start of the plane leads to."""
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Patch

    starts = _grid(found, index, count)
    many = 1 if found.free else len(SHADES)
    equilibria = np.array([one.point for one in found.equilibria[:many]]).reshape(
        -1, len(found.labels)
    )
    ends = basins(found.case, equilibria, starts, updates=2000).ends
    colours = ["#374151", "#e5e7eb", *SHADES]
    axes.pcolormesh(
        starts[..., index[0]],
        starts[..., index[1]],
        ends + 2,
        cmap=ListedColormap(colours),
        vmin=-0.5,
        vmax=len(colours) - 0.5,
        shading="auto",
    )
    words = {LEFT: "leaves", ELSEWHERE: "elsewhere or a cycle"}
    patches = [
        Patch(color=colours[end + 2], label=words.get(end, f"to equilibrium {end + 1}"))
        for end in np.unique(ends)
    ]
    for number, one in enumerate(equilibria):
        axes.plot(*one[list(index)], "x", color=INK)
        axes.annotate(f" {number + 1}", one[list(index)], fontsize=8, annotation_clip=True)
    axes.legend(handles=patches, fontsize=8, loc="upper right")
    _label(axes, found, index)
    axes.set_title("basins of the starts", fontsize=10)
