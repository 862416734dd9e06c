import json

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jgan.commands.evaluation import number
from jgan.data import gather, load
from jgan.data.source import Source
from jgan.errors import UserError
from jgan.evaluation.evaluate import evaluate
from jgan.evaluation.metric import INCEPTION, UNCERTAINTIES
from jgan.evaluation.metric_table import METRICS, get_metrics
from jgan.evaluation.samples import Latents, Samples, latents_of, sampler
from jgan.evaluation.score import scorer
from jgan.features.extractor import Extractor
from jgan.features.judge_accuracy import JudgeAccuracy
from jgan.game import DISCRIMINATOR, GENERATOR
from jgan.gans.conditional import conditional
from jgan.gans.gan import gan
from jgan.latents import normal
from jgan.losses import non_saturating
from jgan.metrics.classifier_two_sample import nearest_neighbour_test
from jgan.metrics.frechet import precise_frechet_distance
from jgan.metrics.kid import kernel_distance
from jgan.metrics.prdc import prdc
from jgan.networks import Network, mlp_discriminator, pair
from jgan.rules import alternating
from jgan.training.experiment import Experiment


def features(images):
    """Means of 16 cells."""
    count, height, width, _ = images.shape
    cells = images[:, : height // 4 * 4, : width // 4 * 4].mean(axis=3)
    return cells.reshape(count, 4, height // 4, 4, width // 4).mean(axis=(2, 4)).reshape(count, 16)


def probabilities(images):
    """Ten "digits" by mean brightness."""
    level = (images.mean(axis=(1, 2, 3)) + 1) / 2
    return jax.nn.one_hot(jnp.clip(level * 10, 0, 9).astype(int), 10)


EXTRACTOR = Extractor("cells", "ab" * 32, "none", features, probabilities)


def halves(count=400):
    source = load("fashion")
    images, labels = source.arrays["image"], source.arrays["label"]
    pick = lambda part: {"image": images[part], "label": labels[part]}
    first, second = pick(slice(0, count)), pick(slice(count, 2 * count))
    samples = Samples(iter(np.array_split(first["image"], 3)), first["label"])
    return samples, Source(second, "other half"), first["image"], second["image"]


def test_numbers_are_those_of_the_functions():
    samples, reference, first, second = halves()
    result = evaluate(samples, reference, ["fd", "kid", "prdc", "c2st"], extractor=EXTRACTOR)
    x, y = (np.asarray(features(jnp.asarray(i / 127.5 - 1, jnp.float32))) for i in (first, second))
    values = {value.name: value for value in result.values}
    moments = lambda z: type("M", (), {"mean": z.mean(axis=0), "covariance": np.cov(z.T)})
    exact = precise_frechet_distance(moments(x), moments(y))
    assert values["Fréchet distance (cells)"].value == pytest.approx(exact, rel=1e-4)
    assert values["kernel distance (cells)"].value == pytest.approx(
        kernel_distance(x, y).mean, abs=1e-7
    )
    assert values["precision (cells)"].value == pytest.approx(prdc(y, x).precision, abs=0.003)
    assert values["coverage (cells)"].value == pytest.approx(prdc(y, x).coverage, abs=0.003)
    near = nearest_neighbour_test(y, x).accuracy
    assert values["1-NN two-sample accuracy (cells)"].value == pytest.approx(near, abs=0.003)
    # Halves of one law: the distance is little but bias, which is said.
    (warning,) = result.warnings
    bias = values["Fréchet distance (cells)"].settings["bias"]
    assert f"about {bias:.3g} of Fréchet distance (cells) is the bias of 400 and 400" in warning
    assert "fd_inf" in warning


def test_the_protocol_travels_with_the_numbers():
    samples, reference, *_ = halves()
    result = evaluate(samples, reference, ["fd"], extractor=EXTRACTOR, seed=3, about={"step": 7})
    protocol = result.protocol
    assert protocol["extractor"] == "cells"
    assert protocol["extractor_sha256"] == "ab" * 32
    assert protocol["resize"] == "none"
    assert (protocol["samples"], protocol["reference_count"]) == (400, 400)
    assert (protocol["reference"], protocol["seed"], protocol["step"]) == ("other half", 3, 7)
    assert len(protocol["reference_sha256"]) == 64
    assert "jax" in protocol["versions"]
    assert (
        json.loads(json.dumps(result.as_json(), allow_nan=False))["values"][0]["better"] == "lower"
    )


def test_only_inception_s_distances_have_its_names():
    samples, reference, *_ = halves(60)
    names = [
        value.name
        for value in evaluate(
            samples, reference, ["fd", "kid", "is"], extractor=EXTRACTOR._replace(name=INCEPTION)
        ).values
    ]
    assert names == ["FID", "KID", "Inception score"]
    samples, reference, *_ = halves(60)
    result = evaluate(samples, reference, ["fd", "kid", "is"], extractor=EXTRACTOR)
    assert not any(
        "FID" in v.name or "KID" in v.name or "Inception" in v.name for v in result.values
    )


def test_the_same_twice_and_from_the_cache(tmp_path):
    names = ["fd", "kid", "prdc", "mmd", "c2st", "sw", "is"]
    found = []
    for cache in (None, tmp_path, tmp_path):
        samples, reference, *_ = halves(100)
        found.append(evaluate(samples, reference, names, extractor=EXTRACTOR, cache=cache).values)
    assert found[0] == found[1] == found[2]
    assert len(list(tmp_path.glob("*.npz"))) == 1


def test_fewer_samples_than_features_are_warned_of_with_the_bias():
    wide = EXTRACTOR._replace(features=lambda images: images.reshape(len(images), -1)[:, ::4])
    samples, reference, *_ = halves(100)
    result = evaluate(samples, reference, ["fd"], extractor=wide)
    (warning,) = result.warnings
    assert "100 examples are too few for 196 features" in warning
    bias = result.values[0].settings["bias"]
    assert f"at least {bias:.3g} too large" in warning
    # The halves come from one law, so that the bias is nearly all there is.
    assert result.values[0].value == pytest.approx(bias, rel=0.4)


def test_every_metric_of_pictures_runs():
    source = load("fashion")
    images = gather(source.arrays, np.arange(400))["image"]
    labels = source.arrays["label"][:400]
    real = Source({"image": images[200:], "label": labels[200:]}, "real")
    new = Source({"image": gather(source.arrays, np.arange(900, 1000))["image"]}, "new")
    basis = jnp.asarray(images[:5]).reshape(5, -1)
    latents = Latents(normal(5), lambda z: jnp.tanh(z @ basis).reshape(-1, 28, 28, 1))
    names = [n for n in METRICS if n not in ("eq", "stacked", "modes", "divergences")]
    samples = Samples(iter([images[:200]]), labels[:200], latents)
    result = evaluate(samples, real, names, extractor=EXTRACTOR, held_out=new)
    values = {value.name: value for value in result.values}
    assert all(np.isfinite(value.value) for value in result.values)
    assert values["intra-class diversity (cells)"].value == pytest.approx(1, abs=0.3)
    assert values["MS-SSIM of pairs"].settings["reference"] == pytest.approx(
        values["MS-SSIM of pairs"].value, abs=0.1
    )
    assert values["distance to training over held-out's (cells)"].value == pytest.approx(1, abs=0.3)
    assert {"patch SWD x 1000, 28", "patch SWD x 1000, raw"} <= set(values)
    assert result.pairs.shape == (16, 2, 28, 28, 1)
    assert len({value.name for value in result.values}) == len(result.values)


def test_what_follows_a_sign_of_deviation_is_named():
    samples, reference, *_ = halves(400)
    result = evaluate(samples, reference, ["fd_inf", "is", "msssim"], extractor=EXTRACTOR)
    named = [value for value in result.values if value.uncertainty is not None]
    assert len(named) == 3
    assert all(value.settings["spread"] in UNCERTAINTIES for value in named)
    assert all(value.settings["spread"] in number(value) for value in named)
    kept = [value["spread"] for value in result.as_json()["values"]]  # its name in files
    assert [value for value in kept if value is not None] == [value.uncertainty for value in named]


def test_a_score_of_ten_examples_has_one_split_and_no_deviation():
    samples, reference, *_ = halves(10)
    ((value,), _, warnings, _) = evaluate(samples, reference, ["is"], extractor=EXTRACTOR)
    assert value.settings["splits"] == 1
    assert value.uncertainty is None
    assert warnings == []


def test_constant_pictures_have_defined_results():
    same = np.zeros((20, 28, 28, 1), np.uint8)
    source = Source({"image": same}, "black")
    result = evaluate(Samples(iter([same])), source, ["fd", "prdc", "kid"], extractor=EXTRACTOR)
    values = {value.name.split(" (")[0]: value.value for value in result.values}
    assert (values["Fréchet distance"], values["precision"]) == (0, 1)
    assert np.isnan(values["density"])
    about, empty = result.warnings
    assert "all examples of the reference have the same features" in about
    assert "density and coverage are not defined" in empty


def test_no_good_sample_is_said():
    far = np.full((50, 2), 99.0, np.float32)
    result = evaluate(Samples(iter([far])), load("ring", size=50), ["modes"])
    assert [value.value for value in result.values[:3]] == [0, 0, 0]
    assert "no sample lies within 3 standard deviations of a mode" in result.warnings[0]


def test_copies_of_the_training_set_are_found_and_shown():
    samples, reference, _, second = halves(100)
    samples = samples._replace(batches=iter([second[::2]]), labels=None)
    result = evaluate(samples, reference, ["nn"], extractor=EXTRACTOR)
    assert result.values[0].value == 0
    np.testing.assert_array_equal(result.pairs[:, 0], result.pairs[:, 1])


def test_stacked_digits():
    """Ten brightnesses stand for ten digits; three channels for their triples."""
    rng = np.random.default_rng(0)

    def stack(triples):
        levels = np.stack([triples // 100, triples // 10 % 10, triples % 10], axis=1) * 25.5 + 12
        return np.broadcast_to(levels[:, None, None].astype(np.uint8), (len(triples), 8, 8, 3))

    source = Source({"image": np.ascontiguousarray(stack(np.arange(1000)))}, "stacked")
    allowed = rng.permutation(1000)[:100]
    samples = Samples(iter([stack(allowed[rng.integers(0, 100, 2600)])]))
    # Of the digits 5 to 9 it is less sure.
    share = np.where(np.arange(10) < 5, 0.95, 0.8)
    unsure = lambda images: probabilities(images) * share + (1 - share) / 10
    tested = JudgeAccuracy(0.987, 500)
    judge = EXTRACTOR._replace(probabilities=unsure, accuracy=tested)
    result = evaluate(samples, source, ["stacked"], extractor=judge)
    modes, solid, confident, kl = result.values
    assert modes.value == solid.value == 100
    assert np.log(10) < kl.value < np.log(10) + 0.04
    low = np.stack([allowed // 100, allowed // 10 % 10, allowed % 10]).max(axis=0) < 5
    assert confident.value == pytest.approx(low.mean(), abs=0.02)
    assert confident.settings["reference"] == pytest.approx(1 / 8)
    assert {value.settings["judge"] for value in result.values} == {"0.99 on 500 held-out images"}
    assert result.as_json()["protocol"]["judge"] == tested._asdict()


def test_points_and_their_densities():
    ring = load("ring", size=1500)
    other = load("ring", size=1500, seed=1).arrays["image"]
    names = ["sw", "w1", "modes", "divergences", "fd"]
    result = evaluate(Samples(iter([other[:700], other[700:]])), ring, names)
    values = {value.name: value for value in result.values}
    assert values["modes"].value == values["modes, solid"].value == 8
    assert values["high-quality share"].value == pytest.approx(0.98889, abs=0.012)
    floor = values["Jensen-Shannon divergence"].settings["of the reference's own points"]
    assert values["Jensen-Shannon divergence"].value == pytest.approx(floor, rel=0.3)
    assert "Fréchet distance (coordinates)" in values
    lost = evaluate(Samples(iter([other[other[:, 0] > 0]])), ring, names)
    assert {v.name: v.value for v in lost.values}["modes"] < 8


def test_equivariance_of_a_generator_that_can_move(monkeypatch):
    monkeypatch.setattr("jgan.evaluation.image_metrics.MOVED", 16)
    samples, reference, *_ = halves(20)
    wave = jnp.arange(40) / 40
    generate = lambda key, shift, angle: jnp.broadcast_to(
        jnp.sin(2 * jnp.pi * (wave - shift[:, :1]))[:, :, None, None], (len(shift), 40, 40, 1)
    )
    values = evaluate(samples, reference, ["eq"], transformed=generate, extractor=EXTRACTOR).values
    assert values[0].value > 60
    assert values[2].value < 20  # it moves but does not turn


def tiny_experiment(data):
    source = load(data).take(60)
    game = gan(*pair(source.shape, width=2), non_saturating(), normal(2))
    sgd = optax.sgd(0.1)
    rule = alternating(game, {GENERATOR: sgd, DISCRIMINATOR: sgd})
    return Experiment(game, rule, source, 1, 10)


def test_samples_of_a_game_and_its_latents():
    experiment = tiny_experiment("ring")
    source = experiment.source
    state = experiment.rule.init(jax.random.key(0), source.first(10))
    draw = sampler(experiment.game, source, at_once=16)
    long, short = (np.concatenate(list(draw(state.variables, n, 0))) for n in (40, 5))
    assert long.shape == (40, 2)
    np.testing.assert_array_equal(long[:5], short)
    latents = latents_of(experiment.game, state.variables, source)
    z = latents.prior(jax.random.key(0), 3)
    assert z.shape == (3, 2)
    assert (
        latents.generate(z).shape == latents.generate(z, latents.conditions(3, 0)).shape == (3, 2)
    )
    with pytest.raises(UserError, match="--view is 'faces', but this experiment has only samples"):
        sampler(experiment.game, source, "faces")


def test_a_path_of_a_conditional_game_keeps_its_label(monkeypatch):
    """G = A z + b_y of sorted classes: b moves no path, and pairs are made for the data's labels."""
    monkeypatch.setattr("jgan.evaluation.image_metrics.WALKED", 100)
    label = np.repeat(np.arange(4, dtype=np.int32), [10, 20, 30, 140])
    source = Source({"image": np.zeros((200, 2), np.float32), "label": label}, "sorted")
    matrix = jnp.asarray([[1.0, 2.0], [0.5, -1.0]])

    def value(offset):
        generator = Network(
            lambda key, z, y: {"params": jnp.zeros(1)},
            lambda own, z, y, key=None, train=False: (z @ matrix + offset * y[:, None], {}),
        )
        judge = Network(
            lambda key, x, y: {"params": jnp.ones(1)},
            lambda own, x, y, key=None, train=False: (x.sum(1) * own["params"][0], {}),
        )
        game = conditional(generator, judge, non_saturating(), normal(2))
        variables = game.init(jax.random.key(0), source.first(4))
        latents = latents_of(game, variables, source)
        counts = np.bincount(latents.conditions(100, 3), minlength=4)
        np.testing.assert_array_equal(counts, [5, 10, 15, 70])
        samples = Samples(iter([source.arrays["image"]]), label, latents)
        return evaluate(samples, source, ["ppl"]).values[0]

    with_labels, without = value(30.0), value(0.0)
    assert with_labels.value == pytest.approx(without.value, rel=0.02)
    assert with_labels.settings["path"] == "spherical"


def perfect(source, shift):
    """A generator that knows the data, moved by ``shift``."""
    images = jnp.asarray(gather(source.arrays, np.arange(source.size))["image"])

    def apply(own, z, *, key=None, train=False):
        place = jax.scipy.stats.norm.cdf(z[:, 0]) * source.size
        return images[place.astype(int)] + own["params"]["shift"], {}

    return Network(lambda key, z: {"params": {"shift": jnp.asarray(shift)}}, apply)


@pytest.mark.parametrize("data", ["fashion", "ring"])
def test_a_score_falls_as_samples_near_the_data(data, monkeypatch, tmp_path):
    monkeypatch.setenv("JGAN_CACHE", str(tmp_path))
    source = load(data).take(300)
    game = gan(perfect(source, 0.0), mlp_discriminator((2,)), non_saturating(), normal(1))
    experiment = Experiment(game, None, source, 1)
    traced = []
    counted = EXTRACTOR._replace(features=lambda images: traced.append(1) or features(images))
    made = scorer(experiment, count=200, extractor=counted)
    score = made.measure
    assert made.protocol["samples"] == 200
    variables = lambda shift: {GENERATOR: {"params": {"shift": jnp.asarray(shift, jnp.float32)}}}
    found = [score(variables(0.0), 0)]
    compiled = len(traced)
    found += [score(variables(shift), 0) for shift in (0.2, 0.5)]
    assert 0 <= found[0] < found[1] < found[2]
    assert score(variables(0.2), 0) == found[1]
    assert score(variables(float("nan")), 0) == float("inf")
    assert len(traced) == compiled  # by the first of five calls


def test_unknown_and_excluding_metrics():
    with pytest.raises(
        UserError, match=r"no metric 'fdd' \(did you mean 'fd'\?\); allowed are fd,"
    ):
        get_metrics(["fdd"])
    with pytest.raises(UserError, match="no metric is named"):
        get_metrics([])
    with pytest.raises(UserError, match="'stacked' classifies each channel by itself and 'is'"):
        get_metrics(["is", "stacked"])
    assert all(metric.summary.endswith(".") for metric in METRICS.values())


MISTAKES = {
    "accuracy": "metric 'accuracy' needs labels of the samples, which this evaluation does not have",
    "diversity": "metric 'diversity' needs labels",
    "ppl": "metric 'ppl' needs a generator that can be asked for given latents",
    "eq": "metric 'eq' needs a generator that can be moved and turned",
    "modes": "metric 'modes' needs a mixture",
    "divergences": "metric 'divergences' needs data in the plane with a known density",
    "stacked": "extractor 'cells' names no classes; use a classifier of digits",
    "is": "extractor 'cells' names no classes, but a metric needs their probabilities",
}


@pytest.mark.parametrize("name", MISTAKES)
def test_what_a_metric_needs(name):
    samples, reference, *_ = halves(20)
    extractor = EXTRACTOR._replace(probabilities=None) if name in ("stacked", "is") else EXTRACTOR
    with pytest.raises(UserError, match=MISTAKES[name]):
        evaluate(samples._replace(labels=None), reference, [name], extractor=extractor)


def test_few_and_bad_examples():
    samples, reference, first, _ = halves(20)
    with pytest.raises(
        UserError, match="samples holds 3 examples, but evaluation needs at least 10"
    ):
        evaluate(Samples(iter([first[:3]])), reference, ["fd"], extractor=EXTRACTOR)
    with pytest.raises(UserError, match="reference 'other half' holds 4 examples"):
        evaluate(samples, reference.take(4), ["fd"], extractor=EXTRACTOR)
    nan = np.full((12, 28, 28, 1), np.nan, np.float32)
    with pytest.raises(UserError, match="samples hold NaN or infinity, first in example 0"):
        evaluate(Samples(iter([nan])), reference, ["fd"], extractor=EXTRACTOR)
    small = Samples(iter([first[:, :20, :20]]))
    with pytest.raises(
        UserError, match=r"metric 'swd' compares pixels, but the samples are \(20, 20, 1\)"
    ):
        evaluate(small, reference, ["swd"], extractor=EXTRACTOR)
