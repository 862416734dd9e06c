"""pix2pix and CycleGAN on linear networks, against sums written out; the pool is the run's to keep."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from helpers import KEY, STEP, assert_close, assert_same, given
from jax.flatten_util import ravel_pytree
from laws.small import double

from jgan.batch_axis import over_axis
from jgan.game import DISCRIMINATOR, GENERATOR, PLAYERS
from jgan.gans.cyclegan import cyclegan
from jgan.gans.pix2pix import in_turns, pix2pix
from jgan.gans.stargan import stargan
from jgan.losses import least_squares, non_saturating
from jgan.numerics.field import field
from jgan.rules import alternating
from jgan.runs.checkpoint import Checkpoints
from jgan.terms.penalties import wgan_gp
from jgan.training.devices import AXIS, Layout

RNG = np.random.default_rng(1)
A, B = RNG.normal(size=(2, 8, 4, 4, 1)).astype(np.float32)
BATCH = {"a": jnp.asarray(A), "b": jnp.asarray(B)}


def scale(factor):
    return given(factor, lambda w, x: w * x)


def softplus(x):
    return np.logaddexp(0, x)


# Of two channels a patch's logit is 0.3 of the input's pixel and 2 of the answer's.
JUDGE = given(np.float32([0.3, 2.0]), lambda w, x: jnp.sum(w * x, axis=-1))


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


def test_translators_declare_their_directions():
    game = built()
    variables = game.init(KEY, BATCH)
    ways = game.sampler.translations
    assert list(ways) == ["a-to-b", "b-to-a"]
    small = jnp.asarray(A[:3, :2, 1:])
    np.testing.assert_allclose(ways["a-to-b"].translate(variables, small), 2 * small)
    np.testing.assert_allclose(ways["b-to-a"].translate(variables, small), 0.25 * small)
    assert [(way.field, way.labelled) for way in ways.values()] == [("a", False), ("b", False)]


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


@pytest.mark.full
@pytest.mark.usefixtures("double")
def test_the_spectrum_of_the_four_networks_is_that_of_finite_differences():
    """Nothing is cut between the players: all of the Jacobian of the field, of four numbers."""
    game = built()
    batch = {name: jnp.asarray(values, jnp.float64) for name, values in BATCH.items()}
    variables = double(game.init(KEY, batch))
    found = field(game, variables, batch, KEY)
    point, unravel = ravel_pytree(found.point)
    flat = lambda x: ravel_pytree(found.function(unravel(x)))[0]
    jacobian = jax.jit(jax.jacfwd(flat))(point)
    shifts = 1e-6 * jnp.concatenate([jnp.eye(4), -jnp.eye(4)])
    plus, minus = np.split(jax.jit(jax.vmap(flat))(point + shifts), 2)
    np.testing.assert_allclose(jacobian.T, (plus - minus) / 2e-6, atol=1e-6)


def coloured():
    """CycleGAN between grey and coloured pictures."""
    makers = (
        given(1.0, lambda w, x: w * jnp.repeat(x, 3, -1)),
        given(1.0, lambda w, x: w * x[..., :1]),
    )
    return cyclegan(makers, (scale(1.0), scale(1.0)), least_squares())


@pytest.mark.parametrize(
    ("make", "batch", "message"),
    [
        (
            lambda: pix2pix(scale(1.0), JUDGE, non_saturating()),
            {"image": BATCH["a"]},
            r"the data have image \(4, 4, 1\), but this game needs pictures in the fields 'a' and 'b'",
        ),
        (
            lambda: pix2pix(scale(1.0), JUDGE, non_saturating()).add(wgan_gp(1.0, patches="all")),
            BATCH,
            "patches is 'all', but must be one of mean, sum",
        ),
        (
            coloured,
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


def planes(w, x, label):
    """The picture times a number, plus a number of each label."""
    return w["x"] * x + w["label"][label].reshape(-1, 1, 1, 1)


def domains(w, x):
    return {
        "logit": w * x[..., 0],
        "class": jnp.stack([x.mean(axis=(1, 2, 3)), 0 * x[:, 0, 0, 0]], 1),
    }


def test_stargan_is_the_authors_objective():
    label = np.arange(8, dtype=np.int32) % 2
    maker = given({"x": 0.5, "label": np.float32([1.0, -2.0])}, planes)
    game = stargan(maker, given(0.3, domains), 2, penalty=7.0)
    batch = {"image": BATCH["a"], "label": jnp.asarray(label)}
    variables = game.init(KEY, batch)
    scene = game.scene(variables, batch, KEY, STEP)
    order = np.asarray(scene.latent)
    assert sorted(order) == list(range(8))
    wanted = label[order]
    offset = np.asarray([1.0, -2.0])
    column = lambda x: x[:, None, None, None]
    fake = 0.5 * A + column(offset[wanted])
    np.testing.assert_allclose(scene.meeting["fake"].values, fake, rtol=1e-5)
    back = 0.5 * fake + column(offset[label])
    # Of the critic 0.3 x the sum over 16 patches has a gradient of length 0.3 * 4 everywhere.
    named = lambda x, label: softplus(np.where(label == 0, -1, 1) * x.mean(axis=(1, 2, 3))).mean()
    judged = 0.3 * (fake.mean() - A.mean()) + named(A, label) + 7 * (0.3 * 4 - 1) ** 2
    found = game.losses(variables, batch, KEY, STEP)
    assert float(found[DISCRIMINATOR][0]) == pytest.approx(judged, rel=1e-5)
    fooled = -0.3 * fake.mean() + named(fake, wanted) + 10 * np.abs(A - back).mean()
    assert float(found[GENERATOR][0]) == pytest.approx(fooled, rel=1e-5)
    (way,) = game.sampler.translations.values()
    assert (way.field, way.labelled) == ("image", True)
    turned = way.translate(variables, batch["image"], jnp.asarray(1 - label))
    np.testing.assert_allclose(turned, 0.5 * A + column(offset[1 - label]), rtol=1e-5)
    shown = game.views["domains"](variables, batch, KEY)
    as_numpy = jax.jit(
        lambda key: game.views["samples"](variables, {"image": A, "label": label}, key)
    )
    assert as_numpy(KEY).shape == A.shape
    expected = in_turns(A, 0.5 * A + 1, 0.5 * A - 2)
    np.testing.assert_allclose(shown, expected, rtol=1e-5, atol=1e-6)


def test_stargan_turns_each_attribute():
    label = jnp.asarray(RNG.integers(0, 2, (8, 3)), jnp.float32)
    maker = given(
        0.0, lambda w, x, label: x + (label @ jnp.asarray([1.0, 10.0, 100.0])).reshape(-1, 1, 1, 1)
    )
    judge = given(0.3, lambda w, x: {"logit": w * x[..., 0], "class": jnp.zeros((8, 3)) + w})
    game = stargan(maker, judge, 3)
    batch = {"image": BATCH["a"], "label": label}
    shown = game.views["domains"](game.init(KEY, batch), batch, KEY)
    own = label @ jnp.asarray([1.0, 10.0, 100.0])
    for attribute, worth in enumerate((1.0, 10.0, 100.0)):
        turned = own + worth * (1 - 2 * label[:, attribute])
        difference = shown[1 + attribute :: 4] - shown[::4]
        np.testing.assert_allclose(difference[:, 0, 0, 0], turned[:2], atol=1e-4)
