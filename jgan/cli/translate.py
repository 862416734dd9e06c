"""``jgan translate RUN FOLDER --out FOLDER``: pictures of any size through a trained translator."""

from jgan.cli.command_flags import about, add_arguments, call
from jgan.cli.flags import Parser
from jgan.cli.run_flags import add_data, add_run
from jgan.commands.load import load
from jgan.commands.paths import named_path
from jgan.commands.translate import translate


def main(words: list[str]) -> int:
    """Run the command; returns the exit code."""
    parser = Parser(prog="jgan translate", description=about(translate))
    add_run(parser)
    parser.add_argument(
        "folder",
        type=named_path,
        help="Folder of pictures of any format, with its subfolders, or a .zip of such.",
    )
    add_arguments(parser, translate, several=("label",))
    add_data(parser)
    options = parser.parse_intermixed_args(words)  # flags may stand between RUN and FOLDER
    run = call(load, options, options.run)
    print(call(translate, options, run, options.folder, say=print))
    return 0
