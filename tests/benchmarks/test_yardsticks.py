import json
import runpy
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks import yardsticks  # noqa: E402
from benchmarks._yardsticks import bilinear, digits, likelihood, points, transport  # noqa: E402
from benchmarks._yardsticks.kept import Cell, measure, read  # noqa: E402
from benchmarks._yardsticks.tables import Published, summary, table  # noqa: E402
from jgan.data import Source  # noqa: E402
from jgan.errors import UserError  # noqa: E402
from jgan.game import DISCRIMINATOR, GENERATOR  # noqa: E402
from jgan.training.experiment import load_experiment  # noqa: E402

EXPERIMENTS = ROOT / "benchmarks" / "_yardsticks" / "experiments"


def never():
    return False


# What is kept.


def test_a_cell_is_measured_once_unless_its_settings_change(tmp_path):
    calls = []

    def cell(settings):
        return Cell("row", 3, settings, lambda: calls.append(settings) or {"value": 1.5})

    file = tmp_path / "found.json"
    assert measure(file, [cell({"size": (1, 2)})], never)
    assert measure(file, [cell({"size": [1, 2]})], never)
    assert len(calls) == 1
    assert measure(file, [cell({"size": [1, 3]})], never)
    assert len(calls) == 2
    (own,) = read(file)["cells"].values()
    assert own["measures"] == {"value": 1.5}
    assert own["settings"] == {"size": [1, 3]}
    assert set(read(file)) == {"cells", "machine", "versions"}


def test_what_was_stopped_is_left_to_the_next_call(tmp_path):
    file = tmp_path / "found.json"
    stopped = Cell("stopped", 3, {}, lambda: None)
    later = Cell("later", 3, {}, lambda: {"value": 1.0})
    assert not measure(file, [stopped, later], never)
    assert not measure(file, [later], lambda: True)
    assert read(file)["cells"] == {}
    assert measure(file, [later], never)


def test_a_file_of_something_else_is_refused(tmp_path):
    file = tmp_path / "found.json"
    file.write_text("[1]")
    with pytest.raises(UserError, match="holds no results of a yardstick"):
        read(file)


def test_rows_are_means_over_seeds_and_published_rows_stand_below():
    cells = {
        f"{row}, seed {seed}": {"row": row, "seed": seed, "measures": {"a": value, "b": None}}
        for row, seed, value in (("one", 3, 1.0), ("one", 4, 2.0), ("two", 3, 5.0))
    }
    lines = table({"cells": cells}, ("a", "b"), [Published("old", "paper", {"a": "7"})], 1)
    assert lines.splitlines() == [
        "|  | source | a | b | seeds |",
        "|---|---|---|---|---|",
        "| one | jgan | 1.5 ± 0.7 | - | 2 |",
        "| two | jgan | 5.0 | - | 1 |",
        "| old | paper | 7 |  |  |",
    ]
    assert summary([1.0, None], 1) == "1.0 (1 of 2 without)"


def test_the_page_holds_the_tables_of_the_kept_results():
    text = yardsticks.DOCUMENT.read_text()
    assert yardsticks.rewritten(text, yardsticks.RESULTS) == text
    for name in yardsticks.YARDSTICKS:
        assert f"<!-- {name} -->" in text


def test_a_page_without_the_place_of_a_table_is_refused(tmp_path):
    yardsticks.file_of(tmp_path, "bilinear").write_text('{"cells": {}}')
    with pytest.raises(UserError, match="no table <!-- bilinear -->"):
        yardsticks.rewritten("nothing", tmp_path)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "no yardstick was named"),
        (["elsewhere"], "'elsewhere' is no yardstick"),
        (["bilinear", "--seeds", "0"], "--seeds is 0"),
        (["bilinear", "--minutes", "0"], "--minutes is 0.0"),
    ],
)
def test_mistakes_are_one_sentence(words, message, capsys):
    assert yardsticks.main(words) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1


# SDGym's mixtures.


@pytest.mark.parametrize("name", likelihood.DATA)
def test_points_have_the_density_that_is_stated(name):
    train, test, density = likelihood.points(name)
    assert train.shape == test.shape == (10_000, 2)
    modes = np.asarray(density.modes)
    assert len(modes) == (8 if name == "ring" else 25)
    both = np.concatenate([train, test])
    # Of the likelihood's two independent computations one is by scipy.
    logs = scipy.stats.norm.logpdf(train[:500, None], modes[None], 0.05**0.5).sum(axis=-1)
    exact = scipy.special.logsumexp(logs, axis=1) - np.log(len(modes))
    assert np.allclose(density.log_density(jnp.asarray(train[:500])), exact, atol=1e-3)
    # Around the centres the variance, not the standard deviation, is 0.05.
    near = np.linalg.norm(both[:, None] - modes[None], axis=-1).argmin(axis=1)
    if name == "grid":
        assert np.var(both - modes[near], axis=0) == pytest.approx([0.05, 0.05], rel=0.03)
        assert np.bincount(near).std() < 5  # equal shares, not drawn at random


def test_the_centres_of_gridr_are_moved_by_at_most_one_half():
    moved = np.asarray(likelihood.points("gridr")[2].modes - likelihood.points("grid")[2].modes)
    assert 0.3 < np.abs(moved).max() <= 0.5
    # The first number of NumPy's legacy generator under seed 0.
    assert moved[0, 0] == pytest.approx(0.5488135 - 0.5, abs=1e-6)


def test_scores_of_one_component_are_those_of_a_normal_distribution(monkeypatch):
    monkeypatch.setattr(likelihood, "COMPONENTS", (1,))
    draw = np.random.default_rng(0)
    made, test = draw.normal(1.0, 2.0, (500, 2)), draw.normal(0.0, 1.0, (400, 2))
    density = likelihood.points("ring")[2]
    found = likelihood.scores(made, test, density, 0)

    def normal(fitted, scored):
        law = scipy.stats.norm(fitted.mean(axis=0), fitted.std(axis=0))
        return law.logpdf(scored).sum(axis=1).mean()

    assert found["syn"] == found["syn 1"] == pytest.approx(normal(test, made), abs=1e-4)
    assert found["test"] == pytest.approx(normal(made, test), abs=1e-4)


def test_synthesizers_keep_to_the_data():
    train = likelihood.points("ring")[0][:1000]
    rows = {tuple(row) for row in train}
    assert all(tuple(row) in rows for row in likelihood.identity(train, 3))
    for made in (likelihood.uniform(train, 3), likelihood.independent(train, 3)):
        assert made.shape == train.shape
        assert (made >= train.min(axis=0)).all()
        assert (made <= train.max(axis=0)).all()
    # Independent coordinates have the marginals and no correlation; of the ring there is none anyway.
    one = np.stack([train[:, 0], train[:, 0]], axis=1)
    made = likelihood.independent(one, 3)
    assert abs(np.corrcoef(made.T)[0, 1]) < 0.1
    assert scipy.stats.ks_2samp(made[:, 0], one[:, 0]).statistic < 0.1


# The stochastic bilinear game.


def test_a_component_has_the_gradients_of_the_notebook():
    given = bilinear.problem(2)
    game = bilinear.game_of(given)
    variables = game.init(jax.random.key(0), {})
    x, y = (np.asarray(variables[player]["params"]) for player in (GENERATOR, DISCRIMINATOR))
    batch = {"component": jnp.array([7, 3])}

    def loss(player, params):
        own = {**variables, player: {"params": params}}
        return game.losses(own, batch, jax.random.key(0), 0)[player][0]

    unit = np.eye(100)[7] + np.eye(100)[3]
    down = jax.grad(lambda params: loss(GENERATOR, params))(jnp.asarray(x))
    up = jax.grad(lambda params: loss(DISCRIMINATOR, params))(jnp.asarray(y))
    assert np.allclose(down, unit * y + given.a[[7, 3]].sum(axis=0), atol=1e-5)
    assert np.allclose(up, -(unit * x + given.b[[7, 3]].sum(axis=0)), atol=1e-5)
    # At rest the gradients of the whole game vanish.
    assert np.allclose(given.rest[1] + given.a.sum(axis=0), 0)
    assert np.allclose(given.rest[0] + given.b.sum(axis=0), 0)


def whole(name):
    (method,) = [own for own in bilinear.METHODS if own.row == f"{name}, B = all"]
    return method


def test_on_the_whole_game_lookahead_is_a_known_rotation():
    # (x - x*) + i (y - y*) turns by 1 + i rate in each step; after k steps it is pulled back by the share.
    found = bilinear.distances(whole("lookahead-minimax"), 0, passes=31)[1]
    given = bilinear.problem(1)
    first = (given.start[0] - given.rest[0]) + 1j * (given.start[1] - given.rest[1])
    turned = lambda steps, z: z * (1 + 0.2j) ** steps
    period = (1 - 0.3) + 0.3 * (1 + 0.2j) ** 15

    def distance(z):
        return np.linalg.norm(z.real) + np.linalg.norm(z.imag)

    assert found[13] == pytest.approx(distance(turned(14, first)), rel=1e-4)
    assert found[14] == pytest.approx(distance(period * first), rel=1e-4)
    assert found[29] == pytest.approx(distance(period**2 * first), rel=1e-4)
    assert found[30] == pytest.approx(distance(turned(1, period**2 * first)), rel=1e-4)


@pytest.mark.full
def test_on_the_whole_game_three_draws_are_one():
    found = [
        bilinear.distances(whole(name), 0, passes=30)
        for name in ("extragradient", "extragradient, three draws")
    ]
    assert found[0].shape == (5, 10)
    assert np.allclose(*found, rtol=1e-4)


def test_the_half_corrected_adam_is_that_of_the_notebook():
    rule = bilinear.half_corrected_adam(0.1, -0.5)
    state = rule.init(jnp.zeros(1))
    first = second = 0.0
    for step, gradient in enumerate((2.0, -1.0, 0.5)):
        change, state = rule.update(jnp.array([gradient]), state)
        first = -0.5 * first + 1.5 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        wanted = -0.1 * first / (1 - (-0.5) ** (step + 1)) / np.sqrt(second)
        assert float(change[0]) == pytest.approx(wanted, rel=1e-4)


# The 1-D toy of adversarial flow models.


def test_the_least_cost_is_an_integral_over_quantiles():
    def distance(probability):
        below = lambda x: (
            scipy.stats.norm.cdf((x - np.array(transport.MODES)) / transport.STD).mean()
            - probability
        )
        return (scipy.optimize.brentq(below, -4, 4) - scipy.stats.norm.ppf(probability)) ** 2

    nodes, weights = np.polynomial.legendre.leggauss(400)
    by_quadrature = sum(weights * [distance((1 + node) / 2) for node in nodes]) / 2
    assert transport.least_cost() == pytest.approx(by_quadrature, rel=1e-2)


def test_costs_of_known_maps():
    noise = transport.noise_quantiles(2000)
    shifted = transport.costs(noise + 1)
    assert shifted["transport cost"] == pytest.approx(1.0)
    assert shifted["falling %"] == 0
    data = transport.data_quantiles(2000)
    cheapest, turned = transport.costs(data), transport.costs(data[::-1])
    assert cheapest["W2 to data"] == turned["W2 to data"] == 0
    assert cheapest["modes"] == turned["modes"] == 4
    assert cheapest["high-quality %"] == pytest.approx(99.73, abs=0.2)
    assert turned["falling %"] == 100
    # E(a + b)² - E(a - b)² = 4 E ab, and both laws are symmetric.
    gap = turned["transport cost"] - cheapest["transport cost"]
    assert gap == pytest.approx(4 * np.mean(noise * data), rel=1e-6)
    assert turned["least for its samples"] == pytest.approx(cheapest["transport cost"])


@pytest.mark.full
def test_the_terms_of_the_flow_model():
    build = load_experiment(EXPERIMENTS / "flow.py").build
    game = build(width=16, penalty=3.0, epsilon=1e-3, centring=5.0, transport_weight=7.0).game
    batch = {"image": jnp.linspace(-2, 2, 4096)[:, None]}
    variables = game.init(jax.random.key(0), batch)
    scene = game.scene(variables, batch, jax.random.key(1), 0)
    real, fake = (scene.answer(group, "logit") for group in ("real", "fake"))
    slope = lambda values: jax.vmap(
        jax.grad(
            lambda x: scene.ask(scene.meeting["real"]._replace(values=x[None]), "real")["logit"][0]
        )
    )(values)
    terms = {term.name: term for term in game.composition.terms}
    value = lambda name: float(terms[name].value(scene)[0])
    assert value("centred") == pytest.approx(float(jnp.mean((real + fake) ** 2)), rel=1e-5)
    moved = scene.meeting["fake"].values - scene.latent
    assert value("transport") == pytest.approx(float(jnp.mean(moved**2)), rel=1e-5)
    # Over a step of 0.001 the fastest sine of the encoding turns by a tenth of a radian.
    exact = float(jnp.mean(slope(batch["image"]) ** 2))
    assert value("near_real") == pytest.approx(exact, rel=0.15)
    assert {name: terms[name].weight for name in ("near_fake", "centred", "transport")} == {
        "near_fake": 3.0,
        "centred": 5.0,
        "transport": 7.0,
    }


# Ring and grid.


def test_veegan_judges_latents_with_points_and_rebuilds_latents():
    build = load_experiment(EXPERIMENTS / "veegan.py").build
    game = build(width=8, reconstruct=True).game
    batch = {"image": jnp.ones((6, 2))}
    variables = game.init(jax.random.key(0), batch)
    assert set(variables[GENERATOR]["params"]) == {"points", "latents"}
    scene = game.scene(variables, batch, jax.random.key(1), 0)
    fake, real = scene.meeting["fake"].values, scene.meeting["real"].values
    assert fake.shape == real.shape == (6, 256)
    assert np.array_equal(fake[:, :254], scene.latent[:, :254])
    assert np.array_equal(real[:, 254:], batch["image"])
    (term,) = [own for own in game.composition.terms if own.name == "reconstruction"]
    rebuilt = scene.meeting.made["latent"]
    squares = (np.asarray(rebuilt) - np.asarray(fake)[:, :254]) ** 2
    wanted = 0.5 * float(squares.sum(axis=1).mean())
    assert float(term.value(scene)[0]) == pytest.approx(wanted, rel=1e-5)
    assert game.views["samples"](variables, batch, jax.random.key(2)).shape == (6, 2)


@pytest.mark.parametrize("packing", [1, 3])
def test_pacgan_has_the_authors_networks(packing):
    made = load_experiment(EXPERIMENTS / "pacgan.py").build(packing=packing)
    batch = {"image": jnp.ones((4 * packing, 2))}
    shapes = jax.eval_shape(made.game.init, jax.random.key(0), batch)
    count = lambda player: sum(
        np.prod(leaf.shape) for leaf in jax.tree.leaves(shapes[player]["params"])
    )
    # Four layers of 400 without bias but with scale and shift, then two outputs.
    assert count(GENERATOR) == 2 * 400 + 3 * 400**2 + 4 * 2 * 400 + 401 * 2
    assert count(DISCRIMINATOR) == (2 * packing + 1) * 1000 + 2 * 201 * 1000 + 201
    assert (made.steps, made.batch_size) == (400_000, 100 * packing)


def test_a_perfect_generator_counts_as_one():
    found = points._perfect("grid", 3)
    assert found["modes"] == 25
    assert found["high-quality %"] == pytest.approx(98.9, abs=0.8)


# Digits.


def test_stacked_mnist_has_the_authors_networks():
    module = runpy.run_path(str(EXPERIMENTS / "stacked.py"))
    networks = [module["_Generator"](64), module["_Discriminator"](64)]
    inputs = [jnp.zeros((2, 100)), jnp.zeros((2, 28, 28, 3))]
    generator, judge = (
        sum(
            np.prod(leaf.shape)
            for leaf in jax.tree.leaves(
                jax.eval_shape(module["from_linen"](network).init, jax.random.key(0), given)[
                    "params"
                ]
            )
        )
        for network, given in zip(networks, inputs, strict=True)
    )
    kernels = 25 * (512 * 256 + 256 * 128 + 128 * 64 + 64 * 3)
    assert generator == 101 * 2048 + kernels + (256 + 128 + 64 + 3) + 2 * (512 + 256 + 128 + 64)
    kernels = 25 * (3 * 64 + 64 * 128 + 128 * 256 + 256 * 512)
    assert judge == kernels + (64 + 128 + 256 + 512) + 2 * (128 + 256 + 512) + 2049


def test_restricted_triples_are_at_most_a_hundred():
    labels = np.arange(200, dtype=np.int32) % 10
    images = np.broadcast_to(25 * labels[:, None, None, None], (200, 4, 4, 1)).astype(np.uint8)
    made = np.asarray(digits._of_triples(Source({"image": images, "label": labels}), 5000, 0))
    assert made.shape == (5000, 4, 4, 3)
    classes = np.round((made[:, 0, 0] + 1) * 127.5 / 25).astype(int)
    assert len({tuple(row) for row in classes}) == digits.RESTRICTED


@pytest.fixture
def shades(tmp_path):
    """Pictures of ten shades of grey, in both splits."""
    draw = np.random.default_rng(0)
    labels = np.arange(400, dtype=np.int32) % 10
    noise = draw.integers(0, 20, (400, 28, 28, 1))
    images = (25 * labels[:, None, None, None] + noise).astype(np.uint8)
    fields = {}
    for name, part in {"train": slice(0, 300), "test": slice(300, 400)}.items():
        fields |= {f"image_{name}": images[part], f"label_{name}": labels[part]}
    np.savez(tmp_path / "shades.npz", **fields)
    return str(tmp_path / "shades.npz")


@pytest.mark.full
def test_trainings_end_to_end_and_go_on(tmp_path, monkeypatch, shades, capsys):
    monkeypatch.setenv("JGAN_CACHE", str(tmp_path / "cache"))
    page = tmp_path / "page.md"
    names = ("transport", "points", "stacked", "mnist")
    page.write_text("".join(f"<!-- {name} -->\n<!-- /{name} -->\n" for name in names))
    folders = ["--runs", str(tmp_path / "runs"), "--results", str(tmp_path / "results")]
    (tmp_path / "results").mkdir()
    words = ["--scale", "smoke", "--seeds", "1", "--digits", shades, *folders]
    words += ["--document", str(page)]
    assert yardsticks.main([*names, *words]) == 0
    text = page.read_text()
    for row in ("cheapest map", "ring, VEEGAN", "PacDCGAN4", "lookahead_extragradient"):
        assert row in text
    for name in names:
        kept = json.loads(yardsticks.file_of(tmp_path / "results", name).read_text())["cells"]
        assert all(np.isfinite(v) for own in kept.values() for v in own["measures"].values())
    capsys.readouterr()
    assert yardsticks.main([*names, *words]) == 0
    assert "seed" not in capsys.readouterr().out  # nothing was measured again
