import json

import jax.numpy as jnp
import numpy as np
import pytest

from jgan.data.stored_array import StoredArray
from jgan.errors import UserError
from jgan.evaluation.collect import FEATURES, IMAGES, MOMENTS, PROBABILITIES, collect
from jgan.evaluation.reference import content_hash, reference_statistics
from jgan.features.extractor import Extractor
from jgan.files import cache_folder
from jgan.metrics.accumulator import moments_of

NEEDS = frozenset({MOMENTS, FEATURES})


def features(images):
    return images.mean(axis=(1, 2))


def probabilities(images):
    dark = images.mean(axis=(1, 2, 3)) < 0
    return jnp.stack([dark, ~dark], axis=1).astype(jnp.float32)


EXTRACTOR = Extractor("means", "0" * 64, "none", features, probabilities)


def pictures(count=300, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, 6, 5, 3), dtype=np.uint8)


def test_statistics_are_numpy_s():
    images = pictures()
    found, digest = reference_statistics(images, EXTRACTOR, NEEDS | {PROBABILITIES, IMAGES})
    exact = (images / 127.5 - 1).mean(axis=(1, 2))
    np.testing.assert_allclose(found.features, exact, atol=1e-6)
    moments = moments_of(found.moments)
    np.testing.assert_allclose(moments.mean, exact.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(moments.covariance, np.cov(exact.T), rtol=1e-5, atol=1e-9)
    np.testing.assert_array_equal(found.probabilities[:, 0], exact.mean(axis=1) < 0)
    np.testing.assert_allclose(found.images, images / 127.5 - 1, atol=1e-6)
    assert found.count == 300
    assert len(digest) == 64


@pytest.fixture
def calls(monkeypatch):
    """The names of the sets whose statistics are computed."""
    names = []

    def counted(*words, name, **options):
        names.append(name)
        return collect(*words, name=name, **options)

    monkeypatch.setattr("jgan.evaluation.reference.collect", counted)
    return names


def test_they_are_computed_once(calls, tmp_path):
    images = pictures()
    options = {"cache": tmp_path / "references"}
    first, _ = reference_statistics(images, EXTRACTOR, NEEDS, **options)
    assert calls
    calls.clear()
    again, _ = reference_statistics(images.copy(), EXTRACTOR, NEEDS, **options)
    assert not calls
    np.testing.assert_array_equal(first.features, again.features)
    np.testing.assert_array_equal(first.moments.comoment, again.moments.comoment)
    names = sorted(path.suffix for path in (tmp_path / "references").iterdir())
    assert names == [".json", ".npz"]
    about = json.loads(next((tmp_path / "references").glob("*.json")).read_text())
    assert about["extractor"] == "means"
    assert about["images_sha256"] == content_hash(images)
    assert about["holds"] == ["features", "moments"]


@pytest.mark.parametrize("change", ["picture", "weights", "resize", "fewer", "shape"])
def test_anything_else_is_another_entry(change, calls, tmp_path):
    images, extractor = pictures(), EXTRACTOR
    reference_statistics(images, extractor, NEEDS, cache=tmp_path)
    if change == "picture":
        images = images.copy()
        images[-1, -1, -1, -1] ^= 1
    elif change == "fewer":
        images = images[:-1]
    elif change == "shape":
        images = images.transpose(0, 2, 1, 3)
    else:
        new = {"weights": {"sha256": "1" * 64}, "resize": {"resize": "bicubic"}}[change]
        extractor = extractor._replace(**new)
    calls.clear()
    reference_statistics(images, extractor, NEEDS, cache=tmp_path)
    assert calls


def test_an_entry_that_lacks_something_is_completed(calls, tmp_path):
    images = pictures()
    reference_statistics(images, EXTRACTOR, frozenset({MOMENTS}), cache=tmp_path)
    calls.clear()
    options = {"cache": tmp_path}
    found, _ = reference_statistics(images, EXTRACTOR, frozenset({PROBABILITIES}), **options)
    assert calls
    assert found.probabilities is not None
    calls.clear()
    both, _ = reference_statistics(
        images, EXTRACTOR, frozenset({MOMENTS, PROBABILITIES}), **options
    )
    assert not calls
    assert both.moments is not None


def test_a_damaged_entry_is_made_anew(tmp_path):
    images = pictures()
    first, _ = reference_statistics(images, EXTRACTOR, NEEDS, cache=tmp_path)
    entry = next(tmp_path.glob("*.npz"))
    for content in (entry.read_bytes()[:-200], b"nonsense", b""):
        entry.write_bytes(content)
        again, _ = reference_statistics(images, EXTRACTOR, NEEDS, cache=tmp_path)
        np.testing.assert_array_equal(first.features, again.features)


def test_no_pickle_is_loaded(tmp_path):
    images = pictures()
    reference_statistics(images, EXTRACTOR, NEEDS, cache=tmp_path)
    entry = next(tmp_path.glob("*.npz"))
    bad = np.array([{"a": 1}], dtype=object)
    np.savez(entry, count=bad, features=bad)
    found, _ = reference_statistics(images, EXTRACTOR, NEEDS, cache=tmp_path)
    assert found.count == 300


def test_the_folder_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("JGAN_CACHE", str(tmp_path))
    assert cache_folder("references") == tmp_path / "references"
    monkeypatch.setenv("JGAN_CACHE", "")
    assert cache_folder("references") is None
    monkeypatch.delenv("JGAN_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder("references") == tmp_path / ".cache" / "jgan" / "references"


def test_rows_that_are_not_in_memory(calls, tmp_path):
    images = pictures()
    rows = StoredArray(lambda index: images[index], images.shape, images.dtype)
    stored, digest = reference_statistics(rows, EXTRACTOR, NEEDS | {IMAGES}, cache=tmp_path)
    assert digest == content_hash(images)
    calls.clear()
    same, _ = reference_statistics(images, EXTRACTOR, NEEDS, cache=tmp_path)
    assert not calls
    np.testing.assert_array_equal(stored.features, same.features)
    assert stored.images.shape == images.shape


def test_the_images_kept_of_a_long_stream_are_drawn_from_all_of_it(monkeypatch):
    monkeypatch.setattr("jgan.evaluation.collect.IMAGES_KEPT", 30)
    numbered = np.arange(200, dtype=np.float32).reshape(200, 1, 1, 1) / 200
    needs = frozenset({IMAGES})
    counts = np.zeros(200)
    for seed in range(200):
        found = collect(np.array_split(numbered, 7), EXTRACTOR, needs, seed=seed)
        np.testing.assert_array_equal(found.images, numbered[found.image_rows])
        assert (np.diff(found.image_rows) > 0).all()
        counts[found.image_rows] += 1
    # Binomial with mean 30 and deviation 5.
    assert np.abs(counts - 30).max() < 25
    assert counts.std() == pytest.approx(5, rel=0.3)


def test_points_are_their_own_features(tmp_path):
    points = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)
    found, _ = reference_statistics(points, None, NEEDS, cache=tmp_path)
    np.testing.assert_array_equal(found.features, points)
    assert not list(tmp_path.iterdir())


def test_any_batches_give_one_result():
    images = pictures()
    whole = collect([images], EXTRACTOR, NEEDS)
    parts = collect(np.array_split(images, 7), EXTRACTOR, NEEDS)
    np.testing.assert_allclose(whole.features, parts.features, atol=1e-7)
    np.testing.assert_allclose(whole.moments.comoment, parts.moments.comoment, rtol=1e-6)


def test_mistakes():
    images = pictures(20)
    floats = (images / 127.5 - 1).astype(np.float32)
    floats[13, 2, 2, 1] = np.nan
    with pytest.raises(UserError, match="samples hold NaN or infinity, first in example 13;"):
        collect([floats[:8], floats[8:]], EXTRACTOR, NEEDS)
    with pytest.raises(UserError, match="samples are none"):
        collect([], EXTRACTOR, NEEDS)
    with pytest.raises(UserError, match="samples are images, which need an extractor"):
        collect([images], None, NEEDS)
    with pytest.raises(UserError, match="extractor 'means' takes images"):
        collect([np.zeros((5, 2), np.float32)], EXTRACTOR, NEEDS)
    with pytest.raises(UserError, match="extractor 'means' names no classes"):
        collect([images], EXTRACTOR._replace(probabilities=None), frozenset({PROBABILITIES}))
