"""Numbers that penalties, regularizers, terms and rules take, and those they refuse."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from helpers import mlp_game

from jgan.arguments import check_count, check_number
from jgan.game import GENERATOR, PLAYERS, with_weight_clipping
from jgan.losses import non_saturating
from jgan.rules import (
    averaged,
    competitive,
    consensus,
    drift_corrected,
    half_life_decay,
    lola,
    look_ahead,
    lookahead_minimax,
    negative_momentum,
    optimistic,
    past_extragradient,
    runge_kutta,
    simultaneous,
    symplectic,
    with_consensus,
    with_drift,
)
from jgan.scene import Schedule, Term
from jgan.terms import (
    adversarial,
    balance,
    classification,
    cycle,
    feature_matching,
    historical_average,
    information,
    kl_divergence,
    pull_away,
    reconstruction,
    style_ambiguity,
)
from jgan.terms.penalties import dragan, lazy, one_centred, r1, r1_r2, r2, wgan_gp
from jgan.terms.regularizers import consistency, latent_consistency, lecam, orthogonal

GAME = mlp_game()
SGD = dict.fromkeys(PLAYERS, optax.sgd(0.1))
RATES = lambda rate: {GENERATOR: rate, "discriminator": 0.1}

NOT_NEGATIVE = {
    "gamma of r1": r1,
    "gamma of r2": r2,
    "gamma of both": r1_r2,
    "weight of wgan_gp": wgan_gp,
    "target of wgan_gp": lambda x: wgan_gp(1.0, x),
    "weight of one_centred": one_centred,
    "target of one_centred": lambda x: one_centred(1.0, x),
    "weight of dragan": dragan,
    "target of dragan": lambda x: dragan(1.0, target=x),
    "weight of orthogonal": orthogonal,
    "weight of lecam": lecam,
    "real of consistency": lambda x: consistency(lambda key, values: values, x),
    "fake of consistency": lambda x: consistency(lambda key, values: values, fake=x),
    "sigma of latent_consistency": latent_consistency,
    "discriminator of latent_consistency": lambda x: latent_consistency(discriminator=x),
    "generator of latent_consistency": lambda x: latent_consistency(generator=x),
    "weight of adversarial": lambda x: adversarial(non_saturating(), weight=x),
    "leaves of adversarial": lambda x: adversarial(non_saturating(), leaves=[1.0, x]),
    "weight of style_ambiguity": style_ambiguity,
    "gamma of balance": balance,
    "rate of balance": lambda x: balance(rate=x),
    "weight of cycle": cycle,
    "weight of feature_matching": feature_matching,
    "weight of historical_average": historical_average,
    "weight of information": lambda x: information(lambda code: (code, code), GENERATOR, x),
    "weight of kl": kl_divergence,
    "weight of pull_away": pull_away,
    "weight of reconstruction": lambda x: reconstruction(weight=x),
    "learning_rate of competitive": lambda x: competitive(GAME, x),
    "tolerance of competitive": lambda x: competitive(GAME, 0.1, tolerance=x),
    "gamma of consensus": lambda x: consensus(GAME, SGD, x),
    "gamma of with_consensus": lambda x: with_consensus(GAME, x),
    "rate of drift_corrected": lambda x: drift_corrected(GAME, RATES(x)),
    "rate of with_drift": lambda x: with_drift(GAME, RATES(x)),
    "alpha of lola": lambda x: lola(GAME, SGD, x),
    "alpha of look_ahead": lambda x: look_ahead(GAME, SGD, x),
    "alpha of lookahead_minimax": lambda x: lookahead_minimax(simultaneous(GAME, SGD), 5, x),
    "learning_rate of negative_momentum": lambda x: negative_momentum(GAME, x),
    "learning_rate of optimistic": lambda x: optimistic(GAME, x),
    "learning_rate of past_extragradient": lambda x: past_extragradient(GAME, x),
    "learning_rate of runge_kutta": lambda x: runge_kutta(GAME, x),
    "regularization of runge_kutta": lambda x: runge_kutta(GAME, 0.1, regularization=x),
    "strength of symplectic": lambda x: symplectic(GAME, SGD, x),
    "epsilon of symplectic": lambda x: symplectic(GAME, SGD, epsilon=x),
    "decay of averaged": lambda x: averaged(simultaneous(GAME, SGD), x),
    "warmup of averaged": lambda x: averaged(simultaneous(GAME, SGD), warmup=x),
    "half_life": half_life_decay,
    "limit of clipping": lambda x: with_weight_clipping(GAME, x),
}
FINITE = {
    "weight of classification": lambda x: classification("real", weight=x),
    "weight of any term": lambda x: GAME.add(
        Term("own", lambda scene: (jnp.zeros(()), None, {}), weight=x)
    ),
    "interaction of drift_corrected": lambda x: drift_corrected(GAME, RATES(0.1), interaction=x),
    "own of with_drift": lambda x: with_drift(GAME, RATES(0.1), own=x),
    "shaping of lola": lambda x: lola(GAME, SGD, 0.1, shaping=x),
    "anticipation of lola": lambda x: lola(GAME, SGD, 0.1, anticipation=x),
    "momentum": lambda x: negative_momentum(GAME, 0.1, x),
}
BAD = [float("nan"), float("inf"), -float("inf"), "1", True, 1j, np.ones(2), jnp.array(np.nan)]
SENTENCE = (
    r"^[^\n]* is [^\n]*, but must (be a (positive )?finite number( of at least 0)?|lie in .*)\.$"
)


@pytest.mark.parametrize("name", [*NOT_NEGATIVE, *FINITE])
def test_numbers_that_are_none_are_refused_in_a_sentence(name: str) -> None:
    make = {**NOT_NEGATIVE, **FINITE}[name]
    for value in BAD:
        with pytest.raises(ValueError, match=SENTENCE):
            make(value)


@pytest.mark.parametrize("name", NOT_NEGATIVE)
def test_negative_numbers_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=SENTENCE) as caught:
        NOT_NEGATIVE[name](-1.0)
    assert "is -1.0, but" in str(caught.value)


def test_a_term_may_be_turned_round_and_weights_may_change() -> None:
    assert classification("real", weight=-1.0).weight == -1.0
    schedule = Schedule(lambda step: 1.0)
    for weight in (0.0, 2, np.float32(2), jnp.array(2.0), schedule, lambda scene, pull: 1.0):
        assert wgan_gp(weight).weight is weight
    assert optimistic(GAME, optax.constant_schedule(0.1))
    # Traced numbers are not known, but their shapes are.
    jax.eval_shape(lambda gamma: r1(gamma).weight, 1.0)
    with pytest.raises(ValueError, match=r"gamma is an array of shape \(2,\)"):
        jax.eval_shape(lambda gamma: r1(gamma).weight, jnp.ones(2))


def test_counts_are_whole_numbers() -> None:
    for value in (1.5, True, "2", None):
        with pytest.raises(ValueError, match="but must be a whole number of at least 1"):
            lazy(r1(1.0), value)
    with pytest.raises(ValueError, match=r"^count is -1, but must be at least 0\.$"):
        check_count("count", -1, 0)
    check_count("count", np.int32(3))


def test_bounds_are_told() -> None:
    with pytest.raises(ValueError, match=r"^x is 1, but must lie in \[0, 1\)\.$"):
        check_number("x", 1, least=0, below=1)
    with pytest.raises(ValueError, match=r"^x is 0, but must be a positive finite number\.$"):
        check_number("x", 0, above=0)
    with pytest.raises(ValueError, match=r"^x is None, but must be a finite number\.$"):
        check_number("x", None)
