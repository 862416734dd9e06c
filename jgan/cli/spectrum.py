"""``jgan spectrum RUN``: leading eigenvalues of a trained game, in words, and kept in RUN/spectrum.json."""

import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jgan.cli.common import add_data_flags, at_least, data_of, not_kept
from jgan.cli.flags import Parser
from jgan.cli.spectrum_report import USUAL, Settings, analyse, as_text
from jgan.commands.batches import training_batch
from jgan.commands.paths import named_path, output
from jgan.errors import UserError
from jgan.files import make_folder, parse_json, write_atomically
from jgan.game import Batch
from jgan.numerics.dense import DENSE
from jgan.rules import TrainState
from jgan.runs.checkpoint import Gone
from jgan.runs.saved import (
    checkpoint_steps,
    load_state,
    newest_step,
    retried,
    whole_experiment_of_run,
)
from jgan.training.experiment import Experiment
from jgan.versions import versions


def main(words: list[str]) -> int:
    """Run the command; returns the exit code, 1 if a part could not be solved."""
    options = parser().parse_args(words)
    if not 0 < options.tolerance < 1:
        raise UserError(f"--tolerance is {options.tolerance:g}, but must lie between 0 and 1.")
    if options.out:
        make_folder(options.out.parent)
    whole, _ = whole_experiment_of_run(options.run, data_of(options))
    settings = Settings(
        options.count,
        options.tolerance,
        options.restarts,
        options.basis,
        options.dense,
        options.seed,
        options.by_term,
    )

    def say(name: str) -> None:
        if not options.json:
            print(f"  {name} ...", flush=True)

    def complain(step: int, sentence: str) -> None:
        print(f"checkpoint of step {step}: {sentence}", file=sys.stderr, flush=True)

    reports: list[dict[str, Any]] = []
    batches: list[Batch] = []
    number, failed = None, False
    for experiment, state in states(whole, options.run, options.step, options.all):
        step, size = int(state.step), options.batch_size or experiment.batch_size
        if number != whole.number(step):
            number = whole.number(step)
            batches = [
                training_batch(experiment, size, options.seed, draw)
                for draw in range(options.batches)
            ]
        if not options.json:
            print(f"checkpoint of step {step}")
        try:
            report = analyse(experiment, state, batches, settings, say)
        except UserError as error:
            if not options.all:  # others may be solvable where this one is not
                raise
            report = {"step": step, "failed": {"all": str(error)}}
        mistakes = report.pop("failed", {})
        failed = failed or bool(mistakes)
        for name, sentence in mistakes.items():
            complain(step, sentence if name == "all" else f"{name}: {sentence}")
        if len(report) == 1:  # nothing but the step
            continue
        report["protocol"] = protocol(settings, size, options.batches)
        if options.accept_data:  # perhaps other data than the training's
            report["protocol"]["data"] = options.data
        reports.append(report)
        try:
            write_report(options.run, report)
        except UserError as error:
            not_kept(error, elsewhere=False)
        if not options.json:
            print(as_text(report), flush=True)
    if not reports:
        raise UserError(
            "no checkpoint's eigenvalues could be found; try more --restarts, a larger --basis or --tolerance, "
            "or the exact Jacobian by a larger --dense."
        )
    if options.json:
        print(json.dumps(reports if options.all else reports[0], indent=2, allow_nan=False))
    if options.out:
        from jgan.cli.spectrum_figure import draw  # matplotlib loads slowly

        draw(reports, options.out)
        if not options.json:
            print(f"wrote {options.out}")
    return 1 if failed else 0


def parser() -> Parser:
    """The command's flags."""
    result = Parser(prog="jgan spectrum", description=__doc__)
    result.add_argument("run", type=named_path, help="run directory")
    result.add_argument("--step", type=at_least(0), help="checkpoint (default: the newest)")
    result.add_argument("--all", action="store_true", help="every checkpoint that the run keeps")
    result.add_argument(
        "--count", type=at_least(1), help=f"eigenvalues (default: {USUAL}, or as many as there are)"
    )
    result.add_argument("--batch-size", type=at_least(1), help="examples (default: the run's)")
    result.add_argument(
        "--batches",
        type=at_least(1),
        default=3,
        help="batches over which what verdicts rest on is compared (default: 3)",
    )
    result.add_argument(
        "--seed", type=at_least(0), default=0, help="of latents and examples (default: 0)"
    )
    result.add_argument(
        "--dense",
        type=at_least(0),
        default=DENSE,
        help="parameters up to which the exact Jacobian is formed and solved by LAPACK; larger maps are left "
        f"to the matrix-free eigen-solver (default: {DENSE})",
    )
    result.add_argument(
        "--tolerance", type=float, default=1e-4, help="of the eigen-solver (default: 1e-4)"
    )
    result.add_argument(
        "--restarts", type=at_least(1), default=100, help="of the eigen-solver (default: 100)"
    )
    result.add_argument(
        "--basis",
        type=at_least(2),
        help="vectors that the eigen-solver keeps (default: about twice the eigenvalues, and up to four times "
        "as many where it does not converge)",
    )
    result.add_argument(
        "--by-term", action="store_true", help="what each term of the objective contributes"
    )
    result.add_argument("--json", action="store_true", help="print numbers for scripts")
    result.add_argument(
        "--out", type=output(".png"), help="also draw the eigenvalues into this .png"
    )
    add_data_flags(result)
    return result


def protocol(settings: Settings, batch_size: int, batches: int) -> dict[str, Any]:
    """What a report's numbers depend on beside the checkpoint."""
    chosen = settings._asdict()
    del chosen["by_term"]
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


def states(
    experiment: Experiment, run: Path, step: int | None, every: bool
) -> Iterator[tuple[Experiment, TrainState]]:
    """The states of a run's checkpoints that are asked for, oldest first, each with its experiment.

    That is the one up to the stage of the checkpoint, whose game, rule and source are the stage's.

    Raises:
      UserError: if there is no such checkpoint.
    """

    def load(which: int) -> tuple[Experiment, TrainState]:
        own = experiment.until(which)
        return own, load_state(own, run, which)

    newest_step(run)
    if every:
        for which in checkpoint_steps(run):
            with contextlib.suppress(Gone):  # deleted by the training since it was listed
                yield load(which)
    elif step is None:
        yield retried(lambda: load(newest_step(run)))
    else:
        yield load(step)
