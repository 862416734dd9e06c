"""``jgan train FILE``: train an experiment in a run directory, or continue its run."""

from jgan.cli.command_flags import add_arguments, call
from jgan.cli.common import given_flags, parse_experiment
from jgan.cli.flags import Parser
from jgan.commands.train import train
from jgan.runs.stop import STOPPED

KEPT = (
    *("log_every", "sample_every", "save_every", "keep", "keep_every", "evaluate_every"),
    *("evaluate_samples", "track", "tensorboard", "log_terms"),
)
LOADING = ("loader", "workers", "threads", "parallel", "coordinator", "processes", "process")
RUN = ("batch_size", "seed", "out", "accept_data", "dry_run")
LENGTH = ("steps", "minutes")
OTHER = ("fork", "from_run")


def main(words: list[str]) -> int:
    """Run the command; returns the exit code."""
    parser = Parser(prog="jgan train FILE", description=__doc__)
    add_arguments(parser.add_mutually_exclusive_group(), train, LENGTH)
    add_arguments(parser, train, RUN)
    add_arguments(parser.add_mutually_exclusive_group(), train, OTHER)
    add_arguments(parser.add_argument_group("what is kept and shown"), train, KEPT)
    add_arguments(parser.add_argument_group("data and devices"), train, LOADING)
    file, arguments, options = parse_experiment("train", parser, words)
    given = given_flags(parser, words)
    chosen = {name: value for name, value in arguments.items() if name in given}
    run = call(train, options, file, **chosen)
    return 0 if options.dry_run or run.finished else STOPPED
