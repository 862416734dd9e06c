"""``jgan spectrum RUN``: leading eigenvalues of a trained game, in words, and kept in RUN/spectrum.json."""

import argparse
import json

from jgan.cli.command_flags import about, add_arguments, call
from jgan.cli.common import not_kept
from jgan.cli.flags import Parser
from jgan.cli.run_flags import add_data
from jgan.commands.kinds import at_least
from jgan.commands.load import load
from jgan.commands.paths import named_path
from jgan.commands.spectrum import GameSpectrum, draw_spectra, spectrum, write_report
from jgan.display import warn
from jgan.errors import UserError


def main(words: list[str]) -> int:
    """Run the command; returns the exit code, 1 if a part could not be solved."""
    options = parser().parse_args(words)
    failed = False

    def show(found: GameSpectrum) -> None:
        nonlocal failed
        for name, sentence in found.failed.items():
            failed = True
            part = "" if name == "all" else f"{name}: "
            warn(f"checkpoint of step {found.step}: {part}{sentence}")
        if len(found) == 1:  # nothing but the step
            return
        try:
            write_report(options.run, found)
        except UserError as error:
            not_kept(error, elsewhere=False)
        if not options.json:
            print(found, flush=True)

    run = call(load, options, options.run)
    found = call(spectrum, options, run, out=None, each=show)
    if options.json:
        print(json.dumps(found, indent=2, allow_nan=False))
    if options.out:
        draw_spectra(found if options.all_checkpoints else [found], options.out)
        if not options.json:
            print(f"wrote {options.out}")
    return 1 if failed else 0


def parser() -> Parser:
    """The command's flags."""
    result = Parser(prog="jgan spectrum", description=about(spectrum))
    result.add_argument("run", type=named_path, help="Run directory.")
    add_arguments(result, load, ("step", "best"))
    add_arguments(result, spectrum)
    result.add_argument(
        "--seeds",
        type=at_least(1),
        dest="batches",
        default=argparse.SUPPRESS,
        metavar="BATCHES",
        help="Another name of --batches: each batch has a seed of its own for examples and latents.",
    )
    result.add_argument("--json", action="store_true", help="Print the numbers as JSON.")
    add_data(result)
    return result
