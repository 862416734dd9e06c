"""What the scripts of figures share: the flags, double precision, and how a figure is written."""

import argparse
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax


def run(draw: Callable[..., list[str]], text: str | None, *, double: bool = True) -> None:
    """Draw a script's figure, and print what it finds.

    Args:
      draw: writes the figure to its first argument, a path, and returns lines of text. Its other arguments are
        numbers with default values, and flags of the script.
      text: the script's docstring.
      double: whether everything is computed in float64.
    """
    parser = argparse.ArgumentParser(
        description=text, formatter_class=argparse.RawTextHelpFormatter
    )
    out = Path(sys.argv[0]).with_suffix(".png").name
    parser.add_argument("--out", type=Path, default=Path(out), help="The figure, FILE.png.")
    for name, parameter in list(inspect.signature(draw).parameters.items())[1:]:
        default = parameter.default
        words = f"Default: {default:g}."
        parser.add_argument(f"--{name}", type=type(default), default=default, help=words)
    options = vars(parser.parse_args())
    with jax.enable_x64(double):
        print("\n".join(draw(options.pop("out"), **options)))


def write(figure: Any, out: Path) -> None:
    """Write a figure, laid out so that nothing overlaps, and close it."""
    from matplotlib import pyplot

    out.parent.mkdir(parents=True, exist_ok=True)
    figure.tight_layout()
    figure.savefig(out, dpi=110)
    pyplot.close(figure)
