"""``jgan interpolate RUN``: what lies between latents, as a strip and an animation."""

from jgan.cli.command_flags import about, add_arguments, call
from jgan.cli.flags import Parser
from jgan.cli.run_flags import add_data, add_run
from jgan.commands.interpolate import interpolate
from jgan.commands.load import load
from jgan.commands.saved_run import checkpoint_words
from jgan.files import make_folder


def main(words: list[str]) -> int:
    """Run the command; returns the exit code."""
    parser = Parser(prog="jgan interpolate", description=about(interpolate))
    add_run(parser)
    add_arguments(parser, interpolate, defaults={"out": "RUN/interpolation"})
    add_data(parser)
    options = parser.parse_args(words)
    run = call(load, options, options.run)
    found = call(interpolate, options, run, out=None)
    strip, loop = found.save(make_folder(options.out or options.run / "interpolation"))
    print(
        f"wrote {strip} ({options.rows} {options.kind} paths of {options.steps} examples; "
        f"{checkpoint_words(run.step, run.averaged)}) and {loop} ({options.frames} frames)"
    )
    return 0
