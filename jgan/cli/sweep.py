"""``jgan sweep FILE --over NAME=VALUES ...``: many settings and seeds, trained at once."""

from jgan.cli.command_flags import add_arguments, call
from jgan.cli.common import given_flags, parse_experiment
from jgan.cli.flags import Parser
from jgan.commands.sweep import sweep
from jgan.display import say
from jgan.errors import UserError
from jgan.runs.stop import STOPPED

STD = "std: standard deviation over seeds (divisor n - 1); diverged members count in no mean"
WAITS = 75
"""Exit code of a part that the others have to catch up with, which a script may call again (EX_TEMPFAIL)."""


def main(words: list[str]) -> int:
    """Run the command; returns the exit code."""
    parser = Parser(prog="jgan sweep FILE", description=__doc__)
    add_arguments(
        parser,
        sweep,
        metavars={"over": "NAME=VALUES", "rungs": "STEP", "part": "K/N"},
        defaults={"rungs": "none"},
        several={"over"},
    )
    file, arguments, options = parse_experiment("sweep", parser, words)
    given = given_flags(parser, words) & arguments.keys()
    own = {name: arguments[name] for name in given}
    found = call(sweep, options, file, **own)
    if found.waits:
        say(
            f"{found.waits}; "
            + ("the same command goes on once all parts have come there" if found.at_rung else "")
            + ("" if found.at_rung else "the last part writes the tables")
        )
        return WAITS if found.at_rung else 0
    if not found.finished:
        say("stopped; the same command goes on from here")
        return STOPPED
    if not found:
        raise UserError("a sweep has no members.")
    print(found.best_first)
    print(f"score: {found.distance}, {found.better} is better; {STD}")
    if any("halved at step" in row for row in found):
        print(
            "halved at step: the updates after which a setting ended, and which its numbers are of"
        )
    print(f"wrote {found.path / 'summary.csv'} and {found.path / 'members.csv'}")
    return 0
