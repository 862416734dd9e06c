"""Keep the evidence of all experiments: run what is missing or stale, and write tables from it.

    make evidence                                    # or python -m benchmarks.evidence
    python -m benchmarks.evidence --only r1 dcgan --budget-minutes 60
    python -m benchmarks.evidence --digits mnist:FOLDER   # InfoGAN and others on handwritten digits too
    python -m benchmarks.evidence --list             # what would be run, the shortest first
    python -m benchmarks.evidence --stale            # rows that the code no longer makes; exit code 1 if any
    python -m benchmarks.evidence --tables           # write the tables of the documents from the rows

Every call makes the queue anew from what benchmarks/results/catalogue.csv lacks, so it can be interrupted at
any moment, by a kill too: trainings lie in runs/verify/NAME and are gone on with. Each training with all its
seeds is a process of its own at low priority, which adds its rows as soon as a seed is measured.
"""

import argparse
import functools
import math
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import jax

from benchmarks._evidence.queue import ROOT, end_with_parent, run_queue, run_set
from benchmarks._evidence.staleness import Compared, stale_keys
from benchmarks._evidence.subjects import DIGITS, Subject, subjects
from benchmarks._evidence.tables import rewrite, verdict_of
from benchmarks._evidence.training_sets import TrainingSet, restated, training_sets, wanted_keys
from jgan.claims.evidence import EvidenceRow, Key, Table, change_evidence, read_evidence
from jgan.claims.verdicts import HOLDS
from jgan.commands.kinds import at_least, seeds
from jgan.errors import UserError
from jgan.files import cache_folder, make_folder
from jgan.runs.stop import STOPPED
from jgan.training.compiler import keep_freed_memory
from jgan.training.loop import compile_steps

EXPERIMENTS = ROOT / "experiments"
CATALOGUE = ROOT / "benchmarks" / "results" / "catalogue.csv"
DOCUMENTS = (ROOT / "README.md", ROOT / "docs" / "catalogue.md")
RUNS = ROOT / "runs" / "verify"
NICE = 10
COMPARED = "compared.json"
"""Keeps which rows were found stale under the code of today."""


def main(words: Sequence[str] | None = None) -> int:
    """Run the queue, or what else is asked for; returns the exit code."""
    parser = _parser()
    options = parser.parse_args(words)
    try:
        return _run(options)
    except (UserError, OSError) as error:
        print(f"evidence: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; the same command goes on from here", flush=True)
        return STOPPED


def _run(options: argparse.Namespace) -> int:
    if options.tables:
        rewrite(options.documents, read_evidence(options.catalogue))
        return 0
    chosen = _subjects(options)
    if options.train:
        _train(options, chosen[0])
        return 0
    if options.stale:
        return _print_stale(options, chosen)
    if options.list:
        _print_sets(_sets(options, chosen))
        return 0
    return _run_queue(options, chosen)


def _train(options: argparse.Namespace, subject: Subject) -> None:
    """What a process of the queue does."""
    end_with_parent()
    _prepare_training()
    training, *now = options.train
    places = options.catalogue, options.runs
    run_set(subject, training, list(map(int, now)), *places, options.seeds, options.control_seeds)


def _print_stale(options: argparse.Namespace, chosen: Sequence[Subject]) -> int:
    _prepare_training()
    found = [key for subject in chosen for key in _stale(options, subject)]
    for experiment, claim, variant, seed in found:
        print(f"{experiment}, {claim}, {variant}, seed {seed}")
    return 1 if found else 0


def _print_sets(sets: Sequence[TrainingSet]) -> None:
    for own in sets:
        each = ", ".join(sorted({f"{claim} ({variant})" for _, claim, variant, _ in own.keys}))
        print(f"{own.seconds:8.0f} s  {own.experiment}, seeds {own.seeds}: {each}")


def _run_queue(options: argparse.Namespace, chosen: Sequence[Subject]) -> int:
    os.nice(NICE)
    until = time.monotonic() + 60 * options.budget_minutes
    names = {subject.name for subject in chosen}
    if not options.only:  # rows of experiments that are no more
        files = {subject.file.stem for subject in chosen}
        is_there = lambda name: name.removesuffix(DIGITS) in files
        kept = lambda table: {key: row for key, row in table.items() if is_there(key[0])}
        change_evidence(options.catalogue, kept)
    if any(key[0] in names for key in read_evidence(options.catalogue)):
        _compare_first_updates(options)
    sets = _sets(options, chosen)
    hours = sum(own.seconds for own in sets) / 3600
    print(f"{len(sets)} trainings to do, about {hours:.1f} hours", flush=True)
    outcome = run_queue(sets, _shared_flags(options), until)
    print(_summary(read_evidence(options.catalogue)))
    print(f"{outcome.finished} done, {outcome.failed} failed, {outcome.left} left", flush=True)
    return 1 if outcome.failed else 0


def _subjects(options: argparse.Namespace) -> list[Subject]:
    """The subjects that are meant."""
    known = subjects(options.experiments, options.digits)
    unknown = [name for name in options.only if name not in known]
    if unknown:
        raise UserError(f"--only names {unknown[0]!r}, but there are only {', '.join(known)}.")
    return [known[name] for name in options.only or known]


def _sets(options: argparse.Namespace, chosen: Sequence[Subject]) -> list[TrainingSet]:
    """What is to be run, the shortest first; rows are judged by the claims of today on the way."""
    found = []
    for subject in chosen:
        _, made = subject.load()
        change = functools.partial(restated, experiment=subject.name, plan=made)
        if not options.list:
            change_evidence(options.catalogue, change)
        table = change(read_evidence(options.catalogue))
        wanted = wanted_keys(subject.name, made, options.seeds, options.control_seeds)
        stale = stale_keys(subject.name, made, table, _compared(options))
        found += training_sets(subject.name, made, wanted, table, stale)
    return sorted(found, key=lambda own: own.seconds)


def _stale(options: argparse.Namespace, subject: Subject) -> list[Key]:
    table = read_evidence(options.catalogue)
    if not any(key[0] == subject.name for key in table):
        return []
    _, made = subject.load()
    found = list(stale_keys(subject.name, made, table, _compared(options)))
    compile_steps.cache_clear()
    jax.clear_caches()  # programs of all experiments would fill the memory
    return found


def _compared(options: argparse.Namespace) -> Compared:
    return Compared(make_folder(options.runs) / COMPARED)


def _compare_first_updates(options: argparse.Namespace) -> None:
    """Find out what is stale in a process of its own, which leaves what it found in a file."""
    words = [*_shared_flags(options), "--stale"]
    words += ["--only", *options.only] if options.only else []
    command = [sys.executable, "-m", "benchmarks.evidence", *words]
    if subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL).returncode == STOPPED:
        raise KeyboardInterrupt


def _summary(table: Table) -> str:
    """How many claims of the table are proven."""
    claims: dict[tuple[str, str], list[EvidenceRow]] = {}
    for key, row in table.items():
        claims.setdefault(key[:2], []).append(row)
    words = [verdict_of(rows).word for rows in claims.values()]
    return f"{len(table)} rows of {len(claims)} claims, {words.count(HOLDS)} of which hold"


def _prepare_training() -> None:
    keep_freed_memory()
    folder = cache_folder("programs")
    if folder is not None:
        jax.config.update("jax_compilation_cache_dir", str(make_folder(folder)))


def _shared_flags(options: argparse.Namespace) -> list[str]:
    """What the processes of a queue are told of it."""
    chosen = options.seeds
    return [
        *([] if options.digits is None else ["--digits", options.digits]),
        *(
            "--seeds",
            f"{chosen.start}:{chosen.stop}",
            "--control-seeds",
            str(options.control_seeds),
        ),
        *("--experiments", str(options.experiments.resolve())),
        *("--catalogue", str(options.catalogue.resolve()), "--runs", str(options.runs.resolve())),
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    add = parser.add_argument
    add("--only", nargs="+", default=[], metavar="NAME", help="experiments (default: all)")
    add("--seeds", type=seeds, default=range(3), help="N or A:B, as in jgan verify (default: 3)")
    add("--control-seeds", type=at_least(1), default=2, help="how many of them for controls")
    add("--budget-minutes", type=float, default=math.inf, help="after which it stops by itself")
    add("--list", action="store_true", help="print the queue and run nothing")
    add("--stale", action="store_true", help="print the rows that no longer belong to the code")
    add("--tables", action="store_true", help="write the tables of the documents")
    add(
        "--digits",
        metavar="DATA",
        help="digits, such as mnist:FOLDER, to measure some experiments on too",
    )
    add("--catalogue", type=Path, default=CATALOGUE, help="the table of evidence")
    add("--runs", type=Path, default=RUNS, help="folder of the trainings")
    add("--experiments", type=Path, default=EXPERIMENTS, help="folder of the experiment files")
    add("--documents", type=Path, nargs="+", default=DOCUMENTS, help="what --tables writes into")
    add("--train", nargs="+", help=argparse.SUPPRESS)  # a process of the queue
    return parser


if __name__ == "__main__":
    sys.exit(main())
