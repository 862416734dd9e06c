"""Sources of several tables in training: every feed draws the same examples at every step."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import assert_same

from jgan.batch_axis import axis_name
from jgan.claims.class_measures import classes_of
from jgan.data import Source, example_indices, load, unpaired
from jgan.data.loader import Reading
from jgan.data.order import table_keys
from jgan.errors import UserError
from jgan.evaluation.evaluate import default_metrics
from jgan.game import PLAYERS, Game
from jgan.rules import Rule, TrainState
from jgan.runs.views import pictures_of, reference_of
from jgan.sweeps.population import member, population
from jgan.training.devices import Layout
from jgan.training.experiment import Experiment
from jgan.training.feed import check_batch, make_feed, place
from jgan.training.fit import begin
from jgan.training.loop import data_key, draw

RNG = np.random.default_rng(0)
STEPS, COUNT = 5, 8
FIELDS = {
    "photo": RNG.integers(0, 256, (9, 2, 2, 3), np.uint8),
    "mask": RNG.integers(0, 2, (9, 2, 2)).astype(bool),
    "drawing": RNG.integers(0, 256, (16, 2, 2, 1), np.uint8),
}
TABLES = {"photo": ("photo", "mask"), "drawing": ("drawing",)}


def sketches(**changes):
    return Source(FIELDS, "sketches", **{"tables": TABLES, "example": "photo", **changes})


def recorder(source):
    """A rule that learns nothing: its parameters are what it was shown, step by step."""
    shapes = {name: values.shape[1:] for name, values in source.arrays.items()}

    def init(key, batch):
        record = {name: jnp.zeros((STEPS, COUNT, *shape)) for name, shape in shapes.items()}
        return TrainState(
            step=jnp.zeros((), jnp.int32),
            key=key,
            variables={player: {"params": record} for player in PLAYERS},
            optimizers={},
            averages={},
        )

    def update(state, batch):
        if axis_name():
            gather = lambda leaf: jax.lax.all_gather(leaf, axis_name(), tiled=True)
            batch = jax.tree.map(gather, batch)
        record = {
            name: values.at[state.step].set(batch[name].astype(jnp.float32))
            for name, values in state.variables[PLAYERS[0]]["params"].items()
        }
        variables = {player: {"params": record} for player in PLAYERS}
        return state.replace(step=state.step + 1, variables=variables), {}

    return Rule(init, update)


def experiment(source):
    return Experiment(Game(None, {}), recorder(source), source, steps=STEPS, batch_size=COUNT)


def shown(source, layout, loader):
    """The fields as the rule was shown them, ``(steps, batch, ...)``, and the run's first state."""
    built = experiment(source)
    state = begin(built, 4, layout)
    key = data_key(state)
    feed = make_feed(built, state, layout, loader, Reading(threads=2))
    state, _ = feed(state, 2)
    state, _ = feed(state, STEPS - 2)
    return jax.tree.map(np.asarray, state.variables[PLAYERS[0]]["params"]), key


@pytest.fixture(scope="module")
def expected():
    """The order written down once more, with NumPy."""
    key = data_key(begin(experiment(sketches()), 4))
    found = {}
    for table, own in table_keys(key, TABLES).items():
        size = len(FIELDS[table])
        words = np.asarray(jax.random.key_data(own))
        rows = np.stack([example_indices(words, s, COUNT, size, xp=np) for s in range(STEPS)])
        for name in TABLES[table]:
            values = FIELDS[name]
            picture = values.dtype == np.uint8
            found[name] = (values / 127.5 - 1 if picture else values.astype(float))[rows]
    return found


FULL = pytest.mark.full


@pytest.mark.parametrize(
    ("mode", "count", "loader"),
    [
        ("jit", 1, "device"),
        ("pmap", 8, "stream"),
        pytest.param("jit", 1, "stream", marks=FULL),
        pytest.param("jit", 8, "device", marks=FULL),
        pytest.param("jit", 8, "stream", marks=FULL),
        pytest.param("pmap", 8, "device", marks=FULL),
    ],
)
def test_every_feed_shows_the_same(loader, mode, count, expected, monkeypatch):
    monkeypatch.setattr("jgan.training.feed.BLOCK_STEPS", 2)
    found, key = shown(sketches(), Layout(tuple(jax.devices()[:count]), mode), loader)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, atol=1e-6, err_msg=name)
    assert_same(found, reference(key))


def reference(key):
    """What `draw` gives, called step by step."""
    arrays = place(experiment(sketches()))
    state = begin(experiment(sketches()), 4)
    assert_same(data_key(state), key)
    batches = [draw(state.replace(step=jnp.int32(s)), arrays, COUNT) for s in range(STEPS)]
    return jax.tree.map(lambda *rows: np.stack(rows).astype(np.float32), *batches)


def test_members_of_a_population_are_shown_the_same(expected):
    made = population(lambda: experiment(sketches()), {}, [4, 5])
    states, _ = made.run(made.init(), STEPS)
    found = [member(states, index).variables[PLAYERS[0]]["params"] for index in (0, 1)]
    for name, values in expected.items():
        np.testing.assert_allclose(found[0][name], values, atol=1e-6, err_msg=name)
        assert not np.array_equal(found[1][name], found[0][name])


def test_a_batch_must_fit_every_table():
    source = sketches(example="drawing")
    message = (
        r"^batch_size is 10, but the table 'photo' of the source 'sketches' has only 9 examples; "
        r"use at most 9\.$"
    )
    with pytest.raises(UserError, match=message):
        check_batch(Experiment(Game(None, {}), recorder(source), source, 1, batch_size=10))


def test_pictures_of_several_fields():
    source = sketches(example=("photo", "drawing"))
    behind = reference_of(experiment(source))
    assert behind.keys() == {"photo", "drawing"}
    made = {"samples": source.first(4), "codes": np.zeros((4, 2), np.float32)}
    assert pictures_of(made, behind).keys() == {"samples-photo", "samples-drawing"}
    points = load("ring", size=10)
    pictures = pictures_of({"samples": points.first(10)["image"]}, points.first(10)["image"])
    assert pictures["samples"].shape == (384, 384, 3)


def test_metrics_need_pictures_or_points():
    halves = unpaired({"a": load("ring", size=10), "b": load("ring", size=12)}, name="halves")
    message = (
        r"^an example of the source 'halves' is \('a', 'b'\) of shape \{'a': \(2,\), 'b': \(2,\)\}, but "
        r"metrics are for pictures \(height, width, channels\) or points\.$"
    )
    with pytest.raises(UserError, match=message):
        default_metrics(halves)


def test_one_class_is_needed_where_attributes_are():
    source = Source(
        {"image": np.zeros((4, 2), np.float32), "label": np.zeros((4, 3), bool)}, "faces"
    )
    message = (
        r"^data is 'faces', which has labels of 3 attributes, but this experiment needs one class for "
        r"each example\.$"
    )
    with pytest.raises(UserError, match=message):
        classes_of(source)
