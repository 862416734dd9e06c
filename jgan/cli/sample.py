"""``jgan sample RUN``: pictures or arrays from a trained run."""

import argparse

from jgan.cli.command_flags import about, add_arguments, call
from jgan.cli.flags import Parser
from jgan.cli.run_flags import add_data, add_run
from jgan.commands.kinds import finite
from jgan.commands.load import load
from jgan.commands.sample import sample
from jgan.evaluation.samples import options_of
from jgan.game import Game


def main(words: list[str]) -> int:
    """Run the command; returns the exit code."""
    parser = Parser(prog="jgan sample", description=about(sample))
    add_run(parser)
    add_arguments(
        parser,
        sample,
        flags={"label": "--class"},
        metavars={"label": "CLASS"},
        defaults={"out": "RUN/grid.png"},
    )
    add_data(parser)
    options, rest = parser.parse_known_args(words)
    run = call(load, options, options.run)
    chosen = _sampling(run.game, rest)
    call(sample, options, run, out=options.out or options.run / "grid.png", say=print, **chosen)
    return 0


def _sampling(game: Game, words: list[str]) -> dict[str, float]:
    """The options that the game's sampler declares, as flags: those of ``words`` that are given.

    Raises:
      UserError: if a word is no such flag.
    """
    parser = Parser(prog="jgan sample", argument_default=argparse.SUPPRESS)
    for name, option in options_of(game).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=finite, help=option.help)
    return vars(parser.parse_args(words))
