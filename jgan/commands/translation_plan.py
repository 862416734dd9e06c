"""Which pictures of a folder are translated together, at which shape, and into which files."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from jgan.commands.translation_labels import Targets
from jgan.commands.translator import Translator
from jgan.data.listing import some
from jgan.data.padding import HeightAndWidth, padded_shapes
from jgan.data.picture_files import PictureFiles
from jgan.errors import UserError

AT_ONCE = 16
PIXELS = 2**20
"""Of all that is made at once, padding included; a single picture may have more."""


class Together(NamedTuple):
    """Pictures that are translated together.

    Attributes:
      shape: height and width to which they are padded.
      names: of the pictures.
      room: how many the program takes, at least as many as there are.
    """

    shape: HeightAndWidth
    names: tuple[str, ...]
    room: int


class Plan(NamedTuple):
    """What is to be done.

    Attributes:
      outputs: of each picture that can be translated, its files, in the order of the variants.
      batches: of those whose files are not all there yet.
      shapes: of all of them, in ascending order.
      left_out: by name, why others cannot be translated.
    """

    outputs: Mapping[str, tuple[Path, ...]]
    batches: tuple[Together, ...]
    shapes: tuple[HeightAndWidth, ...]
    left_out: Mapping[str, str]


def variant_names(targets: Targets, samples: int) -> list[str]:
    """The folders of what is made of a picture, in order: by label, by sample, or both; "" for a single one.

    >>> variant_names(Targets(("red", "blue"), None), 2)
    ['red/0', 'red/1', 'blue/0', 'blue/1']
    >>> variant_names(Targets(("red",), None), 1)
    ['']
    """
    labels = targets.names if len(targets.names) > 1 else ("",)
    numbers = [str(number) for number in range(samples)] if samples > 1 else [""]
    return ["/".join(filter(None, (label, number))) for label in labels for number in numbers]


def planned(
    files: PictureFiles, translator: Translator, out: Path, variants: Sequence[str]
) -> Plan:
    """The plan for a folder; it does not depend on what is there already, but for what is left to do.

    Raises:
      UserError: if no picture can be translated, or two would be written into one file.
    """
    sizes = {name: (own.height, own.width) for name, own in files.headers.items()}
    left_out = {name: f"cannot be read: {why}" for name, why in files.unreadable.items()}
    trained = translator.source.arrays[translator.way.field].shape[1:3]
    if any(min(size) < min(trained) for size in sizes.values()):
        least = translator.least_side
        small = [name for name, size in sizes.items() if min(size) < least]
        for name in small:
            height, width = sizes.pop(name)
            left_out[name] = (
                f"is {height}x{width}, but this network takes sides of at least {least} pixels"
            )
    if not sizes:
        name, why = next(iter(left_out.items()))
        more = f" ({len(left_out) - 1} more likewise)" if len(left_out) > 1 else ""
        raise UserError(f"{files.tree.place} has no picture to translate: {name} {why}{more}.")
    outputs = _outputs(files.tree.place, sizes, out, variants)
    shapes = padded_shapes(sizes.values())
    counts = Counter(shapes[size] for size in sizes.values())
    waiting = [name for name in sizes if not all(path.exists() for path in outputs[name])]
    batches: list[Together] = []
    for shape in sorted(counts):
        room = PIXELS // (shape[0] * shape[1] * len(variants))
        room = max(1, min(AT_ONCE, counts[shape], room))
        own = [name for name in waiting if shapes[sizes[name]] == shape]
        batches += [Together(shape, names, room) for names in _chunks(own, room)]
    return Plan(outputs, tuple(batches), tuple(sorted(counts)), left_out)


def sentences(left_out: Mapping[str, str]) -> Iterator[str]:
    """What was left out and why: a sentence for each kind of reason, which the first word tells."""
    kinds: dict[str, list[str]] = {}
    for name, why in left_out.items():
        kinds.setdefault(why.split(maxsplit=1)[0], []).append(name)
    for names in kinds.values():
        first = f"left out {len(names)} picture{'s' * (len(names) > 1)}: {some(names)}"
        yield f"{first}; {names[0]} {left_out[names[0]]}"


def _outputs(
    place: str, names: Mapping[str, object], out: Path, variants: Sequence[str]
) -> dict[str, tuple[Path, ...]]:
    """The files of each picture: its own name with the ending .png."""
    taken: dict[str, str] = {}
    found = {}
    for name in names:
        own = str(PurePosixPath(name).with_suffix(".png"))
        if taken.setdefault(own, name) != name:
            raise UserError(
                f"{place} has {taken[own]!r} and {name!r}, whose translations would both be {own!r}; "
                "rename one of them."
            )
        found[name] = tuple(out / variant / own for variant in variants)
    return found


def _chunks(names: Sequence[str], size: int) -> Iterator[tuple[str, ...]]:
    for start in range(0, len(names), size):
        yield tuple(names[start : start + size])
