"""How the command lines of the documents are run: which are not, and what is added to those that take long."""

import re
import shlex
from typing import NamedTuple

NOT_RUN = {
    r"--coordinator|\bsrun\b|\bsbatch\b|SLURM_": "needs several hosts; the tests train on two processes",
    r"\bgcloud\b|TPU_NAME|jgan\[tpu\]|\./jgan\[tpu\]": "needs a TPU",
    r"jgan\[cuda\d+\]": "needs a GPU",
    r"--parallel fsdp": "needs several GPUs; the tests train so on several devices",
    r"dcgan(\.py)? --width 128 --batch-size \d+$": "sized for a GPU; hours on a CPU",
    r"--torch-python|--reference-python|torch-env": "needs PyTorch in an environment of its own",
    r"--fetch|cifar|\btfds:|tfds-prepare": "downloads data",
    r"^(pip|uv|uvx|python3? -m (pip|venv)) ": "installs packages; `make wheel` installs jgan and uses it",
    r"^git (clone|push|pull)": "needs the network",
    r"^make (train|test|test-all|evidence|gallery|wheel|docs-test|matrix|lint|types)\b": "a target of its own",
    r"^make figures\b": "draws the figures of the documents",
    r"^(source|export|cd) ": "prepares a shell",
    r"-m benchmarks\.evidence|^make evidence": "writes the tables of the documents",
    r"\bbenchmarks[./]": "a measurement of minutes to hours",
    r"experiments/figures/": "a figure of minutes to hours on a CPU",
    r"jgan verify .*--pictures docs/catalogue": "writes the pictures of the documents",
    r"jgan verify FILE --from RUN": "of an experiment with stages and claims; tests/claims train one",
    r"^uv run jgan \.\.\.$|^jgan sample --step$": "a piece of a command",
    r"tensorboard --logdir|trackio show|wandb sync|mlflow ui": "a server of another package",
}
"""Patterns of command lines that are not run, and why."""


class Shorter(NamedTuple):
    """What makes a long command short.

    Attributes:
      pattern: of the command line.
      flags: that are added, and override those that are there.
      codes: exit codes that are right. Claims do not hold after a few steps, and say so by code 1.
    """

    pattern: str
    flags: str
    codes: tuple[int, ...] = (0,)


SHORTER = (
    Shorter(r"^jgan train .*--minutes", "--minutes 0.5"),
    Shorter(
        r"^jgan train \S*\br1(\.py)?\b(?!.*--(minutes|help|dry-run|width))", "--steps 20 --width 4"
    ),
    Shorter(r"^jgan train (?!.*--(minutes|help|dry-run))", "--steps 20"),
    Shorter(r"^jgan sweep .*--rungs", "--steps 20 --seeds 4 --rungs 5 10"),
    Shorter(r"^jgan sweep (?!.*--help)", "--steps 20 --seeds 4"),
    Shorter(r"^jgan verify (?!.*--help)", "--steps 20 --seeds 1", (0, 1)),
    Shorter(r"^jgan evaluate (?!.*--help)", "--samples 500"),
    Shorter(r"^jgan classifier (?!.*--help)", "--epochs 1"),
    Shorter(r"^jgan (invert|inpaint) (?!.*--help)", "--steps 20"),
    Shorter(
        r"^jgan spectrum (?!.*--help)", "--count 2 --batches 1 --batch-size 4 --tolerance 0.01"
    ),
    Shorter(r"^jgan path-angle (?!.*--help)", "--points 5 --batches 1 --batch-size 4"),
)
"""The first whose pattern is found is used."""
PREPARED = {"r1": "--width 4", "cgan": "--width 4"}
"""Arguments of the trainings that are made where a command reads a run that nothing on the page has trained."""
PLACEHOLDERS = {
    r"(?<=jgan verify )FILE\b": "r1",  # whose claims can be verified
    r"experiments/NAME\.py": "experiments/r1.py",
    r"\bNAME\b": "r1",
    r"\bPYTHON\b": "python",
}
"""Words of the documents that stand for something, and what is put in their place. Other names in capitals,
such as PHOTOS and FILE.npz, are names of files and folders that are there."""
_WRITTEN = ("--out", "--pictures", "--record", "--pairs")


def reason_not_to_run(command: str) -> str | None:
    """Why a command line is not run, or None.

    >>> reason_not_to_run("make test")
    'a target of its own'
    >>> reason_not_to_run("jgan list")
    """
    return next((why for pattern, why in NOT_RUN.items() if re.search(pattern, command)), None)


def filled(command: str, experiment: str | None = None) -> str:
    """A command line with something in the place of its placeholders.

    Args:
      command: the command line.
      experiment: name of the experiment file that the page shows, if any, for which FILE and RUN stand there.

    >>> filled("jgan train FILE --from RUN")
    'jgan train r1 --from runs/r1-0'
    >>> filled("jgan train FILE --from RUN", "growing.py")
    'jgan train growing.py --from runs/growing'
    """
    for pattern, value in PLACEHOLDERS.items():
        command = re.sub(pattern, value, command)
    run = f"runs/{experiment.removesuffix('.py')}" if experiment else "runs/r1-0"
    command = re.sub(r"\bRUN\b", run, command)
    return re.sub(r"\bFILE\b(?!\.)", experiment or "r1", command)


def shortened(command: str, experiment: str | None = None) -> tuple[str, tuple[int, ...]]:
    """A command line that does not take long, without its comment, and its right exit codes.

    The experiment that the page shows is trained as long as it is meant to be.

    >>> shortened("jgan train r1 --steps 5000   # for hours")
    ('jgan train r1 --steps 5000 --steps 20 --width 4', (0,))
    """
    command = without_comment(command)
    own = experiment is not None and experiment in shlex.split(command)
    for shorter in () if own else SHORTER:
        if re.search(shorter.pattern, command):
            return f"{command} {shorter.flags}", shorter.codes
    return command, (0,)


def without_comment(command: str) -> str:
    """A command line up to its comment.

    >>> without_comment("jgan train r1 --data 'a # b'   # a comment")
    "jgan train r1 --data 'a # b'"
    """
    return re.match(r"""(?:'[^']*'|"[^"]*"|(?<!\s)#|[^#'"])*""", command)[0].strip()  # type: ignore[index]


def runs_loaded(python: str) -> list[str]:
    """The run directories that Python code reads and does not train.

    >>> runs_loaded('jgan.load("runs/dcgan"); jgan.train(f, out="runs/own"); jgan.load("runs/own")')
    ['runs/dcgan']
    """
    named = re.findall(r"""(\bout=)?["'](runs/[\w.-]+)["']""", python)
    trained = {place for out, place in named if out}
    return list(dict.fromkeys(place for _, place in named if place not in trained))


def runs_read(command: str) -> list[str]:
    """The run directories that a command line reads.

    >>> runs_read("jgan train r1 --out runs/lower --fork runs/r1-0")
    ['runs/r1-0']
    """
    words = shlex.split(without_comment(command))
    pairs = zip(["", *words], words, strict=False)
    return [
        word.rstrip("/")
        for before, word in pairs
        if re.fullmatch(r"runs/[\w.-]+/?", word) and before not in _WRITTEN
    ]
