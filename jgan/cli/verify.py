"""``jgan verify FILE``: train an experiment, its controls and its rivals over seeds, and measure its claims.

Each training is a run in a folder of --out. What an earlier call finished there is not trained again, and what
it left is gone on with.
"""

import math
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

from jgan.claims.comparisons import drawer
from jgan.claims.evidence import merge_evidence, row_of
from jgan.claims.results import Result
from jgan.claims.trainings import CONTROL, Training
from jgan.claims.verdicts import ClaimVerdict, Values, deviation, difference, mean, worst
from jgan.claims.verify import MARK, Keep, verify
from jgan.cli.common import at_least, flag, given_flags, parse_experiment, seeds
from jgan.cli.flags import Parser
from jgan.commands.paths import check_folder, named_path, output
from jgan.errors import UserError
from jgan.training.compiler import keep_freed_memory
from jgan.training.experiment import Claim

ABOUT = "A claim's own setting overrides them; a flag that every claim overrides is refused."
NAME, BOUND = 58, 18
ONE, SEVERAL = 10, 34
"""Widths of the columns; the last two are of the measurements under one seed and under several."""


def main(words: list[str]) -> int:
    """Run the command; exit code 1 if a claim fails, or a control passes or diverges."""
    keep_freed_memory()
    parser = _parser()
    file, arguments, options = parse_experiment("verify", parser, words, ABOUT)
    given = given_flags(parser, words) & arguments.keys()
    if options.control_seeds is not None and options.control_seeds > len(options.seeds):
        raise UserError(
            f"--control-seeds is {options.control_seeds}, but there are only {len(options.seeds)} --seeds."
        )
    out = check_folder(options.out or Path("runs") / "verify" / file.path.stem, [MARK])
    show, notes = None, ""
    if options.pictures or given:
        claims = file.build(**arguments).claims
        notes = "".join(f"{note}\n" for note in overridden(given, claims))
        if options.pictures:
            show = drawer(options.pictures, file.path.stem, arguments, claims)
    record = _recorder(options.record, file.path.stem, given, options.steps)
    width = ONE if len(options.seeds) == 1 else SEVERAL
    header = (
        f"{'claim':<{NAME}} {'bound':>{BOUND}} {'value':>{width}} {'control':>{width}}  verdict"
    )
    print(f"{file.summary}\n{notes}\n{header}", flush=True)
    proven = True
    for verdict in verify(
        file,
        arguments,
        out=out,
        seeds=options.seeds,
        control_seeds=options.control_seeds,
        steps=options.steps,
        from_run=vars(options)["from"],
        show=show,
        keep=record,
        say=lambda line: print(line, file=sys.stderr, flush=True),
    ):
        proven &= verdict.proven
        print("\n".join(table_rows(verdict, width)), flush=True)
    return 0 if proven else 1


def _recorder(
    path: Path | None, experiment: str, given: Collection[str], steps: int | None
) -> Keep | None:
    """What keeps results in a table of evidence, which is of experiments as their files have them."""
    if path is None:
        return None
    changed = [*map(flag, sorted(given)), *(["--steps"] if steps is not None else [])]
    if changed:
        raise UserError(
            f"--record keeps what an experiment gives as its file has it, so {' and '.join(changed)} cannot be "
            "given with it."
        )

    def record(claim: Claim, variant: str, seed: int, training: Training, result: Result) -> None:
        steps = training.experiment.steps
        merge_evidence(path, [row_of(experiment, claim, variant, seed, steps, result)])

    return record


def _parser() -> Parser:
    parser = Parser(prog="jgan verify FILE", description=__doc__)
    add = parser.add_argument
    which = parser.add_mutually_exclusive_group().add_argument
    which(
        "--seeds",
        type=seeds,
        metavar="N|A:B",
        default=range(1),
        help="how many from 0, or those from A to below B (default: 1)",
    )
    which(
        "--seed",
        type=_one_seed,
        dest="seeds",
        help="a single seed (default: 0)",
    )
    add(
        "--control-seeds",
        type=at_least(1),
        help="how many of them controls are trained with (default: 2, or 1 of 1)",
    )
    add("--steps", type=at_least(1), help="updates (default: each claim's own)")
    add(
        "--out",
        type=output(folder=True),
        help="where the trainings are kept (default: runs/verify/NAME)",
    )
    add(
        "--record",
        type=output(".csv"),
        metavar="FILE.csv",
        help="add the results to this table of evidence, as benchmarks/results/catalogue.csv is one",
    )
    add(
        "--from",
        type=named_path,
        metavar="RUN",
        help="take the stages before the last, which train what the experiment needs, from this run",
    )
    add(
        "--pictures",
        type=output(folder=True),
        metavar="FOLDER",
        help="write there what each training draws, its control's picture on the right",
    )
    return parser


def _one_seed(text: str) -> range:
    seed = at_least(0)(text)
    return range(seed, seed + 1)


_one_seed.__name__ = "int"  # which messages name


def overridden(given: Collection[str], claims: Sequence[Claim]) -> list[str]:
    """A sentence for each flag that some claims override by their own setting.

    Args:
      given: the names of the experiment's settings that the command line gives.
      claims: of the experiment.

    Raises:
      UserError: naming the flags that every claim overrides.
    """
    setting = {
        name: [claim.name for claim in claims if name in claim.setting] for name in sorted(given)
    }
    idle = [name for name, names in setting.items() if claims and len(names) == len(claims)]
    if idle:
        values = ", ".join(f"{name} = {dict(claims[0].setting)[name]!r}" for name in idle)
        raise UserError(
            f"{' and '.join(map(flag, idle))} would change nothing, because every claim sets its own value "
            f"(the first has {values}); leave it out."
        )
    return [
        f"{flag(name)} changes nothing for {', '.join(map(repr, names))}, whose own setting overrides it."
        for name, names in setting.items()
        if names
    ]


def table_rows(verdict: ClaimVerdict, width: int) -> list[str]:
    """The lines of a claim in the table: one of the claim, one of each rival, and what is read beside them.

    Args:
      verdict: of the claim.
      width: of a measurement's column.
    """
    claim = verdict.claim
    cells = (measured(claim, verdict.system), measured(claim, verdict.control, control=True))
    line = f"{claim.name:<{NAME}} {claim.bound():>{BOUND}}"
    lines = [" ".join([line, *(f"{cell:>{width}}" for cell in cells)]) + f"  {verdict.word}"]
    for name, values in verdict.rivals.items():
        gap = difference(values, verdict.system)
        interval = f" (95 % from {gap.low:.3g} to {gap.high:.3g})" if gap.low == gap.low else ""
        lines.append(
            f"  rival {name}: {measured(claim, values)}; less the system's {gap.mean:.3g}{interval}"
        )
    for variant, notes in verdict.beside.items():
        values = verdict.values(variant)
        seed = worst(claim, values, control=variant == CONTROL)
        if seed in notes:
            lines.append(f"  beside the {variant}'s {values[seed]:.4g}: {notes[seed]}")
    return lines


def measured(claim: Claim, values: Values, control: bool = False) -> str:
    """A measurement over seeds: the value under one; of several the mean, the deviation and the worst.

    >>> measured(Claim("a", len, {}, at_least=7), {0: 8.0, 1: 7.5})
    '7.75 ± 0.35, worst 7.5 (seed 1)'
    """
    diverged = sum(not math.isfinite(value) for value in values.values())
    if diverged:
        return "diverged" if len(values) == 1 else f"{diverged} of {len(values)} seeds diverged"
    if len(values) == 1:
        return f"{mean(values):.4g}"
    seed = worst(claim, values, control)
    ends = f"worst {values[seed]:.4g} (seed {seed})"
    return f"{mean(values):.4g} ± {deviation(values):.2g}, {ends}"
