"""Weights of examples reach every term; weights of terms are numbers, schedules or functions of gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import KEY, NOTHING, STEP, given, mlp_game, points
from optax import linear_schedule

from jgan.game import DISCRIMINATOR, GENERATOR, PLAYERS, Aux, Game
from jgan.gans.versus import versus, without_condition
from jgan.latents import LatentLike
from jgan.losses import get_loss, hinge, separable
from jgan.numerics.quadrature import weighted
from jgan.rules.rule import gradient
from jgan.scene import Schedule, Step, Term
from jgan.scene.constants import recording
from jgan.terms import (
    adversarial,
    balance,
    classification,
    feature_matching,
    information,
    pull_away,
)
from jgan.terms.penalties import dragan, one_centred, r1, r2, squared_norms, wgan_gp
from jgan.terms.regularizers import consistency, latent_consistency, lecam

RNG = np.random.default_rng(1)
SILENT = separable(*[lambda logits: 0 * logits] * 3)
SPLIT = lambda values: (values[:, :2], values[:, 2:])
TERMS = {
    "adversarial": adversarial(get_loss("least_squares"), name="second"),
    "r1": r1(1.0),
    "r2": r2(1.0),
    "wgan_gp": wgan_gp(),
    "one_centred": one_centred(),
    "dragan": dragan(sigma=0.5),
    "lecam": lecam(1.0, decay=0.5),
    "consistency": consistency(lambda key, x: 1.5 * x, real=1.0, fake=2.0),
    "latent_consistency": latent_consistency(0.3),
    "feature_matching": feature_matching(),
    "balance": balance(rate=0.1),
    "classification": classification("real", "fake"),
    "information": [information(SPLIT, player) for player in PLAYERS],
}


def judge(own, x):
    score = jnp.sum(x * x, axis=1) * own["a"] + x @ own["b"]
    return {"logit": score, "features": x**2, "class": x @ own["c"], "code": x @ own["d"]}


def game_of(*terms):
    start = {
        "a": jnp.array(0.3),
        "b": jnp.array([0.4, -0.7]),
        "c": jnp.asarray(RNG.normal(size=(2, 3)), jnp.float32),
        "d": jnp.asarray(RNG.normal(size=(2, 3)), jnp.float32),
    }
    return versus(
        given(jnp.eye(3, 2), lambda own, z, label: z @ own),
        given(start, judge),
        adversarial(SILENT),
        *terms,
        latent=LatentLike(lambda key, batch: batch["z"]),
        condition=lambda batch: batch["label"],
        present=without_condition,
    )


BATCH = {
    "image": jnp.asarray(RNG.normal(size=(4, 2)), jnp.float32),
    "z": jnp.asarray(RNG.normal(size=(4, 3)), jnp.float32),
    "label": jnp.array([0, 2, 1, 1]),
}
OTHER = {"image": jnp.array([9.0, -8.0]), "z": jnp.array([7.0, 5.0, -9.0]), "label": jnp.array(0)}


@pytest.mark.parametrize("name", TERMS)
def test_weights_of_examples_reach_every_term(name):
    """An example of weight 0 is not there, and equal weights are none."""
    plain = game_of(TERMS[name])
    last_off = weighted(plain, jnp.array([2.0, 1.0, 3.0, 0.0]))
    equal = weighted(plain, jnp.full(4, 7.0))
    changed = {field: values.at[3].set(OTHER[field]) for field, values in BATCH.items()}
    variables = plain.init(KEY, BATCH)

    @jax.jit
    def look(variables):
        looked = lambda game, batch: game.losses(variables, batch, KEY, STEP)
        own = lambda found: [(value, aux.state) for value, aux in found.values()]
        return [
            own(looked(plain, BATCH)),
            own(looked(equal, BATCH)),
            own(looked(plain, changed)),
            own(looked(last_off, BATCH)),
            own(looked(last_off, changed)),
        ]

    found = [np.array(jax.tree.leaves(each)) for each in look(variables)]
    np.testing.assert_allclose(found[0], found[1], rtol=1e-5)
    np.testing.assert_allclose(found[3], found[4], rtol=1e-5)
    assert not np.allclose(found[0], found[2], rtol=1e-3)
    assert not np.allclose(found[0], found[3], rtol=1e-3)


@pytest.mark.parametrize(
    "name", ["adversarial", "r1", "lecam", "feature_matching", "classification"]
)
def test_a_weight_of_two_is_an_example_that_comes_twice(name):
    twice = {field: jnp.concatenate([values, values[:2]]) for field, values in BATCH.items()}
    plain = game_of(TERMS[name])
    variables = plain.init(KEY, BATCH)
    found = jax.jit(
        lambda: (
            plain.losses(variables, twice, KEY, STEP),
            weighted(plain, jnp.array([2.0, 2.0, 1.0, 1.0])).losses(variables, BATCH, KEY, STEP),
        )
    )()
    for player in PLAYERS:
        np.testing.assert_allclose(found[0][player][0], found[1][player][0], rtol=1e-5)


@pytest.mark.parametrize(
    ("terms", "sentence"),
    [
        (adversarial(get_loss("relativistic"), name="second"), "averages over pairs of them"),
        (pull_away(), "the pull-away term averages over pairs of them"),
    ],
)
def test_terms_on_pairs_refuse_weights(terms, sentence):
    game = weighted(game_of(terms), jnp.arange(1.0, 5.0))
    with pytest.raises(ValueError, match=sentence):
        dict(game.losses(game.init(KEY, BATCH), BATCH, KEY, STEP))


def test_mistakes_with_weights():
    with pytest.raises(ValueError, match=r"^weighted needs a game with a discriminator, but"):
        weighted(Game(lambda key, batch: {}, lambda *rest: {}), jnp.ones(3))
    with pytest.raises(ValueError, match=r"^weighted was given a Loss, but takes a game"):
        weighted(hinge(), jnp.ones(3))
    three = weighted(game_of(), jnp.ones(3))
    variables = three.init(KEY, BATCH)
    with pytest.raises(
        ValueError, match="the group 'real' has 4 examples, but there are 3 weights"
    ):
        dict(three.losses(variables, BATCH, KEY, STEP))


# Weights of terms.


def plain_terms(*terms):
    """A game of two parameters for each player and nobody who meets; terms are functions of them."""

    def init(key, batch):
        start = {"layer": {"kernel": jnp.array([1.0, 2.0])}, "bias": jnp.array(0.5)}
        return {player: {"params": start} for player in PLAYERS}

    def losses(variables, batch, key, step, held=None):
        return {player: (jnp.zeros(()), Aux()) for player in PLAYERS}

    return Game(init, losses).add(terms)


def of(function, name, player=GENERATOR, **options):
    value = lambda scene: (function(scene.variables[player]["params"]), None, {})
    return Term(name, value, player, **options)


SQUARE = lambda own: jnp.sum(own["layer"]["kernel"] ** 2)
LINE = lambda own: 3 * own["layer"]["kernel"][0] + own["bias"] ** 2


@pytest.mark.parametrize("player", PLAYERS)
def test_a_schedule_goes_by_the_steps_of_the_stage(player):
    weight = Schedule(linear_schedule(4.0, 0.0, 8))
    game = plain_terms(of(SQUARE, "square", player, weight=weight))
    variables = game.init(KEY, {})
    for step, expected in ((0, 4.0), (2, 3.0), (100, 0.0), (Step(100, 6), 1.0)):
        if isinstance(step, Step):
            step = Step(*map(jnp.asarray, step))
        value, aux, slope = gradient(game, player, variables, {}, KEY, step)
        assert float(value) == float(aux.metrics["square"]) == 5 * expected
        np.testing.assert_allclose(slope["layer"]["kernel"], expected * np.array([2.0, 4.0]))


def test_a_schedule_of_an_adversarial_term_reaches_both_players():
    weight = Schedule(lambda step: 1.0 + step)
    terms = adversarial(get_loss("wasserstein"), weight=weight, name="second")
    game = mlp_game(NOTHING).add(terms)
    batch = points()
    variables = game.init(KEY, batch)
    found = [jax.jit(game.losses)(variables, batch, KEY, step) for step in (0, 2)]
    for player in PLAYERS:
        once, thrice = (float(each[player][0]) for each in found)
        assert thrice == pytest.approx(3 * once, rel=1e-5)


def test_a_weight_is_a_function_of_gradients():
    pulled = {}

    def ratio(scene, pull):
        pulled["whole"], pulled["leaf"] = pull("square", ""), pull("line", "layer/kernel")
        return jnp.sqrt(
            squared_norms(pull("square", "layer")["kernel"][None])[0]
        ) / jnp.linalg.norm(pull("line", "layer/kernel"))

    game = plain_terms(
        of(SQUARE, "square", weight=7.0),
        of(LINE, "line", weight=ratio),
        of(LINE, "line", DISCRIMINATOR),
    )
    variables = game.init(KEY, {})
    value, aux, slope = gradient(game, GENERATOR, variables, {}, KEY, STEP)
    # Gradients of unweighted terms: (2, 4) and (3, 0).
    weight = np.sqrt(20.0) / 3
    assert float(aux.metrics["line_weight"]) == pytest.approx(weight, rel=1e-6)
    assert float(value) == pytest.approx(7 * 5 + weight * 3.25, rel=1e-6)
    # The weight is a constant of the gradient.
    np.testing.assert_allclose(slope["layer"]["kernel"], [14 + 3 * weight, 28], rtol=1e-6)
    assert float(slope["bias"]) == pytest.approx(weight * 1.0, rel=1e-6)
    np.testing.assert_allclose(pulled["leaf"], [3.0, 0.0])
    np.testing.assert_allclose(pulled["whole"]["layer"]["kernel"], [2.0, 4.0])
    assert set(pulled["whole"]) == {"layer", "bias"}


def test_a_weight_of_gradients_is_a_declared_constant():
    game = plain_terms(of(LINE, "line", weight=lambda scene, pull: pull("line", "bias")))
    variables = game.init(KEY, {})
    with recording() as found:
        dict(game.losses(variables, {}, KEY, STEP))
    assert [(name, float(value)) for name, value in found] == [("generator/line", 1.0)]


@pytest.mark.parametrize(
    ("term", "path", "sentence"),
    [
        ("cycle", "", "term is 'cycle', but must be one of line, square of the generator"),
        ("line", "layer/bias", "path is 'layer/bias', but the generator has no such parameters"),
        ("line", "bias/0", "path is 'bias/0', but the generator has no such parameters"),
    ],
)
def test_mistakes_with_pull(term, path, sentence):
    weight = lambda scene, pull: jnp.sum(pull(term, path))
    game = plain_terms(of(SQUARE, "square", weight=weight), of(LINE, "line"))
    with pytest.raises(ValueError, match=sentence):
        dict(game.losses(game.init(KEY, {}), {}, KEY, STEP))
