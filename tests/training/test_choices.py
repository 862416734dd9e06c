"""What a training says of its devices, loader, precision, batch and memory."""

import re

import jax
import numpy as np
import pytest
from helpers import mlp_game

from jgan.data import Source
from jgan.data.stored_array import StoredArray
from jgan.rules import simultaneous
from jgan.rules.joint_move import descent
from jgan.training import feed
from jgan.training.choices import choices
from jgan.training.devices import Layout
from jgan.training.stages import Stage

POINTS = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)


@pytest.fixture(scope="module")
def state():
    rule = simultaneous(mlp_game(), descent(0.1))
    return jax.eval_shape(lambda: rule.init(jax.random.key(0), {"image": POINTS[:5]}))


def said(state, source=None, loader="auto", count=1, dtype=None):
    rule = simultaneous(mlp_game(), descent(0.1))
    stage = Stage(mlp_game(), rule, source or Source({"image": POINTS}), 20, 5)
    layout = Layout(tuple(jax.devices()[:count]))
    return dict(line.split(": ", 1) for line in choices(stage, state, layout, loader, dtype))


def test_each_choice_has_its_reason(state):
    found = said(state)
    assert list(found) == ["devices", "loader", "precision", "batch", "memory"]
    assert found["devices"].startswith("1 of 8 x cpu, by jit, because 5 examples cannot be split")
    assert (
        found["loader"] == "device, because the data (400 B) need at most half of its free memory"
    )
    assert found["precision"] == "float32"
    assert found["batch"] == "5 examples a step; 20 steps show each of 50 examples 2 times"
    assert re.fullmatch(
        r"[\d.]+ k?B for the train state and 400 B for the data, of .* that are free",
        found["memory"],
    )
    assert said(state, count=8)["devices"] == "8 x cpu, by jit"


def test_a_stream_is_chosen_by_size_by_place_or_by_flag(state, monkeypatch):
    given = said(state, loader="stream")
    assert given["loader"] == "stream, as given by --loader (400 B)"
    assert "for the data" not in given["memory"]
    stored = StoredArray(lambda row: POINTS[row], POINTS.shape, POINTS.dtype)
    decoded = said(state, Source({"image": stored}))["loader"]
    assert decoded == (
        "stream, because the data (400 B) are decoded from files whenever they are needed"
    )
    monkeypatch.setattr(feed, "free_bytes", lambda device, copies: 700.0)
    assert said(state)["loader"] == (
        "stream, because the data (400 B) need more than half of the device's free memory"
    )


def test_another_precision_is_named(state):
    assert said(state, dtype="bfloat16")["precision"] == (
        "bfloat16 in the networks, float32 in parameters and losses"
    )
    with jax.default_matmul_precision("highest"):
        assert said(state)["precision"] == "float32; matrix products at precision highest"
