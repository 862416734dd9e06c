"""Commands x kinds of odd input: each is one sentence that names the flag, the run or the data, with code 2.

The table is generated from the commands' own parsers, and from lists of odd runs and of odd data. What needs a
sentence of its own is in ``test_mistakes.py``.
"""

import itertools
import json
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks._fuzz.arrays import array  # noqa: E402
from benchmarks._fuzz.case import WORLD, placed  # noqa: E402
from benchmarks._fuzz.cases import OF_PICTURES, PROBE, READERS  # noqa: E402
from benchmarks._fuzz.flags import WRONG, all_flags  # noqa: E402
from benchmarks._fuzz.outcome import judge  # noqa: E402
from benchmarks._fuzz.pictures import encoded  # noqa: E402
from benchmarks._fuzz.world import PROBE as PROBE_TEXT  # noqa: E402
from benchmarks._fuzz.world import World, checkpoints_in, make  # noqa: E402

NEEDED = {
    "sweep": (PROBE, "--over", "lr=0.1"),
    "classifier": ("ring", "--out", "x.npz"),
    "compare": ("ring", "ring"),
    "new": ("x.py", "--from", "r1"),
    "translate": (f"{WORLD}/run", f"{WORLD}/photos", "--out", "new"),
    **dict.fromkeys(("train", "verify"), (PROBE,)),
    **dict.fromkeys((*READERS, "report"), (f"{WORLD}/run",)),
}
"""What commands must be given besides their flags."""


class Mistake(NamedTuple):
    """A wrong command, what its sentence must name, and whether every run tries it or the full product only."""

    words: tuple[str, ...]
    named: str
    always: bool = True


def of_flags() -> Iterator[Mistake]:
    """Every flag of every command with words that it cannot have, and with none.

    Every run tries each flag with one of the words, and each word with some of the flags of its kind.
    """
    turns = defaultdict(itertools.count)
    with tempfile.TemporaryDirectory() as folder:
        probe = Path(folder) / "probe.py"
        probe.write_text(PROBE_TEXT)
        table = all_flags(str(probe))
    for command, flags in table.items():
        start = (command, *NEEDED.get(command, ()))
        for flag in flags:
            if flag.kind == "switch":
                yield Mistake((*start, f"{flag.name}=1"), flag.name)
                continue
            yield Mistake((*start, flag.name), flag.name)
            words = WRONG.get(flag.kind, ())
            turn = next(turns[flag.kind])
            for number, word in enumerate(words):
                always = number == turn % len(words)
                yield Mistake((*start, f"{flag.name}={word}"), flag.name, always)
        yield Mistake((*start, "--colour", "red"), "--colour")


ODD_RUNS = {
    "missing": "missing",
    "file": "file",
    "folder": "folder",
    "json": "json/settings.json",
    "deep": "deep/settings.json",
    "latin": "latin/settings.json",
    "list": "list/settings.json",
    "foreign": "foreign/settings.json",
    "undescribed": "undescribed/settings.json",
    "stepless": "stepless/settings.json",
    "lost": "lost",
    "bare": "bare",
    "sweep": "sweep",
    "emptied": "emptied/checkpoints",
    "cut": "cut/checkpoints",
}
"""The folders of odd runs, and what is named of them."""


def of_runs() -> Iterator[Mistake]:
    """Every command that takes a run with every odd one."""
    for run, named in ODD_RUNS.items():
        for command in READERS:
            if named.endswith("checkpoints") and command in (*OF_PICTURES, "dissect"):
                continue  # that the run is one of points is found first
            yield Mistake((command, f"{WORLD}/{run}"), f"/{named}")
        if not named.endswith("checkpoints"):  # that the run is no translator is found first
            words = ("translate", f"{WORLD}/{run}", f"{WORLD}/photos", "--out", "new")
            yield Mistake(words, f"/{named}")
        train = ("train", PROBE, "--no-stop", "--out", "new", "--steps", "2", "--size", "64")
        yield Mistake((*train, "--fork", f"{WORLD}/{run}"), f"/{named}")
    for run in ("missing", "file", "folder"):
        yield Mistake(("report", f"{WORLD}/{run}"), f"/{run}")
    for command in ("train", "sweep"):
        start = (command, *NEEDED[command], "--no-stop", "--out")
        for run in ("file", "probe.py", "photos", "json", "deep", "list", "foreign", "undescribed"):
            yield Mistake((*start, f"{WORLD}/{run}"), f"/{run}")


IMAGE = array((8, 8, 8, 1), "uint8", "bytes", 0)
LABEL = np.arange(8) % 2
ARRAYS = {
    "no-image": {"label": LABEL},
    "no-key": {},
    "empty": {"image": IMAGE[:0]},
    "scalar": {"image": np.float32(3)},
    "rank-5": {"image": IMAGE[..., None]},
    "complex": {"image": IMAGE.astype(complex)},
    "dates": {"image": IMAGE.astype("M8[s]")},
    "words": {"image": IMAGE.astype("U3")},
    "nan": {"image": array((8, 2), "float32", "nan", 0)},
    "infinite": {"image": array((8, 8, 8, 1), "float32", "infinity", 0)},
    "too-large": {"image": array((8, 8, 8, 1), "float32", "huge", 0)},
    "negative": {"image": array((8, 8, 8, 1), "int32", "negative", 0)},
    "channels-first": {"image": array((8, 3, 16, 16), "uint8", "bytes", 0)},
    "long-labels": {"image": IMAGE, "label": np.arange(9)},
    "broken-labels": {"image": IMAGE, "label": LABEL + 0.5},
    "nan-labels": {"image": IMAGE, "label": np.where(LABEL, np.nan, 0)},
    "negative-labels": {"image": IMAGE, "label": LABEL - 1},
    "large-labels": {"image": IMAGE, "label": LABEL + 2**40},
    "one-label": {"image": IMAGE, "label": np.int32(1)},
    "no-labels": {"image": IMAGE, "label": LABEL[:0]},
    "two-images": {"image": IMAGE, "x": IMAGE},
    "few-names": {"image": IMAGE, "label": LABEL, "classes": np.asarray(["cat"])},
}
ODD_DATA = {
    **{f"{WORLD}/{name}.npz": name for name in ARRAYS},
    f"{WORLD}/objects.npz": "objects.npz",
    f"{WORLD}/cut.npz": "cut.npz",
    f"{WORLD}/text.npz": "text.npz",
    f"{WORLD}/folder.npz": "folder.npz",
    f"{WORLD}/absent.npz": "absent.npz",
    f"{WORLD}/text.zip": "text.zip",
    f"{WORLD}/locked.zip": "locked.zip",
    f"folder:{WORLD}/absent": "absent",
    f"folder:{WORLD}/file": "file",
    f"{WORLD}/folder": "folder",
    f"{WORLD}/broken": "broken",
    f"{WORLD}/sizes": "sizes",
    f"{WORLD}/beside": "beside",
    f"{WORLD}/no-json": "dataset.json",
    f"{WORLD}/deep-json": "dataset.json",
    f"{WORLD}/short-json": "dataset.json",
    f"{WORLD}/odd-json": "dataset.json",
    f"{WORLD}/photos@0": "image_size",
    f"{WORLD}/photos@99999": "image_size",
    f"{WORLD}/photos@8x8x2": "channels",
    f"{WORLD}/photos+spin": "+spin",
    f"{WORLD}/photos+shift0": "shift",
    f"mnist:{WORLD}/photos": "train-images",
    f"cifar10:{WORLD}/photos": "cifar10",
    "rinq": "'rinq'",
    "": "''",
    "a\0b": "a\\x00b",
    "a\ud800": "a\\ud800",
    "x" * 5000: "xxx",
}
"""Data that cannot be taken, and what is named of them."""


def of_data() -> Iterator[Mistake]:
    """Every command that takes data with all that are odd; in every run, each with a fifth of the others."""
    for number, (name, named) in enumerate(ODD_DATA.items()):
        commands = [
            *(
                (command, *NEEDED[command], "--data", name)
                for command in ("train", "verify", "sweep")
            ),
            ("compare", name, "ring"),
            ("compare", "ring", name),
            ("classifier", name, "--out", "x.npz"),
            *(
                (command, f"{WORLD}/run", "--data", name)
                for command in ("sample", "evaluate", "spectrum")
            ),
        ]
        for turn, words in enumerate(commands):
            yield Mistake(words, named, always=(number + turn) % 5 == 0)


def of_pictures() -> Iterator[Mistake]:
    """Pictures of one's own, and masks, that cannot be read."""
    for name in ("absent.png", "file", "folder", "broken/0.png", "probe.py", "cut.npz"):
        for command in OF_PICTURES:
            yield Mistake((command, f"{WORLD}/pictures", f"{WORLD}/{name}"), name)
        yield Mistake(("inpaint", f"{WORLD}/pictures", "--mask", f"{WORLD}/{name}"), name)


def write_odd(world: Path) -> None:
    """Write the odd runs and data that are not in every world."""
    settings = json.loads((world / "run" / "settings.json").read_text())
    texts = {
        "json": "{",
        "deep": "[" * 100_000,
        "list": "[1, 2]",
        "foreign": '{"editor.tabSize": 4}',
        "undescribed": json.dumps({**settings, "data": {"name": "ring", "fields": 3}}),
        "stepless": json.dumps({**settings, "steps": "many"}),
    }
    for name, text in texts.items():
        shutil.copytree(world / "run", world / name)
        (world / name / "settings.json").write_text(text)
    shutil.copytree(world / "run", world / "latin")
    (world / "latin" / "settings.json").write_bytes(b'{"arguments": "caf\xe9"}')
    for name, fields in ARRAYS.items():
        np.savez(world / f"{name}.npz", **fields)
    np.savez(world / "objects.npz", image=np.asarray([{}, {}]))
    np.savez(world / "cut.npz", image=IMAGE)
    (world / "cut.npz").write_bytes((world / "cut.npz").read_bytes()[:300])
    (world / "text.npz").write_text("no archive")
    (world / "text.zip").write_text("no archive")
    (world / "folder.npz").mkdir()
    png = encoded("png", "RGB", (8, 8), 3)
    files = {
        "photos": {"0.png": png, "1.png": png},
        "broken": {"0.png": b"no picture"},
        "sizes": {"0.png": png, "1.png": encoded("png", "RGB", (16, 8), 3)},
        "beside": {"0.png": png, "cats/0.png": png},
        "no-json": {"0.png": png, "dataset.json": b"{"},
        "deep-json": {"0.png": png, "dataset.json": b"[" * 100_000},
        "short-json": {"0.png": png, "dataset.json": b'{"labels": [["1.png", 0]]}'},
        "odd-json": {"0.png": png, "dataset.json": b'{"labels": [["0.png", {}]]}'},
    }
    for folder, own in files.items():
        for name, content in own.items():
            (world / folder / name).parent.mkdir(parents=True, exist_ok=True)
            (world / folder / name).write_bytes(content)
    archive = Path(shutil.make_archive(str(world / "locked"), "zip", world / "short-json"))
    # The bit that says that a file is encrypted, in both of its headers.
    content = bytearray(archive.read_bytes())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        found = content.find(mark)
        while found >= 0:
            content[found + at] |= 1
            found = content.find(mark, found + 1)
    archive.write_bytes(bytes(content))


KINDS = {"flags": of_flags, "runs": of_runs, "data": of_data, "pictures": of_pictures}
TABLE = {kind: list(make_rows()) for kind, make_rows in KINDS.items()}
COMMANDS = [
    pytest.param(kind, command, always, marks=[] if always else [pytest.mark.full])
    for kind, rows in TABLE.items()
    for command, always in dict.fromkeys((row.words[0], row.always) for row in rows)
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    made = make(tmp_path_factory.mktemp("odd"))
    write_odd(made.path)
    return made


@pytest.mark.parametrize(("kind", "command", "always"), COMMANDS)
def test_odd_input_is_one_sentence_that_names_it(
    kind: str,
    command: str,
    always: bool,
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("JGAN_CACHE", str(tmp_path / "cache"))
    wrong = []
    for words, named, often in TABLE[kind]:
        if (words[0], often) == (command, always):
            found, message = judge([placed(word, tmp_path, world.path) for word in words], tmp_path)
            if found != "refused" or named not in message:
                wrong.append(f"{found}: {words!a} must name {named!r}: {message}")
    assert not wrong, "\n".join(wrong)
    assert checkpoints_in(world.path) == world.checkpoints


def test_there_are_enough() -> None:
    assert len({row for rows in TABLE.values() for row in rows}) >= 900
