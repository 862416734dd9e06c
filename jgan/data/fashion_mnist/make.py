"""Make the embedded subset: ``python -m jgan.data.fashion_mnist.make FOLDER``.

FOLDER holds the four published idx files, for example ``/usr/share/datasets/fashion-mnist`` of
Debian's package ``dataset-fashion-mnist``. Their decompressed bytes are checked before anything is
written. The file is an ordinary npz compressed with LZMA, which is smaller than deflate, PNG
sheets or lossless WebP and which ``numpy.load`` reads.
"""

import hashlib
import sys
import zipfile
from pathlib import Path

import numpy as np

from jgan.data.array_files import read_idx_folder
from jgan.data.fashion_mnist import CLASSES, PATH

PER_CLASS = {"train": 1000, "test": 100}
MD5 = {
    ("train", "image"): "f4a8712d7a061bf5bd6d2ca38dc4d50a",
    ("train", "label"): "9018921c3c673c538a1fc5bad174d6f9",
    ("test", "image"): "8181f5470baa50b63fa0f6fddb340f0a",
    ("test", "label"): "15d484375f8d13e6eb1aabb0c3f46965",
}


def idx_bytes(values: np.ndarray) -> bytes:
    """Return a uint8 array as the bytes of an idx file.

    Example:
        >>> idx_bytes(np.asarray([7, 9], np.uint8)).hex()
        '00000801000000020709'
    """
    return (
        bytes([0, 0, 8, values.ndim]) + np.asarray(values.shape, ">u4").tobytes() + values.tobytes()
    )


def subset(folder: str | Path, md5: dict[tuple[str, str], str] = MD5) -> dict[str, np.ndarray]:
    """Return the subset's arrays, class by class, in the files' order within each class.

    Args:
        folder: holds the published idx files.
        md5: digests of the decompressed files that are required.

    Returns:
        uint8 ``image_train`` (10000, 28, 28), ``label_train`` (10000,), ``image_test``
        (1000, 28, 28) and ``label_test`` (1000,).

    Raises:
        FileNotFoundError: if a file is missing.
        ValueError: if a file's digest is not the required one.
    """
    arrays = {}
    for split, count in PER_CLASS.items():
        source = read_idx_folder(folder, split=split)
        image = source.arrays["image"][..., 0]
        label = source.arrays["label"].astype(np.uint8)
        for field, values in (("image", image), ("label", label)):
            digest = hashlib.md5(idx_bytes(values)).hexdigest()
            if digest != md5[split, field]:
                raise ValueError(
                    f"the {split} {field} file in {folder} has md5 {digest}; "
                    f"it must be {md5[split, field]}."
                )
        chosen = np.concatenate([np.flatnonzero(label == c)[:count] for c in range(CLASSES)])
        arrays[f"image_{split}"] = image[chosen]
        arrays[f"label_{split}"] = label[chosen]
    return arrays


def write(arrays: dict[str, np.ndarray], path: Path) -> None:
    """Write an npz compressed with LZMA whose bytes do not depend on the time of writing."""
    with zipfile.ZipFile(path, "w") as archive:
        for field, values in arrays.items():
            member = zipfile.ZipInfo(f"{field}.npy")
            member.compress_type = zipfile.ZIP_LZMA
            with archive.open(member, "w") as file:
                np.lib.format.write_array(file, values, allow_pickle=False)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m jgan.data.fashion_mnist.make FOLDER")
    write(subset(sys.argv[1]), PATH)
