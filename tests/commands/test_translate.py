"""jgan translate with networks of one number, whose translations are known to the last bit."""

import json
import textwrap
import zipfile

import numpy as np
import pytest
from PIL import Image

import jgan
from jgan.cli.main import main
from jgan.errors import UserError
from jgan.runs.images import to_uint8

FILE = '''
"""Translators of one number."""
import jax
import jax.numpy as jnp
import numpy as np
import optax

import jgan
from jgan.data import Source
from jgan.gans.cyclegan import cyclegan
from jgan.gans.pix2pix import pix2pix
from jgan.gans.spade import spade
from jgan.gans.stargan import stargan
from jgan.networks import mlp_discriminator, mlp_generator
from jgan.networks.network import Network


def scaling(start, noise=0.0):
    """A number times the picture, and noise where there is a key; of pictures of at least 4 pixels."""

    def apply(collections, x, *label, key=None, train=False):
        if min(x.shape[1:3]) < 4:
            raise ValueError(f"the pictures are {x.shape[1]}x{x.shape[2]}, but sides must be at least 4.")
        made = collections["params"] * x
        if label:
            made = made + 0.1 * (label[0] if label[0].ndim == 1 else label[0][:, 1]).reshape(-1, 1, 1, 1)
        if noise and key is not None:
            made = made + noise * jax.random.normal(key, x.shape)
        return made, {}

    return Network(lambda key, *inputs: {"params": jnp.float32(start)}, apply)


def judge(domains=0):
    def apply(collections, x, key=None, train=False):
        logit = collections["params"] * x[..., 0]
        answers = {"logit": logit, "class": jnp.zeros((len(x), domains)) + logit.mean()}
        return answers if domains else logit, {}

    return Network(lambda key, *inputs: {"params": jnp.float32(0.1)}, apply)


def experiment(*, kind: str = "pix2pix", channels: int = 3, noise: float = 0.0) -> jgan.Experiment:
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (12, 9, 9, channels), np.uint8)
    loss, number = jgan.non_saturating(), np.arange(12)
    if kind == "pix2pix":
        game = pix2pix(scaling(0.5, noise), judge(), loss)
        source = Source({"a": pictures, "b": pictures}, "noise", example="b")
    elif kind == "cyclegan":
        game = cyclegan((scaling(0.5), scaling(-0.25)), (judge(), judge()), loss, size=12)
        source = Source({"a": pictures, "b": pictures}, "noise", example="b")
    elif kind == "spade":
        mask = rng.integers(0, 3, (12, 9, 9)).astype(np.int32)
        levels = jnp.asarray([-1.0, 0.0, 1.0])
        painted = lambda w, maps: (maps @ levels)[..., None] + w
        generator = Network(
            lambda key, *inputs: {"params": jnp.float32(0)},
            lambda own, maps, key=None, train=False: (painted(own["params"], maps), {}),
        )
        game = spade(generator, judge(), 3, conditional=False, matching=0.0)
        source = Source({"image": pictures, "mask": mask}, "noise")
    elif kind == "gan":
        networks = mlp_generator(pictures.shape[1:], (2,)), mlp_discriminator((2,))
        game = jgan.gan(*networks, loss, jgan.normal(2))
        source = Source({"image": pictures}, "noise")
    else:
        label = (number % 3).astype(np.int32) if kind == "stargan" else np.eye(2, dtype=np.int32)[number % 2]
        count = 3 if kind == "stargan" else 2
        game = stargan(scaling(0.5), judge(count), count, penalty=0.0)
        classes = ("red", "T-shirt/top", "blue") if kind == "stargan" else ()
        source = Source({"image": pictures, "label": label}, "noise", classes=classes)
    players = dict.fromkeys(jgan.PLAYERS, optax.sgd(1e-3))
    return jgan.Experiment(game, jgan.alternating(game, players), source, 1, 12)
'''
KINDS = {
    "pix2pix": {},
    "noisy": {"noise": 0.2},
    "grey": {"channels": 1},
    "odd": {"channels": 2},
    "cyclegan": {"kind": "cyclegan"},
    "stargan": {"kind": "stargan"},
    "attributes": {"kind": "attributes"},
    "gan": {"kind": "gan"},
    "spade": {"kind": "spade", "channels": 1},
}
RNG = np.random.default_rng(1)
SIZES = [(5, 7), (12, 4), (9, 9), (30, 21), (9, 9)]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Runs by kind, each trained when it is first asked for."""
    folder = tmp_path_factory.mktemp("translators")
    (folder / "tiny.py").write_text(textwrap.dedent(FILE))
    runs = {}

    def get(kind):
        if kind not in runs:
            runs[kind] = jgan.train(
                folder / "tiny.py", out=folder / kind, quiet=True, **KINDS[kind]
            )
        return runs[kind]

    return get


def noise(height, width, channels=3):
    return RNG.integers(0, 256, (height, width, channels), np.uint8)


def write(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(path)
    return pixels


@pytest.fixture
def folder(tmp_path):
    """Pictures of a few sizes and what is in them, by name."""
    names = ["b.png", "a.bmp", "deep/c.png", "deep/er/d.tif", "e.x.png"]
    return tmp_path / "photos", {
        name: write(tmp_path / "photos" / name, noise(*size))
        for name, size in zip(names, SIZES, strict=True)
    }


def read(path):
    with Image.open(path) as image:
        return np.asarray(image)


def number_of(run, *path):
    found = run.variables["generator"]["params"]
    for name in path:
        found = found[name]
    return np.float32(found)


def expected(pixels, number, more=0.0):
    values = (pixels.astype(np.float32) * 2 - 255) / 255
    return to_uint8(number * values + more).astype(int)


def test_every_picture_is_translated_at_its_own_size(trained, folder, tmp_path):
    place, pictures = folder
    run = trained("pix2pix")
    done = run.translate(place, out=tmp_path / "out")
    assert (done.translated, done.left_out, len(done.shapes)) == (5, {}, 4)
    found = {str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*.png")}
    assert found == {"b.png", "a.png", "deep/c.png", "deep/er/d.png", "e.x.png"}
    for name, pixels in pictures.items():
        (path,) = done.files[name]
        assert np.abs(read(path) - expected(pixels, number_of(run))).max() <= 1
    page = (tmp_path / "out" / "index.html").read_text()
    assert page == done.page
    assert page.count("data:image/png") == 10
    assert 'content="default-src' in page


def test_a_stopped_translation_goes_on(trained, folder, tmp_path):
    place, _ = folder
    out = tmp_path / "out"
    first = jgan.translate(trained("pix2pix").path, place, out=out)
    before = (out / "b.png").read_bytes()
    (out / "b.png").unlink()
    (out / "a.png").write_bytes(b"kept as it is")
    again = jgan.translate(trained("pix2pix").path, place, out=out)
    assert (first.translated, again.translated) == (5, 1)
    assert (out / "b.png").read_bytes() == before
    assert (out / "a.png").read_bytes() == b"kept as it is"
    assert "a.bmp</h4>" in again.page
    assert str(again).startswith("1 pictures in ")
    assert "4 were there already" in str(again)


def test_many_sizes_are_padded_to_six_shapes(trained, tmp_path):
    pictures = {f"{n}.png": noise(5 + n, 30 - n) for n in range(20)}
    for name, pixels in pictures.items():
        write(tmp_path / "photos" / name, pixels)
    run = trained("cyclegan")
    done = run.translate(tmp_path / "photos", out=tmp_path / "out", direction="b-to-a")
    assert len(done.shapes) == 6
    for name, pixels in pictures.items():
        found = read(tmp_path / "out" / name)
        assert np.abs(found - expected(pixels, number_of(run, "a"))).max() <= 1


def test_samples_depend_on_seed_and_name_alone(trained, folder, tmp_path):
    place, pictures = folder
    run = trained("noisy")
    done = run.translate(place, out=tmp_path / "out", samples=3, seed=4)
    names = [str(path.relative_to(tmp_path / "out")) for path in done.files["deep/c.png"]]
    assert names == ["0/deep/c.png", "1/deep/c.png", "2/deep/c.png"]
    made = [read(path).astype(int) for path in done.files["deep/c.png"]]
    assert min(np.abs(made[i] - made[j]).mean() for i, j in ((0, 1), (0, 2), (1, 2))) > 5
    write(tmp_path / "one" / "deep" / "c.png", pictures["deep/c.png"])
    single = run.translate(tmp_path / "one", out=tmp_path / "single", samples=2, seed=4)
    for i, path in enumerate(single.files["deep/c.png"]):
        np.testing.assert_array_equal(read(path), made[i])
    other = run.translate(tmp_path / "one", out=tmp_path / "other", seed=5)
    assert np.abs(read(other.files["deep/c.png"][0]) - made[0]).mean() > 5


def test_labels_by_name_and_number(trained, folder, tmp_path):
    place, pictures = folder
    run = trained("stargan")
    done = run.translate(place, out=tmp_path / "all")
    assert [path.parts[-2] for path in done.files["b.png"]] == ["red", "T-shirt-top", "blue"]
    for label, path in enumerate(done.files["b.png"]):
        wanted = expected(pictures["b.png"], number_of(run), 0.1 * label)
        assert np.abs(read(path) - wanted).max() <= 1
    one = run.translate(place, out=tmp_path / "one", label="blue")
    assert one.files["b.png"] == (tmp_path / "one" / "b.png",)
    np.testing.assert_array_equal(read(tmp_path / "one" / "b.png"), read(done.files["b.png"][2]))
    words = f"translate {run.path} {place} --out {tmp_path}/two --label 2 red".split()
    assert main(words) == 0
    assert (tmp_path / "two" / "blue" / "b.png").is_file()


def test_attributes_are_vectors(trained, folder, tmp_path):
    place, pictures = folder
    run = trained("attributes")
    done = run.translate(place, out=tmp_path / "out", label=["1,0", "1,2"])
    assert [path.parts[-2] for path in done.files["b.png"]] == ["1,0", "1,2"]
    wanted = expected(pictures["b.png"], number_of(run), 0.2)
    assert np.abs(read(done.files["b.png"][1]) - wanted).max() <= 1
    with pytest.raises(UserError, match=r"^label is missing; the pictures of 'noise' have 2 attri"):
        run.translate(place, out=tmp_path / "other")
    for wrong in ("1", "1,x", "1,0.5", "1,nan", 3):
        with pytest.raises(UserError, match=r"^label is .*, but must be 2 numbers, the attributes"):
            run.translate(place, out=tmp_path / "other", label=wrong)


def test_what_cannot_be_translated_is_left_out_and_named(trained, folder, tmp_path, capsys):
    place, _ = folder
    write(place / "small.png", noise(9, 3))
    (place / "broken.png").write_bytes(b"no picture")
    whole = (place / "b.png").read_bytes()
    (place / "cut.png").write_bytes(whole[: len(whole) // 2])
    write(place / "clear.png", noise(6, 6, 4))
    Image.fromarray(RNG.integers(0, 65536, (6, 6), np.uint16)).save(place / "deep.png")
    (place / "notes.txt").write_text("no picture")
    run = trained("pix2pix")
    assert main(["translate", str(run.path), str(place), "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr()
    assert "1 of 9 pictures are transparent, and are laid on white: clear.png" in said.out
    assert "1 of 9 pictures are stored with 16 bits, of which the upper 8 are taken" in said.out
    assert (
        "warning: left out 2 pictures: broken.png, cut.png; broken.png cannot be read" in said.err
    )
    assert "warning: left out 1 picture: small.png; small.png is 9x3, but this network" in said.err
    assert "takes sides of at least 4 pixels" in said.err
    assert "\n7 pictures in " in said.out
    assert "3 left out" in said.out
    assert read(tmp_path / "out" / "clear.png").shape == (6, 6, 3)


def test_archives_and_grey_pictures(trained, folder, tmp_path):
    place, pictures = folder
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        for name in pictures:
            archive.write(place / name, name)
        archive.writestr("/out.png", (place / "b.png").read_bytes())
    done = trained("grey").translate(tmp_path / "photos.zip", out=tmp_path / "out")
    assert done.translated == 5
    assert list(done.left_out) == ["/out.png"]
    assert read(tmp_path / "out" / "b.png").shape == SIZES[0]


def test_maps_of_labels(trained, tmp_path, capsys):
    place = tmp_path / "maps"
    values = RNG.integers(0, 3, (7, 11), np.uint8)
    write(place / "grey.png", values[..., None])
    palette = Image.fromarray(values, "P")
    palette.putpalette([200, 0, 0, 0, 200, 0, 0, 0, 200])
    palette.save(place / "palette.png")
    write(place / "odd.png", np.full((5, 5, 1), 9, np.uint8))
    write(place / "coloured.png", noise(5, 5))
    run = trained("spade")
    assert main(["translate", str(run.path), str(place), "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr()
    assert "warning: left out 2 pictures: " in said.err
    done = run.translate(place, out=tmp_path / "out")
    assert done.left_out == {
        "odd.png": "cannot be read: it holds the label 9, but there are 0 to 2",
        "coloured.png": "cannot be read: a map of labels has grey values or a palette, but it has colours",
    }
    wanted = to_uint8(values.astype(np.float32) - 1 + number_of(run)).astype(int)
    for name in ("grey.png", "palette.png"):
        assert np.abs(read(tmp_path / "out" / name) - wanted).max() <= 1


MISTAKES = {
    "is no translator: its game does not turn pictures into pictures": ("gan", {}),
    "translates pictures of 2 channels, but those of files have 1 or 3": ("odd", {}),
    "direction is 'b-to-a', but must be one of a-to-b.": ("pix2pix", {"direction": "b-to-a"}),
    "samples is 2, but this generator has no noise outside training": ("pix2pix", {"samples": 2}),
    "samples is 0, but must be at least 1.": ("pix2pix", {"samples": 0}),
    "label is 'red', but this run's translations are not told a label.": (
        "pix2pix",
        {"label": "red"},
    ),
    "label is 'rad' (did you mean 'red'?), but the data have 3 classes": (
        "stargan",
        {"label": "rad"},
    ),
    "photos/deep/new', which lies in the folder": ("pix2pix", {"out": "photos/deep/new"}),
    "but that folder holds other files, such as 'a.png'; name a new one": (
        "pix2pix",
        {"out": "other"},
    ),
    "whose translations were made with another seed; name a new folder.": (
        "pix2pix",
        {"out": "done", "seed": 1},
    ),
    "nowhere does not exist.": ("pix2pix", {"folder": "nowhere"}),
    "empty holds no pictures; it must hold files such as .png": ("pix2pix", {"folder": "empty"}),
    "small has no picture to translate: a.png is 3x3, but this network takes sides of at least 4": (
        "pix2pix",
        {"folder": "small"},
    ),
    "twice has 'a.bmp' and 'a.png', whose translations would both be 'a.png'; rename": (
        "pix2pix",
        {"folder": "twice"},
    ),
}


@pytest.mark.parametrize("sentence", MISTAKES)
def test_mistakes_are_one_sentence(sentence, trained, folder, tmp_path):
    kind, arguments = MISTAKES[sentence]
    write(tmp_path / "other" / "a.png", noise(4, 4))
    (tmp_path / "done").mkdir()
    (tmp_path / "empty").mkdir()
    write(tmp_path / "small" / "a.png", noise(3, 3))
    for name in ("a.bmp", "a.png"):
        write(tmp_path / "twice" / name, noise(5, 5))
    run = trained(kind)
    if arguments.get("out") == "done":
        run.translate(folder[0], out=tmp_path / "done")
        assert json.loads((tmp_path / "done" / "translations.json").read_text())["seed"] == 0
    place = tmp_path / arguments.get("folder", "photos")
    rest = {name: value for name, value in arguments.items() if name != "folder"}
    with pytest.raises(UserError) as caught:
        run.translate(place, **{**rest, "out": tmp_path / rest.get("out", "new")})
    assert sentence in str(caught.value)
    assert str(caught.value).count(". ") == 0
    assert not list(tmp_path.glob("new/**/*.png"))
