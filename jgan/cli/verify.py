"""``jgan verify FILE``: train briefly, measure the claims, train the controls, and compare."""

from collections.abc import Collection, Sequence

from jgan.claims.comparisons import drawer
from jgan.claims.verify import Verdict, verify
from jgan.cli.common import at_least, flag, given_flags, parse_experiment
from jgan.cli.flags import Parser
from jgan.cli.paths import named_path, output
from jgan.errors import UserError
from jgan.training.compiler import keep_freed_memory
from jgan.training.experiment import Claim
from jgan.training.user_code import as_user_error

ABOUT = "A claim's own setting overrides them; a flag that every claim overrides is refused."
HEADER = f"{'claim':<58} {'bound':>18} {'value':>10} {'control':>10}  verdict"


def main(words: list[str]) -> int:
    """Run the command; exit code 1 if a claim fails or a control passes."""
    keep_freed_memory()
    parser = Parser(prog="jgan verify FILE", description=__doc__)
    parser.add_argument("--steps", type=at_least(1), help="updates (default: each claim's own)")
    parser.add_argument(
        "--seed", type=at_least(0), default=0, help="of every training (default: 0)"
    )
    parser.add_argument(
        "--from",
        type=named_path,
        metavar="RUN",
        help="take the stages before the last, which train what the experiment needs, from this run",
    )
    parser.add_argument(
        "--pictures",
        type=output(folder=True),
        metavar="FOLDER",
        help="write there what each training draws, its control's picture on the right",
    )
    file, arguments, options = parse_experiment("verify", parser, words, ABOUT)
    given = given_flags(parser, words) & arguments.keys()
    seen, notes = None, ""
    if options.pictures or given:
        claims = file.build(**arguments).claims
        notes = "".join(f"{note}\n" for note in overridden(given, claims))
        if options.pictures:
            seen = drawer(options.pictures, file.path.stem, arguments, claims)
    print(f"{file.summary}\n{notes}\n{HEADER}", flush=True)
    proven = True
    with as_user_error("a claim's measurement"):
        for verdict in verify(
            file.build,
            arguments,
            seed=options.seed,
            steps=options.steps,
            from_run=vars(options)["from"],
            seen=seen,
        ):
            proven &= verdict.proven
            print(table_row(verdict), flush=True)
    return 0 if proven else 1


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


def table_row(verdict: Verdict) -> str:
    """One line of the table."""
    claim = verdict.claim
    if verdict.proven:
        word = "holds"
    elif claim.holds(verdict.value):
        word = "CONTROL PASSES"
    else:
        word = "FAILS"
    return f"{claim.name:<58} {claim.bound():>18} {verdict.value:>10.4g} {verdict.control:>10.4g}  {word}"
