"""Folders of pictures in every layout that people have, archives of them, and ``dataset.json``."""

import io
import json
import zipfile
from typing import Any

from hypothesis import strategies as st

from benchmarks._fuzz.case import HERE, File
from benchmarks._fuzz.pictures import pictures

NAMES = (
    *(
        "cat",
        "dog",
        "1",
        "2",
        "10",
        "1.5",
        "é",
        "猫",
        "a b",
        " ",
        "x.png",
        "caf\udce9",
        ".hidden",
        "-rf",
        "²",
    ),
    *(
        "a@64",
        "a+flip",
        "@8",
        "+disk",
        "a:b",
        "folder:x",
        "%s",
        "{0}",
        "a\nb",
        "Train",
        "con",
        "n" * 250,
    ),
    *("1" * 200, "a'b", 'a"b', "__MACOSX", "~", "$HOME", "*", "train", "٣"),
)
SPLITS = (
    *(
        ("train", "test"),
        ("Train", "Test"),
        ("TRAIN", "val"),
        ("train", "valid"),
        ("training", "testing"),
    ),
    *(
        ("train",),
        ("test",),
        ("train", "test", "val"),
        ("train", "extra"),
        ("train", "Train", "test"),
    ),
)
ENDINGS = (
    ".png",
    ".png",
    ".png",
    ".PNG",
    ".jpg",
    ".tif",
    ".gif",
    ".webp",
    ".txt",
    ".npz",
    "",
    ".png.png",
)
JSON: tuple[Any, ...] = (
    *(None, {}, [], 3, "x", {"labels": None}, {"labels": []}, {"labels": {}}, {"labels": [1]}),
    *({"labels": [["a", 0, 1]]}, {"labels": [[0, 0]]}, {"other": 1}),
)
LABELS: tuple[Any, ...] = (
    *(
        0,
        1,
        2,
        -1,
        1.5,
        1e30,
        10**30,
        "cat",
        None,
        True,
        [1, 0],
        [0.5, 2.0],
        [],
        [[1]],
        {},
        float("nan"),
    ),
    float("inf"),
)


@st.composite
def trees(draw: st.DrawFn, plain: bool) -> list[File]:
    """The files of a folder: pictures directly or in classes, with or without splits, and other files.

    Pictures and their names are alike if ``plain``.
    """
    usual = ("flat", "classes", "splits", "splits of classes")
    layout = draw(st.sampled_from((*usual * 4, "classes", "mixed", "empty")))
    tops = [""]
    if layout.startswith("splits"):
        tops = [f"{name}/" for name in draw(st.sampled_from(SPLITS))]
    found: list[File] = []
    for top in tops:
        classes = [""]
        if layout in ("classes", "splits of classes"):
            own = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True))
            classes = [f"{name}/" for name in own]
        elif layout == "mixed":
            classes = ["", f"{draw(st.sampled_from(NAMES))}/", "deep/er/"]
        for name in classes:
            if layout == "empty" or draw(st.integers(0, 19)) == 0:
                found.append(File(f"{top}{name}"))
                continue
            for number in range(draw(st.integers(1, 4))):
                stem = str(number) if plain else draw(st.sampled_from((str(number), *NAMES)))
                ending = ".png" if plain else draw(st.sampled_from(ENDINGS))
                found.append(File(f"{top}{name}{stem}{ending}", draw(pictures(plain))))
    extra = draw(
        st.sampled_from((*("none",) * 12, "circle", "nowhere", "text", "labels", "labels"))
    )
    if extra == "circle":
        found.append(File(f"{tops[0]}circle", link="."))
    elif extra == "nowhere":
        found.append(File(f"{tops[0]}gone.png", link=f"{HERE}/nowhere.png"))
    elif extra == "text":
        found.append(File(f"{tops[0]}notes.docx", b"notes"))
    elif extra == "labels":
        names = [file.path.removeprefix(tops[0]) for file in found if file.content is not None]
        found.append(File(f"{tops[0]}dataset.json", draw(labels(names))))
    return found


@st.composite
def labels(draw: st.DrawFn, names: list[str]) -> bytes:
    """The content of a ``dataset.json`` about these pictures, or an odd one."""
    kind = draw(
        st.sampled_from(("right", "right", "right", "vectors", "any", "any", "odd", "text", "deep"))
    )
    if kind == "odd":
        return json.dumps(draw(st.sampled_from(JSON))).encode()
    if kind == "text":
        return draw(st.sampled_from((b"", b"{", b"\xff\xfe{}", b"\xef\xbb\xbf{}")))
    if kind == "deep":
        return b"[" * 100_000
    right = {
        "right": st.integers(0, 2),
        "vectors": st.lists(st.integers(0, 1), min_size=3, max_size=3),
    }
    values = right.get(kind, st.sampled_from(LABELS))
    return json.dumps({"labels": [[name, draw(values)] for name in names]}).encode()


@st.composite
def zips(draw: st.DrawFn, plain: bool) -> bytes:
    """The bytes of an archive of such a folder, some of them cut or altered."""
    buffer = io.BytesIO()
    top = draw(st.sampled_from((*("",) * 8, "photos/", "train/", "../", "/", "a\\b/")))
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, content in {
            file.path: file.content or b"" for file in draw(trees(plain))
        }.items():
            archive.writestr(f"{top}{path}".encode(errors="replace").decode(), content)
    content = buffer.getvalue()
    at = draw(st.integers(0, max(len(content) - 1, 0)))
    damage = draw(st.sampled_from((*("none",) * 12, "cut", "altered", "encrypted")))
    if damage == "encrypted":  # says so, though nothing is
        return content.replace(b"PK\x03\x04\x14\x00\x00", b"PK\x03\x04\x14\x00\x01").replace(
            b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01"
        )
    return {
        "cut": content[:at],
        "altered": content[:at] + bytes([255 - content[at]]) + content[at + 1 :],
    }.get(damage, content)
