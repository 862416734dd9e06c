"""Contents of ``.npz`` files: what people store, and what they store by mistake."""

import io
import zipfile
from typing import Any

import numpy as np
from hypothesis import strategies as st

DTYPES = (
    *("uint8", "int8", "uint16", "int32", "int64", "uint64", "float16", "float32", "float64"),
    *(
        "bool",
        "complex64",
        "U3",
        "S3",
        "M8[s]",
        "m8[s]",
        "V4",
        "object",
        ">f4",
        ">i2",
        "longdouble",
    ),
)
IMAGES = ("image", "images", "x", "arr_0", "image_train", "images_test", "x_val", "image_Train")
LABELS = ("label", "labels", "y", "arr_1", "label_train", "labels_test", "y_val", "label_Test")
OTHERS = (
    *(
        "mask",
        "photo_mask",
        "classes",
        "class_names",
        "label_mask",
        "p_val",
        "X",
        "image_",
        "_train",
    ),
    *("", " ", "a/b", "../image", "é", "image.npy", "file", "x" * 300),
)
SPLITS = (
    "_train _test",
    "_train _val",
    "_Train _TEST _val",
    "_train",
    "_test",
    " _test",
    " _train",
)
FILLS = (
    "zeros",
    "ones",
    "bytes",
    "unit",
    "signed",
    "deep",
    "negative",
    "huge",
    "nan",
    "infinity",
    "few",
)


def array(shape: tuple[int, ...], dtype: str, fill: str, seed: int) -> np.ndarray:
    """An array of any type whose values are of a kind in `FILLS`, as far as the type has them."""
    draw = np.random.default_rng(seed)
    values: dict[str, Any] = {
        "zeros": lambda: np.zeros(shape),
        "ones": lambda: np.ones(shape),
        "bytes": lambda: draw.integers(0, 256, shape),
        "unit": lambda: draw.random(shape),
        "signed": lambda: 2 * draw.random(shape) - 1,
        "deep": lambda: draw.integers(0, 65536, shape),
        "negative": lambda: -draw.integers(0, 256, shape),
        "huge": lambda: np.full(shape, 1e30),
        "nan": lambda: np.where(draw.random(shape) < 0.3, np.nan, 0.5),
        "infinity": lambda: np.where(draw.random(shape) < 0.3, -np.inf, 0.5),
        "few": lambda: draw.integers(0, 3, shape),
    }
    made = np.asarray(values[fill]())
    if dtype == "object":
        return np.asarray(made, object)
    if dtype == "S3" and fill == "bytes":
        return np.full(shape, b"\xff\xe9")
    if dtype in ("U3", "S3", "V4"):
        return made.astype("U3").astype(dtype)
    with np.errstate(all="ignore"):
        if dtype[0] in "Mm":
            return np.nan_to_num(made).astype(np.int64).astype(dtype)
        return made.astype(dtype)


@st.composite
def _image(draw: st.DrawFn, count: int) -> np.ndarray:
    side = draw(st.sampled_from((1, 2, 8)))
    usual = ((count, side), (count, side, side, 1), (count, side, side, 3), (count, side, side))
    odd = ((count,), (count, 3, 16, 16), (count, side, side, 5), (count, side, 2 * side, 2))
    shape = draw(st.sampled_from((*usual * 4, *odd)))
    floats = ("float32", "float64")
    dtype = draw(
        st.sampled_from((*(floats if len(shape) == 2 else ("uint8", *floats)) * 20, *DTYPES))
    )
    fill = draw(st.sampled_from((*("bytes", "unit") * 16, *FILLS)))
    return array(shape, dtype, fill, draw(st.integers(0, 99)))


@st.composite
def _label(draw: st.DrawFn, count: int) -> np.ndarray:
    odd = ((count, 1), (count, 4), (count, 4), (count + 1,), (), (0,))
    shape = draw(st.sampled_from((*((count,),) * 18, *odd)))
    if len(shape) == 2 and draw(st.booleans()):
        return np.eye(max(shape[1], 1), dtype=draw(st.sampled_from(DTYPES[:10])))[
            np.arange(shape[0]) % max(shape[1], 1)
        ]
    dtype = draw(st.sampled_from((*("int32", "int64", "uint8", "U3") * 10, *DTYPES)))
    fill = draw(st.sampled_from((*("few",) * 30, *FILLS)))
    return array(shape, dtype, fill, draw(st.integers(0, 99)))


@st.composite
def _any(draw: st.DrawFn) -> np.ndarray:
    sizes = st.sampled_from((0, 1, 1, 2, 3, 7))
    shape = tuple(draw(st.lists(sizes, max_size=5)))
    fill = draw(st.sampled_from(FILLS))
    return array(shape, draw(st.sampled_from(DTYPES)), fill, draw(st.integers(0, 99)))


@st.composite
def fields(draw: st.DrawFn) -> dict[str, np.ndarray]:
    """Arrays by their keys: plausible pictures or points with labels, others beside them, or anything."""
    count = draw(st.sampled_from((1, 2, 5, 64, 64)))
    found: dict[str, np.ndarray] = {}
    endings = draw(
        st.sampled_from((*("",) * 8, *("_train _test", "_train _val") * 3, *SPLITS))
    ).split(" ")
    base = draw(st.sampled_from(("image", "image", "images", "x")))
    for ending in endings:
        found[base + ending] = draw(_image(count))
        if draw(st.booleans()):
            found["label" + ending] = draw(_label(count))
    if draw(st.integers(0, 3)) == 0:
        key = draw(st.sampled_from((*IMAGES, *LABELS, *OTHERS * 2)))
        found[key] = draw(st.one_of(_any(), _label(count), _image(count)))
    return found


@st.composite
def archives(draw: st.DrawFn) -> bytes:
    """The bytes of an ``.npz`` file, some of them cut, altered, or of no archive at all."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for key, values in draw(fields()).items():
            with archive.open(f"{key}.npy", "w") as file:
                np.lib.format.write_array(file, values, allow_pickle=True)
    content = buffer.getvalue()
    damage = draw(
        st.sampled_from((*("none",) * 50, "cut", "altered", "altered", "empty", "text", "array"))
    )
    at = draw(st.integers(0, max(len(content) - 1, 0)))
    if damage == "array":
        buffer = io.BytesIO()
        np.save(buffer, np.zeros((4, 2), np.float32))
        return buffer.getvalue()
    return {
        "cut": content[:at],
        "altered": content[:at] + bytes([255 - content[at]]) + content[at + 1 :],
        "empty": b"",
        "text": b"image,label\n1,2\n",
    }.get(damage, content)
