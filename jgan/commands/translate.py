"""A folder of pictures, translated by a trained run."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from jgan.commands.command import command
from jgan.commands.kinds import Count, NotNegative
from jgan.commands.paths import Folder, Place, check_folder
from jgan.commands.report import Page
from jgan.commands.saved_run import RunLike, SavedRun, checkpoint_words, opened_run
from jgan.commands.translation_files import shown, translate_files
from jgan.commands.translation_labels import target_labels
from jgan.commands.translation_plan import Plan, planned, sentences, variant_names
from jgan.commands.translator import Translator
from jgan.data.picture_files import picture_files
from jgan.display import warn
from jgan.errors import UserError
from jgan.evaluation.array_archive import digest_of
from jgan.files import make_folder, parse_json, write_atomically
from jgan.game import GENERATOR, Translation
from jgan.reports.translations import Row, translations_page
from jgan.runs.images import encode_png
from jgan.training.experiment import Experiment
from jgan.training.user_code import as_user_error

SETTINGS, PAGE = "translations.json", "index.html"


class Translations(NamedTuple):
    """A folder of translated pictures.

    Attributes:
      files: by the name of each picture, the files that were made of it.
      left_out: by name, why other pictures could not be translated.
      translated: the number of pictures that were translated now; others had been before.
      shapes: height and width to which pictures are padded, `jgan.data.padding.padded_shapes` of their sizes.
      seconds: that translating has taken, compiling left out.
      compiling: seconds for that.
      waiting: of ``seconds``, those in which the network waited for files to be read or written.
      page: an HTML document with pictures and translations side by side.
    """

    files: Mapping[str, tuple[Path, ...]]
    left_out: Mapping[str, str]
    translated: int
    shapes: tuple[tuple[int, int], ...]
    seconds: float
    compiling: float
    waiting: float
    page: Page

    def __str__(self) -> str:
        kept = len(self.files) - self.translated
        line = f"{self.translated} pictures in {self.seconds:.1f} s"
        if self.seconds:
            line += f", {self.waiting / self.seconds:.0%} of it waiting for files"
        line += f"; compiled for {len(self.shapes)} shapes in {self.compiling:.1f} s"
        line += f"; {kept} were there already" if kept else ""
        return f"{line}; {len(self.left_out)} left out" if self.left_out else line

    def _repr_html_(self) -> str:
        return self.page._repr_html_()


@command
def translate(
    run: RunLike,
    folder: Place,
    *,
    out: Folder,
    direction: str | None = None,
    samples: Count = 1,
    label: str | int | Sequence[str | int] | None = None,
    seed: NotNegative = 0,
    say: Callable[[str], None] = lambda line: None,
) -> Translations:
    """Translate all pictures of a folder by a trained translator, such as pix2pix, CycleGAN or StarGAN.

    Pictures of any size are translated at their own size. If they have more than six sizes, they are padded to
    six shapes by reflection, below and on the right, and their translations are cropped. A translation is a PNG
    file with the name of its picture; with several for each picture there is a folder for each label and each
    sample. Files that exist are kept, so the same command continues where it was stopped. For SPADE the
    pictures are maps of labels: grey values, or the colour numbers of palette pictures.

    Args:
      run: Run directory, or the `Run` that `jgan.load` returns.
      folder: Folder of pictures of any format, with its subfolders, or a .zip of such.
      out: Folder to write, with a page index.html that shows pictures and translations side by side.
      direction: Direction of the translation, of those that the run's game has, such as b-to-a (default: the
        usual one, such as a-to-b).
      samples: Number of translations of each picture, by a generator with noise.
      label: Target class, by name or number, or attributes such as 1,0,1, or several of them, for a translator
        with labels (default: every class).
      seed: Seed of the noise; sample i of a picture depends only on it, on the picture's name and on i.
      say: Called with a line about what is converted, and about each file that is written beside the pictures.

    Returns:
      The files, what was left out and why, and how long it took.

    Raises:
      UserError: If the run is no translator, no picture can be translated, or the folder to write holds
        other files.
    """
    opened = opened_run(run)
    saved = opened.check(lambda experiment: _check(experiment, opened, direction))
    game, source = saved.experiment.game, saved.experiment.source
    assert game.sampler is not None
    name = direction or next(iter(game.sampler.translations))
    way = game.sampler.translations[name]
    targets = target_labels(source, label, way.labelled)
    translator = Translator(way, opened.variables, source, targets.labels, samples, seed)
    translator.check_noise(source.arrays[way.field].shape[1:3])
    settings = {
        "direction": name,
        "labels": list(targets.names),
        "samples": samples,
        "seed": seed,
        "step": saved.step,
        "generator": digest_of(opened.variables[GENERATOR]),
    }
    place, out = Path(folder), Path(out)
    _check_out(out, place, settings)
    with as_user_error("the folder of pictures"):
        files = picture_files(place)
    variants = variant_names(targets, samples)
    plan = planned(files, translator, out, variants)
    _check_size(translator, plan, opened)
    for note in files.notes() if not way.labels else ():
        say(note)
    make_folder(out)
    write_atomically(out / SETTINGS, json.dumps(settings, indent=2))
    done = translate_files(plan, files, translator)
    left_out = {**plan.left_out, **done.broken}
    for sentence in sentences(left_out):
        warn(sentence)
    kept = {name: paths for name, paths in plan.outputs.items() if name not in done.broken}
    words = f"{name}, {checkpoint_words(saved.step, opened.averaged)}"
    lead = f"{len(kept):,} pictures of {place}, translated by {opened.path} ({words})."
    rows = [
        Row(
            picture, dict(zip([variant or "translation" for variant in variants], own, strict=True))
        )
        for picture, own in kept.items()
    ]
    given = lambda picture: encode_png(shown(files, translator, picture))
    page = Page(translations_page(f"Translations of {place.name}", lead, rows, given))
    write_atomically(out / PAGE, str(page))
    say(f"wrote {out / PAGE}")
    compiling = translator.compiling
    times = done.seconds - compiling, compiling, done.waiting
    return Translations(kept, left_out, done.translated, plan.shapes, *times, page)


def _check(experiment: Experiment, run: SavedRun, direction: str | None) -> None:
    sampler = experiment.game.sampler
    ways: Mapping[str, Translation] = {} if sampler is None else sampler.translations
    if not ways:
        raise UserError(
            f"{str(run.path)!r} is no translator: its game does not turn pictures into pictures, as pix2pix, "
            "CycleGAN, StarGAN and SPADE do."
        )
    if direction is not None and direction not in ways:
        raise UserError(f"--direction is {direction!r}, but must be one of {', '.join(ways)}.")
    field = ways[direction or next(iter(ways))].field
    shape = experiment.source.arrays[field].shape[1:]
    if len(shape) == 3 and shape[2] not in (1, 3):
        raise UserError(
            f"{str(run.path)!r} translates pictures of {shape[2]} channels, but those of files have 1 or 3."
        )


def _check_out(out: Path, folder: Path, settings: dict[str, Any]) -> None:
    if out.resolve().is_relative_to(folder.resolve()):
        raise UserError(
            f"--out is {str(out)!r}, which lies in the folder {str(folder)!r} of pictures; name another place."
        )
    check_folder(out, (SETTINGS,))
    try:
        before = parse_json((out / SETTINGS).read_bytes())
    except (OSError, ValueError):
        return
    changed = [
        key
        for key, value in settings.items()
        if not isinstance(before, dict) or before.get(key) != value
    ]
    if changed:
        raise UserError(
            f"--out is {str(out)!r}, whose translations were made with another {changed[0]}; name a new folder."
        )


def _check_size(translator: Translator, plan: Plan, run: SavedRun) -> None:
    shape = plan.shapes[-1]
    with as_user_error("the translation"):
        made = translator.shape_of(shape)
    if made[:2] != shape:
        raise UserError(
            f"{str(run.path)!r} makes pictures of {made[0]}x{made[1]} from those of {shape[0]}x{shape[1]}, but "
            "jgan translate is for translators that keep the size."
        )
