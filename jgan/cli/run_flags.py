"""RUN and the flags for its checkpoint and its data, which are arguments of `load`."""

from jgan.cli.command_flags import add_arguments
from jgan.cli.flags import Parser
from jgan.commands.load import load
from jgan.commands.paths import named_path


def add_run(parser: Parser) -> None:
    """RUN, its checkpoint and its average."""
    parser.add_argument("run", type=named_path, help="Run directory.")
    add_arguments(parser, load, ("step", "best"))
    add_average(parser)


def add_average(parser: Parser) -> None:
    """The flags --ema and --no-ema."""
    pair = parser.add_mutually_exclusive_group().add_argument
    pair(
        "--ema",
        dest="average",
        action="store_true",
        default=None,
        help="Use the exponential average of the generator (default: if the run keeps one).",
    )
    pair(
        "--no-ema",
        dest="average",
        action="store_false",
        help="Use the generator itself.",
    )


def add_data(parser: Parser) -> None:
    """The flags that say where the run's data are now."""
    add_arguments(parser.add_argument_group("the run's data"), load, ("data", "accept_data"))
