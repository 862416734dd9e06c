"""Leading eigenvalues of a trained game, in words, and kept in RUN/spectrum.json."""

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from jgan.commands.batches import every_example, training_batch
from jgan.commands.command import command
from jgan.commands.kinds import Count, NotNegative, Several
from jgan.commands.notebook import Numbers
from jgan.commands.paths import NpzFile, PngFile
from jgan.commands.saved_run import RunLike, SavedRun, opened_run
from jgan.commands.solvable import Settings
from jgan.commands.spectrum_numbers import as_text
from jgan.commands.spectrum_report import analyse
from jgan.display import task
from jgan.errors import UserError
from jgan.evaluation.array_archive import write_archive
from jgan.files import make_folder, parse_json, write_atomically
from jgan.game import Batch
from jgan.numerics.dense import DENSE
from jgan.numerics.spectrum import Spectrum
from jgan.rules import TrainState
from jgan.runs.checkpoint import Gone
from jgan.runs.saved import load_state
from jgan.training.experiment import Experiment
from jgan.versions import versions


class GameSpectrum(Numbers):
    """What was found of a game at one checkpoint, by name as JSON holds it; it prints as lines.

    Attributes:
      step: of the checkpoint.
      failed: for each part that could not be solved, why, in a sentence.
      spectra: eigenvalues of the field and of both Hessians with their eigenvectors, ``(n, k)`` in tree order,
        the discriminator's parameters first, by part; of several checkpoints only if they are to be written.
    """

    def __init__(
        self,
        report: dict[str, Any],
        failed: dict[str, str],
        spectra: Mapping[str, Spectrum] | None = None,
    ) -> None:
        super().__init__(report, as_text)
        self.step, self.failed, self.spectra = int(report["step"]), failed, dict(spectra or {})

    def save(self, path: str | Path) -> Path:
        """Draw the eigenvalues into a .png.

        Raises:
          UserError: if matplotlib is not installed, or the file cannot be written.
        """
        return draw_spectra([self], path)


def draw_spectra(found: list[GameSpectrum], path: str | Path) -> Path:
    """Draw the eigenvalues of several checkpoints, oldest first, into a .png."""
    from jgan.commands.spectrum_figure import draw  # matplotlib loads slowly

    draw([dict(report) for report in found], Path(path))
    return Path(path)


@command
def spectrum(
    run: RunLike,
    *,
    count: Count | None = None,
    batch_size: Count | None = None,
    batches: Count = 3,
    seed: NotNegative = 0,
    dense: NotNegative = DENSE,
    tolerance: float = 1e-4,
    restarts: Count = 100,
    basis: Several | None = None,
    which: Literal["modulus", "right", "left", "imaginary"] = "modulus",
    solver: Literal["krylov-schur", "arpack"] = "krylov-schur",
    float64: bool = False,
    densities: bool = False,
    probes: Several = 8,
    whole: bool = False,
    by_term: bool = False,
    kind_of_point: bool = False,
    all_checkpoints: bool = False,
    out: PngFile | None = None,
    vectors: NpzFile | None = None,
    each: Callable[[GameSpectrum], None] = lambda found: None,
    quiet: bool = False,
) -> Any:
    """Find leading eigenvalues of a trained game, with a verdict.

    They are the eigenvalues of the field's Jacobian, of both players' Hessians and of the operator of an
    update, for the players themselves and not for their averages. Verdicts use several batches and are given
    with the length of the field: while the players still move, eigenvalues do not tell where they end.

    Args:
      run: Run directory, or the `Run` that `jgan.load` returns.
      count: Number of eigenvalues (default: 10, or as many as there are).
      batch_size: Number of examples in a batch (default: the run's own number).
      batches: Number of batches, each with latents of its own, over which the numbers behind the verdicts are
        compared.
      seed: Seed of the latents and of the examples.
      dense: Number of parameters up to which the exact Jacobian is formed and solved by LAPACK; larger maps are
        left to the matrix-free eigen-solver.
      tolerance: Tolerance of the eigen-solver.
      restarts: Number of restarts of the eigen-solver.
      basis: Number of vectors that the eigen-solver keeps (default: about twice the eigenvalues, and up to four
        times as many where it does not converge).
      which: Which eigenvalues of the field are listed: those of largest modulus, of largest or smallest real
        part (right, left), or of largest imaginary part.
      solver: Matrix-free eigen-solver: Krylov-Schur with its basis on the device, or ARPACK with its basis on
        the host.
      float64: Compute everything in double precision, whatever the run was trained in.
      densities: Also find the densities of the eigenvalues of both Hessians and of the Jacobian's symmetric and
        antisymmetric parts, and their traces.
      probes: Number of random vectors for densities, where they are not exact.
      whole: Also find the rightmost eigenvalues of the field and both ends of the Hessians of all examples,
        with those of single batches beside them, and the noise of batches in the field.
      by_term: Also find what each term of the objective contributes.
      kind_of_point: Also name the kind of stationary point (nash, stackelberg, neither or undecided), and find
        the ratio of the discriminator's learning rate to the generator's above which the flow is stable.
      all_checkpoints: Use every checkpoint that the run keeps.
      out: FILE.png for the eigenvalues.
      vectors: FILE.npz for the eigenvectors of the field and of both Hessians, the discriminator's parameters
        first.
      each: Called with what was found at a checkpoint as soon as it was.
      quiet: Print only warnings and results, without progress.

    Returns:
      What was found at the checkpoint, a `GameSpectrum`; or a list of them, for all checkpoints.

    Raises:
      UserError: If a number is outside its range, or no checkpoint's eigenvalues could be found.
    """
    if not 0 < tolerance < 1:
        raise UserError(f"--tolerance is {tolerance:g}, but must lie between 0 and 1.")
    for file in (out, vectors):
        if file is not None:
            make_folder(Path(file).parent)
    opened = opened_run(run)
    trained = opened.whole
    settings = Settings(
        count,
        tolerance,
        restarts,
        basis,
        dense,
        seed,
        which,
        solver,
        float64,
        densities,
        probes,
        whole,
        by_term,
        kind_of_point,
    )
    points: list[Batch] = []
    examples: Batch | None = None
    number, found = None, []
    for experiment, state in _states(opened, all_checkpoints):
        step, size = int(state.step), batch_size or experiment.batch_size
        if number != trained.number(step):
            number = trained.number(step)
            points = [training_batch(experiment, size, seed, draw) for draw in range(batches)]
            examples = every_example(experiment, size) if whole else None
        try:
            with task(f"checkpoint of step {step}", announced=all_checkpoints):
                report = analyse(experiment, state, points, settings, examples)
        except UserError as error:
            if not all_checkpoints:  # others may be solvable where this one is not
                raise
            report = {"step": step, "failed": {"all": str(error)}}
        failed, spectra = report.pop("failed", {}), report.pop("spectra", {})
        if len(report) > 1:  # more than the step
            report["protocol"] = protocol(settings, size, batches)
            if opened.data.accept:  # perhaps other data than the training's
                report["protocol"]["data"] = opened.data.name
        kept = spectra if vectors is not None or not all_checkpoints else {}
        one = GameSpectrum(report, failed, kept)
        each(one)
        if len(report) > 1:
            found.append(one)
    if not found:
        raise UserError(
            "no checkpoint's eigenvalues could be found; try more --restarts, a larger --basis or --tolerance, "
            "or the exact Jacobian by a larger --dense."
        )
    if vectors is not None:
        write_vectors(found, Path(vectors))
    if out is not None:
        draw_spectra(found, out)
    return found if all_checkpoints else found[0]


def write_vectors(found: Sequence[GameSpectrum], path: Path) -> None:
    """Write eigenvalues ``(k,)`` and eigenvectors ``(n, k)``: ``STEP/PART/values``, ``STEP/PART/vectors``."""
    arrays = {
        str(one.step): {
            part: {"values": spectrum.values, "vectors": spectrum.vectors}
            for part, spectrum in one.spectra.items()
        }
        for one in found
    }
    write_archive(path, arrays, {"protocol": [one["protocol"] for one in found]})


def _states(run: SavedRun, every: bool) -> Iterator[tuple[Experiment, TrainState]]:
    """The states that are looked at, oldest first, each with the experiment up to its stage."""
    if not every:
        yield run.whole.until(run.saved.step), run.state
        return
    for step in run.steps:
        with contextlib.suppress(Gone):  # deleted by the training since it was listed
            experiment = run.whole.until(step)
            yield experiment, load_state(experiment, run.path, step)


def protocol(settings: Settings, batch_size: int, batches: int) -> dict[str, Any]:
    """What a report's numbers depend on beside the checkpoint."""
    chosen = settings._asdict()
    for more in ("by_term", "kind_of_point"):  # which change no other number
        del chosen[more]
    return {
        **chosen,
        "batch_size": batch_size,
        "batches": batches,
        "averaged": False,  # the players themselves, as the rule moves them
        "versions": versions(),
    }


def write_report(run: Path, report: dict[str, Any]) -> None:
    """Add a checkpoint's report to ``RUN/spectrum.json``.

    It takes the place of an earlier one of the same step and protocol; those of other protocols stay.
    """
    path = run / "spectrum.json"
    stored: list[dict[str, Any]] = []
    with contextlib.suppress(OSError, ValueError):
        stored = parse_json(path.read_text())
    own = (report["step"], report["protocol"])
    whole = (
        [entry for entry in stored if isinstance(entry, dict)] if isinstance(stored, list) else []
    )
    known = [entry for entry in whole if isinstance(entry.get("step"), int)]
    kept = [entry for entry in known if (entry["step"], entry.get("protocol")) != own]
    ordered = sorted([*kept, report], key=lambda entry: entry["step"])
    write_atomically(path, json.dumps(ordered, indent=2, allow_nan=False) + "\n")
