"""``jgan dirac``: theory and practice of the one-parameter GAN, as a table and a figure."""

import json
from pathlib import Path

from jgan.cli.command_flags import about, add_arguments, call
from jgan.cli.flags import Parser
from jgan.commands.dirac import dirac
from jgan.files import make_folder


def main(words: list[str]) -> int:
    """Run the command; returns the exit code."""
    parser = Parser(prog="jgan dirac", description=about(dirac))
    add_arguments(parser, dirac, defaults={"out": "dirac.png"})
    parser.add_argument(
        "--json",
        action="store_true",
        help="Print the numbers as JSON; no figure is drawn without --out.",
    )
    options = parser.parse_args(words)
    if options.out:
        make_folder(options.out.parent)
    found = call(dirac, options, out=None)
    print(json.dumps(found, indent=2, allow_nan=False) if options.json else found)
    if options.out or not options.json:
        out = found.save(options.out or Path("dirac.png"))
        if not options.json:
            print(f"wrote {out}")
    return 0
