import errno
import functools
import re
from dataclasses import replace

import jax
import numpy as np
import pytest
from labelled import quadrants

from jgan.claims.claim_value import claim_value
from jgan.claims.class_measures import judge_of
from jgan.data import Mixture, Source, load
from jgan.data.augment import flip
from jgan.errors import UserError
from jgan.evaluation import judges, kept_training
from jgan.evaluation.array_archive import digest_of, read_archive
from jgan.evaluation.judges import JudgeSettings, domain_classifier, judge_for, recipe_of
from jgan.evaluation.kept_training import TrainedArrays, trained_once
from jgan.training.experiment import Experiment, Trained

SMALL = JudgeSettings(images=1200, width=4, batch_size=16)
TRAIN, TEST = quadrants(200, 0), quadrants(100, 1)


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("JGAN_CACHE", str(tmp_path))
    kept_training.forget()
    yield tmp_path / "judges"
    kept_training.forget()


@pytest.fixture
def trainings(monkeypatch):
    """The names of the data of all trainings."""
    found = []

    def train(source, *rest, **options):
        found.append(source.name)
        return original(source, *rest, **options)

    original = judges.train_classifier
    monkeypatch.setattr(judges, "train_classifier", train)
    return found


def test_a_judge_is_trained_once_and_kept_and_damage_is_repaired(cache, trainings, caplog):
    first = domain_classifier(TRAIN, TEST, SMALL)
    images = TEST.arrays["image"].astype(np.float32) / 127.5 - 1
    found = np.asarray(jax.jit(first.extractor.probabilities)(images)).argmax(1)
    right = (found == TEST.arrays["label"]).mean()
    assert right > 0.9
    assert first.extractor.accuracy == (right, 100, "images")
    (entry,) = cache.iterdir()
    assert read_archive(entry)[1]["fingerprint"] == kept_training.fingerprint(
        recipe_of(TRAIN, TEST, SMALL)
    )

    domain_classifier(replace(TRAIN, augment=flip()), TEST, SMALL)
    kept_training.forget()
    other_name = domain_classifier(replace(TRAIN, name="corners"), TEST, SMALL)
    assert trainings == ["quadrants"]
    assert other_name.extractor.name == "classifier-corners"
    assert other_name.extractor.sha256 == first.extractor.sha256

    assert not caplog.messages
    content = bytearray(entry.read_bytes())
    content[len(content) // 2] ^= 1
    entry.write_bytes(content)
    kept_training.forget()
    again = domain_classifier(TRAIN, TEST, SMALL)
    assert trainings == ["quadrants"] * 2
    (message,) = caplog.messages
    assert f"the classifier in {str(entry)!r} is damaged and trained anew: it" in message
    # The training is deterministic, so that the repaired file is the former one.
    assert again.extractor.sha256 == first.extractor.sha256
    assert read_archive(entry)[1]["sha256"] == first.extractor.sha256


def changed(source, field):
    values = source.arrays[field].copy()
    values[3] = 1 - values[3] % 2
    return replace(source, arrays={**source.arrays, field: values})


def test_the_fingerprint_is_that_of_data_settings_and_code(monkeypatch):
    own = recipe_of(TRAIN, TEST)
    assert own == recipe_of(replace(TRAIN, name="other", augment=flip()), quadrants(100, 1))
    named = replace(TRAIN, classes=("a", "b", "c", "d"))
    others = [recipe_of(changed(TRAIN, field), TEST) for field in ("image", "label")]
    others += [recipe_of(TRAIN, changed(TEST, field)) for field in ("image", "label")]
    others += [recipe_of(named, TEST), recipe_of(TRAIN, replace(TEST, classes=named.classes))]
    others += [
        recipe_of(TRAIN, TEST, judges.SETTINGS._replace(**{name: value + 1}))
        for name, value in judges.SETTINGS._asdict().items()
    ]
    monkeypatch.setattr(judges, "VERSION", judges.VERSION + 1)
    others.append(recipe_of(TRAIN, TEST))
    assert len({kept_training.fingerprint(recipe) for recipe in [own, *others]}) == 1 + len(others)


ARRAYS = {"layer": {"kernel": np.arange(6.0).reshape(2, 3)}, "bias": np.ones(2, np.float32)}


def training(count, recipe=None):
    """`trained_once`, counting its trainings."""

    def train():
        count.append(recipe)
        return TrainedArrays(ARRAYS, {"accuracy": 0.5})

    return trained_once("toy", {"seed": 0, **(recipe or {})}, train)


def full(source, target):
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("trouble", ["no folder", "full disk"])
def test_without_a_writable_cache_a_judge_serves_its_process(trouble, cache, monkeypatch, caplog):
    if trouble == "no folder":
        cache.write_text("a file where the folder should be")
    else:
        monkeypatch.setattr("os.replace", full)
    count = []
    for _ in range(2):
        assert digest_of(training(count).arrays) == digest_of(ARRAYS)
    assert len(count) == 1
    (message,) = caplog.messages
    assert message.startswith("warning: the toy serves this process only, because it cannot be ")
    if trouble == "full disk":
        assert "No space left on device" in message
        assert list(cache.iterdir()) == []


def test_no_cache_at_all(cache, monkeypatch, caplog):
    monkeypatch.setenv("JGAN_CACHE", "")
    count = []
    for _ in range(2):
        training(count)
    kept_training.forget()
    training(count)
    assert len(count) == 2
    assert not cache.exists()
    assert not caplog.messages


def test_whoever_trains_at_the_same_time_leaves_a_whole_file(cache, caplog):
    count = []

    def slow():
        # Another process finds no entry either, and is the first to finish.
        training(count)
        kept_training.forget()
        return TrainedArrays(ARRAYS, {"accuracy": 0.5})

    trained_once("toy", {"seed": 0}, slow)
    (entry,) = cache.iterdir()
    assert digest_of(read_archive(entry)[0]) == digest_of(ARRAYS)
    kept_training.forget()
    assert training(count).about["accuracy"] == 0.5
    assert len(count) == 1
    assert not caplog.messages


def test_few_are_remembered_in_a_process_and_all_are_kept(cache):
    count = []
    for seed in range(6):
        training(count, {"seed": seed})
    training(count, {"seed": 0})
    assert len(count) == 6
    assert len(list(cache.iterdir())) == 6
    assert len(kept_training._known) < 6


class Begun(Exception):
    """A training begins."""


def test_large_pictures_are_reduced_and_many_are_chosen_from(monkeypatch):
    def begin(learnt, tested, **options):
        raise Begun(learnt, tested, options)

    monkeypatch.setattr(judges, "train_classifier", begin)
    train, test = quadrants(300, 0, side=20, channels=3), quadrants(60, 1, side=20, channels=3)
    settings = SMALL._replace(images=200, side=10, batch_size=1000)
    with pytest.raises(Begun) as begun:
        domain_classifier(train, test, settings)
    learnt, tested, options = begun.value.args
    assert learnt.shape == tested.shape == (10, 10, 3)
    assert (learnt.size, tested.size) == (200, 60)
    assert (options["batch_size"], options["epochs"]) == (200, 1)
    shares = [np.bincount(source.arrays["label"]) / source.size for source in (learnt, train)]
    np.testing.assert_allclose(*shares, atol=0.01)
    # A block of constant colour is one pixel of the reduced picture.
    shades = np.random.default_rng(0).integers(0, 256, (10, 10, 1))
    blocks = np.kron(shades, np.ones((4, 4, 1)))
    flat = Source({"image": blocks[None].astype(np.uint8), "label": np.zeros(1, np.int32)})
    small = judges._reduced(flat, 10).arrays["image"]
    assert np.corrcoef(small.ravel(), shades.ravel())[0, 1] > 0.95
    # None becomes smaller than a classifier takes.
    long = Source({"image": np.zeros((1, 64, 16, 1), np.uint8), "label": np.zeros(1, np.int32)})
    assert judges._reduced(long, 24).shape == (24, 8, 1)


def test_the_nearest_mode_has_an_accuracy_too():
    ring = load("ring", size=500)
    judge = judge_for(ring, {})
    assert str(judge.accuracy) == "judge: 1.00 on 500 held-out points"
    assert (judge(np.asarray(ring.density.modes)) == np.arange(8)).all()
    # Two modes of deviation 1 at a distance of 2: one point in six is nearer to the other.
    wide = Mixture(np.asarray([[0.0, 0.0], [2.0, 0.0]]), np.ones(2), np.full(2, 0.5))
    label = np.repeat(np.arange(2, dtype=np.int32), 5000)
    noise = np.random.default_rng(0).normal(size=(10_000, 2))
    points = (np.asarray(wide.modes)[label] + noise).astype(np.float32)
    near = judge_for(Source({"image": points, "label": label}, "wide", wide), {})
    assert near.accuracy.share == pytest.approx(0.8413, abs=0.015)
    assert near.fingerprint != judge.fingerprint


@pytest.mark.full
def test_the_accuracy_stands_beside_every_number_that_rests_on_a_judge(monkeypatch):
    monkeypatch.setattr(
        judges, "domain_classifier", functools.partial(domain_classifier, settings=SMALL)
    )
    experiment = Experiment(
        None, None, TRAIN, 1, loaded={("nowhere", "train", None, 0, None, None): TRAIN}
    )
    images = TEST.arrays["image"].astype(np.float32) / 127.5 - 1

    def share(trained):
        judge = judge_of(trained.experiment)
        return np.mean(judge(images) == judge(images[::-1])[::-1])

    found = claim_value(share, Trained(experiment, None, []))
    assert found.value == 1
    # There is no test set: a tenth of the training images is held out.
    assert re.fullmatch(r"judge: [01]\.\d\d on 20 held-out images", found.beside)
    assert claim_value(lambda trained: 1.0, Trained(experiment, None, [])).beside == ""


def test_data_without_a_judge():
    plain = Source({"image": np.zeros((4, 8, 8, 1), np.uint8)}, "plain")
    for source in (plain, load("spiral", size=10)):
        with pytest.raises(UserError, match=f"'{source.name}' must be images .* with one label"):
            judge_for(source, {})


@pytest.mark.full
def test_garments_are_named_by_a_judge_that_is_right_in_87_of_100():
    judge = judge_for(load("fashion", size=500), {})
    assert judge.accuracy.examples == 1000
    assert judge.accuracy.share >= 0.87
