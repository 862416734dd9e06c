"""``jgan verify FILE``: train an experiment, its controls and its rivals over seeds, and measure its claims.

Each training is a run in a folder of --out. A training that an earlier call finished there is not repeated, and
an unfinished one is continued.
"""

import functools

from jgan.claims.verdicts import ClaimVerdict
from jgan.cli.command_flags import add_arguments, call
from jgan.cli.common import given_flags, parse_experiment
from jgan.cli.flags import Parser
from jgan.commands.kinds import at_least, seeds
from jgan.commands.verdict_rows import BOUND, NAME, ONE, SEVERAL, table_rows
from jgan.commands.verify import verify
from jgan.display import print_result

ABOUT = "A claim's own setting overrides them; a flag that every claim overrides is refused."


def main(words: list[str]) -> int:
    """Run the command; exit code 1 if a claim fails, or a control passes or diverges."""
    parser = _parser()
    file, arguments, options = parse_experiment("verify", parser, words, ABOUT)
    given = given_flags(parser, words) & arguments.keys()
    width = ONE if len(options.seeds) == 1 else SEVERAL
    header = (
        f"{'claim':<{NAME}} {'bound':>{BOUND}} {'value':>{width}} {'control':>{width}}  verdict"
    )

    @functools.cache
    def begin() -> None:
        print_result(f"{file.summary}\n\n{header}")

    def show(verdict: ClaimVerdict) -> None:
        begin()
        print_result("\n".join(table_rows(verdict, width)))

    own = {name: arguments[name] for name in given}
    verdicts = call(verify, options, file, each=show, **own)
    return 0 if verdicts.proven else 1


def _parser() -> Parser:
    parser = Parser(prog="jgan verify FILE", description=__doc__)
    which = parser.add_mutually_exclusive_group().add_argument
    which(
        "--seeds",
        type=seeds,
        metavar="N|A:B",
        default=range(1),
        help="Number of seeds from 0, or the seeds from A to below B (default: 1).",
    )
    which("--seed", type=_one_seed, dest="seeds", help="A single seed (default: 0).")
    names = ("control_seeds", "steps", "out", "record", "from_run", "pictures")
    add_arguments(
        parser,
        verify,
        names,
        metavars={"record": "FILE.csv", "from_run": "RUN", "pictures": "FOLDER"},
    )
    return parser


def _one_seed(text: str) -> range:
    seed = at_least(0)(text)
    return range(seed, seed + 1)


_one_seed.__name__ = "int"  # which messages name
