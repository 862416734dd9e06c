"""The gallery: a picture of real examples, a system and its control, and what is known of the system."""

import shlex
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks._evidence.picture_distances import (
    Distances,
    describe,
    keep_distances,
    measure_distances,
)
from benchmarks._evidence.subjects import DIGITS, Subject
from benchmarks._evidence.tables import claims_of, measured_cell, verdict_of
from jgan.claims.comparisons import with_real
from jgan.claims.evidence import EvidenceRow, Table
from jgan.claims.results import TRAINING, read_result
from jgan.claims.training_runs import TrainingRuns
from jgan.claims.trainings import CONTROL, SYSTEM
from jgan.cli.main import main as jgan
from jgan.errors import UserError
from jgan.files import make_folder, write_atomically
from jgan.runs.images import encode_png
from jgan.training.experiment import Trained, load_experiment

SEED = 0
HEAD = """# The gallery

Each picture shows real examples on the left, what the system makes in the middle, and on the right what its
control makes: the same training with the essential part switched off. They are samples of seed 0 that nobody
chose. `make gallery` writes this page from the evidence that `make evidence` keeps.
"""


class Figure(NamedTuple):
    """A further picture of a system, made by a command from the run of its training.

    Attributes:
      name: of the picture, ``SYSTEM-NAME.png``.
      command: of ``jgan``, in which the run's directory and ``--out`` are left out, such as
        ``"interpolate --rows 6"``.
      see: a sentence that says what is to be seen.
    """

    name: str
    command: str
    see: str


class Caption(NamedTuple):
    """What a person says of a system's picture.

    Attributes:
      name: of the subject (`benchmarks._evidence.subjects`).
      see: a sentence that says what is to be seen.
      wrong: a sentence that says what is wrong with it.
      claim: the claim whose trainings are shown; "" for the first.
      view: which of the game's views is shown.
      figures: further pictures.
    """

    name: str
    see: str
    wrong: str
    claim: str = ""
    view: str = "samples"
    figures: tuple[Figure, ...] = ()


def read_captions(path: Path) -> dict[str, Caption]:
    """The captions of a file in TOML, a table for each system, in its order.

    Raises:
      UserError: if it is not such a file.
    """
    try:
        found = tomllib.loads(path.read_text())
        return {name: _caption(name, **fields) for name, fields in found.items()}
    except (OSError, ValueError, TypeError) as error:
        raise UserError(f"{str(path)!r} is no file of captions: {error}.") from error


def _caption(name: str, figures: Sequence[Mapping[str, str]] = (), **fields: str) -> Caption:
    return Caption(name, **fields, figures=tuple(Figure(**own) for own in figures))


def draw(
    known: Mapping[str, Subject], runs: Path, docs: Path, distances: Path, caption: Caption
) -> str:
    """Draw a system's picture and keep its distances, if its trainings are there.

    Returns:
      A line that says what was done.

    Raises:
      UserError: if the caption names a claim or a view that the experiment does not have.
    """
    if caption.name not in known:
        return f"{caption.name}: its data are not given, its picture stays as it is"
    file, made = known[caption.name].load()
    names = [claim.name for claim in made.claims]
    claim = caption.claim or names[0]
    if claim not in names:
        raise UserError(
            f"gallery.toml names the claim {claim!r} of {caption.name}, but there are only {names}."
        )
    kept = TrainingRuns(file, runs / caption.name)
    shown: list[Trained | None] = []
    seconds = []
    for variant in (SYSTEM, CONTROL):
        training = made.trainings[claim, variant]
        result = read_result(kept.path(training, SEED))
        if result is None or result.state == TRAINING:
            return f"{caption.name}: no training is kept, its picture stays as it is"
        shown.append(kept.trained(training, SEED))
        seconds.append(result.seconds)
    system, control = shown
    pixels = with_real(system, control, caption.view)
    if pixels is None:
        raise UserError(
            f"gallery.toml names the view {caption.view!r}, which {caption.name} has not."
        )
    place = make_folder(docs / "gallery") / f"{caption.name}.png"
    write_atomically(place, encode_png(pixels))
    if system is not None:
        measured = measure_distances(caption.name, system, seconds[0])
        keep_distances(distances, {(row.experiment, row.features): row for row in measured})
    run = kept.path(made.trainings[claim, SYSTEM], SEED)
    for figure in caption.figures:
        write_atomically(
            place.with_name(f"{caption.name}-{figure.name}.png"), _picture_by_command(figure, run)
        )
    return f"{caption.name}: wrote {place}"


def _picture_by_command(figure: Figure, run: Path) -> bytes:
    """The picture that a figure's command makes of a run, as a PNG file."""
    command, *flags = shlex.split(figure.command)
    with tempfile.TemporaryDirectory() as folder:
        is_strip = command == "interpolate"
        out = Path(folder) if is_strip else Path(folder) / "figure.png"
        if jgan([command, str(run), *flags, "--quiet", "--out", str(out)]) != 0:
            raise UserError(f"the command of the figure {figure.name!r} failed: {figure.command}.")
        return (out / "strip.png" if is_strip else out).read_bytes()


def page(
    experiments: Path,
    docs: Path,
    captions: Mapping[str, Caption],
    table: Table,
    distances: Distances,
) -> str:
    """The page in Markdown.

    Raises:
      UserError: if a system has no picture or no evidence.
    """
    sections = [HEAD]
    for name, caption in captions.items():
        rows = [row for row in table.values() if row.experiment == name]
        for missing, is_there in (
            ("picture", (docs / "gallery" / f"{name}.png").exists()),
            ("evidence", bool(rows)),
        ):
            if not is_there:
                raise UserError(f"{name} has no {missing}; run `make evidence` first.")
        summary = load_experiment(experiments / f"{name.removesuffix(DIGITS)}.py").summary
        sections.append("\n".join(_section(caption, summary, rows, distances)))
    return "\n".join(sections)


def _section(
    caption: Caption, summary: str, rows: list[EvidenceRow], distances: Distances
) -> Iterator[str]:
    name = caption.name
    title = summary.rstrip(".")
    command = f"jgan verify {name}"
    if name.endswith(DIGITS):
        title += ", on digits"
        command = f"jgan verify {name.removesuffix(DIGITS)} --data mnist:FOLDER"
    yield f"## {title}\n"
    yield f"![{title.partition(':')[0]}: real, system, control](gallery/{name}.png)\n"
    yield f"{caption.see} {caption.wrong}\n"
    for figure in caption.figures:
        yield f"![{figure.see}](gallery/{name}-{figure.name}.png)\n"
        drawing, *flags = figure.command.split()
        yield f"{figure.see} `{' '.join(['jgan', drawing, 'RUN', *flags])}` draws it.\n"
    for own in claims_of(rows):
        verdict = verdict_of(own)
        system, control = map(measured_cell, (verdict.system, verdict.control))
        seeds = "one seed" if len(verdict.system) == 1 else f"{len(verdict.system)} seeds"
        measured = f"{system} over {seeds}, control {control}"
        yield f"* {verdict.claim.name}, {own[0].bound}: {measured}: {verdict.word}"
    yield from describe(name, distances)
    seconds = max(row.seconds for row in rows if row.variant == SYSTEM)
    yield f"* `{command} --seeds 3`; one training takes {seconds:.0f} s\n"
