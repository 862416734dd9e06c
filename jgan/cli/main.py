"""The ``jgan`` command.

    jgan train FILE [flags]     train an experiment, or continue its run
    jgan sweep FILE [flags]     train many settings and seeds at once
    jgan table SWEEP...         compare sweeps, with intervals, ranks and tests
    jgan sample RUN [flags]     samples of a run: a grid, single pictures or an .npz
    jgan translate RUN FOLDER   translate pictures of any size
    jgan interpolate RUN        a strip and an animation between latents
    jgan invert RUN [IMAGES]    find latents that make given pictures
    jgan inpaint RUN [IMAGES]   fill a hole with generated content
    jgan dissect RUN --layer L  what hidden units show and cause
    jgan neighbours RUN         samples with the nearest training examples
    jgan evaluate RUN [flags]   measure a run's samples
    jgan report RUN...          describe runs or sweeps in one HTML file
    jgan compare A B [flags]    measure one folder of pictures against another
    jgan classifier DATA        train a classifier that metrics can use
    jgan verify FILE [flags]    measure an experiment's claims, with controls
    jgan list [FOLDER]          list the experiments
    jgan new FILE --from NAME   copy an experiment to change it
    jgan cite [RUN]             BibTeX entries of the papers behind a run
    jgan dirac [flags]          theory and practice of the Dirac-GAN
    jgan study FILE [flags]     the same for any game that a file defines
    jgan spectrum RUN [flags]   eigenvalues of a trained game, with a verdict
    jgan path-angle RUN         does the field between checkpoints point to the last?
    jgan doctor                 versions, devices, memory, and missing packages

FILE is the path of an experiment file, or the name of an experiment that comes with jgan (``jgan list``).
``jgan COMMAND --help`` and ``jgan train FILE --help`` describe the flags. ``--quiet`` leaves only warnings,
errors and the result. With JGAN_TRACEBACK=1 in the environment, errors are printed with the full traceback.
"""

import contextlib
import importlib
import io
import logging
import os
import sys
import traceback
from pathlib import Path
from types import CoroutineType, ModuleType

from jgan.cli.list import require_experiment
from jgan.display import showing, task
from jgan.errors import UserError

COMMANDS = (
    "train",
    "sweep",
    "table",
    "sample",
    "translate",
    "interpolate",
    "invert",
    "inpaint",
    "dissect",
    "neighbours",
    "evaluate",
    "report",
    "compare",
    "classifier",
    "verify",
    "list",
    "new",
    "cite",
    "dirac",
    "study",
    "spectrum",
    "path-angle",
    "doctor",
)
OF_EXPERIMENTS = ("train", "sweep", "verify")
"""Commands whose first word is an experiment."""
TRAINS = ("train", "sweep", "classifier")
"""Commands whose output is how far they are; others print results, and how far they are on the error stream."""
SLOW = (
    *TRAINS,
    "translate",
    "evaluate",
    "compare",
    "invert",
    "inpaint",
    "dissect",
    "verify",
    "study",
    "spectrum",
    "path-angle",
)
"""Commands that a log, too, names before JAX is loaded, which takes seconds."""
_HOOK = sys.unraisablehook


def main(words: list[str] | None = None) -> int:
    """Run the command named by the first word; mistakes of the user end in one line and code 2."""
    words = sys.argv[1:] if words is None else words
    for stream in (sys.stdout, sys.stderr):
        if isinstance(
            stream, io.TextIOWrapper
        ):  # a sign that the terminal lacks is no reason to stop
            stream.reconfigure(errors="backslashreplace")
    if not words or words[0] in ("-h", "--help"):
        print(__doc__)
        return 0
    try:
        if words[0] not in COMMANDS:
            raise UserError(f"command is {words[0]!r}, but must be one of {', '.join(COMMANDS)}.")
        if words[0] in OF_EXPERIMENTS:
            require_experiment(words[0], words[1:])
        _use_compilation_cache()
        _silence_orbax()
        with showing(sys.stdout if words[0] in TRAINS else sys.stderr, "--quiet" in words):
            announced = words[0] in SLOW and not {"-h", "--help"} & {*words}
            code = _command(words[0], announced).main(words[1:])
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # as in `jgan list | head`; what is left to print must go somewhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (UserError, OSError) as error:
        if os.environ.get("JGAN_TRACEBACK"):
            traceback.print_exc()
        print(f"jgan: {_sentence(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("jgan: interrupted.", file=sys.stderr)
        return 130


def _command(name: str, announced: bool) -> ModuleType:
    """The module of a command; imported when it is needed, so that `jgan --help` does not wait for JAX."""
    module = f"jgan.cli.{name.replace('-', '_')}"
    if "jax" in sys.modules:
        return importlib.import_module(module)
    with task(f"jgan {name}: loading JAX", announced=announced):
        return importlib.import_module(module)


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError):  # a full disk, a lost folder
        place = "" if error.filename is None else f"{str(error.filename)!r}: "
        return f"{place}{error.strerror or error}."
    return " ".join(str(error).split())


def _silence_orbax() -> None:
    """Let only the command speak of what went wrong; Orbax would print tracebacks besides.

    It logs them, and the reads that it leaves behind when one fails complain from threads of their own,
    perhaps after the command, so this is not put back.
    """
    logging.getLogger("absl").setLevel(logging.CRITICAL)
    sys.unraisablehook = _without_left_reads


def _without_left_reads(unraisable: "sys.UnraisableHookArgs") -> None:
    left = isinstance(unraisable.object, CoroutineType)
    if not left and str(unraisable.exc_value) != "Event loop is closed":
        _HOOK(unraisable)


def _use_compilation_cache() -> None:
    """Keep compiled programs between runs, in JGAN_CACHE or the user's cache folder, if it can be written."""
    folder = os.environ.get("JGAN_CACHE", str(Path.home() / ".cache" / "jgan"))
    with contextlib.suppress(OSError):
        os.makedirs(folder, exist_ok=True)
    if os.access(folder, os.W_OK):
        os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", folder)
        os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.5")
        os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")


if __name__ == "__main__":
    sys.exit(main())
