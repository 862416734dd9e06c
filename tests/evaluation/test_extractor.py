import hashlib
import io
import tarfile
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.tree_util import Partial

from jgan.errors import UserError
from jgan.evaluation import extractors as extractor_file
from jgan.evaluation.extraction import extract
from jgan.evaluation.extractors import get_extractor, random_extractor
from jgan.features.chunks import in_chunks
from jgan.features.extractor import Extractor, classified, features_and_probabilities, rgb
from jgan.features.resize import bicubic, bilinear_tensorflow1, eight_bits
from jgan.metrics.random_features import random_features
from jgan.weights import published as weights


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (53, 6, 5, 3), np.uint8)


def moments_of_rows(images):
    """An independent function: means and spreads of each example, in double precision."""
    flat = images.reshape(len(images), -1).astype(np.float64)
    return np.stack([flat.mean(1), flat.std(1)], axis=1)


def on_device(images):
    flat = images.reshape(len(images), -1)
    return jnp.stack([flat.mean(1), flat.std(1)], axis=1)


@pytest.mark.parametrize("batch_size", [1, 8, 20, 64])
@pytest.mark.parametrize("cuts", [[53], [1, 30, 22], [7] * 7 + [4]])
def test_every_image_gets_its_value_in_order_whatever_the_batches(images, batch_size, cuts):
    parts = np.split(images, np.cumsum(cuts)[:-1])
    found = np.concatenate(list(extract(on_device, parts, batch_size=batch_size)))
    expected = moments_of_rows(images / 127.5 - 1)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_one_device_and_eight_give_the_same(images):
    scaled = (images / 127.5 - 1).astype(np.float32)
    assert len(jax.local_devices()) == 8
    run = lambda devices: np.concatenate(list(extract(on_device, [scaled], devices=devices)))
    np.testing.assert_allclose(run(jax.local_devices()[:1]), run(None), atol=1e-6)


def test_images_are_read_only_as_they_are_needed():
    read = []

    def batches():
        for number in range(50):
            read.append(number)
            yield np.full((8, 2, 2, 1), number, np.float32)

    stream = extract(lambda x: x[:, 0, 0], batches(), batch_size=8)
    assert next(stream)[0] == 0
    assert len(read) <= 3
    assert sum(len(part) for part in stream) == 49 * 8


def test_trees_and_weights_as_arguments(images):
    traced = []

    def scale(weight, x):
        traced.append(0)
        return {"sum": weight * x.sum(axis=(1, 2, 3)), "images": x}

    times = []
    for weight in (2.0, 3.0):
        program = Partial(scale, jnp.asarray(weight))
        (found,) = extract(program, [images.astype(np.float32)], batch_size=56)
        assert found["images"].shape == images.shape
        np.testing.assert_allclose(found["sum"], weight * images.sum(axis=(1, 2, 3)), rtol=1e-6)
        times.append(len(traced))
    assert times[0] == times[1]  # compiled once for both weights


def test_bad_images_are_named(images):
    with pytest.raises(ValueError, match=r"\(5, 5, 3\).*must be"):
        list(extract(on_device, [images[0][:5]]))
    with pytest.raises(ValueError, match="float64"):
        list(extract(on_device, [images / 255.0]))
    with pytest.raises(ValueError, match=r"\(3, 5, 3\).*follow.*\(6, 5, 3\)"):
        list(extract(on_device, [images, images[:, :3]]))
    with pytest.raises(ValueError, match="batch_size is 0"):
        list(extract(on_device, [images], batch_size=0))
    with pytest.raises(ValueError, match=r"\(2, 4, 4, 2\)"):
        rgb(jnp.zeros((2, 4, 4, 2)))
    assert list(extract(on_device, [])) == []


def test_both_outputs_in_one_pass():
    calls = []

    def features(weight, x):
        calls.append(0)
        return x.mean(axis=(1, 2)) * weight

    bound = Partial(features, jnp.asarray(3.0))
    own = Extractor("own", "", "none", bound, classified(Partial(jax.nn.softmax), bound))
    x = np.random.default_rng(1).random((8, 2, 2, 3), np.float32)
    found, chances = jax.jit(features_and_probabilities(own))(x)
    assert len(calls) == 1
    means = 3 * x.mean(axis=(1, 2))
    np.testing.assert_allclose(found, means, rtol=1e-6)
    exponents = np.exp(means)
    np.testing.assert_allclose(chances, exponents / exponents.sum(1, keepdims=True), rtol=1e-5)
    np.testing.assert_allclose(chances, own.probabilities(x), rtol=1e-6)
    other = own._replace(probabilities=lambda x: x[:, 0, 0])
    np.testing.assert_allclose(features_and_probabilities(other)(x)[1], x[:, 0, 0])
    with pytest.raises(ValueError, match="'own' names no classes"):
        features_and_probabilities(own._replace(probabilities=None))


@pytest.mark.parametrize("count", [1, 4, 6, 8])
def test_chunks_are_the_whole(count):
    x = np.random.default_rng(2).random((count, 3), np.float32)
    first, second = jax.jit(lambda x: in_chunks(lambda x: (2 * x, x.sum(1)), x, 4))(x)
    np.testing.assert_array_equal(first, 2 * x)
    np.testing.assert_allclose(second, x.sum(1), rtol=1e-6)


def test_random_extractor_repeats_grey_images_and_knows_its_weights():
    grey = np.random.default_rng(3).random((4, 12, 12, 1), np.float32)
    own = random_extractor()
    np.testing.assert_allclose(own.features(grey), random_features(3)(np.repeat(grey, 3, 3)))
    assert random_extractor(1).sha256 != own.sha256 == random_extractor().sha256
    assert own.probabilities is None


def test_extractors_by_name(monkeypatch, tmp_path):
    monkeypatch.setenv("JGAN_WEIGHTS", str(tmp_path))
    monkeypatch.setattr(weights.Path, "home", lambda: tmp_path)
    assert get_extractor("auto").name == "efficientnet-lite0"
    monkeypatch.setattr(extractor_file, "find_efficientnet", lambda: None)
    assert get_extractor("auto").name == "random-convolutions"
    for name, sentence in (
        ("inception", "put one of classify_image_graph_def"),
        ("classifier", "jgan classifier"),
        ("vgg", "extractor is 'vgg', but must be one of auto, inception, efficientnet-lite0"),
    ):
        with pytest.raises(UserError, match=sentence):
            get_extractor(name)
    with pytest.raises(UserError, match="name the extractor"):
        get_extractor("auto", weights=tmp_path / "w.pb")
    with pytest.raises(UserError, match="'random' has none"):
        get_extractor("random", weights=tmp_path / "w.pb")
    # Found, and refused because it is not the published file.
    (tmp_path / "classify_image_graph_def.pb").write_bytes(b"altered")
    expected = hashlib.sha256(b"altered").hexdigest()
    with pytest.raises(UserError, match=f"{expected}, but must have 009d6814d1bc"):
        get_extractor("auto")


def test_download_checks_before_it_writes(monkeypatch, tmp_path):
    monkeypatch.setenv("JGAN_WEIGHTS", str(tmp_path / "kept"))
    content = b"weights"
    digest = hashlib.sha256(content).hexdigest()
    archive = tmp_path / "archive.tgz"
    with tarfile.open(archive, "w:gz") as file:
        entry = tarfile.TarInfo("graph.pb")
        entry.size = len(content)
        file.addfile(entry, io.BytesIO(content))
    url = archive.as_uri()
    with pytest.raises(UserError, match=f"{digest}, but must have 00"):
        weights.download(url, "graph.pb", "00", member="graph.pb")
    with pytest.raises(UserError, match=r"holds no 'other\.pb'"):
        weights.download(url, "graph.pb", digest, member="other.pb")
    with pytest.raises(UserError, match="cannot be fetched"):
        weights.download((tmp_path / "missing").as_uri(), "graph.pb", digest)
    assert weights.find(["graph.pb"]) is None
    path = weights.download(url, "graph.pb", digest, member="graph.pb")
    assert path == weights.find(["graph.pb"]) == Path(tmp_path, "kept", "graph.pb")
    assert path.read_bytes() == content
    assert weights.checked(path, [digest[:8]]) == digest


def test_resize_of_tensorflow_1():
    draw = np.random.default_rng(4)
    x = draw.random((2, 5, 7, 3), np.float32)
    for height, width in ((11, 13), (3, 4), (5, 7)):
        found = np.asarray(bilinear_tensorflow1(x, height, width))
        for i in range(height):
            for j in range(width):
                row, column = i * 5 / height, j * 7 / width
                top, left = int(row), int(column)
                below, right = min(top + 1, 4), min(left + 1, 6)
                dy, dx = row - top, column - left
                upper = x[:, top, left] * (1 - dx) + x[:, top, right] * dx
                lower = x[:, below, left] * (1 - dx) + x[:, below, right] * dx
                np.testing.assert_allclose(found[:, i, j], upper * (1 - dy) + lower * dy, atol=1e-5)


def test_bicubic_is_pillows_but_for_its_rounding():
    from PIL import Image

    image = np.random.default_rng(5).integers(70, 180, (20, 24, 3), np.uint8)
    for height, width in ((33, 51), (9, 11), (20, 24)):
        resized = Image.fromarray(image).resize((width, height), Image.Resampling.BICUBIC)
        found = bicubic(jnp.asarray(image[None], jnp.float32), height, width)[0]
        # Pillow rounds after each of its two passes.
        assert np.abs(np.asarray(found) - np.asarray(resized, np.float32)).max() < 1.5
    every = np.arange(256, dtype=np.float32)
    np.testing.assert_array_equal(eight_bits((every + 0.4) / 127.5 - 1), every)
