"""What is measured on pictures from maps, on generators whose answers are written out."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from helpers import given

from jgan.claims import map_measures
from jgan.claims.map_measures import (
    change_at_edit,
    map_agreement,
    paleness,
    style_taken_over,
    uniform_label_found,
)
from jgan.data import load
from jgan.data.garment_parts import COLOURS
from jgan.data.registry import recorded
from jgan.game import PLAYERS
from jgan.gans.spade import spade
from jgan.rules import alternating
from jgan.training.experiment import Experiment, Trained

LABELS = len(COLOURS)


class Nearest:
    """A segmenter that knows the colours."""

    labels = LABELS

    def __call__(self, pictures):
        shades = (np.asarray(pictures) + 1) / 2
        shades = shades - shades.min(axis=-1, keepdims=True)
        shades = shades / np.maximum(shades.max(axis=-1, keepdims=True), 1e-6)
        gaps = np.abs(shades[..., None, :] - np.asarray(COLOURS)).sum(axis=-1)
        return gaps.argmin(axis=-1)


@pytest.fixture(autouse=True)
def judged(monkeypatch):
    monkeypatch.setattr(map_measures, "segmenter_for", lambda source, loaded: Nearest())


def paint(maps, pale=0.0):
    pure = maps @ jnp.asarray(COLOURS, jnp.float32)
    colours = (1 - pale) * pure + pale
    return 2 * jnp.where(maps[..., :1] > 0, 0, colours) - 1


def trained(paint, encode=None):
    """A training whose pictures are ``paint(maps[, style])``, of no updates."""
    with recorded() as loaded:
        source = load("garments:parts")
    judge = given(1.0, lambda w, x: {"logit": w * x.mean(axis=-1), "features": (w * x,)})
    encoder = None if encode is None else given(0.0, lambda w, x: encode(x))
    generator = given(0.0, lambda w, *inputs: paint(*inputs))
    game = spade(generator, judge, LABELS, encoder=encoder, style=1)
    rule = alternating(game, dict.fromkeys(PLAYERS, optax.sgd(0.1)))
    experiment = Experiment(game, rule, source, steps=1, loaded=loaded)
    state = rule.init(jax.random.key(0), jax.tree.map(jnp.asarray, source.first(2)))
    return Trained(experiment, state, [])


def test_a_perfect_generator_is_read_back():
    perfect = trained(paint)
    assert map_agreement(perfect, 40) == 1
    assert uniform_label_found(perfect, 2) == 1
    assert change_at_edit(perfect, 20) == 1


def test_one_that_does_not_see_the_map_is_at_chance():
    blind = trained(lambda maps: paint(jnp.roll(maps, 1, axis=-1)))
    assert map_agreement(blind, 40) < 0.1
    washed = trained(lambda maps: paint(0 * maps + jnp.eye(LABELS)[2]))
    assert uniform_label_found(washed, 2) == pytest.approx(1 / LABELS)


def test_a_change_everywhere_is_seen():
    everywhere = trained(lambda maps: paint(maps) + maps[..., 1:2].mean(axis=(1, 2), keepdims=True))
    assert 0.1 < change_at_edit(everywhere, 40) < 0.95


def test_paleness_is_the_share_of_white():
    parts = np.ones((3, 2, 2), np.int32)
    maps = jax.nn.one_hot(parts, LABELS)
    inside = parts > 0
    for share in (0.0, 0.4):
        found = paleness(np.asarray(paint(maps, share)), inside)
        np.testing.assert_allclose(found, share, atol=1e-6)


def test_styles_are_compared_with_those_that_were_asked_for():
    def pale(images):
        shades = (images + 1) / 2
        lit = shades.max(axis=-1) > 0
        share = shades.min(axis=-1) / jnp.maximum(shades.max(axis=-1), 1e-3)
        mean = (share * lit).sum(axis=(1, 2)) / lit.sum(axis=(1, 2))
        return {"mean": mean[:, None], "std": jnp.ones((len(images), 1))}

    own = trained(lambda maps, z: paint(maps, z[:, :, None, None]), pale)
    assert style_taken_over(own, 60) > 0.99
    assert style_taken_over(trained(paint), 60) == 0
