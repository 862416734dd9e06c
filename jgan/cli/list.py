"""``jgan list``: the experiments in a folder, with a line each."""

import ast
from pathlib import Path

from jgan.cli.flags import Parser
from jgan.errors import UserError


def main(words: list[str]) -> int:
    """Run the command; returns the exit code."""
    parser = Parser(prog="jgan list", description=__doc__)
    parser.add_argument(
        "folder", nargs="?", type=Path, default=Path("experiments"), help="(default: experiments)"
    )
    folder = parser.parse_args(words).folder
    if not folder.is_dir():
        raise UserError(
            f"folder {str(folder)!r} does not exist; name one that holds experiment files."
        )
    for path in sorted(folder.glob("*.py")):
        try:
            summary = (ast.get_docstring(ast.parse(path.read_text())) or "").split("\n")[0]
        except SyntaxError as error:
            summary = f"(syntax error in line {error.lineno})"
        print(f"{path!s:<32} {summary}")
    return 0
