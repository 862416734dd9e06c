"""``jgan doctor``: versions, devices, memory, caches, and what is missing for what."""

import json

from jgan.cli.command_flags import about
from jgan.cli.flags import Parser
from jgan.commands.doctor import doctor


def main(words: list[str]) -> int:
    """Run the command; returns the exit code."""
    parser = Parser(prog="jgan doctor", description=about(doctor))
    parser.add_argument("--json", action="store_true", help="Print the findings as JSON.")
    options = parser.parse_args(words)
    found = doctor()
    print(json.dumps(found, indent=2) if options.json else found)
    return 0
