"""The constants of a frozen TensorFlow graph, without TensorFlow and without a protobuf library.

A protobuf message is a sequence of fields, each a number, a kind and a value; a frozen graph
(``GraphDef``) is a list of nodes, and a node of the operation ``Const`` carries a tensor. Only the fields
that lead to these tensors are read.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from jgan.errors import UserError

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
# Numbers of the fields, from TensorFlow's published message definitions.
_NODE = 1
_NODE_NAME, _NODE_OPERATION, _NODE_ATTRIBUTE = 1, 2, 5
_KEY, _VALUE, _TENSOR = 1, 2, 8
_DTYPE, _SHAPE, _CONTENT = 1, 2, 4
_DIMENSION, _SIZE = 2, 1
_DTYPES = {1: "<f4", 2: "<f8", 3: "<i4", 4: "u1", 5: "<i2", 6: "i1", 9: "<i8", 10: "?", 19: "<f2"}
_LISTS = {1: (5, "<f4"), 2: (6, "<f8")}
"""Where floats and doubles lie that are written one by one rather than as ``_CONTENT``."""


def read_graph_file(path: str | Path) -> dict[str, np.ndarray]:
    """Every numerical ``Const`` node of a frozen graph by its name.

    Args:
      path: of a binary ``GraphDef``, usually called ``*.pb``.

    Raises:
      UserError: if the file is missing, damaged, or holds no constants.
    """
    path = Path(path)
    try:
        content = memoryview(path.read_bytes())
    except OSError as error:
        raise UserError(f"weights {str(path)!r} cannot be read: {error.strerror}.") from error
    found: dict[str, np.ndarray] = {}
    try:
        for number, node in _fields(content):
            if number == _NODE:
                found.update(_constant(node))
    except (ValueError, IndexError, TypeError) as error:
        raise UserError(
            f"weights {str(path)!r} is damaged or no TensorFlow graph ({error})."
        ) from error
    if not found:
        raise UserError(f"weights {str(path)!r} holds no constants; it must be a frozen graph.")
    return found


def _constant(node: memoryview) -> dict[str, np.ndarray]:
    name, operation, value = "", "", None
    for number, content in _fields(node):
        if number == _NODE_NAME:
            name = bytes(content).decode()
        elif number == _NODE_OPERATION:
            operation = bytes(content).decode()
        elif number == _NODE_ATTRIBUTE:
            entry = dict(_fields(content))
            if bytes(entry.get(_KEY, b"")) == b"value":
                value = dict(_fields(entry[_VALUE])).get(_TENSOR)
    array = _tensor(value) if operation == "Const" and value is not None else None
    return {} if array is None else {name: array}


def _tensor(message: memoryview) -> np.ndarray | None:
    """The array of a tensor; None if it holds no numbers."""
    fields = list(_fields(message))
    one = dict(fields)
    dtype = _DTYPES.get(one.get(_DTYPE, 0))
    if dtype is None:
        return None
    sizes = [
        dict(_fields(dimension)).get(_SIZE, 0)
        for number, dimension in _fields(one.get(_SHAPE, memoryview(b"")))
        if number == _DIMENSION
    ]
    if _CONTENT in one:
        return np.frombuffer(one[_CONTENT], dtype).reshape(sizes)
    if one[_DTYPE] not in _LISTS:
        return None
    number, dtype = _LISTS[one[_DTYPE]]
    written = b"".join(bytes(content) for field, content in fields if field == number)
    values = np.frombuffer(written, dtype)
    count = int(np.prod(sizes))
    if len(values) == 1 or (len(values) == 0 and count):
        return np.full(sizes, values[0] if len(values) else 0, dtype)  # one value stands for all
    return values.reshape(sizes)


def _fields(message: memoryview) -> Iterator[tuple[int, Any]]:
    """Number and value of each field: an int, or the bytes of anything else."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        kind, number = tag & 7, tag >> 3
        if kind == _VARINT:
            value, at = _varint(message, at)
            yield number, value
            continue
        if kind == _BYTES:
            length, at = _varint(message, at)
        elif kind in (_FIXED64, _FIXED32):
            length = 8 if kind == _FIXED64 else 4
        else:
            raise ValueError(f"a field of kind {kind}")
        if at + length > len(message):
            raise ValueError("a field longer than its message")
        yield number, message[at : at + length]
        at += length


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, the lowest first, and where it ends."""
    value = 0
    for shift in range(0, 70, 7):
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError("a number of more than ten bytes")
