import struct

import numpy as np
import pytest

from jgan.errors import UserError
from jgan.weights.graph_file import read_graph_file


def varint(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number, value):
    """One field as the format's public description has it."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def node(name, operation, tensor, key=b"value"):
    value = field(1, key) + field(2, field(8, tensor))
    other = field(1, b"dtype") + field(2, field(6, 1))
    inside = field(1, name) + field(2, operation) + field(3, b"an input") + field(5, other)
    return field(1, inside + field(5, value))


def tensor(dtype, sizes, content):
    shape = b"".join(field(2, field(1, size) + field(2, b"axis")) for size in sizes)
    return field(1, dtype) + field(2, shape) + content


def test_constants_of_every_form(tmp_path):
    kernel = np.arange(600, dtype=np.float32).reshape(3, 2, 100)
    path = tmp_path / "graph.pb"
    path.write_bytes(
        node(b"conv/params", b"Const", tensor(1, (3, 2, 100), field(4, kernel.tobytes())))
        + node(b"scalar", b"Const", tensor(3, (), field(4, struct.pack("<i", -5))))
        + node(b"packed", b"Const", tensor(1, (3,), field(5, struct.pack("<3f", 1, 2, 4))))
        + node(b"single", b"Const", tensor(1, (2, 2), varint(5 << 3 | 5) + struct.pack("<f", 0.5)))
        + node(b"double", b"Const", tensor(2, (1,), varint(6 << 3 | 1) + struct.pack("<d", 0.1)))
        + node(b"text", b"Const", tensor(7, (1,), field(8, b"words")))
        + node(b"no constant", b"Conv2D", tensor(1, (1,), field(4, b"\0\0\0\0")))
        + field(4, field(1, 21))
    )
    found = read_graph_file(path)
    assert found.keys() == {"conv/params", "scalar", "packed", "single", "double"}
    np.testing.assert_array_equal(found["conv/params"], kernel)
    assert found["scalar"] == -5
    assert found["packed"].tolist() == [1, 2, 4]
    assert found["single"].tolist() == [[0.5, 0.5], [0.5, 0.5]]
    assert found["double"].tolist() == [0.1]


def test_files_that_are_no_graphs(tmp_path):
    path = tmp_path / "graph.pb"
    with pytest.raises(UserError, match="No such file"):
        read_graph_file(path)
    path.write_bytes(b"")
    with pytest.raises(UserError, match="no constants"):
        read_graph_file(path)
    whole = node(b"a", b"Const", tensor(1, (2,), field(4, bytes(8))))
    path.write_bytes(whole)
    assert read_graph_file(path)["a"].tolist() == [0, 0]
    for content in (whole[:-3], b"\xff" * 40, b"\x0b\x01"):
        path.write_bytes(content)
        with pytest.raises(UserError, match="damaged"):
            read_graph_file(path)
    path.write_bytes(node(b"a", b"Const", tensor(1, (3,), field(4, bytes(8)))))
    with pytest.raises(UserError, match="damaged"):
        read_graph_file(path)
