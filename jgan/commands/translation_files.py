"""The files of a plan: read, translated and written, one beside the other."""

import time
import warnings
import zlib
from typing import NamedTuple

import numpy as np

from jgan.commands.translation_plan import Plan, Together
from jgan.commands.translator import Translator
from jgan.data.padding import pad
from jgan.data.picture_files import PictureFiles
from jgan.display import task
from jgan.files import make_folder, write_atomically
from jgan.runs.images import encode_png
from jgan.runs.pipeline import piped


class Done(NamedTuple):
    """What came of a plan.

    Attributes:
      translated: number of pictures.
      broken: by name, why others cannot be read.
      seconds: in all.
      waiting: of these, in which the network waited for files to be read or written.
    """

    translated: int
    broken: dict[str, str]
    seconds: float
    waiting: float


def given(files: PictureFiles, translator: Translator, name: str) -> np.ndarray:
    """A picture uint8 ``(H, W, C)``, or a map of labels int32 ``(H, W)``, as the translator takes it."""
    if translator.way.labels:
        return files.read_labels(name, translator.way.labels)
    return files.read(name, translator.blank(1, (1, 1)).shape[-1])


def shown(files: PictureFiles, translator: Translator, name: str) -> np.ndarray:
    """The same as a picture uint8 ``(H, W, C)``, labels as evenly spaced greys."""
    values = given(files, translator, name)
    if not translator.way.labels:
        return values
    grey = values * 255 // max(1, translator.way.labels - 1)
    return grey.astype(np.uint8)[..., None]


def translate_files(plan: Plan, files: PictureFiles, translator: Translator) -> Done:
    """Translate the pictures of a plan that are left to do; each file is whole once it is there.

    Raises:
      UserError: if a file cannot be written, or what is made is not finite.
    """
    broken: dict[str, str] = {}

    def read(batch: Together) -> np.ndarray:
        pictures = translator.blank(batch.room, batch.shape)
        for row, name in enumerate(batch.names):
            try:
                pictures[row] = pad(given(files, translator, name), batch.shape)
            except Exception as error:  # a damaged file fails in as many ways as there are formats
                broken[name] = f"cannot be read: {str(error).rstrip('.') or type(error).__name__}"
        return pictures

    def work(batch: Together, pictures: np.ndarray) -> np.ndarray:
        numbers = [zlib.crc32(name.encode(errors="surrogateescape")) for name in batch.names]
        numbers += [0] * (batch.room - len(numbers))
        return translator(pictures, numbers)

    def write(batch: Together, made: np.ndarray) -> None:
        for row, name in enumerate(batch.names):
            if name in broken:
                continue
            height, width = files.headers[name][:2]
            for path, picture in zip(plan.outputs[name], made[:, row], strict=True):
                make_folder(path.parent)
                write_atomically(path, encode_png(picture[:height, :width]))

    began, done, waiting, compiling = time.perf_counter(), 0, 0.0, 0.0
    total = sum(len(batch.names) for batch in plan.batches)
    with (
        warnings.catch_warnings(),
        task("translating", total, "pictures", announced=True) as progress,
    ):
        warnings.simplefilter("ignore")  # Pillow warns of odd metadata and of very large pictures
        for batch, waited in piped(plan.batches, read, work, write):
            done, waiting = done + len(batch.names), waiting + waited
            progress.exclude(translator.compiling - compiling)
            compiling = translator.compiling
            progress.update(done)
    return Done(total - len(broken), broken, time.perf_counter() - began, waiting)
