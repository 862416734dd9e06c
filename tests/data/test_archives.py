import io
import re
import tarfile

import numpy as np
import pytest

from jgan.data import load, read_cifar

FOLDER = "cifar-10-batches-bin"


def batch(number, count=3, labels=1):
    """Return a file's bytes: record r of batch b has label 2 b + r and pictures of known values."""
    rng = np.random.default_rng(number)
    records = []
    for row in range(count):
        label = [19, (2 * number + row) % 10][-labels:]
        records.append(np.concatenate([label, rng.integers(0, 256, 3072)]).astype(np.uint8))
    return np.stack(records).tobytes()


FILES = {f"data_batch_{i}.bin": batch(i) for i in range(1, 6)} | {"test_batch.bin": batch(0, 2)}


def unpacked(folder):
    folder.mkdir(parents=True)
    for name, data in FILES.items():
        (folder / name).write_bytes(data)
    return folder


def archive(path, files=FILES, inside=FOLDER):
    with tarfile.open(path, "w:gz") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(f"{inside}/{name}")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return path


def place(kind, folder):
    if kind == "files":
        return unpacked(folder / "cifar")
    if kind == "folder above":
        return unpacked(folder / FOLDER).parent
    path = archive(folder / "cifar-10-binary.tar.gz")
    return path if kind == "archive" else folder


@pytest.mark.parametrize("kind", ["files", "folder above", "archive", "folder of the archive"])
def test_cifar10(tmp_path, kind):
    path = place(kind, tmp_path)
    source = load(f"cifar10:{path}")
    assert source.describe() == (
        "cifar10: 15 examples; image uint8 (32, 32, 3); label int32 (); 10 classes "
        "(airplane, automobile, bird, cat, deer, dog, frog, horse, ship, truck)"
    )
    # Row by row, as the published page describes a record: 1024 red, 1024 green, 1024 blue.
    data = FILES["data_batch_2.bin"][3073:6146]
    assert source.arrays["label"][4] == data[0] == 5
    for y, x, c in [(0, 0, 0), (0, 31, 1), (17, 5, 2), (31, 31, 2)]:
        assert source.arrays["image"][4, y, x, c] == data[1 + 1024 * c + 32 * y + x]
    assert load(f"cifar10:{path}", split="test").arrays["label"].tolist() == [0, 1]
    assert load(f"cifar10:{path}", size=4).size == 4


def test_cifar100_has_its_fine_labels(tmp_path):
    (tmp_path / "train.bin").write_bytes(batch(2, labels=2))
    source = load(f"cifar100:{tmp_path}")
    assert source.arrays["label"].tolist() == [4, 5, 6]
    assert source.shape == (32, 32, 3)


@pytest.mark.parametrize("kind", ["archive", "folder of the archive", "unpacked", "folder above"])
def test_the_python_version_is_refused(tmp_path, kind):
    pickled = {"data_batch_1": b"\x80\x02]", "batches.meta": b"\x80\x02]"}
    path = tmp_path
    if "archive" in kind:
        path = archive(tmp_path / "cifar-10-python.tar.gz", pickled, "cifar-10-batches-py")
        path = path if kind == "archive" else tmp_path
    else:
        folder = tmp_path / "cifar-10-batches-py"
        folder.mkdir()
        for name, data in pickled.items():
            (folder / name).write_bytes(data)
        path = folder if kind == "unpacked" else tmp_path
    sentence = (
        f"{path} holds the Python version of cifar10, a pickle, which is never loaded; "
        "download the binary version, cifar-10-binary.tar.gz."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        load(f"cifar10:{path}")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", r"has 0 bytes; it must be a multiple of 3073\.$"),
        (batch(3)[:-1], r"^data_batch_3\.bin in \S+ has 9218 bytes; it must be a multiple of 3073"),
        (b"\x0a" + batch(3)[1:], r"^data_batch_3\.bin in \S+ has label 10; it must be below 10\.$"),
    ],
)
def test_damaged_files(tmp_path, data, message):
    folder = unpacked(tmp_path / FOLDER)
    (folder / "data_batch_3.bin").write_bytes(data)
    with pytest.raises(ValueError, match=message):
        load(f"cifar10:{folder}")


def test_missing_files(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere does not exist\.$"):
        load(f"cifar10:{tmp_path / 'nowhere'}")
    with pytest.raises(FileNotFoundError, match=r"has no data_batch_1\.bin of the binary version"):
        load(f"cifar10:{tmp_path}")
    folder = unpacked(tmp_path / FOLDER)
    (folder / "data_batch_4.bin").unlink()
    with pytest.raises(FileNotFoundError, match=r"^\S+ has no data_batch_4\.bin of the binary"):
        load(f"cifar10:{tmp_path}")


@pytest.mark.parametrize("cut", [10, 5000])
def test_a_damaged_archive(tmp_path, cut):
    path = archive(tmp_path / "cifar-10-binary.tar.gz")
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(ValueError, match=r"tar\.gz is not a readable tar archive: "):
        load(f"cifar10:{tmp_path}")


def test_unknown_arguments(tmp_path):
    with pytest.raises(ValueError, match=r"^kind is 'cifar9'; it must be 'cifar10' or 'cifar100'"):
        read_cifar(tmp_path, kind="cifar9")
    with pytest.raises(ValueError, match=r"^split is 'val'; it must be 'train' or 'test'"):
        read_cifar(tmp_path, split="val")
    with pytest.raises(ValueError, match=r"^the pictures of 'cifar10:x@64' are not resized; "):
        load("cifar10:x@64")
