"""``jgan spectrum RUN``: leading eigenvalues of a trained game, in words, and kept in RUN/spectrum.json."""

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from jgan.cli.common import add_data_flags, at_least, data_of, not_kept
from jgan.cli.flags import Parser
from jgan.cli.paths import named_path, output
from jgan.errors import UserError
from jgan.game import PLAYERS, Batch, Game, Variables
from jgan.numerics.by_term import eigenvalue_shares, fields_by_term
from jgan.numerics.diagnosis import Diagnosis, of_field, of_hessian, of_operator
from jgan.numerics.field import field, operator, player_field
from jgan.numerics.selfmap import rotation_share
from jgan.numerics.spectrum import Spectrum, leading_eigenvalues
from jgan.rules import TrainState
from jgan.scene import Step
from jgan.training.checkpoint import Gone
from jgan.training.experiment import Experiment
from jgan.training.files import make_folder, parse_json, write_atomically
from jgan.training.saved import (
    checkpoint_steps,
    load_state,
    newest_step,
    retried,
    whole_experiment_of_run,
)


def main(words: list[str]) -> int:
    """Run the command; returns the exit code."""
    parser = Parser(prog="jgan spectrum", description=__doc__)
    parser.add_argument("run", type=named_path, help="run directory")
    parser.add_argument("--step", type=at_least(0), help="checkpoint (default: the newest)")
    parser.add_argument("--all", action="store_true", help="every checkpoint that the run keeps")
    parser.add_argument("--count", type=at_least(1), default=10, help="eigenvalues (default: 10)")
    parser.add_argument("--batch-size", type=at_least(1), help="examples (default: the run's)")
    parser.add_argument(
        "--seed", type=at_least(0), default=0, help="of latents and examples (default: 0)"
    )
    parser.add_argument(
        "--tolerance", type=float, default=1e-4, help="of the eigen-solver (default: 1e-4)"
    )
    parser.add_argument(
        "--restarts", type=at_least(1), default=100, help="of the eigen-solver (default: 100)"
    )
    parser.add_argument(
        "--by-term", action="store_true", help="what each term of the objective contributes"
    )
    parser.add_argument("--json", action="store_true", help="print numbers for scripts")
    parser.add_argument(
        "--out", type=output(".png"), help="also draw the eigenvalues into this .png"
    )
    add_data_flags(parser)
    options = parser.parse_args(words)
    if not 0 < options.tolerance < 1:
        raise UserError(f"--tolerance is {options.tolerance:g}, but must lie between 0 and 1.")
    if options.out:
        make_folder(options.out.parent)
    whole, _ = whole_experiment_of_run(options.run, data_of(options))

    def solve(name: str, make: Callable[[], Spectrum]) -> Spectrum:
        if not options.json:
            print(f"  {name} ...", flush=True)
        try:
            return make()
        except ValueError as error:
            raise UserError(f"{name}: {error}") from error

    reports = []
    batch: Batch = {}
    number = None
    for experiment, state in states(whole, options.run, options.step, options.all):
        if number != whole.number(int(state.step)):
            number = whole.number(int(state.step))
            batch = examples(experiment, options.batch_size or experiment.batch_size, options.seed)
        if not options.json:
            print(f"checkpoint of step {int(state.step)}")
        try:
            report = analyse(
                experiment,
                state,
                batch,
                solve,
                options.count,
                options.tolerance,
                options.restarts,
                options.seed,
                options.by_term,
            )
        except UserError as error:
            if not options.all:  # others may be solvable where this one is not
                raise
            print(f"checkpoint of step {int(state.step)}: {error}", file=sys.stderr, flush=True)
            continue
        reports.append(report)
        try:
            write_report(options.run, report)
        except UserError as error:
            not_kept(error)
        if not options.json:
            print(as_text(report), flush=True)
    if not reports:
        raise UserError("no checkpoint's eigenvalues could be found; try more --restarts.")
    if options.json:
        print(json.dumps(reports if options.all else reports[0], indent=2, allow_nan=False))
    if options.out:
        from jgan.cli.spectrum_figure import draw  # matplotlib loads slowly

        draw(reports, options.out)
        if not options.json:
            print(f"wrote {options.out}")
    return 0


def write_report(run: Path, report: dict[str, Any]) -> None:
    """Add a checkpoint's report to ``RUN/spectrum.json``, in place of an earlier one of the same step."""
    path = run / "spectrum.json"
    stored: list[dict[str, Any]] = []
    with contextlib.suppress(OSError, ValueError):
        stored = parse_json(path.read_text())
    whole = (
        [entry for entry in stored if isinstance(entry, dict)] if isinstance(stored, list) else []
    )
    kept = [entry for entry in whole if entry.get("step", report["step"]) != report["step"]]
    ordered = sorted([*kept, report], key=lambda entry: entry["step"])
    write_atomically(path, json.dumps(ordered, indent=2, allow_nan=False) + "\n")


def examples(experiment: Experiment, count: int, seed: int) -> Batch:
    """One batch for the field and for an update: ``count`` examples drawn without replacement.

    Raises:
      UserError: if the source has fewer.
    """
    total = count * experiment.rule.minibatches
    source = experiment.source
    size = min(source.sizes.values())
    if total > size:
        raise UserError(
            f"--batch-size is {count} ({experiment.rule.minibatches} minibatches an update), but the source "
            f"{source.name!r} has only {size} examples."
        )
    order = np.random.default_rng(seed).permutation(size)[:total]
    return {name: jnp.asarray(rows) for name, rows in source.at(order).items()}


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


Solve = Callable[[str, Callable[[], Spectrum]], Spectrum]


def analyse(
    experiment: Experiment,
    state: TrainState,
    batch: Batch,
    solve: Solve,
    count: int,
    tolerance: float,
    restarts: int,
    seed: int,
    by_term: bool = False,
) -> dict[str, Any]:
    """Field, both Hessians and the update operator at one checkpoint, as numbers and words."""
    game, variables, key = experiment.game, state.variables, jax.random.key(seed)
    here = field(game, variables, batch, key, state.clock)
    options = {"tolerance": tolerance, "restarts": restarts}

    def leading(self_map: Any, number: int, which: str, symmetric: bool = False) -> Spectrum:
        return leading_eigenvalues(self_map, number, which=which, symmetric=symmetric, **options)  # type: ignore[arg-type]

    largest = solve("field, largest modulus", lambda: leading(here, count, "modulus"))
    right = solve("field, largest real part", lambda: leading(here, min(count, 6), "right"))
    share = float(jax.jit(lambda: rotation_share(here, key))())
    report: dict[str, Any] = {
        "step": int(state.step),
        "field": _numbers(largest),
        "field_right": _numbers(right) | _words(of_field(right)),
        "rotation_share": share,
        "hessians": {},
    }
    for player in PLAYERS:
        # The player's field is minus its gradient: right of the field is low of the Hessian.
        own = player_field(game, player, variables, batch, key, state.clock)
        ends = {
            end: _negated(
                solve(f"{player}'s Hessian, {end}", lambda w=which, o=own: leading(o, 3, w, True))  # type: ignore[misc]
            )
            for end, which in (("lowest", "right"), ("highest", "left"))
        }
        words = _words(of_hessian(ends["lowest"], ends["highest"]))
        report["hessians"][player] = {end: _numbers(found) for end, found in ends.items()} | words
    moved = solve(
        "update operator",
        lambda: leading(operator(experiment.rule, state, batch), min(count, 6), "modulus"),
    )
    report["operator"] = _numbers(moved) | _words(of_operator(moved))
    report["spectral_radius"] = float(np.abs(moved.values).max())
    if by_term:
        report["by_term"] = terms_of(game, variables, batch, key, state.clock, right)
    return report


def terms_of(
    game: Game, variables: Variables, batch: Batch, key: jax.Array, step: Step, right: Spectrum
) -> dict[str, Any]:
    """The length of each term's part of the field, and its share of the rightmost eigenvalues."""
    fields = fields_by_term(game, variables, batch, key, step)
    shares = eigenvalue_shares(fields, right.vectors)
    return {
        name: {
            "norm": float(jax.jit(lambda part=part: optax.tree.norm(part.function(part.point)))()),
            "shares": [[float(z.real), float(z.imag)] for z in shares[name]],
        }
        for name, part in fields.items()
    }


def as_text(report: dict[str, Any]) -> str:
    """A report in lines."""
    lines = ["field: leading eigenvalues and residuals"]
    for (real, imaginary), residual in zip(
        report["field"]["eigenvalues"], report["field"]["residuals"], strict=True
    ):
        lines.append(f"  {real:+.5g} {imaginary:+.5g}i   {residual:.1e}")
    lines.append(f"field: {report['field_right']['verdict']} - {report['field_right']['meaning']}")
    lines.append(
        f"rotation: {report['rotation_share']:.0%} of the Jacobian's square is antisymmetric"
    )
    for player, found in report["hessians"].items():
        lines.append(f"{player}: {found['verdict']} - {found['meaning']}")
    for name, found in report.get("by_term", {}).items():
        (real, imaginary), *_ = found["shares"]
        lines.append(
            f"{name}: {real:+.5g} {imaginary:+.5g}i of the rightmost eigenvalue, field of length "
            f"{found['norm']:.3g}"
        )
    lines.append(f"update: {report['operator']['verdict']} - {report['operator']['meaning']}")
    return "\n".join(lines)


def _numbers(found: Spectrum) -> dict[str, Any]:
    values = np.asarray(found.values, complex)
    return {
        "eigenvalues": [[float(z.real), float(z.imag)] for z in values],
        "residuals": [float(r) for r in found.residuals],
        "products": found.products,
    }


def _words(found: Diagnosis) -> dict[str, str]:
    return {"verdict": found.word, "meaning": found.sentence}


def _negated(found: Spectrum) -> Spectrum:
    return found._replace(values=-found.values)
