"""``jgan list``: the experiments in a folder, with a line each."""

import ast
from pathlib import Path

from jgan.cli.flags import Parser
from jgan.commands.paths import named_path
from jgan.errors import UserError


def main(words: list[str]) -> int:
    """Run the command; returns the exit code."""
    parser = Parser(prog="jgan list", description=__doc__)
    parser.add_argument(
        "folder",
        nargs="?",
        type=named_path,
        default=Path("experiments"),
        help="(default: experiments)",
    )
    folder = parser.parse_args(words).folder
    if not folder.is_dir():
        wrong = "is not a folder" if folder.exists() else "does not exist"
        raise UserError(f"{str(folder)!r} {wrong}; name one that holds experiment files.")
    for path in sorted(folder.glob("*.py")):
        try:
            summary = (ast.get_docstring(ast.parse(path.read_bytes())) or "").split("\n")[0]
        except SyntaxError as error:
            summary = f"(syntax error in line {error.lineno})" if error.lineno else "(syntax error)"
        print(f"{path!s:<32} {summary}")
    return 0
