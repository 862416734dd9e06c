"""Are GANs created equal? The study of Lucic et al. 2018 (arXiv 1711.10337), with spread over seeds.

    python -m benchmarks.are_gans_created_equal --scale laptop --data fashion:FOLDER --out runs/created-equal

MM, NS, LSGAN, WGAN, WGAN-GP, DRAGAN, BEGAN and the VAE of the same size, and hinge, spectral norm and
RpGAN + R1 + R2, each a cell of experiments/created_equal.py, trained as populations. A study that was killed
or ran out of --minutes goes on when the same command is given again; the last one writes
created-equal-DATA-MACHINE.json, .md and .png.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax

from benchmarks._study import paper, result
from benchmarks._study.distance import Distance
from benchmarks._study.pictures import sheet
from benchmarks._study.scales import SCALES, checked
from benchmarks._study.settings import METHODS
from benchmarks._study.study import Jobs, Records, Study, run, until
from benchmarks._workers.report import commit, machine
from jgan.data import Source, load
from jgan.errors import UserError
from jgan.evaluation.extractors import get_extractor
from jgan.files import cache_folder, make_folder, write_atomically
from jgan.versions import versions

OVERRIDES = ("width", "steps", "seeds", "wide", "narrow", "samples", "times")


def main(words: Sequence[str] | None = None) -> int:
    """Go on with the study, and write what it found if it is finished; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    add = parser.add_argument
    add("--scale", choices=SCALES, default="smoke", help="sizes, see benchmarks/README.md")
    add("--data", default="fashion", help="fashion (a subset), fashion:FOLDER or mnist:FOLDER")
    add("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    add("--out", type=Path, default=Path("runs/created-equal"), help="directory of the study")
    add("--results", type=Path, help="folder for JSON and table (default: --out)")
    add("--weights", type=Path, help="file of Inception's weights, for FID")
    add(
        "--minutes",
        type=float,
        help="stop in time and go on with the next call (default: no limit)",
    )
    add("--at-once", type=int, help="members in one program (default: what fits)")
    for name in OVERRIDES:
        add(f"--{name}", type=int, help=f"in place of the scale's ({_defaults(name)})")
    options = parser.parse_args(words)
    _use_compilation_cache()
    try:
        _study(options)
    except (UserError, ValueError, FileNotFoundError) as error:
        print(f"are_gans_created_equal: {error}", file=sys.stderr)
        return 2
    return 0


def _defaults(name: str) -> str:
    return ", ".join(str(getattr(scale, name)) for scale in SCALES.values())


def _study(options: argparse.Namespace) -> None:
    overrides = {name: getattr(options, name) for name in OVERRIDES}
    overrides = {name: value for name, value in overrides.items() if value is not None}
    scale = checked(SCALES[options.scale]._replace(**overrides))
    if options.at_once is not None and options.at_once < 1:
        raise UserError(f"--at-once is {options.at_once}, but must be at least 1.")
    if options.minutes is not None and options.minutes <= 0:
        raise UserError(f"--minutes is {options.minutes}, but must be positive.")
    with until(options.minutes) as stop:
        jobs = Jobs(options.out / "jobs")
        train, test = load(options.data), load(options.data, split="test").take(scale.test)
        name = "inception" if options.weights else scale.extractor
        distance = Distance(get_extractor(name, weights=options.weights), test, scale.samples)
        study = Study(options.data, scale, options.methods, distance, options.out, options.at_once)

        def say(line: str) -> None:
            jobs.tell()
            print(line, flush=True)

        records, finished = run(study, stop, say)
        found = _result(options, study, train, records, finished, jobs)
    folder = make_folder(options.results or options.out)
    stem = folder / f"created-equal-{found['data']}-{_machine()}"
    if not finished:
        print("stopped in time; the same command goes on from here")
        stem = options.out / "unfinished"
    write_atomically(stem.with_suffix(".json"), json.dumps(found, indent=1) + "\n")
    text = result.table(found)
    write_atomically(stem.with_suffix(".md"), text)
    shown = sheet(options.out, options.methods)
    if shown is not None:
        write_atomically(stem.with_suffix(".png"), shown)
    print(f"{text}\nwrote {stem}.json, .md and .png")


def _result(
    options: argparse.Namespace,
    study: Study,
    train: Source,
    records: Records,
    finished: bool,
    jobs: Jobs,
) -> dict[str, Any]:
    scale, distance = study.scale, study.distance
    rows = result.methods(records)
    about = {**distance.about(), "floor": distance.floor(train)}
    data = Path(options.data.partition(":")[0]).stem
    return {
        "study": "Lucic et al. 2018, arXiv 1711.10337",
        "data": data,
        "training images": train.size,
        "scale": options.scale,
        "protocol": scale._asdict(),
        "distance": about,
        "finished": finished,
        "methods": rows,
        "search": result.searched(records),
        "paper": {name: list(value) for name, value in paper.known(data).items()},
        "rank correlation": result.correlation(rows, data),
        "differences": paper.differences(
            scale, data, train.size, distance.name, distance.count, distance.reference
        ),
        "seconds": jobs.seconds(),
        "machine": machine(),
        "device": _device(),
        "versions": versions(),
        "commit": commit(),
    }


def _device() -> str:
    return f"{jax.device_count()} x {jax.devices()[0].device_kind}"


def _machine() -> str:
    """A word for the machine: cpu2, or the accelerator's name."""
    if jax.default_backend() == "cpu":
        return f"cpu{len(os.sched_getaffinity(0))}"
    return "-".join(jax.devices()[0].device_kind.lower().split())


def _use_compilation_cache() -> None:
    folder = cache_folder("programs")
    if folder is not None:
        jax.config.update("jax_compilation_cache_dir", str(make_folder(folder)))


if __name__ == "__main__":
    sys.exit(main())
