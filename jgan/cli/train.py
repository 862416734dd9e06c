"""``jgan train FILE``: train an experiment in a run directory, or go on with it."""

import sys
from pathlib import Path

from jgan.cli.common import at_least, build, parse_experiment, resized
from jgan.cli.flags import Parser
from jgan.training.train import train


def main(words: list[str]) -> int:
    """Run the command; returns the exit code."""
    parser = Parser(prog="jgan train FILE", description=__doc__)
    parser.add_argument(
        "--steps", type=at_least(1), help="updates of the rule (default: the experiment's)"
    )
    parser.add_argument("--batch-size", type=at_least(1), help="examples in a minibatch")
    parser.add_argument("--seed", type=at_least(0), default=0, help="of the whole run (default: 0)")
    parser.add_argument("--out", type=Path, help="run directory (default: runs/NAME-SEED)")
    parser.add_argument("--log-every", type=at_least(1), default=50, help="steps a row of metrics")
    parser.add_argument(
        "--sample-every", type=at_least(1), default=500, help="steps between pictures"
    )
    parser.add_argument(
        "--save-every", type=at_least(1), default=500, help="steps between checkpoints"
    )
    file, arguments, options = parse_experiment("train", parser, words)
    experiment = resized(build(file, arguments), options.steps, options.batch_size)
    out = options.out or Path("runs") / f"{file.path.stem}-{options.seed}"
    print(f"{file.summary}\n{experiment.source.describe()}\nrun directory: {out}", flush=True)
    finished = train(
        experiment,
        file.path,
        arguments,
        seed=options.seed,
        out=out,
        log_every=options.log_every,
        sample_every=options.sample_every,
        save_every=options.save_every,
        say=_say,
    )
    if finished:
        pictures = ", ".join(str(out / f"{name}.png") for name in experiment.game.views)
        print(f"done: {pictures}")
    return 0


def _say(line: str) -> None:
    # A terminal keeps one moving line; a log file gets them all.
    live = sys.stdout.isatty() and line.startswith("step ")
    print(f"\r\x1b[K{line}" if live else line, end="" if live else "\n", flush=True)
