"""``jgan study FILE``: what `jgan dirac` does, for any game that a file defines."""

import json
from pathlib import Path

from jgan.cli.command_flags import about, add_arguments, call
from jgan.cli.flags import Parser, add_flags
from jgan.commands.game_file import load_game
from jgan.commands.study import study
from jgan.errors import UserError
from jgan.files import make_folder


def main(words: list[str]) -> int:
    """Run the command; returns the exit code."""
    parser = Parser(prog="jgan study FILE", description=about(study))
    add_arguments(parser, study, defaults={"out": "study.png"})
    parser.add_argument(
        "--json",
        action="store_true",
        help="Print the numbers as JSON; no figure is drawn without --out.",
    )
    if not words:
        raise UserError("study needs a game file; see jgan study --help.")
    if words[0] in ("-h", "--help"):
        parser.print_help()
        return 0
    file = load_game(words[0])
    parser.prog = f"jgan study {words[0]}"
    group = parser.add_argument_group("the game's own settings", file.summary)
    names = add_flags(group, file.build)  # type: ignore[arg-type]
    options = parser.parse_args(words[1:])
    if options.out:
        make_folder(options.out.parent)
    own = {name: getattr(options, name) for name in names}
    found = call(study, options, file, out=None, **own)
    print(json.dumps(found, indent=2, allow_nan=False) if options.json else found)
    if options.out or not options.json:
        out = found.save(options.out or Path("study.png"))
        if not options.json:
            print(f"wrote {out}")
    return 0
