"""Whether the field along the straight way between two checkpoints points to its end."""

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jgan.commands.batches import training_batch
from jgan.commands.command import command
from jgan.commands.kinds import Count, NotNegative, Several
from jgan.commands.notebook import Numbers
from jgan.commands.paths import PngFile
from jgan.commands.saved_run import RunLike, SavedRun, opened_run
from jgan.display import task
from jgan.errors import UserError
from jgan.files import make_folder
from jgan.numerics.path_angle import path_angle as path_angle_between
from jgan.runs.saved import load_state
from jgan.versions import versions


class PathAngles(Numbers):
    """Cosines and lengths along a path, by name as JSON holds them; they print as lines and can be drawn."""

    def __init__(self, report: dict[str, Any]) -> None:
        super().__init__(report, _as_text)

    def save(self, path: str | Path) -> Path:
        """Draw the cosine and the field's length along the path into a .png.

        Raises:
          UserError: if matplotlib is not installed, or the file cannot be written.
        """
        _draw(dict(self), Path(path))
        return Path(path)


@command
def path_angle(
    run: RunLike,
    *,
    start: NotNegative | None = None,
    end: NotNegative | None = None,
    points: Several = 121,
    batch_size: Count | None = None,
    batches: Count = 16,
    seed: NotNegative = 0,
    out: PngFile | None = None,
    quiet: bool = False,
) -> PathAngles:
    """Measure the angle between the field and the straight line from one checkpoint to another.

    Its cosine changes its sign at the end of the line if the end attracts the players, and has a bump there,
    without a change of sign, if they circle around it (Berard et al. 2020). Gradients are means over several
    batches; the paper has all examples.

    Args:
      run: Run directory, or the `Run` that `jgan.load` returns.
      start: Step of the checkpoint where the line begins (default: the first that the run keeps).
      end: Step of the checkpoint where it ends (default: that of the run, or the newest).
      points: Number of points, from a tenth of the line before its start to a tenth behind its end.
      batch_size: Number of examples in a batch (default: the run's own number).
      batches: Number of batches, each with latents of its own, over which gradients are averaged.
      seed: Seed of the latents and of the examples.
      out: FILE.png for the cosine and the length of the field along the line.
      quiet: Print only warnings and results, without progress.

    Returns:
      Positions on the line, cosines, lengths and what they say.

    Raises:
      UserError: If a checkpoint is not there, or both are of different stages or have the same parameters.
    """
    if out is not None:
        make_folder(Path(out).parent)
    opened = opened_run(run)
    first = opened.steps[0] if start is None else start
    last = opened.step if end is None else end
    with task(f"path from step {first} to step {last}"):
        found = PathAngles(_looked_at(opened, first, last, points, batch_size, batches, seed))
    if out is not None:
        found.save(out)
    return found


def _looked_at(
    run: SavedRun,
    first: int,
    last: int,
    points: int,
    batch_size: int | None,
    batches: int,
    seed: int,
) -> dict[str, Any]:
    whole = run.whole
    if whole.number(first) != whole.number(last):
        raise UserError(
            f"start is step {first} and end is step {last}, but both must lie in the same stage of the run."
        )
    experiment = whole.until(last)
    begun, ended = (load_state(experiment, run.path, step) for step in (first, last))
    size = batch_size or experiment.batch_size
    examples = [training_batch(experiment, size, seed, draw) for draw in range(batches)]
    stacked = jax.tree.map(lambda *rows: jnp.stack(rows), *examples)
    shares = np.linspace(-0.1, 1.1, points)
    try:
        found = path_angle_between(
            experiment.game,
            begun.variables,
            ended.variables,
            stacked,
            jax.random.key(seed),
            shares=shares,
            chunks=True,
            step=ended.clock,
        )
    except ValueError as error:
        raise UserError(str(error)) from error
    cosines = np.asarray(found.cosines, float)
    # At the end itself the field may be 0.
    before = float(cosines[shares < 1 - 1e-9][-1])
    after = float(cosines[shares > 1 + 1e-9][0])
    return {
        "start": first,
        "end": last,
        "shares": shares.tolist(),
        "cosines": [_finite(x) for x in cosines],
        "lengths": [float(x) for x in found.norms],
        "before": _finite(before),
        "after": _finite(after),
        "meaning": _meaning(before, after),
        "protocol": {
            "batch_size": size,
            "batches": batches,
            "seed": seed,
            "points": points,
            "versions": versions(),
        },
    }


def _finite(value: float) -> float | None:
    """A number, or None for a field of 0, which has no direction."""
    return float(value) if np.isfinite(value) else None


def _meaning(before: float, after: float) -> str:
    """What the cosines on both sides of the end say.

    >>> _meaning(0.4, -0.4)
    'the field leads to the end from both sides: attraction'
    """
    if before > 0 > after:
        return "the field leads to the end from both sides: attraction"
    if before < 0 < after:
        return "the field leads away from the end on both sides: repulsion"
    return "the field passes the end: rotation, or not yet there"


def _as_text(report: dict[str, Any]) -> str:
    protocol = report["protocol"]
    return (
        f"path from step {report['start']} to step {report['end']}, gradients over {protocol['batches']} "
        f"batches of {protocol['batch_size']}\n"
        f"cosine of the path-angle just before the end {_shown(report['before'])}, just behind it "
        f"{_shown(report['after'])}\n"
        f"{report['meaning']}"
    )


def _shown(cosine: float | None) -> str:
    return "-" if cosine is None else f"{cosine:+.3f}"


def _draw(report: dict[str, Any], out: Path) -> None:
    from jgan.commands.dirac_figure import FLOW, INK, pyplot  # matplotlib loads slowly

    plt = pyplot()
    figure, axes = plt.subplots(1, 2, figsize=(10, 4.2))
    for axis, name in zip(axes, ("cosines", "lengths"), strict=True):
        values = [np.nan if value is None else value for value in report[name]]
        axis.plot(report["shares"], values, ".-", color=FLOW, ms=3)
        axis.axvline(1, color=INK, lw=0.5)
        axis.set(xlabel=f"share of the way from step {report['start']} to step {report['end']}")
    axes[0].axhline(0, color=INK, lw=0.5)
    axes[0].set(title="path-angle", ylabel="cosine", ylim=(-1.05, 1.05))
    axes[1].set(title="length of the field", ylabel="length", yscale="log")
    figure.tight_layout()
    make_folder(out.parent)
    figure.savefig(out, dpi=110)
    plt.close(figure)
