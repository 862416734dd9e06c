"""The study "Are GANs created equal?" at a size that tests can afford."""

import json
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image
from scipy import stats

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks import are_gans_created_equal as command  # noqa: E402
from benchmarks._study import paper, result, settings, study  # noqa: E402
from benchmarks._study.scales import FULL, SCALES  # noqa: E402
from experiments.created_equal import AUTHORS  # noqa: E402
from jgan.game import DISCRIMINATOR, GENERATOR  # noqa: E402
from jgan.networks.infogan import (  # noqa: E402
    infogan_autoencoder,
    infogan_discriminator,
    infogan_generator,
)
from jgan.networks.network import count_parameters  # noqa: E402
from jgan.sweeps.records import Record  # noqa: E402
from jgan.training.experiment import load_experiment  # noqa: E402

KEY = jax.random.key(0)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "pictures.npz"
    images = np.random.default_rng(0).integers(0, 256, (60, 8, 8, 1), np.uint8)
    np.savez(path, image_train=images, image_test=images)
    return str(path)


def words(data, out, *more):
    sizes = ["--width", "1", "--steps", "4", "--samples", "16", "--seeds", "2"]
    return ["--scale", "smoke", "--data", data, "--out", str(out), "--methods", "ns", *sizes, *more]


@pytest.fixture
def no_cache(monkeypatch):
    monkeypatch.setenv("JGAN_CACHE", "")
    monkeypatch.setitem(SCALES, "smoke", SCALES["smoke"]._replace(test=None))


@pytest.mark.full
def test_a_study_that_runs_out_of_time_goes_on(data, tmp_path, no_cache, capsys):
    out = tmp_path / "study"
    assert command.main(words(data, out, "--minutes", "0.0001")) == 0
    unfinished = json.loads((out / "unfinished.json").read_text())
    assert not unfinished["finished"]
    assert "stopped in time" in capsys.readouterr().out
    assert command.main(words(data, out)) == 0
    (file,) = out.glob("created-equal-*.json")
    found = json.loads(file.read_text())
    row = found["methods"]["ns"]
    assert found["finished"]
    assert row["seeds"] == [0, 1]
    assert row["generator updates"] == 4
    assert row["diverged"] == {}
    for seed, best, last in zip("01", row["best"]["values"], row["last"]["values"], strict=True):
        learning_curve = row["course"][seed]
        assert [step["step"] for step in learning_curve] == [2, 4]
        assert last == learning_curve[-1]["distance"]
        assert best == min(step["distance"] for step in learning_curve)
    assert row["last"]["mean"] == pytest.approx(np.mean(row["last"]["values"]))
    assert row["last"]["std"] == pytest.approx(np.std(row["last"]["values"], ddof=1))
    # All images are both training and test images here; 16 of 60 of them are near, noise is not.
    assert 0 < found["distance"]["floor"] < row["best"]["mean"]
    assert found["distance"]["name"] == "Fréchet distance in random-convolutions features"
    assert len(found["seconds"]) == 2
    pictures = sorted(path.name for path in (out / "defaults" / "pictures").iterdir())
    assert pictures == [f"ns-{seed}-00000{step}.png" for seed in (0, 1) for step in (2, 4)]
    assert np.asarray(Image.open(file.with_suffix(".png")).convert("L")).std() > 10
    table = file.with_suffix(".md").read_text()
    assert "| NS GAN |" in table
    assert "theirs is FID" in table

    # With another size it is another study.
    assert command.main(words(data, out, "--steps", "5")) == 2
    assert "was made with" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["--seeds", "0"], "--seeds is 0, but must be at least 1."),
        (["--samples", "1"], "--samples is 1, but must be at least 2."),
        (["--at-once", "0"], "--at-once is 0, but must be at least 1."),
        (["--minutes", "0"], "--minutes is 0.0, but must be positive."),
        (["--weights", "nowhere.pb"], "nowhere.pb"),
    ],
)
def test_mistakes(change, message, data, tmp_path, no_cache, capsys):
    assert command.main(words(data, tmp_path / "study", *change)) == 2
    assert message in capsys.readouterr().err


def test_the_authors_defaults():
    # FACTS of compare_gan v1.0; only DRAGAN's batch normalisation differs.
    expected = {
        "mm": (5e-5, 0.0, 1, "batch"),
        "ns": (5e-5, 0.0, 1, "batch"),
        "lsgan": (2e-4, 0.5, 1, "batch"),
        "wgan": (5e-5, 0.5, 5, "batch"),
        "wgan_gp": (1e-4, 0.5, 5, "none"),
        "dragan": (1e-4, 0.5, 1, "none"),
        "began": (1e-4, 0.5, 5, "none"),
        "vae": (5e-5, 0.5, 1, "batch"),
    }
    assert {name: tuple(AUTHORS[name][:4]) for name in settings.PAPERS} == expected
    assert AUTHORS["wgan"].clip == 0.01
    assert AUTHORS["wgan_gp"].weight == AUTHORS["dragan"].weight == 10.0
    assert (AUTHORS["began"].gamma, AUTHORS["began"].rate) == (0.75, 1e-3)
    assert set(settings.NAMES) == set(settings.METHODS)


@pytest.mark.parametrize("method", settings.METHODS)
def test_draws_stay_in_the_ranges_of_the_paper(method):
    wide = settings.random_settings(method, settings.WIDE, 200)
    assert settings.authors(method) not in wide
    assert wide == settings.random_settings(method, settings.WIDE, 200)
    assert settings.random_settings(method, settings.WIDE, 20) == wide[:20]
    values = {name: {setting[name] for setting in wide} for name in wide[0]}
    assert 1e-5 < min(values["lr"]) < 3e-5 < 3e-3 < max(values["lr"]) < 1e-2
    assert 0 < min(values["beta1"]) < 0.05 < 0.95 < max(values["beta1"]) < 1
    assert values["disc_iters"] == ({1} if method == "vae" else {1, 5})
    norms = {"sn": {"spectral"}} | {name: {"none"} for name in settings.WITHOUT_BATCH_NORM}
    assert values["norm"] == norms.get(method, {"batch", "none"})
    for name, low, high in (("clip", 1e-3, 1), ("weight", 0.1, 100), ("gamma", 0, 1)):
        own = values[name]
        if name in settings.OWN.get(method, ()):
            assert low < min(own) < max(own) < high
            assert len(own) == 200
        else:
            assert own == {getattr(AUTHORS[method], name)}
            assert name not in settings.described(wide[0])
    narrow = settings.random_settings(method, settings.NARROW, 50)
    assert {(s["beta1"], s["disc_iters"]) for s in narrow} == {(0.5, 1)}
    assert all(1e-4 < s["lr"] < 1e-3 for s in narrow)


def record(method, learning_curve, *, lr=1.0, seed=0, diverged=None):
    rows = [{"step": step, "distance": value} for step, value in learning_curve]
    end = {} if diverged else {"distance": learning_curve[-1][1]}
    return Record({**settings.authors(method), "lr": lr}, seed, diverged, end, {}, rows)


def test_the_best_checkpoint_chooses_and_the_diverged_count_in_no_mean():
    records = [
        record("ns", [(2, 5.0), (4, 9.0)], lr=1.0),
        record("ns", [(2, 7.0), (4, 6.0)], lr=2.0),
        record("ns", [(2, 1.0)], lr=3.0, diverged=3),
        record("mm", [(2, 0.5), (4, 0.5)], lr=4.0),
    ]
    assert study.best_setting(records, "ns")["lr"] == 1.0
    assert study.best_setting(records, "vae") is None
    assert study.best_setting(records[2:3], "ns") is None
    row = result.methods({"best": [*records[:3]]})["ns"]
    assert row["best"] == {"mean": 5.5, "std": pytest.approx(np.sqrt(0.5)), "values": [5.0, 6.0]}
    assert row["last"]["values"] == [9.0, 6.0]
    assert row["diverged"] == {"0": 3}
    searched = result.searched({"wide": records, "best": records[:1]})
    assert [run["diverged"] for run in searched] == [None, None, 3, None]
    assert searched[2]["best"] is None
    assert searched[1]["best"] == 6.0
    broken = record("ns", [(2, 5.0), (4, float("inf"))])
    assert result.methods({"defaults": [broken]})["ns"]["diverged"] == {"0": 4}


def test_a_search_goes_through_its_phases(monkeypatch, tmp_path):
    calls, defaults = [], []

    def phase(own, name, chosen, seeds, stop, say):
        calls.append(
            (name, [s["lr"] for s in chosen], range(own.first_seed, own.first_seed + seeds))
        )
        defaults.append(chosen.count(settings.authors("ns")))
        found = [record("ns", [(4, s["lr"])], lr=s["lr"]) for s in chosen]
        return found, name != "narrow" or len(calls) > 2

    monkeypatch.setattr(study, "_phase", phase)
    scale = FULL._replace(wide=3, narrow=2, seeds=7)
    own = study.Study("fashion", scale, ["ns"], None, tmp_path)
    found, finished = study.run(own, lambda: False, print)
    assert (sorted(found), finished) == (["narrow", "wide"], False)
    found, finished = study.run(own, lambda: False, print)
    assert finished
    # Seeds that choose are not those that are reported; the authors' default is tried once, beside the draws.
    assert [(name, [*seeds]) for name, _, seeds in calls[2:]] == [
        ("wide", [0]),
        ("narrow", [0]),
        ("best", [1, 2, 3, 4, 5, 6, 7]),
    ]
    assert [len(rates) for _, rates, _ in calls[2:4]] == [4, 2]
    assert defaults[2:4] == [1, 0]
    assert calls[-1][1] == [min(lr for _, rates, _ in calls[:2] for lr in rates)]


def test_rank_correlation_is_scipys():
    ours, theirs = [3.0, 1.0, 2.0, 5.0, 4.0, 8.0], [1.0, 2.0, 3.0, 4.0, 6.0, 5.0]
    found = result.rank_correlation(ours, theirs)
    assert found["rho"] == pytest.approx(stats.spearmanr(ours, theirs).statistic)
    exact = stats.permutation_test(
        (ours,),
        lambda x: stats.spearmanr(x, theirs).statistic,
        permutation_type="pairings",
        n_resamples=np.inf,
    )
    assert found["p"] == pytest.approx(exact.pvalue)
    assert found["interval"][0] < found["rho"] < found["interval"][1]
    assert result.rank_correlation([1.0, 2.0, 3.0], [1.0, 2.0, 3.0]) is None


def test_the_paper_in_its_own_order():
    means = {name: mean for name, (mean, _) in paper.FID["fashion"].items()}
    assert paper.ours_and_theirs(means, paper.known("fashion:/folder"))[0] == list(means.values())
    assert paper.known("ring") == {}


def test_every_difference_is_named_and_only_those():
    full = paper.differences(FULL, "fashion", 60_000, "FID", 10_000, 10_000)
    assert len(full) == len(paper._ALWAYS)
    name = "Fréchet distance in other features"
    laptop = paper.differences(SCALES["laptop"], "fashion", 10_000, name, 2000, 1000)
    assert len(laptop) == len(full) + 9
    text = "\n".join(laptop)
    for word in (name, "2,000 samples", "10,000 training", "width 32", "1,000 disc", "3 seeds"):
        assert word in text
    searched = FULL._replace(wide=20, narrow=0)
    assert "20 wide and 0 narrow" in paper.differences(searched, "", 60_000, "FID", 1, 1)[1]


def test_the_time_limit_looks_ahead(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(study.time, "monotonic", lambda: now[0])
    with study.until(10.0) as stop:
        answers = []
        for seconds in (100.0, 220.0, 340.0, 440.0, 490.0):
            now[0] = seconds
            answers.append(stop())
    # The longest piece took 120 s, so 150 s are left for the next and 30 s to save: until 420 s.
    assert answers == [False, False, False, True, True]
    with study.until(None) as stop:
        now[0] = 1e9
        assert not stop()


def test_the_time_of_killed_jobs_counts(tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(study.time, "monotonic", lambda: now[0])
    killed = study.Jobs(tmp_path)
    now[0] = 5.0
    killed.tell()
    now[0] = 100.0
    later = study.Jobs(tmp_path)
    now[0] = 103.0
    assert later.seconds() == [5.0, 3.0]


def losses(method, images, **arguments):
    """The discriminator's metrics on a batch, and the game's variables."""
    build = load_experiment(study.FILE).build
    game = build(data="fashion", method=method, width=1, **arguments).game
    batch = {"image": images}
    variables = jax.jit(game.init)(KEY, batch)
    step = jnp.zeros((), jnp.int32)
    value, aux = jax.jit(game.losses)(variables, batch, KEY, step)[DISCRIMINATOR]
    return float(value), {name: float(x) for name, x in aux.metrics.items()}, variables


@pytest.mark.parametrize("method", ["wgan_gp", "dragan"])
def test_penalties_are_those_of_images_over_0_to_1(method, monkeypatch):
    # Training refuses it.
    monkeypatch.setattr("jgan.networks.layers.check_batch_moments", lambda x, train: None)
    # With one example the mean slope is the slope. Over [0, 1] it is twice that over [-1, 1].
    image = jax.random.uniform(KEY, (1, 28, 28, 1), minval=-1.0)
    _, metrics, _ = losses(method, image, weight=3.0)
    slope = 2 * metrics[f"{method}_norm"]
    assert metrics[method] == pytest.approx(3.0 * (slope - 1) ** 2, rel=1e-5)


@pytest.mark.full
def test_began_controls_as_over_0_to_1():
    image = jax.random.uniform(KEY, (4, 28, 28, 1), minval=-1.0)
    _, metrics, _ = losses("began", image, gamma=0.9, rate=0.01)
    real = -metrics["real_logit"] / 2  # errors over [0, 1] are half of those over [-1, 1]
    fake = -metrics["fake_logit"] / 2
    assert metrics["k"] == pytest.approx(max(0.0, 0.01 * (0.9 * real - fake)), rel=1e-5)
    assert metrics["k"] > 0


@pytest.mark.parametrize("method", settings.METHODS)
def test_every_method_has_the_networks_of_the_study(method):
    game = load_experiment(study.FILE).build(data="fashion", method=method).game
    made = jax.eval_shape(lambda: game.init(KEY, {"image": jnp.zeros((2, 28, 28, 1))}))
    dense = lambda i, o: i * o + o
    conv = lambda i, o: 16 * i * o + o
    norm = lambda n: 2 * n if AUTHORS[method].norm == "batch" else 0
    generator = dense(64, 1024) + 2 * 1024 + dense(1024, 6272) + 2 * 6272
    generator += conv(128, 64) + 2 * 64 + conv(64, 1)
    trunk = conv(1, 64) + conv(64, 128) + norm(128)
    expected = trunk + dense(6272, 1024) + norm(1024) + dense(1024, 1)
    if method == "began":
        code = dense(6272, 64) + dense(64, 6272)
        expected = trunk + code + conv(128, 64) + conv(64, 1)
    if method == "vae":
        generator += expected - dense(1024, 1) + dense(1024, 128)
        expected = 0
    assert count_parameters(made[GENERATOR]) == generator
    assert count_parameters(made[DISCRIMINATOR]) == expected


@pytest.mark.full
def test_width_scales_all_layers_and_the_judge_rebuilds_within_range():
    x = 3 * jax.random.normal(KEY, (2, 8, 8, 3))
    judge = infogan_autoencoder(code=5, norm="batch", width=2)
    answers, state = jax.jit(lambda x: judge.apply(judge.init(KEY, x), x, train=True))(x)
    assert answers["features"].shape == (2, 5)
    assert answers["reconstruction"].shape == x.shape
    assert float(jnp.abs(answers["reconstruction"]).max()) <= 1
    assert "batch_stats" in state
    encoder = infogan_discriminator(width=2, outputs=6)
    assert jax.eval_shape(lambda: encoder.apply(encoder.init(KEY, x), x)[0]).shape == (2, 6)
    halved = infogan_generator((8, 8, 1), width=2)
    shapes = jax.tree.map(jnp.shape, jax.eval_shape(lambda: halved.init(KEY, jnp.zeros((2, 3)))))
    assert shapes["params"]["Dense_0"]["kernel"] == (3, 32)
    assert shapes["params"]["ConvTranspose_0"]["kernel"] == (4, 4, 4, 2)


@pytest.mark.full
def test_the_running_statistics_follow_the_decay():
    z = jax.random.normal(KEY, (8, 4))

    def means(decay):
        network = infogan_generator((8, 8, 1), width=1, decay=decay)
        _, state = jax.jit(lambda z: network.apply(network.init(KEY, z), z, train=True))(z)
        return jax.tree.leaves(state["batch_stats"])[0]  # begins at zero

    np.testing.assert_allclose(means(0.5), 50 * means(0.99), rtol=1e-3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: infogan_generator((8, 8, 1), rectifier="elu"), "rectifier is 'elu', but"),
        (lambda: infogan_autoencoder(norm="spectral"), "norm is 'spectral', but"),
        (
            lambda: infogan_autoencoder().init(KEY, jnp.zeros((2, 6, 8, 1))),
            r"shape is \(6, 8, 1\)",
        ),
    ],
)
def test_mistakes_of_networks(make, message):
    with pytest.raises(ValueError, match=message):
        make()
