"""The ``jgan`` command.

    jgan train FILE [flags]     train an experiment, or go on with it
    jgan sample RUN [flags]     a grid, single pictures or an .npz from a run
    jgan interpolate RUN        a strip and an animation from latent to latent
    jgan verify FILE [flags]    measure an experiment's claims and their controls
    jgan list [FOLDER]          the experiments with a line each
    jgan dirac [flags]          theory and practice of the one-parameter GAN
    jgan spectrum RUN [flags]   eigenvalues of a trained game and what they say
    jgan doctor                 versions, devices, memory, and what is missing for what

``jgan COMMAND --help`` and ``jgan train FILE --help`` tell the flags.
"""

import importlib
import logging
import os
import sys
from pathlib import Path

from jgan.errors import UserError

COMMANDS = ("train", "sample", "interpolate", "verify", "list", "dirac", "spectrum", "doctor")


def main(words: list[str] | None = None) -> int:
    """Run the command named by the first word; mistakes of the user end in one line and code 2."""
    words = sys.argv[1:] if words is None else words
    if not words or words[0] in ("-h", "--help"):
        print(__doc__)
        return 0
    try:
        if words[0] not in COMMANDS:
            raise UserError(f"command is {words[0]!r}, but must be one of {', '.join(COMMANDS)}.")
        _use_compilation_cache()
        # What goes wrong is told in a sentence; Orbax would log its tracebacks besides.
        logging.getLogger("absl").setLevel(logging.CRITICAL)
        # Imported when asked for, so that `jgan --help` does not wait for JAX.
        command = importlib.import_module(f"jgan.cli.{words[0]}")
        return command.main(words[1:])
    except UserError as error:
        print(f"jgan: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("jgan: interrupted.", file=sys.stderr)
        return 130


def _use_compilation_cache() -> None:
    """Keep compiled programs between runs, in JGAN_CACHE or the user's cache folder."""
    folder = os.environ.get("JGAN_CACHE", str(Path.home() / ".cache" / "jgan"))
    if folder:
        os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", folder)
        os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.5")
        os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")


if __name__ == "__main__":
    sys.exit(main())
