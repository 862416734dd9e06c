"""``jgan path-angle RUN``: whether the field between two checkpoints points to the second."""

import json

from jgan.cli.command_flags import about, add_arguments, call
from jgan.cli.flags import Parser
from jgan.cli.run_flags import add_data
from jgan.commands.load import load
from jgan.commands.path_angle import path_angle
from jgan.commands.paths import named_path


def main(words: list[str]) -> int:
    """Run the command; returns the exit code."""
    parser = Parser(prog="jgan path-angle", description=about(path_angle))
    parser.add_argument("run", type=named_path, help="Run directory.")
    flags = {"start": "--from", "end": "--to"}
    add_arguments(parser, path_angle, flags=flags, metavars={"start": "STEP", "end": "STEP"})
    parser.add_argument("--json", action="store_true", help="Print the numbers as JSON.")
    add_data(parser)
    options = parser.parse_args(words)
    found = call(path_angle, options, call(load, options, options.run))
    print(json.dumps(found, indent=2, allow_nan=False) if options.json else found)
    if options.out and not options.json:
        print(f"wrote {options.out}")
    return 0
