"""Sources from arrays and files: idx (MNIST, Fashion-MNIST) and npz. No pickle is ever loaded."""

import gzip
import math
import zlib
from pathlib import Path

import numpy as np

from jgan.data.source import Source

SPLITS = ("train", "test")
_ALIASES = {"images": "image", "x": "image", "labels": "label", "y": "label"}
_INT32 = np.iinfo(np.int32)


def from_arrays(
    image: np.ndarray,
    label: np.ndarray | None = None,
    *,
    name: str = "arrays",
    **others: np.ndarray,
) -> Source:
    """Return a source of arrays, converted to the types that a source holds.

    Pictures of shape ``(N, H, W)`` become ``(N, H, W, 1)``, labels ``(N, 1)`` become ``(N,)``,
    floats become float32 and integers other than uint8 become int32. Float pictures are left
    unscaled: networks expect [-1, 1].

    Args:
        image: uint8 ``(N, H, W)`` or ``(N, H, W, C)``, or floats of these shapes or ``(N, d)``.
        label: integers ``(N,)``, ``(N, 1)`` or ``(N, A)``, or floats or bools ``(N, A)``.
        name: the source's name.
        **others: further fields with N examples.

    Returns:
        The source.

    Raises:
        ValueError: if a field has a wrong dtype, shape or value; see ``Source``.

    Example:
        >>> from_arrays(np.zeros((2, 4, 3), np.uint8), np.asarray([1, 0])).describe()
        'arrays: 2 examples; image uint8 (4, 3, 1); label int32 (); 2 classes'
    """
    fields = {"image": image} | ({} if label is None else {"label": label}) | others
    return _convert(fields, name)


def _convert(fields: dict[str, np.ndarray], name: str) -> Source:
    converted = {}
    for field, values in fields.items():
        values = np.asarray(values)
        if field == "image" and values.ndim == 3:
            values = values[..., None]
        if field == "label" and values.shape[1:] == (1,):
            values = values[:, 0]
        if values.dtype.kind == "f" and (field != "label" or values.ndim == 2):
            values = values.astype(np.float32)
        # Labels are often stored as uint8, which in any other field means a picture.
        picture = field == "image" or (field != "label" and values.dtype == np.uint8)
        if values.dtype.kind in "iu" and not picture:
            values = _int32(values, f"{field} of source {name!r}")
        converted[field] = values
    return Source(converted, name)


def _int32(values: np.ndarray, about: str) -> np.ndarray:
    if values.size and not _INT32.min <= values.min() <= values.max() <= _INT32.max:
        raise ValueError(f"{about} holds {values.min()} to {values.max()}; it must fit int32.")
    return values.astype(np.int32)


def read_npz(path: str | Path, *, split: str = "train", name: str | None = None) -> Source:
    """Read a source from an ``.npz`` file.

    The keys are ``image`` (or ``images`` or ``x``), optionally ``label`` (or ``labels`` or ``y``),
    and any other fields. A file with both splits appends ``_train`` and ``_test`` to its keys.

    Args:
        path: the file.
        split: "train" or "test"; "test" needs a file with both splits.
        name: the source's name, the file's stem by default.

    Returns:
        The source.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no npz file, holds Python objects or lacks the needed keys.
    """
    path = _existing(path)
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            keys = list(archive.files)
            pairs = [(_field(key, split), key) for key in keys]
            chosen = [(field, archive[key]) for field, key in pairs if field]
    except Exception as error:  # a damaged archive fails in as many ways as zip has parts
        reason = str(error).rstrip(".")
        raise ValueError(f"{path} is not an npz file of plain arrays: {reason}.") from error
    fields = dict(chosen)
    if len(fields) < len(chosen):
        raise ValueError(f"{path} has two keys for one field; its keys are {', '.join(keys)}.")
    if "image" not in fields:
        raise ValueError(
            f"{path} has no images for split {split!r}: it must have a key image, images or x "
            f"(with _train or _test if it holds both splits), but its keys are {', '.join(keys)}."
        )
    return _convert(fields, name or path.stem)


def _field(key: str, split: str) -> str:
    """Return the field that a key of an npz file stores, or "" if it is the other split's."""
    base, _, suffix = key.rpartition("_")
    if suffix in SPLITS:
        return _ALIASES.get(base, base) if suffix == split else ""
    return _ALIASES.get(key, key) if split == "train" else ""


def read_idx(path: str | Path) -> np.ndarray:
    """Read an idx file of unsigned bytes, the format of MNIST, gzipped or not.

    Args:
        path: the file; a name that ends in ``.gz`` is decompressed.

    Returns:
        uint8 array of the shape that the file states.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is damaged, of another format, or longer or shorter than it states.
    """
    path = _existing(path)
    try:
        data = path.read_bytes()
        data = gzip.decompress(data) if path.suffix == ".gz" else data
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path} is not a readable gzip file: {error}.") from error
    if len(data) < 4 or data[:3] != b"\x00\x00\x08":
        raise ValueError(
            f"{path} starts with bytes {data[:4].hex() or '(none)'}; an idx file of unsigned bytes "
            "starts with 000008 and its number of dimensions."
        )
    start = 4 + 4 * data[3]
    shape = tuple(int.from_bytes(data[at : at + 4], "big") for at in range(4, start, 4))
    if len(data) != start + math.prod(shape):
        raise ValueError(
            f"{path} states shape {shape}, so {start + math.prod(shape)} bytes, but has {len(data)}."
        )
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)


def read_idx_folder(folder: str | Path, *, split: str = "train", name: str | None = None) -> Source:
    """Read MNIST or Fashion-MNIST from its published files.

    Args:
        folder: holds ``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte`` and the two ``t10k``
            files, each with or without ``.gz``.
        split: "train" or "test".
        name: the source's name, the folder's by default.

    Returns:
        A source with ``image`` uint8 ``(N, H, W, 1)`` and ``label``.

    Raises:
        FileNotFoundError: if the folder or one of the files is missing.
        ValueError: if a file is not what its name says.
    """
    folder = _existing(folder)
    prefix = {"train": "train", "test": "t10k"}[split]
    arrays = []
    for stem, rank in ((f"{prefix}-images-idx3-ubyte", 3), (f"{prefix}-labels-idx1-ubyte", 1)):
        candidates = [folder / stem, folder / f"{stem}.gz"]
        path = next((path for path in candidates if path.is_file()), None)
        if path is None:
            raise FileNotFoundError(f"{folder} has neither {stem} nor {stem}.gz.")
        values = read_idx(path)
        if values.ndim != rank:
            raise ValueError(f"{path} has {values.ndim} dimensions; it must have {rank}.")
        arrays.append(values)
    return from_arrays(*arrays, name=name or folder.name)


def _existing(path: str | Path) -> Path:
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist.")
    return path
