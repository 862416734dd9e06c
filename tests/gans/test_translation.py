"""pix2pix and CycleGAN on linear networks, against sums written out; the pool is the run's to keep."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from helpers import KEY, STEP, assert_close, assert_same, given

from jgan.batch_axis import over_axis
from jgan.game import DISCRIMINATOR, GENERATOR, PLAYERS
from jgan.gans.cyclegan import cyclegan
from jgan.gans.pix2pix import in_turns, pix2pix
from jgan.losses import least_squares, non_saturating
from jgan.rules import alternating
from jgan.runs.checkpoint import Checkpoints
from jgan.training.devices import AXIS, Layout

RNG = np.random.default_rng(1)
A, B = RNG.normal(size=(2, 8, 4, 4, 1)).astype(np.float32)
BATCH = {"a": jnp.asarray(A), "b": jnp.asarray(B)}


def scale(factor):
    return given(factor, lambda w, x: w * x)


def softplus(x):
    return np.logaddexp(0, x)


# Of two channels a patch's logit is 0.3 of the input's pixel and 2 of the answer's.
JUDGE = given([0.3, 2.0], lambda w, x: jnp.sum(w * x, axis=-1))


def test_pix2pix_is_a_conditional_gan_and_the_distance():
    game = pix2pix(scale(1.5), JUDGE, non_saturating(), weight=10.0, adversarial_weight=0.5)
    variables = game.init(KEY, BATCH)
    real, fake = (0.3 * A + 2 * x for x in (B, 1.5 * A))
    found = game.losses(variables, BATCH, KEY, STEP)
    judged = 0.5 * (softplus(-real).mean() + softplus(fake).mean())
    assert float(found[DISCRIMINATOR][0]) == pytest.approx(judged, rel=1e-5)
    fooled = 0.5 * softplus(-fake).mean() + 10 * np.abs(1.5 * A - B).mean()
    assert float(found[GENERATOR][0]) == pytest.approx(fooled, rel=1e-5)
    triples = game.views["triples"](variables, BATCH, KEY)
    np.testing.assert_allclose(
        triples[:6], np.stack([A, 1.5 * A, B], axis=1).reshape(-1, 4, 4, 1)[:6]
    )


def test_a_discriminator_need_not_see_the_input():
    judge = given(2.0, lambda w, x: w * x)
    game = pix2pix(scale(1.5), judge, non_saturating(), weight=0.0, conditional=False)
    loss, _ = game.losses(game.init(KEY, BATCH), BATCH, KEY, STEP)[DISCRIMINATOR]
    expected = softplus(-2 * B).mean() + softplus(3 * A).mean()
    assert float(loss) == pytest.approx(expected, rel=1e-5)


def built(**options):
    generators, judges = (scale(2.0), scale(0.25)), (scale(1.0), scale(-1.0))
    return cyclegan(generators, judges, least_squares(), **{"size": 10, **options})


def test_cyclegan_is_the_authors_objective():
    game = built()
    variables = game.init(KEY, BATCH)
    found = game.losses(variables, BATCH, KEY, STEP)
    to_b, to_a = 2 * A, 0.25 * B
    # The pools are empty, so the discriminators see the newest fakes.
    judged = sum(
        np.square(real - 1).mean() + np.square(fake).mean()
        for real, fake in ((A, to_a), (-B, -to_b))
    )
    assert float(found[DISCRIMINATOR][0]) == pytest.approx(judged, rel=1e-5)
    gaps = {"cycle": 0.5 * (abs(A).mean() + abs(B).mean())}
    gaps["identity"] = abs(2 * B - B).mean() + abs(0.25 * A - A).mean()
    fooled = np.square(to_a - 1).mean() + np.square(-to_b - 1).mean()
    expected = fooled + 10 * gaps["cycle"] + 5 * gaps["identity"]
    assert float(found[GENERATOR][0]) == pytest.approx(expected, rel=1e-5)
    assert float(found[GENERATOR][1].metrics["identity"]) == pytest.approx(
        5 * gaps["identity"], rel=1e-5
    )
    back = game.views["reconstructions"](variables, BATCH, KEY)
    np.testing.assert_allclose(back, 0.5 * A, rtol=1e-6)
    cycles = game.views["cycles"](variables, BATCH, KEY)
    np.testing.assert_allclose(cycles, in_turns(A, 2 * A, 0.5 * A))


def test_terms_of_weight_0_are_not_there():
    names = lambda game: {term.name for term in game.composition.terms}
    assert names(built()) == {"a", "b", "cycle", "identity"}
    assert names(built(identity_share=0.0)) == {"a", "b", "cycle"}
    assert names(built(weight=0.0)) == {"a", "b"}
    assert not built(size=0).composition.makers


@pytest.fixture(scope="module")
def run():
    """Some updates of CycleGAN under plain gradient descent; its pools overflow in the second."""
    rule = alternating(built(size=12), dict.fromkeys(PLAYERS, optax.sgd(0.02)))
    update = jax.jit(rule.update)
    states = [rule.init(KEY, BATCH)]
    for _ in range(3):
        states.append(update(states[-1], BATCH)[0])
    return rule, update, states


def test_the_pools_are_the_discriminators_and_resume_bit_for_bit(run, tmp_path):
    _, update, states = run
    pools = states[2].variables[DISCRIMINATOR]["terms"]
    assert set(pools) == {"past_fake_a", "past_fake_b"}
    assert [int(own["count"]) for own in pools.values()] == [12, 12]
    assert "terms" not in states[2].variables[GENERATOR]
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(states[2])
    with Checkpoints(tmp_path) as checkpoints:
        resumed, _ = update(checkpoints.load(states[0]), BATCH)
    assert_same(resumed, states[3])


def test_eight_devices_are_one(run):
    rule, _, states = run
    layout = Layout(tuple(jax.devices()))

    def on_one_of(state, rows):
        with over_axis(AXIS, layout.count):
            return rule.update(state, rows)

    update = jax.pmap(on_one_of, AXIS, in_axes=(None, 0), out_axes=None, devices=layout.devices)
    rows = {k: values.reshape(layout.count, -1, *values.shape[1:]) for k, values in BATCH.items()}
    state = states[0]
    for _ in range(3):
        state, _ = update(state, rows)
    assert_close(state, states[3])


@pytest.mark.parametrize(
    ("make", "batch", "message"),
    [
        (
            lambda: pix2pix(scale(1.0), JUDGE, non_saturating()),
            {"image": BATCH["a"]},
            r"the data have image \(4, 4, 1\), but this game needs pictures in the fields 'a' and 'b'",
        ),
        (
            built,
            {"a": BATCH["a"], "b": jnp.zeros((8, 4, 4, 3))},
            r"identity term needs domains of one shape, but there are a \(4, 4, 1\), b \(4, 4, 3\)",
        ),
        (
            lambda: pix2pix(scale(1.0), JUDGE, non_saturating()),
            {"a": BATCH["a"], "b": jnp.zeros((8, 4, 4, 3))},
            r"makes examples of shape \(4, 4, 1\), but the data's are \(4, 4, 3\)",
        ),
    ],
)
def test_mistakes_are_told(make, batch, message):
    with pytest.raises(ValueError, match=message):
        make().init(KEY, batch)
