import pickle
import re

import numpy as np
import pytest
from PIL import Image

from jgan.data import gather, load, pictures, read_pictures, readable
from jgan.data.stored_array import StoredArray

RNG = np.random.default_rng(0)
GRAY = RNG.integers(0, 256, (6, 4), np.uint8)
COLOUR = RNG.integers(0, 256, (6, 4, 3), np.uint8)


def write(path, values=GRAY, mode=None, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = values if isinstance(values, Image.Image) else Image.fromarray(values)
    (image.convert(mode) if mode else image).save(path, **options)


def one(folder, **options):
    (image,) = read_pictures(folder, **options).arrays["image"]
    return image


def over_white(values, alpha):
    values, alpha = values.astype(float), alpha.astype(float)[..., None] / 255
    return values * alpha + 255 * (1 - alpha)


def test_a_flat_folder_in_the_order_of_its_names(tmp_path):
    for i, name in enumerate(["b.png", "a.bmp", "C.PNG", "d.tif", ".hidden.png"]):
        write(tmp_path / name, np.full((6, 4), 10 * i, np.uint8))
    (tmp_path / "notes.txt").write_text("not a picture")
    source = load(str(tmp_path))
    assert source.describe() == f"{tmp_path.name}: 4 examples; image uint8 (6, 4, 1)"
    assert source.arrays["image"][:, 0, 0, 0].tolist() == [20, 10, 0, 30]
    two = load(f"folder:{tmp_path}", size=2).arrays["image"]
    assert len(set(two[:, 0, 0, 0]) & {20, 10, 0, 30}) == 2


def test_class_subfolders_are_labels_and_are_evenly_mixed(tmp_path):
    for i in range(6):
        write(tmp_path / "dogs" / f"{i}.png", np.full((2, 2), 100 + i, np.uint8))
    for i, name in enumerate(["b.png", "deeper/below/a.png", "a.png"]):
        write(tmp_path / "cats" / name, np.full((2, 2), i, np.uint8))
    write(tmp_path / ".cache" / "x.png")
    (tmp_path / "empty").mkdir()
    source = load(str(tmp_path))
    assert source.classes == ("cats", "dogs")
    assert source.arrays["label"].tolist() == [1, 0, 1, 1, 0, 1, 1, 0, 1]
    values = source.arrays["image"][:, 0, 0, 0]
    assert values.tolist() == [100, 2, 101, 102, 0, 103, 104, 1, 105]
    assert source.describe().endswith("label int32 (); 2 classes (cats, dogs)")


def test_subfolders_train_and_test_are_the_splits(tmp_path):
    for split, count in (("train", 2), ("test", 1)):
        for i in range(count):
            write(tmp_path / split / "cats" / f"{i}.png")
    assert load(str(tmp_path)).size == 2
    source = load(str(tmp_path), split="test")
    assert (source.size, source.classes) == (1, ("cats",))


@pytest.mark.parametrize("extension", ["png", "bmp", "tif", "webp", "ppm", "gif", "tga"])
def test_formats_without_loss(tmp_path, extension):
    options = {"lossless": True, "exact": True} if extension == "webp" else {}
    write(tmp_path / f"x.{extension}", COLOUR, **options)
    expected = COLOUR
    if extension == "gif":
        with Image.open(tmp_path / "x.gif") as image:
            expected = np.asarray(image.convert("RGB"))
    np.testing.assert_array_equal(one(tmp_path, channels=3), expected)


def test_jpeg_is_what_pillow_decodes(tmp_path):
    write(tmp_path / "x.jpg", COLOUR)
    np.testing.assert_array_equal(one(tmp_path), np.asarray(Image.open(tmp_path / "x.jpg")))


def test_gray_modes_have_one_channel(tmp_path):
    write(tmp_path / "l.png")
    np.testing.assert_array_equal(one(tmp_path)[..., 0], GRAY)
    write(tmp_path / "l.png", GRAY, "1")
    assert set(np.unique(one(tmp_path))) <= {0, 255}
    alpha = RNG.integers(0, 256, GRAY.shape, np.uint8)
    write(tmp_path / "l.png", np.stack([GRAY, alpha], -1))
    expected = over_white(GRAY[..., None], alpha)
    np.testing.assert_allclose(one(tmp_path), expected, atol=1)
    np.testing.assert_array_equal(one(tmp_path, channels=3)[..., 2], one(tmp_path)[..., 0])


def test_one_picture_in_colour_makes_all_have_three_channels(tmp_path):
    write(tmp_path / "a.png")
    write(tmp_path / "b.png", COLOUR)
    first, second = load(str(tmp_path)).arrays["image"]
    np.testing.assert_array_equal(first, np.repeat(GRAY[..., None], 3, -1))
    np.testing.assert_array_equal(second, COLOUR)
    luma = np.round(COLOUR @ [0.299, 0.587, 0.114])
    gray = read_pictures(tmp_path, channels=1).arrays["image"][1, ..., 0]
    np.testing.assert_allclose(gray, luma, atol=1)


def test_transparency_lies_on_white(tmp_path):
    alpha = RNG.integers(0, 256, GRAY.shape, np.uint8)
    write(tmp_path / "x.png", np.concatenate([COLOUR, alpha[..., None]], -1))
    np.testing.assert_allclose(one(tmp_path), over_white(COLOUR, alpha), atol=1)


def test_a_palette_with_a_transparent_colour(tmp_path):
    picture = Image.new("P", (2, 1))
    picture.putpalette([9, 8, 7, 200, 0, 0])
    picture.putdata([0, 1])
    write(tmp_path / "x.png", picture, transparency=1)
    assert one(tmp_path).tolist() == [[[9, 8, 7], [255, 255, 255]]]


@pytest.mark.parametrize("extension", ["png", "tif", "pgm"])
def test_16_bits_are_scaled_to_8(tmp_path, extension):
    deep = np.asarray([[0, 128, 129, 257], [32768, 65278, 65407, 65535]], np.uint16)
    write(tmp_path / f"x.{extension}", deep)
    assert one(tmp_path)[..., 0].tolist() == [[0, 0, 1, 1], [128, 254, 255, 255]]


def test_cmyk(tmp_path):
    write(tmp_path / "x.tif", Image.new("CMYK", (2, 2), (0, 255, 255, 0)))
    assert one(tmp_path)[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(tmp_path, orientation):
    # From the Exif standard, table 6: where the 0th row and the 0th column are seen.
    upright = {
        1: GRAY,
        2: GRAY[:, ::-1],
        3: GRAY[::-1, ::-1],
        4: GRAY[::-1],
        5: GRAY.T,
        6: GRAY.T[:, ::-1],
        7: GRAY.T[::-1, ::-1],
        8: GRAY.T[::-1],
    }
    exif = Image.Exif()
    exif[0x0112] = orientation
    write(tmp_path / "x.png", exif=exif)
    np.testing.assert_array_equal(one(tmp_path)[..., 0], upright[orientation])


@pytest.mark.parametrize(
    ("size", "box", "shape"),
    [
        (4, (4, 0, 12, 8), (4, 4)),  # left, top, right, bottom of a 16 x 8 picture
        ((8, 8), (4, 0, 12, 8), (8, 8)),
        ((2, 4), (0, 0, 16, 8), (2, 4)),
        ((3, 12), (0, 2, 16, 6), (3, 12)),
        ((40, 20), (6, 0, 10, 8), (40, 20)),
    ],
)
def test_the_centre_is_cropped_and_resized(tmp_path, size, box, shape):
    picture = Image.fromarray(RNG.integers(0, 256, (8, 16, 3), np.uint8))
    write(tmp_path / "x.png", picture)
    expected = picture.crop(box).resize(shape[::-1], Image.Resampling.LANCZOS)
    np.testing.assert_array_equal(one(tmp_path, image_size=size), np.asarray(expected))


@pytest.mark.parametrize("extension", ["jpg", "png"])
def test_large_pictures_take_a_short_cut_that_cannot_be_seen(tmp_path, extension):
    small = Image.fromarray(RNG.integers(0, 256, (12, 16, 3), np.uint8))
    write(tmp_path / f"x.{extension}", small.resize((400, 300), Image.Resampling.BICUBIC))
    exact = Image.open(tmp_path / f"x.{extension}").crop((50, 0, 350, 300)).resize((16, 16), 1)
    difference = one(tmp_path, image_size=16).astype(int) - np.asarray(exact)
    assert np.abs(difference).mean() < 1


def test_sizes_in_the_name(tmp_path):
    folder = tmp_path / "photos"
    write(folder / "a.png", COLOUR)
    write(folder / "b.png", GRAY[:3])
    for suffix, shape in (("@2", (2, 2, 3)), ("@4x6", (4, 6, 3)), ("@2x3x1", (2, 3, 1))):
        assert load(f"folder:{folder}{suffix}").shape == shape
        assert load(f"{folder}{suffix}").shape == shape
    assert load(str(folder), image_size=(2, 3), channels=1).shape == (2, 3, 1)
    write(tmp_path / "icons@2" / "a.png")
    assert load(str(tmp_path / "icons@2")).shape == (6, 4, 1)
    with pytest.raises(ValueError, match="ends with a size; image_size and channels must not be"):
        load(f"folder:{folder}@2", image_size=3)


def test_broken_files_are_left_out_and_named(tmp_path):
    for i in range(8):
        write(tmp_path / "cats" / f"{i}.png", np.full((6, 4), i, np.uint8))
    (tmp_path / "cats" / "1.png").write_bytes(b"")
    (tmp_path / "cats" / "3.png").write_bytes(b"GIF89a")
    for i in (4, 5):  # their headers are whole
        path = tmp_path / "cats" / f"{i}.png"
        path.write_bytes(path.read_bytes()[:45])
    note = (
        "left out 4 of 8 files, which cannot be read: cats/1.png, cats/3.png, cats/4.png and 1 more"
    )
    for options in ({}, {"image_size": (6, 4), "channels": 1}):
        source = read_pictures(tmp_path, **options)
        assert source.notes == (note,)
        assert source.describe().endswith(f"; 1 classes (cats); {note}")
        assert source.arrays["image"][:, 0, 0, 0].tolist() == [0, 2, 6, 7]
        assert source.arrays["label"].shape == (4,)
    assert load(str(tmp_path)).take(2).describe().endswith(note)


def test_a_picture_of_floats_is_left_out(tmp_path):
    write(tmp_path / "a.png")
    write(tmp_path / "b.tif", np.zeros((6, 4), np.float32))
    assert read_pictures(tmp_path, channels=1).notes[0].endswith("cannot be read: b.tif")


@pytest.mark.parametrize("shape", [{}, {"image_size": 4, "channels": 1}])
def test_a_folder_of_broken_files_only(tmp_path, shape):
    (tmp_path / "a.png").write_bytes(b"broken")
    (tmp_path / "b.jpg").write_bytes(b"")
    message = (
        f"^none of the 2 pictures in {re.escape(str(tmp_path))} can be read; a.png: cannot ide"
    )
    with pytest.raises(ValueError, match=message):
        read_pictures(tmp_path, **shape)


def test_what_is_no_picture_folder(tmp_path):
    write(tmp_path / "mixed" / "a.png")
    write(tmp_path / "mixed" / "cats" / "b.png")
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "readme.md").write_text("")
    (tmp_path / "file.bin").write_bytes(b"x")
    for name, message in (
        ("empty", "holds no pictures; it must hold files such as .png, .jpg"),
        ("mixed", r"both beside its subfolders \(a.png\) and inside them \(cats/b.png\); put all"),
        ("file.bin", "file.bin is not a folder"),
    ):
        with pytest.raises(ValueError, match=message):
            load(str(tmp_path / name))
    with pytest.raises(FileNotFoundError, match=r"nowhere does not exist\.$"):
        load(f"folder:{tmp_path / 'nowhere'}@64")
    with pytest.raises(ValueError, match="has no test pictures: a folder with both splits has sub"):
        load(str(tmp_path / "mixed"), split="test")


def test_a_folder_that_may_not_be_read(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("jgan.data.listing.os.listdir", refuse)
    with pytest.raises(ValueError, match=r"^\S+ cannot be read: Permission denied\.$"):
        read_pictures(tmp_path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, r"differ in size: a.png is 6x4 \(height x width\) and b.png 3x4; pass image_size, or"),
        ({"image_size": 0}, "^image_size is 0; every length must be 1 to 8192"),
        ({"image_size": (4, -1)}, r"^image_size is \(4, -1\); every length must be 1 to 8192"),
        ({"channels": 4}, r"^channels is 4; it must be 1, 3 or None\.$"),
        ({"size": 3}, "has 2 examples; use 1 to 2"),
        ({"image_size": 4, "split": "val"}, "^split is 'val'; it must be 'train' or 'test'"),
    ],
)
def test_mistakes(tmp_path, options, message):
    write(tmp_path / "a.png")
    write(tmp_path / "b.png", GRAY[:3])
    with pytest.raises(ValueError, match=message):
        read_pictures(tmp_path, **options)


def test_what_does_not_fit_stays_on_disk(tmp_path, monkeypatch):
    monkeypatch.setenv("JGAN_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "pictures"
    for name in ("a", "b"):
        for i in range(3):
            write(folder / name / f"{i}.png", GRAY + i)
    (folder / "a" / "1.png").write_bytes((folder / "a" / "1.png").read_bytes()[:60])
    whole = read_pictures(folder, image_size=10, limit_bytes=600)
    assert isinstance(whole.arrays["image"], np.ndarray)
    monkeypatch.setattr(pictures, "available_bytes", lambda: 1198)
    for options in ({"limit_bytes": 599}, {}):
        source = read_pictures(folder, image_size=10, **options)
        rows = source.arrays["image"]
        assert isinstance(rows, StoredArray)
        assert source.describe() == whole.describe()
        assert "left out 1 of 6 files, which cannot be read: a/1.png" in source.describe()
        for index in (slice(None), slice(1, 4)):
            chosen = rows[index][np.arange(len(rows[index]))]
            np.testing.assert_array_equal(chosen, whole.arrays["image"][index])
        np.testing.assert_array_equal(rows[2], whole.arrays["image"][2])
        order = np.asarray([[4, 0], [1, 1]])
        for field in ("image", "label"):
            np.testing.assert_array_equal(
                gather(source.arrays, order)[field], gather(whole.arrays, order)[field]
            )
    again = pickle.loads(pickle.dumps(source.take(2).arrays["image"]))
    np.testing.assert_array_equal(again[np.arange(2)], whole.take(2).arrays["image"])


def test_broken_files_of_a_set_on_disk_are_found_once(tmp_path, monkeypatch):
    monkeypatch.setenv("JGAN_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "pictures"
    write(folder / "a.png")
    write(folder / "b.png")
    read_pictures(folder, image_size=10, channels=1, limit_bytes=0)
    with monkeypatch.context() as closed:
        closed.setattr(readable, "in_threads", lambda read, count: pytest.fail("decoded again"))
        read_pictures(folder, image_size=10, channels=1, limit_bytes=0)
    (folder / "b.png").write_bytes(b"no picture")
    assert read_pictures(folder, image_size=10, channels=1, limit_bytes=0).size == 1


def test_memory_is_known_here():
    assert 2**20 < pictures.available_bytes() <= float("inf")


def test_other_sources_are_not_resized(tmp_path):
    for name, options in (("fashion", {"image_size": 32}), ("ring", {"channels": 1})):
        with pytest.raises(
            ValueError, match=f"^the pictures of '{name}' are not resized; image_si"
        ):
            load(name, **options)
    np.savez(tmp_path / "x.npz", image=GRAY[None])
    with pytest.raises(ValueError, match=r"x\.npz@64' are not resized; image_size"):
        load(f"{tmp_path / 'x.npz'}@64")


def test_metadata_that_is_damaged_does_not_matter(tmp_path):
    odd = Image.Exif()
    odd[0x0112] = 9
    for exif in (b"Exif\0\0nonsense", odd):
        write(tmp_path / "x.png", exif=exif)
        np.testing.assert_array_equal(one(tmp_path)[..., 0], GRAY)
