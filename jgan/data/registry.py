"""Sources by name: ``load("fashion")``, ``load("ring")``, ``load("folder:PATH@64")``, a path.

A name may end in ``@64``, ``@64x48`` or ``@64x48x1``: the height, the width and the channels to
which the pictures of a folder or of a TFDS set are cropped and resized. Behind that may come
``+flip`` (mirrored half of the time), ``+shift4`` (moved by up to 4 pixels) and, for a folder or a TFDS
set, ``+disk`` (decoded when they are met, never kept in memory). An experiment that calls ``load(data)``
therefore takes any pictures: ``--data folder:photos@64+flip``.
"""

import difflib
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax

from jgan.data import augment
from jgan.data import toy_sources as toys
from jgan.data.ages import ages
from jgan.data.array_files import read_idx_folder, read_npz
from jgan.data.cifar import LAYOUTS, read_cifar
from jgan.data.class_names import DIGITS, FASHION
from jgan.data.fashion_mnist import embedded
from jgan.data.folder import read_pictures
from jgan.data.garments import translation
from jgan.data.persons import persons
from jgan.data.pictures import Size
from jgan.data.source import Source
from jgan.data.splits import check_split
from jgan.data.tfds import read_tfds
from jgan.data.two_domains import read_pairs, read_tfds_domains, read_unpaired, swapped

TOYS: dict[str, Callable[..., Source]] = {
    "ring": toys.ring,
    "grid": toys.grid,
    "mixture": toys.mixture,
    "spiral": toys.spiral,
    "swiss_roll": toys.swiss_roll,
}
_IDX = {"fashion": FASHION, "mnist": DIGITS}
_RESIZED: dict[str, Callable[..., Source]] = {
    "folder": read_pictures,
    "tfds": read_tfds,
    "pairs": read_pairs,
    "unpaired": read_unpaired,
}
_MADE, _PERSONS = "garments", "persons"
_CYCLE_GAN = re.compile(r"cycle_gan(?=[/:]|$)")
_ALLOWED = ", ".join(TOYS) + ", fashion, fashion:FOLDER, mnist:FOLDER, cifar10:FOLDER, "
_ALLOWED += (
    "cifar100:FOLDER, folder:FOLDER or folder:FOLDER@64 (pictures), tfds:NAME, pairs:FOLDER, "
)
_ALLOWED += (
    "pairs:FOLDER,FOLDER, unpaired:FOLDER, unpaired:FOLDER,FOLDER, garments:edges and so on, "
)
_ALLOWED += (
    "persons, persons:ages, a path ending in .npz or .zip, or a folder of pictures or of idx files"
)
LoadArguments = tuple[str, str, int | None, int, Size, int | None]
"""The arguments of `load`, in their order."""
_REMEMBERED: ContextVar[dict[Any, Source] | None] = ContextVar("remembered", default=None)
_LOADED: ContextVar[dict[LoadArguments, Source] | None] = ContextVar("loaded", default=None)
_OPTIONS = re.compile(r"(?:\+(?:flip|shift\d+|jitter|swap|disk))+$")
_NO_OPTION = re.compile(r"\+\w+$")
_SIZE = re.compile(r"@(\d+)(?:x(\d+))?(?:x(\d+))?$")


def load(
    name: str,
    *,
    split: str = "train",
    size: int | None = None,
    seed: int = 0,
    image_size: Size = None,
    channels: int | None = None,
) -> Source:
    """Return the source with this name.

    Args:
        name: a toy (``ring``, ``grid``, ``mixture``, ``spiral``, ``swiss_roll``); ``fashion``, the
            embedded subset of Fashion-MNIST; ``fashion:FOLDER`` or ``mnist:FOLDER``, the full set
            from its published idx files; ``cifar10:FOLDER`` or ``cifar100:FOLDER``, from the
            published binary version; ``folder:FOLDER``, pictures in a folder or in a .zip, with class
            subfolders or StyleGAN's ``dataset.json``, if any, as labels; ``tfds:NAME``, an image set
            of TensorFlow Datasets, those of ``cycle_gan`` as two domains; ``pairs:FOLDER`` or
            ``pairs:FOLDER,FOLDER``, pairs of pictures, see `jgan.data.two_domains.read_pairs`;
            ``unpaired:FOLDER`` or ``unpaired:FOLDER,FOLDER``, two domains of pictures;
            ``garments:edges`` and so on, see `jgan.data.garments.translation`; ``persons``, clips of persons
            that are drawn by a rule, see `jgan.data.persons`, and ``persons:ages``, see `jgan.data.ages`; a
            path that ends in ``.npz`` or ``.zip``; or a folder of idx files or of pictures. The names of
            folders of pictures and of a TFDS set may end in ``@64``, ``@HEIGHTxWIDTH`` or
            ``@HEIGHTxWIDTHxCHANNELS``, of at most 8192 pixels. Names of pictures may then end in ``+flip`` and
            ``+shift4``, as above.
        split: "train" or "test", which is the validation set where there is only that.
        size: for a toy, how many points are drawn (100,000 by default); otherwise how many
            examples are drawn from it, each class by its share (all by default).
        seed: which points of a toy are drawn; files do not depend on it.
        image_size: for a folder of pictures or a TFDS set, the side of a square or height and width
            to which pictures are cropped and resized; by default all must have one size.
        channels: for these, 1 or 3; by default 1 if all pictures are grayscale.

    Returns:
        The source.

    Raises:
        FileNotFoundError: if a file or folder is missing.
        ValueError: if the name or the split is unknown, a number is out of range, or files cannot
            be read.

    Example:
        >>> load("fashion", size=100).describe()
        'fashion: 100 examples; image uint8 (28, 28, 1); label int32 (); 10 classes (T-shirt/top,
         Trouser, Pullover, Dress, Coat, Sandal, Shirt, Sneaker, Bag, Ankle boot)'
        >>> load("rinq")
        Traceback (most recent call last):
        ...
        ValueError: there is no source 'rinq' (did you mean 'ring'?); allowed are ring, grid, ...
    """
    check_split(split)
    known, loaded = _REMEMBERED.get(), _LOADED.get()
    arguments: LoadArguments = (name, split, size, seed, image_size, channels)
    source = None if known is None else known.get(arguments)
    if source is None:
        # An experiment may be built while it is traced; its data are no part of the program.
        with jax.ensure_compile_time_eval():
            source = _load(*arguments)
        if known is not None:
            known[arguments] = source
    if loaded is not None:
        loaded[arguments] = source
    return source


@contextmanager
def remembered(sources: dict[Any, Source]) -> Iterator[None]:
    """Within it `load` reads each source once and finds it in ``sources`` from then on."""
    token = _REMEMBERED.set(sources)
    try:
        yield
    finally:
        _REMEMBERED.reset(token)


@contextmanager
def recorded() -> Iterator[dict[LoadArguments, Source]]:
    """Within it every source that `load` returns is put down under what it was asked for."""
    found: dict[LoadArguments, Source] = {}
    token = _LOADED.set(found)
    try:
        yield found
    finally:
        _LOADED.reset(token)


def in_files(name: str) -> bool:
    """Whether the source with this name is read from files of the user's, and not made or embedded."""
    try:
        kind, place = _kind(_parts_of(name)[0])
    except ValueError:  # a path at which there is nothing any more
        return True
    return kind not in ("toy", _MADE, _PERSONS) and (kind, place) != ("fashion", "")


def absolute(name: str) -> str:
    """Return the name with the path in it, if there is one, made absolute.

    Example:
        >>> absolute("ring"), absolute("tfds:mnist"), absolute("folder:/a/../photos@64+flip")
        ('ring', 'tfds:mnist', 'folder:/photos@64+flip')
    """
    kind, colon, place = _parts_of(name)[0].partition(":")
    if not in_files(name) or kind == "tfds":
        return name
    if not colon or kind not in (*_IDX, *LAYOUTS, *_RESIZED):
        kind, colon, place = "", "", _parts_of(name)[0]
    ending = size_and_options(name)
    place = place.removesuffix(ending.partition("+")[0])
    two = kind in ("pairs", "unpaired") and not os.path.exists(place)
    paths = [os.path.abspath(os.path.expanduser(p)) for p in (place.split(",") if two else [place])]
    return kind + colon + ",".join(paths) + ending


def size_and_options(name: str) -> str:
    """Return the end of a name that says how pictures are read, such as ``@64+flip``, or ""."""
    base, options = _parts_of(name)
    exists = any(map(os.path.exists, (base, os.path.expanduser(base.partition(":")[2]))))
    size = None if exists else _SIZE.search(base)
    return (size[0] if size else "") + options


def _parts_of(name: str) -> tuple[str, str]:
    """Return a name without its options, and these."""
    options = None if os.path.exists(name) else _OPTIONS.search(name)
    start = options.start() if options else len(name)
    return name[:start], name[start:]


def _load(
    name: str, split: str, size: int | None, seed: int, image_size: Size, channels: int | None
) -> Source:
    shape = {"image_size": image_size, "channels": channels}
    match = _OPTIONS.search(name)
    if match is None or os.path.exists(name):
        _check_options(name)
        return _plain(name, split, size, seed, shape)
    name, options = name[: match.start()], match[0][1:].split("+")
    _check_options(name)
    if "disk" in options:
        if _kind(name)[0] not in _RESIZED:
            raise ValueError(f"+disk is for folder:FOLDER and tfds:NAME, not for {name!r}.")
        shape = {**shape, "limit_bytes": 0}
    # Options are checked before anything is read.
    moves = [(option, _move(option)) for option in options if option not in ("disk", "swap")]
    source = _plain(name, split, size, seed, shape)
    if "swap" in options:
        source = swapped(source)
    for option, move in moves:
        if len(source.shape) != 3:
            raise ValueError(f"+{option} is for pictures, but {source.name!r} has points.")
        if len(source.tables) > 1:
            move = augment.by_table(move, source.fields_of_tables)
        source = replace(source, augment=augment.chain(source.augment, move))
    return source


def _move(option: str) -> augment.Augment:
    if option in ("flip", "jitter"):
        return augment.flip() if option == "flip" else augment.jitter()
    return augment.shift(int(option[len("shift") :]))


def _check_options(name: str) -> None:
    """Refuse what looks like an option but is none, unless a file or folder is called so."""
    other = _NO_OPTION.search(name)
    paths = (name, os.path.expanduser(name.partition(":")[2]))
    if other and not any(os.path.exists(path) for path in paths):
        raise ValueError(
            f"there is no option {other[0]!r} of {name!r}; there are +flip, +shift4, +jitter, +swap and +disk."
        )


def _plain(name: str, split: str, size: int | None, seed: int, shape: dict[str, Any]) -> Source:
    """Load a source whose name has no options; ``shape`` goes to readers that resize."""
    image_size, channels = shape["image_size"], shape["channels"]
    kind, place = _kind(name)
    if kind in _RESIZED:
        place, image_size, channels = _with_size(place, image_size, channels)
        shape = {**shape, "image_size": image_size, "channels": channels}
        domains = kind == "tfds" and _CYCLE_GAN.match(place)
        read = read_tfds_domains if domains else _RESIZED[kind]
        return read(place, split=split, size=size, **shape)
    if (image_size, channels) != (None, None) or (
        _SIZE.search(place) and not os.path.exists(place)
    ):
        raise ValueError(
            f"the pictures of {name!r} are not resized; image_size, channels and @64 are for "
            "folder:FOLDER and tfds:NAME."
        )
    if kind == "toy":
        return TOYS[name](toys.POINTS if size is None else size, seed, split=split)
    if kind == _MADE:
        return translation(place, split).take(size)
    if kind == _PERSONS:
        return _persons(place, split).take(size)
    if kind == "fashion" and not place:
        return embedded(split).take(size)
    if kind == "npz":
        return read_npz(place, split=split).take(size)
    if kind in LAYOUTS:
        return read_cifar(place, kind=kind, split=split).take(size)
    own = kind if kind in _IDX else None
    return read_idx_folder(place, split=split, name=own, classes=_IDX.get(kind, ())).take(size)


def _kind(name: str) -> tuple[str, str]:
    """Return what a name is and its place: the part behind the colon, or the path."""
    kind, _, place = name.partition(":")
    if name in TOYS:
        return "toy", name
    if name in ("fashion", _PERSONS):
        return name, ""
    if place and kind in (*_IDX, *LAYOUTS, *_RESIZED, _MADE, _PERSONS):
        return kind, place if kind == "tfds" else os.path.expanduser(place)
    path = name if os.path.exists(name) else _SIZE.sub("", name)
    if path.endswith(".npz"):
        return "npz", name
    if path.lower().endswith(".zip"):
        return "folder", name
    if os.path.isdir(path):
        idx = any(entry.name.endswith(("-ubyte", "-ubyte.gz")) for entry in Path(path).iterdir())
        return ("idx" if idx else "folder"), name
    if os.sep in name:
        return "folder", name
    near = difflib.get_close_matches(
        kind.lower(), [*TOYS, *_IDX, *LAYOUTS, *_RESIZED, _MADE, _PERSONS], n=1
    )
    meant = f" (did you mean {near[0]!r}?)" if near else ""
    raise ValueError(f"there is no source {name!r}{meant}; allowed are {_ALLOWED}.")


def _persons(place: str, split: str) -> Source:
    if place not in ("", "ages"):
        raise ValueError(
            f"there is no source {f'{_PERSONS}:{place}'!r}; allowed are persons and persons:ages."
        )
    return ages(split) if place else persons(split)


def _with_size(place: str, image_size: Size, channels: int | None) -> tuple[str, Size, int | None]:
    """Take ``@64``, ``@64x48`` or ``@64x48x1`` from the end of a name, unless it is a folder's own."""
    found = _SIZE.search(place)
    if found is None or os.path.exists(place):
        return place, image_size, channels
    if (image_size, channels) != (None, None):
        raise ValueError(
            f"{place!r} ends with a size; image_size and channels must not be given besides."
        )
    height, width, last = found.groups()
    return place[: found.start()], (int(height), int(width or height)), int(last) if last else None
