"""Talking heads on linear networks, against sums written out; and the step from all persons to one."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from helpers import KEY, STEP, given

from jgan.data import Source
from jgan.game import DISCRIMINATOR, GENERATOR, PLAYERS
from jgan.gans.talking_heads import new_person, one_talking_head, talking_heads
from jgan.networks.network import Network
from jgan.rules import alternating, averaged
from jgan.training.carries import compose, inherit
from jgan.training.experiment import Experiment
from jgan.training.fit import fit
from jgan.training.stages import Stage

RNG = np.random.default_rng(4)
CLIPS, SHOTS, SIZE = 5, 3, 2
DATA = {
    name: RNG.uniform(-1, 1, (CLIPS, *shape, 4, 4, 1)).astype(np.float32)
    for name, shape in (("image", ()), ("pose", ()), ("shots", (SHOTS,)), ("shot_poses", (SHOTS,)))
}
DATA["person"] = np.asarray([2, 0, 1, 2, 2], np.int32)
BATCH = jax.tree.map(jnp.asarray, DATA)
ROWS = RNG.normal(size=(3, SIZE)).astype(np.float32)
COMMON = np.float32([0.3, -0.2])


def code(picture, pose):
    return np.stack([picture.mean(axis=(-3, -2, -1)), pose.max(axis=(-3, -2, -1))], axis=-1)


EMBEDDER = given(
    1.0,
    lambda w, x, y: w * jnp.stack([x.mean(axis=(1, 2, 3)), y.max(axis=(1, 2, 3))], axis=1),
)
PROJECTION = given(2.0, lambda w, e: w * e.sum(axis=1, keepdims=True))
PICTURE = given(0.5, lambda w, pose, style: w * pose + style[:, :, None, None])


def judge(params, picture, pose, person=None):
    vector = jnp.stack([picture.mean(axis=(1, 2, 3)), pose.mean(axis=(1, 2, 3))], axis=1)
    answers = {"features": ((3 * picture, picture - pose),)}
    row = 0.0
    if person is not None:
        row = answers["row"] = params["rows"][person]
    return {"logit": jnp.sum(vector * (row + params["common"]), axis=1), **answers}


MANY = given({"rows": ROWS, "common": COMMON}, judge)
ONE = given({"common": 0 * COMMON}, judge)
STYLE = Network(
    lambda key, x: {"params": jnp.zeros(1)},
    lambda own, x, key=None, train=False: (jnp.broadcast_to(own["params"], (len(x), 1)), {}),
)


def many(**options):
    return talking_heads(EMBEDDER, PROJECTION, PICTURE, MANY, **options)


def expected(fake, row, *, content, features):
    image, pose = DATA["image"], DATA["pose"]
    logit = lambda x: (
        np.stack([x.mean(axis=(1, 2, 3)), pose.mean(axis=(1, 2, 3))], axis=1) * (row + COMMON)
    ).sum(axis=1)
    relu = lambda x: np.maximum(x, 0).mean()
    gap = np.abs(fake - image).mean()
    against = relu(1 - logit(image)) + relu(1 + logit(fake))
    return against, -logit(fake).mean() + content * gap + features * (3 * gap + gap)


@pytest.mark.parametrize("shots", [None, 2])
def test_it_is_the_papers_objective(shots):
    game = many(shots=shots, content=4.0, features=3.0, match=2.0)
    variables = game.init(KEY, BATCH)
    found = game.losses(variables, BATCH, KEY, STEP)
    embedding = code(DATA["shots"][:, :shots], DATA["shot_poses"][:, :shots]).mean(axis=1)
    fake = 0.5 * DATA["pose"] + 2 * embedding.sum(axis=1)[:, None, None, None]
    row = ROWS[DATA["person"]]
    against, fooling = expected(fake, row, content=4.0, features=3.0)
    match = 2 * np.abs(embedding - row).mean()
    assert float(found[DISCRIMINATOR][0]) == pytest.approx(against + match, rel=1e-5)
    fooling += match
    assert float(found[GENERATOR][0]) == pytest.approx(fooling, rel=1e-5)
    condition = game.sampler.condition(BATCH)
    np.testing.assert_allclose(
        game.sampler.generate(variables, condition, ()), fake, rtol=1e-5, atol=1e-6
    )
    triples = game.views["triples"](variables, BATCH, KEY)
    np.testing.assert_allclose(triples[0], DATA["shots"][0, 0], rtol=1e-6)
    np.testing.assert_allclose(triples[1], fake[0], rtol=1e-5, atol=1e-6)
    assert len(triples) == CLIPS


def test_terms_can_be_left_out():
    names = {term.name for term in many(features=0.0, match=0.0).composition.terms}
    assert names == {"adversarial", "content"}


def test_one_person_is_not_told_by_number():
    game = one_talking_head(STYLE, PICTURE, ONE, content=4.0, features=3.0)
    batch = {name: BATCH[name] for name in ("image", "pose")}
    variables = game.init(KEY, batch)
    variables[GENERATOR]["params"]["style"] = jnp.asarray([0.7])
    variables[DISCRIMINATOR]["params"]["common"] = jnp.asarray(COMMON)
    found = game.losses(variables, batch, KEY, STEP)
    fake = 0.5 * DATA["pose"] + 0.7
    against, fooling = expected(fake, 0, content=4.0, features=3.0)
    assert float(found[DISCRIMINATOR][0]) == pytest.approx(against, rel=1e-5)
    assert float(found[GENERATOR][0]) == pytest.approx(fooling, rel=1e-5)
    (way,) = game.sampler.translations.values()
    assert way.field == "pose"
    np.testing.assert_allclose(way.translate(variables, batch["pose"]), fake, rtol=1e-5)


def test_a_new_person_begins_with_its_embedding():
    clips = Source(DATA, "clips")
    frames = Source({name: DATA[name] for name in ("image", "pose")}, "frames")
    rule = lambda game: averaged(alternating(game, dict.fromkeys(PLAYERS, optax.sgd(0.01))), 0.5)
    first = many()
    second = one_talking_head(STYLE, PICTURE, ONE)
    carry = compose(inherit(), new_person(EMBEDDER, PROJECTION))
    stages = (
        Stage(first, rule(first), clips, 3, CLIPS),
        Stage(second, rule(second), frames, 1, CLIPS, carry),
    )
    past = fit(Experiment.of_stages(stages[0]), 0).state
    fresh = stages[1].rule.init(KEY, jax.tree.map(jnp.asarray, frames.first(CLIPS)))
    begun = carry(fresh, past, frames)
    mean = code(DATA["image"], DATA["pose"]).mean(axis=0)
    for old, new in (
        (past.variables, begun.variables),
        (past.averaged_variables(), begun.averaged_variables()),
    ):
        old, new = (tree[GENERATOR]["params"] for tree in (old, new))
        embedding = float(old["embedder"]) * mean
        np.testing.assert_allclose(
            new["style"], [float(old["projection"]) * embedding.sum()], rtol=1e-5
        )
        assert float(new["picture"]) == float(old["picture"])
    embedding = float(past.variables[GENERATOR]["params"]["embedder"]) * mean
    judged = past.variables[DISCRIMINATOR]["params"]["common"] + embedding
    np.testing.assert_allclose(
        begun.variables[DISCRIMINATOR]["params"]["common"], judged, rtol=1e-5
    )
    end = fit(Experiment.of_stages(*stages), 0).state
    assert set(end.variables[GENERATOR]["params"]) == {"style", "picture"}


@pytest.mark.parametrize("missing", ["pose", "shots", "person"])
def test_clips_are_asked_for(missing):
    batch = {name: values for name, values in BATCH.items() if name != missing}
    message = r"needs pictures with landmarks in the fields image, pose, shots, shot_poses and per"
    with pytest.raises(ValueError, match=message):
        many().init(KEY, batch)
