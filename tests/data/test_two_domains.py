"""Pairs side by side and by name, unpaired folders, and garments whose translation is known."""

import pickle
import re

import jax
import numpy as np
import pytest
from PIL import Image

from jgan.data import load
from jgan.data import two_domains as module
from jgan.data.garments import SHIFTS, TRANSLATIONS, edges, hued, translation
from jgan.data.registry import absolute, in_files
from jgan.data.source import Source
from jgan.data.stored_array import StoredArray

RNG = np.random.default_rng(0)
KEY = jax.random.key(2)


def write(path, values):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(values, np.uint8)).save(path)


def flat(level, height=4, width=6):
    return np.full((height, width, 3), level)


def halves(left, right, width=6):
    return np.concatenate([flat(left, width=width), flat(right, width=width)], axis=1)


@pytest.fixture
def side_by_side(tmp_path):
    """Pictures that hold a pair each, as pix2pix's sets do."""
    for split, count in (("train", 5), ("val", 2)):
        for i in range(count):
            write(tmp_path / "facades" / split / f"{i}.png", halves(10 * i, 10 * i + 100))
    return tmp_path / "facades"


@pytest.fixture
def by_name(tmp_path):
    """The same pairs in two folders, one of other endings, where names sort otherwise with their endings."""
    for i, name in enumerate(("a", "a.b", "a-1", "c")):
        write(tmp_path / "A" / f"{name}.png", flat(10 * i))
        write(tmp_path / "B" / f"{name}.{'bmp' if i % 2 else 'png'}", flat(10 * i + 100))
    return tmp_path


def levels(source):
    return {field: source.arrays[field][:, 0, 0, 0].tolist() for field in ("a", "b")}


def test_pairs_side_by_side(side_by_side):
    source = load(f"pairs:{side_by_side}")
    assert source.describe() == (
        "facades: 5 examples; a uint8 (4, 6, 3); b uint8 (4, 6, 3); an example is b"
    )
    assert levels(source) == {"a": [0, 10, 20, 30, 40], "b": [100, 110, 120, 130, 140]}
    for field in ("a", "b"):  # no column of the other half
        assert np.ptp(source.arrays[field], axis=(1, 2, 3)).max() == 0
    assert load(f"pairs:{side_by_side}", split="test").size == 2
    assert load(f"pairs:{side_by_side}@2x3", size=3).shape == (2, 3, 3)


def test_the_other_way_round(side_by_side):
    source = load(f"pairs:{side_by_side}+swap")
    assert levels(source) == {"a": [100, 110, 120, 130, 140], "b": [0, 10, 20, 30, 40]}
    with pytest.raises(
        ValueError, match=r"\+swap is for two domains, but 'fashion' has image, label"
    ):
        load("fashion+swap")


def test_pairs_that_stay_on_disk(side_by_side):
    source = load(f"pairs:{side_by_side}@4x6+disk")
    assert isinstance(source.arrays["a"], StoredArray)
    for field, values in load(f"pairs:{side_by_side}").arrays.items():
        stored = pickle.loads(pickle.dumps(source.arrays[field]))
        np.testing.assert_array_equal(stored[np.arange(5)], values)


def test_pairs_by_name(by_name):
    two = load(f"pairs:{by_name}/A,{by_name}/B")
    found = levels(two)
    assert sorted(found["a"]) == [0, 10, 20, 30]
    assert found["b"] == [level + 100 for level in found["a"]]
    assert levels(load(f"pairs:{by_name}")) == found
    some = levels(load(f"pairs:{by_name}", size=2))
    assert some["b"] == [level + 100 for level in some["a"]]


def test_unpaired_folders(tmp_path):
    for folder, count in (("trainA", 3), ("trainB", 5), ("testA", 1), ("testB", 2)):
        for i in range(count):
            write(tmp_path / "horses" / folder / f"{i}.png", flat(i))
    source = load(f"unpaired:{tmp_path}/horses")
    assert source.sizes == {"a": 3, "b": 5}
    assert (source.example, source.name) == ("b", "horses")
    assert load(f"unpaired:{tmp_path}/horses@8", split="test").sizes == {"a": 1, "b": 2}
    assert load(f"unpaired:{tmp_path}/horses", size=4).sizes == {"a": 3, "b": 4}
    folders = f"unpaired:{tmp_path}/horses/testA,{tmp_path}/horses/trainB"
    assert load(folders).sizes == {"a": 1, "b": 5}
    assert load(folders).name == "testA+trainB"
    assert load(f"{folders}+swap").sizes == {"a": 5, "b": 1}


def test_cycle_gan_sets_of_tfds(monkeypatch):
    asked = []

    def read(name, *, split, **options):
        asked.append((name, split, options["image_size"]))
        count = 3 if split.endswith("A") else 4
        return Source(
            {"image": np.zeros((count, 8, 8, 3), np.uint8), "label": np.zeros(count, np.int32)}
        )

    monkeypatch.setattr(module, "read_tfds", read)
    source = load("tfds:cycle_gan/horse2zebra@8", split="test")
    assert source.sizes == {"a": 3, "b": 4}
    assert source.name == "tfds:cycle_gan/horse2zebra"
    assert [(name, split) for name, split, _ in asked] == [
        ("cycle_gan/horse2zebra", "testA"),
        ("cycle_gan/horse2zebra", "testB"),
    ]
    assert asked[0][2] == (8, 8)


def test_transparency_and_16_bits_are_read(tmp_path):
    clear = np.concatenate([flat(200), np.full((4, 6, 1), 0)], axis=2)
    write(tmp_path / "A" / "x.png", clear)
    (tmp_path / "B").mkdir()
    Image.fromarray(np.full((4, 6), 257 * 80, np.uint16)).save(tmp_path / "B" / "x.png")
    source = load(f"pairs:{tmp_path}")
    assert levels(source) == {"a": [255], "b": [80]}
    assert [source.arrays[field].shape[-1] for field in ("a", "b")] == [3, 1]


def test_paths_are_made_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert absolute("pairs:x,y@64+swap") == f"pairs:{tmp_path}/x,{tmp_path}/y@64+swap"
    assert absolute("unpaired:x") == f"unpaired:{tmp_path}/x"
    assert absolute("garments:edges+flip") == "garments:edges+flip"
    assert in_files("pairs:x,y")
    assert not in_files("garments:hues")


def test_unpaired_rows_are_moved_independently_and_pairs_alike():
    wide = np.arange(28, dtype=np.float32)[None, None, :, None] * np.ones(
        (64, 28, 1, 3), np.float32
    )
    for name, alike in (("garments:hues", False), ("garments:edges", True)):
        source = load(f"{name}+flip")
        moved = source.augment(KEY, {"a": wide, "b": wide})
        flipped = [np.asarray(moved[field])[:, 0, 0, 0] > 0 for field in ("a", "b")]
        assert (flipped[0] == flipped[1]).all() == alike


@pytest.mark.parametrize(
    ("files", "name", "message"),
    [
        (
            {"A/1.png": flat(1), "A/2.png": flat(1), "B/1.png": flat(1)},
            "pairs:{f}",
            "1 of the 2 pictures in {f}/A have no partner of the same name in {f}/B: 2.",
        ),
        (
            {"A/1.png": flat(1), "B/1.png": flat(1), "B/3.png": flat(1)},
            "pairs:{f}/A,{f}/B",
            "1 of the 2 pictures in {f}/B have no partner of the same name in {f}/A: 3.",
        ),
        (
            {"A/1.png": flat(1), "B/1.png": flat(1), "B/1.bmp": flat(1)},
            "pairs:{f}",
            "{f}/B has two pictures called 1; each pair must have its own name.",
        ),
        (
            {"A/1.png": flat(1), "B/1.png": flat(1, 4, 8)},
            "pairs:{f}",
            "the pictures in {f}/A are 4x6 (height x width) and their partners in {f}/B 4x8; pass image_size, "
            "or end the name with @64.",
        ),
        (
            {"1.png": flat(1, 4, 7)},
            "pairs:{f}",
            "the pictures in {f} are 7 pixels wide, which is odd; pictures that hold a pair side by side must "
            "have two equal halves.",
        ),
        (
            {"A/1.png": flat(1), "B/notes.txt": None},
            "unpaired:{f}",
            "{f}/B holds no pictures; it must hold files such as .png, .jpg, .webp or .tif, directly or in one "
            "subfolder for each class.",
        ),
        (
            {"A/1.png": flat(1), "B/1.png": None},
            "pairs:{f}",
            "none of the 1 pictures in {f}/B can be read; 1.png: ",
        ),
        (
            {"A/1.png": flat(1), "A/2.png": None, "B/1.png": flat(1), "B/2.png": flat(1)},
            "pairs:{f}",
            "pictures of pairs in {f}/A cannot be read: left out 1 of 2 files, which cannot be read: 2.png.",
        ),
        (
            {"trainA/1.png": flat(1)},
            "unpaired:{f}",
            "{f} has no two domains of train pictures; it must have the subfolders trainA and trainB, or A "
            "and B, or be two folders with a comma between them.",
        ),
        ({}, "unpaired:{f}/none", "{f}/none does not exist."),
        ({}, "pairs:{f}/x,{f}/y", "{f}/x does not exist."),
        ({}, "pairs:{f}/x,{f}/y,{f}/z", "names 3 folders; two domains are two folders."),
        (
            {},
            "garments:hats",
            "there is no source 'garments:hats'; allowed are garments:edges, garments:colours, "
            "garments:hues, garments:dyes, garments:parts, garments:owners, garments:attributes.",
        ),
    ],
)
def test_mistakes_are_told(tmp_path, files, name, message):
    for path, values in files.items():
        if values is None:
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text("no picture")
        else:
            write(tmp_path / path, values)
    expected = re.escape(message.format(f=tmp_path))
    with pytest.raises((ValueError, FileNotFoundError), match=expected) as error:
        load(name.format(f=tmp_path))
    assert "\n" not in str(error.value)


# The embedded translations.


@pytest.fixture(scope="module")
def made():
    return {name: translation(name, "test") for name in TRANSLATIONS}


def test_hues_are_those_of_the_colour_circle():
    import colorsys

    hue = np.linspace(0, 1, 23, endpoint=False)
    expected = [colorsys.hsv_to_rgb(h, 1.0, 0.7) for h in hue]
    np.testing.assert_allclose(hued(np.full((23, 1, 1), 0.7), hue)[:, 0, 0], expected, atol=1e-6)


def test_edges_are_the_gradients_length():
    rows, columns = np.indices((8, 8)).astype(float)
    found = edges(0.03 * rows[None] + 0.04 * columns[None])
    np.testing.assert_allclose(found, 0.1, atol=1e-6)


def test_the_known_truth_of_each(made):
    fashion = load("fashion", split="test").arrays
    grey, label = fashion["image"][..., 0].astype(int), fashion["label"]
    colours = made["colours"].arrays
    np.testing.assert_array_equal(colours["a"][..., 0], grey)
    assert np.abs(colours["b"].max(axis=-1) - grey).max() <= 1
    # A turn by a third exchanges the channels.
    hues = made["hues"].arrays
    for shift, turn in ((1 / 3, 1), (2 / 3, 2)):
        chosen = SHIFTS[label] == shift
        assert 0.4 < chosen.mean() < 0.6
        turned = np.roll(hues["a"][chosen], turn, axis=-1).astype(int)
        assert np.abs(turned - hues["b"][chosen]).max() <= 1
    dyes = made["dyes"].arrays
    assert np.bincount(dyes["label"]).min() > 200
    for dye, channels in ((0, [0]), (1, [0, 1]), (2, [1]), (3, [2])):
        chosen = dyes["label"] == dye
        for channel in range(3):
            expected = grey[chosen] * (channel in channels)
            assert np.abs(dyes["image"][chosen][..., channel].astype(int) - expected).max() <= 1
    woven = made["edges"].arrays["b"][..., 0].astype(int)
    assert (woven <= grey + 1).all()
    assert abs(woven.sum() / grey.sum() - 0.75) < 0.01
    np.testing.assert_array_equal(
        np.unique(np.abs(2 * woven - grey)[grey > 100] <= 1), [False, True]
    )


def test_unpaired_garments_are_in_one_domain_only():
    source = translation("hues")
    fashion = load("fashion").arrays["image"][..., 0]
    assert source.sizes == {"a": 5000, "b": 5000}
    for domain, half in (("a", fashion[:5000]), ("b", fashion[5000:])):
        assert np.abs(source.arrays[domain].max(axis=-1).astype(int) - half).max() <= 1


def test_an_owner_is_a_colour_and_a_weave(made):
    grey = load("fashion", split="test").arrays["image"][..., 0].astype(int)
    owned = made["owners"].arrays
    assert np.bincount(owned["identity"]).min() > 40
    dye, weave = owned["identity"] // 4, owned["identity"] % 4
    for number, channels in enumerate([[0], [0, 1], [1], [2]]):
        image = owned["image"][dye == number]
        others = [channel for channel in range(3) if channel not in channels]
        assert not image[..., others].any()
        assert all((image[..., channel] == image.max(axis=-1)).all() for channel in channels)
    cloth = owned["image"].max(axis=-1).astype(int)
    assert np.abs(cloth - grey)[weave == 0].max() <= 1
    # Stripes are as bright as the garment or half so, and stay so along their own direction.
    rows, columns = np.indices((28, 28))
    for number, place in ((1, rows), (2, columns), (3, rows + columns)):
        for one, own in zip(cloth[weave == number], grey[weave == number], strict=True):
            dark = (np.abs(2 * one - own) <= 1) & (own > 100)
            bright = (np.abs(one - own) <= 1) & (own > 100)
            assert (dark | bright)[own > 100].all()
            assert not set(place[dark] % 4) & set(place[bright] % 4)
            assert len(set(place[dark] % 4)) <= 2


def test_they_are_the_same_every_time():
    for name in TRANSLATIONS:
        first, again = (translation(name, "test").arrays for _ in range(2))
        for field in first:
            np.testing.assert_array_equal(first[field], again[field])
