"""Distances of pictures in features whose moments are known."""

from dataclasses import replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from benchmarks._evidence.picture_distances import (
    Distance,
    describe,
    keep_distances,
    read_distances,
)
from jgan.claims.picture_distance import domain_distance, picture_distance, picture_precision
from jgan.data import Source, load
from jgan.errors import UserError
from jgan.features.extractor import Extractor
from jgan.game import PLAYERS, Game
from jgan.rules.rule import TrainState
from jgan.training.experiment import Experiment, Trained

COUNT = 500


def halves(images: jax.Array) -> jax.Array:
    """Mean brightness of the upper and the lower half."""
    return jnp.stack([images[:, :14].mean((1, 2, 3)), images[:, 14:].mean((1, 2, 3))], axis=1)


EXTRACTOR = Extractor("halves", "", "none", halves)


def constant(value: float, data: str = "fashion") -> Trained:
    """Samples that are one grey picture."""
    source = load(data)

    def draw(variables, batch, key):
        return jnp.full((len(batch["label"]), *source.shape), value)

    game = Game(lambda key, batch: {}, {}, views={"samples": draw})
    none = {player: {"params": {}} for player in PLAYERS}
    state = TrainState(jnp.zeros(()), jax.random.key(0), none, {}, {})
    return Trained(Experiment(game, None, source, steps=1), state, [])


def test_the_distance_of_a_single_point_is_its_mean_squared_distance() -> None:
    """For one point c the distance is ‖mean - c‖² + the trace of the covariance, of the chosen pictures."""
    found = [picture_distance(constant(value), EXTRACTOR, COUNT) for value in (-0.5, 0.0, 0.5)]
    # It is quadratic in c with the known second difference 2 ‖(0.5, 0.5)‖², whichever pictures are chosen.
    assert found[0] - 2 * found[1] + found[2] == pytest.approx(1.0, abs=1e-5)
    images = load("fashion").first(10_000)["image"]
    features = np.asarray(halves(jnp.asarray(images)), np.float64)
    everything = float(np.mean(np.sum(np.square(features), axis=1)))
    assert found[1] == pytest.approx(everything, rel=0.05)


def test_pictures_of_another_source_may_be_compared() -> None:
    """Between two constant pictures the distance is that of their features, twice the squared difference."""
    others = Source({"image": np.full((40, 28, 28, 1), 0.25, np.float32)})
    found = picture_distance(constant(-0.5), EXTRACTOR, COUNT, others)
    assert found == pytest.approx(2 * 0.75**2, abs=1e-6)


def test_pictures_are_needed() -> None:
    with pytest.raises(UserError, match="asked of the source 'ring', which has no pictures"):
        domain_distance(constant(0.0, "ring"))


def row(experiment: str, value: float, data: str = "fashion") -> Distance:
    return Distance(
        experiment, data, "classifier", 2000, value, "judge: 0.90", 60.0, "abc", "2026-11-30"
    )


def test_rows_are_kept_by_experiment_and_features(tmp_path: Path) -> None:
    path = tmp_path / "distances.csv"
    assert read_distances(path) == {}
    rows = [row("dcgan", 10.0), row("cgan", 12.5), row("began", 12.5, "mnist")]
    for one in [row("cgan", 50.0), *rows]:
        keep_distances(path, {(one.experiment, one.features): one})
    kept = read_distances(path)
    assert list(kept) == [(name, "classifier") for name in ("began", "cgan", "dcgan")]
    assert kept["cgan", "classifier"] == rows[1]
    (line,) = describe("cgan", kept)
    assert line.endswith(
        "a classifier of the data: 12.5, 1.25 times that of the DCGAN (2,000 samples; judge: 0.90)"
    )
    # Other data are no yardstick, and neither is the DCGAN its own.
    assert all("times" not in line for name in ("began", "dcgan") for line in describe(name, kept))
    path.write_text("experiment,value\n")
    with pytest.raises(UserError, match="is no table of distances: its columns are not experiment"):
        read_distances(path)


def test_garments_lie_among_the_garments_and_noise_does_not() -> None:
    trained = constant(0.0)
    own = jnp.asarray(trained.experiment.source.first(250)["image"])
    noise = jax.random.uniform(jax.random.key(0), own.shape, minval=-1)
    found = {}
    for name, images in (("garments", own), ("noise", noise)):
        views = {"samples": lambda variables, batch, key, images=images: images}
        game = Game(lambda key, batch: {}, {}, views=views)
        experiment = replace(trained.experiment, game=game)
        found[name] = picture_precision(trained._replace(experiment=experiment), COUNT)
    assert found["garments"] > 0.8
    assert found["noise"] == 0
