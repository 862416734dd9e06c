"""Running a case, and whether what came of it keeps the rule.

The rule: a command ends with code 0, or with code 2 and one sentence ``jgan: ... .`` on standard error, within
a minute, and no checkpoint is lost.
"""

import contextlib
import io
import os
import signal
import tempfile
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import NamedTuple

from benchmarks._fuzz.case import Case, placed, write
from benchmarks._fuzz.world import READ_SENTENCE, World, checkpoints_in
from jgan.cli.main import main

MINUTE = 60.0
KEPT = ("success", "data were read", "refused")
"""The outcomes within the rule; "data were read" is the probe's own sentence."""


class Outcome(NamedTuple):
    """What came of a case.

    Attributes:
      kind: one of `KEPT`, or what is wrong.
      message: the sentence, or what was found in its place.
      seconds: of all its commands.
    """

    kind: str
    message: str
    seconds: float


class Hang(BaseException):
    """A command took longer than a minute; no handler of ordinary errors may catch it."""


def run(case: Case, world: World, keep: Path | None = None) -> Outcome:
    """Run a case's commands one after the other, until one breaks the rule.

    Args:
      case: what is run.
      world: what it shares with others.
      keep: a folder in which that of a case which breaks the rule is left.

    Returns:
      The outcome of the command that broke the rule, or of the last one.
    """
    began = time.perf_counter()
    outcome = Outcome("success", "", 0.0)
    with contextlib.ExitStack() as stack:
        here = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        write(case, here, world.path)
        for words in case.commands:
            before = _newest(here)
            kind, message = judge([placed(word, here, world.path) for word in words], here)
            lost = checkpoints_in(world.path) != world.checkpoints
            if lost or any(_newest(here).get(run, -1) < step for run, step in before.items()):
                kind, message = "lost checkpoint", f"after {kind}: {message}"
            outcome = Outcome(kind, message, time.perf_counter() - began)
            if kind not in KEPT:
                if keep:
                    os.makedirs(keep, exist_ok=True)
                    os.rename(here, tempfile.mkdtemp(dir=keep))
                    here.mkdir()
                break
    return outcome


def judge(words: list[str], here: Path) -> tuple[str, str]:
    """Run one command in a folder; what came of it, in a word, and the sentence."""
    code: object = None
    with _inside(here), tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        try:
            with _within(MINUTE), _written_to(1, output), _written_to(2, errors):
                code = main(words)
        except SystemExit as left:  # --help
            code = left.code or 0
        except Hang:
            return "hang", f"more than {MINUTE:g} s"
        except BaseException:
            return "trace", "".join(traceback.format_exc().splitlines(keepends=True)[-12:])
        errors.seek(0)
        message = errors.read().decode(errors="replace")
    if "Traceback (most recent call last)" in message:
        return "trace", message
    if code == 0:
        return "success", ""
    if code != 2:
        return "another code", f"{code}: {message}"
    # What fails in an experiment file is told in a sentence, but the probe itself does not fail.
    if "JGAN_TRACEBACK" in message:
        return "hidden trace", message
    if message.startswith("jgan: ") and message.endswith(".\n") and len(message.splitlines()) == 1:
        return ("data were read" if READ_SENTENCE in message else "refused"), message.strip()
    return "no sentence", message


def _newest(here: Path) -> dict[Path, int]:
    """The newest step of every run in a folder."""
    return {
        folder: max(
            (int(step.name) for step in folder.iterdir() if step.name.isdecimal()), default=-1
        )
        for folder in here.glob("*/checkpoints")
        if folder.is_dir()
    }


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


@contextlib.contextmanager
def _within(seconds: float) -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        raise Hang

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def _written_to(number: int, file: io.BufferedRandom) -> Iterator[None]:
    """Send standard output (1) or standard error (2) to a file, that of libraries in C too."""
    kept = os.dup(number)
    os.dup2(file.fileno(), number)
    text = io.TextIOWrapper(os.fdopen(os.dup(file.fileno()), "wb"), "utf-8", write_through=True)
    redirect = contextlib.redirect_stdout if number == 1 else contextlib.redirect_stderr
    try:
        with text, redirect(text):
            yield
    finally:
        os.dup2(kept, number)
        os.close(kept)
