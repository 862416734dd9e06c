"""What the commands that look into a generator of pictures share: flags, and what becomes of their findings."""

import argparse
from collections.abc import Callable, Mapping
from typing import Any

from jgan.cli.command_flags import about, add_arguments, call
from jgan.cli.common import not_kept
from jgan.cli.flags import Parser
from jgan.cli.run_flags import add_data, add_run
from jgan.commands.findings import Findings
from jgan.commands.load import load
from jgan.commands.paths import named_path
from jgan.errors import UserError

CHOICE = ("test", "train", "samples")


def looking_parser(
    command: str,
    function: Callable[..., Any],
    name: str,
    *,
    with_images: bool = True,
    more: Mapping[str, str] = {},
) -> Parser:
    """The parser of a command that looks into a generator.

    Args:
      command: its name.
      function: that it calls.
      name: of the files in the run directory that it writes by default.
      with_images: whether pictures may be given to it.
      more: by argument, sentences that the help has beside those of the docstring.
    """
    parser = Parser(prog=f"jgan {command}", description=about(function))
    add_run(parser)
    if with_images:
        parser.add_argument(
            "images",
            nargs="*",
            type=named_path,
            help="Pictures of your own, of any size and format: cropped at the centre to the shape of the "
            "run's data and resized by Lanczos, as `folder:` does; grey where the data are grey.",
        )
        add_arguments(parser.add_mutually_exclusive_group(), function, CHOICE)
    rest = [name for name in function.__annotations__ if name not in (*CHOICE, "return")]
    add_arguments(parser, function, rest, defaults={"out": f"RUN/{name}.png"}, more=more)
    parser.add_argument("--json", action="store_true", help="Print the numbers as JSON.")
    add_data(parser)
    parser.set_defaults(name=name)
    return parser


def look(function: Callable[..., Findings], options: argparse.Namespace) -> Findings:
    """What a command finds with these options; its files are not written yet."""
    run = call(load, options, options.run)
    return call(function, options, run, *vars(options).get("images", ()), out=None)


def keep(findings: Findings, options: argparse.Namespace) -> list[str]:
    """Print the numbers if they are wanted as JSON, and write all files; returns what was written, in lines.

    Where the run directory cannot be written and no other place is given, a sentence says so.
    """
    if options.json:
        print(findings.as_json())
    try:
        return findings.save(options.out or options.run / f"{options.name}.png")
    except UserError as error:
        if options.out:
            raise
        not_kept(error)
        return []
