import io
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from jgan.errors import UserError
from jgan.weights.torch_file import read_torch_file

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("layout", ["old", "new"])
def test_tensors_that_torch_wrote(layout):
    # Written by torch 2.13 in both layouts, from a dictionary with strided views of one storage.
    found = read_torch_file(GOLDEN / f"{layout}.pth")
    base = np.arange(24, dtype=np.float32)
    expected = {
        "net.weight": base.reshape(2, 3, 4),
        "net.turned": base.reshape(4, 6).T,
        "net.part": base[5:9],
        "net.half": np.asarray([1.5, -2], np.float16),
        "net.brain": np.asarray([3, 0.25], np.float32),
        "net.counter": np.asarray(7, np.int64),
        "net.flags": np.asarray([True, False]),
        "parameter": np.asarray([[1, 2]], np.float32),
        "empty": np.zeros((0, 3), np.float32),
    }
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


class Evil:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.mkdir, (str(self.marker),)


def zipped(described):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/data.pkl", described)
    return buffer.getvalue()


def streamed(described):
    head = [0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}]
    return b"".join(pickle.dumps(value, 2) for value in head) + described + pickle.dumps([], 2)


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
@pytest.mark.parametrize("wrap", [zipped, streamed])
def test_a_file_that_calls_a_function_is_refused_by_its_name_and_runs_nothing(
    tmp_path, protocol, wrap
):
    marker, path = tmp_path / "was here", tmp_path / "evil.pth"
    path.write_bytes(wrap(pickle.dumps({"weight": Evil(marker)}, protocol)))
    with pytest.raises(UserError, match=r"mkdir|instruction") as caught:
        read_torch_file(path)
    assert not marker.exists()
    assert str(caught.value).count(". ") == 0
    pickle.loads(pickle.dumps(Evil(marker), protocol))
    assert marker.exists()  # so the file was dangerous indeed


def test_known_functions_get_no_other_arguments(tmp_path):
    class Disguised:
        def __reduce__(self):
            return dict, ([("os", 1)],)

    path = tmp_path / "disguised.pth"
    path.write_bytes(zipped(pickle.dumps(Disguised(), 2)))
    with pytest.raises(UserError, match=r"refers to '__builtin__\.dict'"):
        read_torch_file(path)


@pytest.mark.parametrize("layout", ["old", "new"])
def test_damaged_files_are_refused_in_one_sentence(tmp_path, layout):
    content = (GOLDEN / f"{layout}.pth").read_bytes()
    path = tmp_path / "cut.pth"
    for kept in (0, 1, 100, len(content) // 2, len(content) - 20):
        path.write_bytes(content[:kept])
        with pytest.raises(UserError, match=r"cut\.pth"):
            read_torch_file(path)


def test_a_tensor_larger_than_its_data_is_refused(tmp_path):
    path = tmp_path / "large.pth"
    # The size (2, 3, 4) of the first tensor becomes (2, 3, 120); its storage holds 24 numbers.
    content = (GOLDEN / "old.pth").read_bytes()
    assert content.count(b"K\x02K\x03K\x04\x87") == 1
    path.write_bytes(content.replace(b"K\x02K\x03K\x04\x87", b"K\x02K\x03K\x78\x87"))
    with pytest.raises(UserError, match="larger than its data"):
        read_torch_file(path)


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "weights.pth"
    with pytest.raises(UserError, match="No such file"):
        read_torch_file(path)
    path.write_bytes(zipped(pickle.dumps({"epoch": 3}, 2)))
    with pytest.raises(UserError, match="no dictionary of tensors"):
        read_torch_file(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("hello.txt", "hello")
    with pytest.raises(UserError, match=r"without 'data\.pkl'"):
        read_torch_file(path)
