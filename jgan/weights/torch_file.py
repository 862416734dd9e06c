"""Tensors out of the files that ``torch.save`` writes, without torch and without loading a pickle.

Such a file describes its tensors in pickle's byte code, which in general can call any function. Here
the byte code is read by an interpreter of our own that knows two dozen instructions, none of which can
import or call anything: a tensor's description becomes a view of the file's bytes, and whatever else is
named in the file is refused by that name. Both layouts are read: the zip archive (torch 1.6 and newer)
and the older stream of pickles with the bytes after them.
"""

import io
import pickletools
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

import ml_dtypes
import numpy as np

from jgan.errors import UserError

_MAGIC = 0x1950A86A20F9469CFC6C
_DTYPES: dict[str, Any] = {
    "FloatStorage": np.float32,
    "DoubleStorage": np.float64,
    "HalfStorage": np.float16,
    "BFloat16Storage": ml_dtypes.bfloat16,
    "LongStorage": np.int64,
    "IntStorage": np.int32,
    "ShortStorage": np.int16,
    "CharStorage": np.int8,
    "ByteStorage": np.uint8,
    "BoolStorage": np.bool_,
}
_KNOWN = {"collections.OrderedDict", "torch._utils._rebuild_tensor_v2"} | {
    "torch._utils._rebuild_parameter",
    *(f"torch.{name}" for name in _DTYPES),
}


class _Named(NamedTuple):
    """A class or function that the file names; nothing but the name."""

    name: str


class _Storage(NamedTuple):
    dtype: Any
    key: str
    length: int


class _Tensor(NamedTuple):
    storage: _Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]


class _Refused(Exception):
    """Why a file is not read, as the rest of a sentence that begins with its path."""


def read_torch_file(path: str | Path) -> dict[str, np.ndarray]:
    """All tensors of a file by name; those in nested dictionaries are called ``outer.inner``.

    Args:
      path: a file written by ``torch.save`` of a dictionary, as ``module.state_dict()``.

    Returns:
      Arrays of the tensors' own shapes and dtypes (bfloat16 as float32). Entries of the dictionary that
      are neither tensors nor dictionaries are left out.

    Raises:
      UserError: if the file is missing, damaged, or holds anything but plain tensors.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"weights {str(path)!r} cannot be read: {error.strerror}.") from error
    try:
        zipped = content.startswith(b"PK")
        value, load = (_read_zip if zipped else _read_stream)(content)
        found: dict[str, np.ndarray] = {}
        _collect(value, "", load, found)
        if not found:
            raise _Refused("holds no dictionary of tensors")
        return found
    except _Refused as error:
        raise UserError(
            f"weights {str(path)!r} {error}; only torch files of plain tensors are read."
        ) from error
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise UserError(f"weights {str(path)!r} is damaged or no torch file ({error}).") from error
    except (zipfile.BadZipFile, UnicodeDecodeError, RecursionError) as error:
        raise UserError(f"weights {str(path)!r} is damaged or no torch file ({error}).") from error


Load = Callable[[_Storage], np.ndarray]


def _collect(value: Any, name: str, load: Load, found: dict[str, np.ndarray]) -> None:
    if isinstance(value, _Tensor):
        found[name] = _array(value, load(value.storage))
    elif isinstance(value, dict):
        for key, inner in value.items():
            _collect(inner, f"{name}.{key}" if name else str(key), load, found)


def _array(tensor: _Tensor, data: np.ndarray) -> np.ndarray:
    """The tensor's elements, after a look whether all of them lie in its storage."""
    numbers = [tensor.offset, *tensor.size, *tensor.stride]
    if not all(isinstance(number, int) and number >= 0 for number in numbers):
        raise _Refused("describes a tensor with a negative size or stride")
    if 0 in tensor.size:
        return np.empty(tensor.size, data.dtype)
    reach = zip(tensor.size, tensor.stride, strict=True)
    last = tensor.offset + sum((size - 1) * stride for size, stride in reach)
    if last >= len(data):
        raise _Refused("describes a tensor larger than its data")
    view = np.lib.stride_tricks.as_strided(
        data[tensor.offset :],
        tensor.size,
        [stride * data.itemsize for stride in tensor.stride],
        writeable=False,
    )
    return view.astype(np.float32) if data.dtype == ml_dtypes.bfloat16 else view.copy()


def _read_zip(content: bytes) -> tuple[Any, Load]:
    archive = zipfile.ZipFile(io.BytesIO(content))
    sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
    root = next((name[: -len("data.pkl")] for name in sizes if name.endswith("/data.pkl")), None)
    if root is None:
        raise _Refused("is a zip archive without 'data.pkl'")
    order = f"{root}byteorder"
    if order in sizes and archive.read(order) != b"little":
        raise _Refused("is written in another byte order")

    def load(storage: _Storage) -> np.ndarray:
        name = f"{root}data/{storage.key}"
        expected = storage.length * np.dtype(storage.dtype).itemsize
        if sizes.get(name) != expected:
            raise _Refused(f"has {sizes.get(name, 0)} bytes in {name!r} in place of {expected}")
        return np.frombuffer(archive.read(name), storage.dtype)

    return _interpret(io.BytesIO(archive.read(f"{root}data.pkl"))), load


def _read_stream(content: bytes) -> tuple[Any, Load]:
    stream = io.BytesIO(content)
    if _interpret(stream) != _MAGIC:
        raise _Refused("does not begin as a torch file does")
    _interpret(stream)  # the version of the layout
    system = _interpret(stream)
    if not system.get("little_endian", True):
        raise _Refused("is written in another byte order")
    value = _interpret(stream)
    keys = _interpret(stream)
    # After the descriptions, every storage in the order of the keys: its length, then its elements,
    # whose size only the description that refers to it tells.
    where: dict[str, int] = {}
    types = {storage.key: storage for storage in _storages(value)}
    position = stream.tell()
    for key in keys:
        where[key] = position
        position += 8 + types[key].length * np.dtype(types[key].dtype).itemsize

    def load(storage: _Storage) -> np.ndarray:
        start = where[storage.key]
        count = int.from_bytes(content[start : start + 8], "little")
        if count != storage.length or position > len(content):
            raise _Refused("ends before its tensors do")
        return np.frombuffer(content, storage.dtype, count, start + 8)

    return value, load


def _storages(value: Any) -> list[_Storage]:
    if isinstance(value, _Tensor):
        return [value.storage]
    if isinstance(value, dict):
        return [storage for inner in value.values() for storage in _storages(inner)]
    return []


_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_LITERALS = {"BININT", "BININT1", "BININT2", "LONG1", "LONG4", "INT", "LONG", "BINFLOAT"} | {
    "BINUNICODE",
    "SHORT_BINUNICODE",
    "BINUNICODE8",
    "BINSTRING",
    "SHORT_BINSTRING",
}
_EMPTY: dict[str, Callable[[], Any]] = {
    "EMPTY_DICT": dict,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_PUTS, _GETS = {"BINPUT", "LONG_BINPUT", "PUT"}, {"BINGET", "LONG_BINGET", "GET"}
_MARK: Any = object()


def _interpret(stream: BinaryIO) -> Any:
    """The value that one stream of byte code describes, up to its STOP."""
    stack: list[Any] = []
    memo: dict[int, Any] = {}

    def since_mark() -> list[Any]:
        at = len(stack) - 1 - stack[::-1].index(_MARK)
        items = stack[at + 1 :]
        del stack[at:]
        return items

    for operation, given, _ in pickletools.genops(stream):
        name, argument = operation.name, cast(Any, given)
        if name in _LITERALS:
            stack.append(argument)
        elif name in _CONSTANTS:
            stack.append(_CONSTANTS[name])
        elif name in _EMPTY:
            stack.append(_EMPTY[name]())
        elif name == "MARK":
            stack.append(_MARK)
        elif name in _PUTS:
            memo[argument] = stack[-1]
        elif name == "MEMOIZE":
            memo[len(memo)] = stack[-1]
        elif name in _GETS:
            stack.append(memo[argument])
        elif name == "TUPLE":
            stack.append(tuple(since_mark()))
        elif name in _TUPLES:
            count = _TUPLES[name]
            stack[-count:] = [tuple(stack[-count:])]
        elif name in ("APPENDS", "APPEND"):
            items = since_mark() if name == "APPENDS" else [stack.pop()]
            stack[-1].extend(items)
        elif name in ("SETITEMS", "SETITEM"):
            items = since_mark() if name == "SETITEMS" else [stack.pop() for _ in range(2)][::-1]
            stack[-1].update(zip(items[::2], items[1::2], strict=True))
        elif name == "GLOBAL":
            stack.append(_named(argument.replace(" ", ".")))
        elif name == "STACK_GLOBAL":
            stack[-2:] = [_named(f"{stack[-2]}.{stack[-1]}")]
        elif name == "BINPERSID":
            stack.append(_storage(stack.pop()))
        elif name == "REDUCE":
            arguments = stack.pop()
            stack.append(_described(stack.pop(), arguments))
        elif name == "BUILD":
            stack.pop()  # attributes of a dictionary, such as the versions of its modules
        elif name == "STOP":
            return stack.pop()
        elif name not in ("PROTO", "FRAME"):
            raise _Refused(f"uses the instruction {name}")
    raise _Refused("ends early")


def _named(name: str) -> _Named:
    if name not in _KNOWN:
        raise _Refused(f"refers to {name!r}")
    return _Named(name)


def _storage(described: Any) -> _Storage:
    kind, named, key, _, count, *view = described
    if kind != "storage" or not isinstance(named, _Named) or (view and view[0] is not None):
        raise _Refused("holds a storage of an unknown kind")
    return _Storage(_DTYPES[named.name.removeprefix("torch.")], str(key), int(count))


def _described(named: Any, arguments: tuple[Any, ...]) -> Any:
    """What a call of one of the known names stands for; nothing is called."""
    name = named.name if isinstance(named, _Named) else repr(named)
    if name == "collections.OrderedDict":
        return dict(*arguments)
    if name == "torch._utils._rebuild_tensor_v2":
        storage, offset, size, stride = arguments[:4]
        if not isinstance(storage, _Storage):
            raise _Refused("holds a tensor without a storage")
        return _Tensor(storage, offset, tuple(size), tuple(stride))
    if name == "torch._utils._rebuild_parameter":
        return arguments[0]
    raise _Refused(f"calls {name!r}")
