"""``jgan train FILE``: train an experiment in a run directory, or go on with it."""

import sys

from jgan.cli.command_flags import add_arguments, call
from jgan.cli.common import parse_experiment
from jgan.cli.flags import Parser
from jgan.commands.train import train
from jgan.runs.stop import STOPPED

KEPT = (
    *("log_every", "sample_every", "save_every", "keep", "keep_every", "evaluate_every"),
    *("evaluate_samples", "tensorboard", "log_terms"),
)
LOADING = ("loader", "workers", "threads", "parallel", "coordinator", "processes", "process")
RUN = ("steps", "batch_size", "seed", "out", "accept_data", "dry_run")
OTHER = ("fork", "from_run")


def main(words: list[str]) -> int:
    """Run the command; returns the exit code."""
    parser = Parser(prog="jgan train FILE", description=__doc__)
    add_arguments(parser, train, RUN)
    add_arguments(parser.add_mutually_exclusive_group(), train, OTHER)
    add_arguments(parser.add_argument_group("what is kept and shown"), train, KEPT)
    add_arguments(parser.add_argument_group("data and devices"), train, LOADING)
    file, arguments, options = parse_experiment("train", parser, words)
    run = call(train, options, file, say=_say, **arguments)
    return 0 if options.dry_run or run.finished else STOPPED


def _say(line: str) -> None:
    # A terminal keeps one moving line; a log file gets them all.
    live = sys.stdout.isatty() and line.startswith("step ")
    print(f"\r\x1b[K{line}" if live else line, end="" if live else "\n", flush=True)
