import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import (
    KEY,
    NOTHING,
    STEP,
    assert_same,
    bilinear_game,
    central_differences,
    critic_game,
    differ,
    flops,
    images,
    linear,
    mlp_game,
    points,
    quadratic,
)

from jgan.game import DISCRIMINATOR, GENERATOR
from jgan.gans.gan import gan
from jgan.latents import normal
from jgan.losses import get_loss
from jgan.networks import dcgan_discriminator, dcgan_generator, mlp_discriminator, mlp_generator
from jgan.numerics.field import vector_field
from jgan.rules.rule import gradient
from jgan.terms.penalties import (
    dragan,
    lazy,
    norms,
    one_centred,
    r1,
    r1_r2,
    r2,
    squared_norms,
    wgan_gp,
)
from jgan.terms.regularizers import lecam
from jgan.training.loop import over_due

W = np.array([0.6, -1.2, 0.4, 1.5, -0.3, 0.7])
A = np.array([[1.0, 0.4, -0.2], [0.0, -0.5, 0.3], [0.7, 0.1, 2.0]])
B = np.array([0.3, -0.8, 0.5])
S = (A + A.T) / 2
NOISE = jax.random.normal(jax.random.key(1), (5, 3))
FAKE_SHIFT = np.array([1.0, -2.0, 0.5])


def penalised(penalty, logit, params, **options):
    penalties = penalty if isinstance(penalty, list | tuple) and len(penalty) == 2 else (penalty,)
    return critic_game(logit, params, **options).add(*penalties)


def value_of(game, batch, variables=None, player=DISCRIMINATOR, step=STEP):
    variables = game.init(KEY, batch) if variables is None else variables
    return game.losses(variables, batch, KEY, step)[player]


def slope_of(game, batch, player=DISCRIMINATOR):
    return gradient(game, player, game.init(KEY, batch), batch, KEY, STEP)[2]


# The norm of one example.


def test_norms_run_over_all_elements_of_all_leaves():
    values = {"x": np.arange(24.0).reshape(2, 3, 4, 1), "z": np.array([[1.0, 2.0], [3.0, 4.0]])}
    flat = np.concatenate([values["x"].reshape(2, -1), values["z"]], axis=1)
    np.testing.assert_allclose(squared_norms(values), (flat**2).sum(1), rtol=1e-6)
    np.testing.assert_allclose(norms(values), np.linalg.norm(flat, axis=1), rtol=1e-6)


def test_norms_have_gradient_zero_at_zero():
    slopes = jax.grad(lambda x: norms(x).sum())(jnp.array([[0.0, 0.0], [3.0, 4.0]]))
    np.testing.assert_allclose(slopes, [[0.0, 0.0], [0.6, 0.8]], rtol=1e-6)


# Linear critics: the input gradient is w everywhere.


@pytest.mark.parametrize("shape", [(6,), (2, 3, 1)])
@pytest.mark.parametrize("penalty", [r1(3.0), r2(3.0)])
def test_zero_centred_penalty_of_a_linear_critic(penalty, shape):
    batch = {"image": jax.random.normal(KEY, (4, *shape))}
    w = W.reshape(shape).astype(np.float32)
    game = penalised(penalty, linear, w)
    np.testing.assert_allclose(value_of(game, batch)[0], 1.5 * (W**2).sum(), rtol=1e-6)
    np.testing.assert_allclose(slope_of(game, batch), 3.0 * w, rtol=1e-6)


def test_r1_and_r2_together_are_their_sum():
    batch = {"image": jax.random.normal(KEY, (4, 6))}
    game = penalised(r1_r2(3.0), linear, W.astype(np.float32))
    value, aux = value_of(game, batch)
    np.testing.assert_allclose(value, 3.0 * (W**2).sum(), rtol=1e-6)
    np.testing.assert_allclose(aux.metrics["r1"], aux.metrics["r2"], rtol=1e-6)


@pytest.mark.parametrize("target", [0.0, 1.0, 2.5])
@pytest.mark.parametrize("make", [wgan_gp, one_centred, dragan])
def test_target_centred_penalty_of_a_linear_critic(make, target):
    batch = {"image": jax.random.normal(KEY, (4, 2, 3, 1))}
    w = W.reshape(2, 3, 1).astype(np.float32)
    game = penalised(make(7.0, target=target), linear, w, theta=0.5)
    length = np.linalg.norm(W)
    value, aux = value_of(game, batch)
    np.testing.assert_allclose(value, 7.0 * (length - target) ** 2, rtol=1e-5)
    np.testing.assert_allclose(aux.metrics[f"{make.__name__}_norm"], length, rtol=1e-6)
    slope = 14.0 * (length - target) * w / length
    np.testing.assert_allclose(slope_of(game, batch), slope, rtol=1e-5)


# Quadratic critics: the input gradient is Sx + b, so second derivatives matter.


@pytest.mark.parametrize("side", ["real", "fake"])
def test_zero_centred_penalty_of_a_quadratic_critic(side, double):
    x = np.asarray(NOISE, np.float64)
    game = penalised(
        r1(3.0) if side == "real" else r2(3.0),
        quadratic,
        (A, B),
        theta=FAKE_SHIFT,
        generate=lambda theta, z: theta * z,
        latent=lambda key, image: image,
    )
    at = x if side == "real" else x * FAKE_SHIFT
    g = at @ S + B
    np.testing.assert_allclose(value_of(game, {"image": x})[0], 1.5 * (g**2).sum(1).mean())
    in_a, in_b = slope_of(game, {"image": x})
    mixed = np.einsum("bi,bj->ij", g, at) / len(x)
    np.testing.assert_allclose(in_a, 1.5 * (mixed + mixed.T), rtol=1e-10)
    np.testing.assert_allclose(in_b, 3.0 * g.mean(0), rtol=1e-10)


@pytest.mark.parametrize(
    "penalty",
    [
        r1(3.0),
        r2(2.0),
        wgan_gp(5.0),
        wgan_gp(5.0, 0.0),
        one_centred(2.0),
        dragan(3.0),
        dragan(3.0, 0.5),
    ],
)
def test_gradient_in_the_parameters_is_that_of_finite_differences(penalty, double):
    batch = {"image": np.asarray(NOISE, np.float64)}
    game = penalised(penalty, quadratic, (A, B), theta=FAKE_SHIFT)
    variables = game.init(KEY, batch)
    value = jax.jit(
        lambda a: game.losses({**variables, DISCRIMINATOR: {"params": (a, B)}}, batch, KEY, STEP)[
            DISCRIMINATOR
        ][0]
    )
    np.testing.assert_allclose(
        slope_of(game, batch)[0], central_differences(value, A), rtol=1e-6, atol=1e-7
    )


def test_penalties_reach_their_player_alone():
    batch = {"image": NOISE}
    game = penalised(r2(1.0), quadratic, (A, B), theta=FAKE_SHIFT)
    assert differ(slope_of(game, batch), (np.zeros_like(A), np.zeros_like(B)))
    np.testing.assert_array_equal(slope_of(game, batch, GENERATOR), np.zeros(3))


# Where the target-centred penalties look. For D(x) = |x|²/2 the input gradient is x itself.


def mean_norm(penalty, real, fake):
    game = penalised(
        penalty,
        lambda params, x: params * 0.5 * jnp.sum(x**2, axis=1),
        1.0,
        generate=lambda theta, z: jnp.broadcast_to(jnp.asarray(fake, jnp.float32), z.shape),
    )
    value, aux = value_of(game, {"image": jnp.asarray(real, jnp.float32)})
    return float(value), float(aux.metrics[f"{penalty.name}_norm"])


def test_interpolates_are_uniform_on_the_segment():
    zeros = np.zeros((40_000, 1))
    second, first = mean_norm(wgan_gp(1.0, target=0.0), zeros, [1.0])
    assert first == pytest.approx(1 / 2, abs=0.01)
    assert second == pytest.approx(1 / 3, abs=0.01)
    # The same share for all elements of an example: E|(α, α)| is √2/2, not 0.765.
    assert mean_norm(wgan_gp(), np.zeros((40_000, 2)), [1.0, 1.0])[1] == pytest.approx(
        np.sqrt(0.5), abs=0.01
    )
    # On the segment from (1, 0) to (0, 1): E|x|² = 2/3.
    corner = np.tile([1.0, 0.0], (40_000, 1))
    value, _ = mean_norm(wgan_gp(1.0, target=0.0), corner, [0.0, 1.0])
    assert value == pytest.approx(2 / 3, abs=0.01)


def test_dragan_perturbs_by_a_gaussian_as_in_the_paper():
    far = np.tile([100.0, 0.0, 0.0], (20_000, 1))
    value, mean = mean_norm(dragan(1.0, sigma=0.5, target=100.0), far, [0.0, 0.0, 0.0])
    # Along the long axis alone the noise counts to first order.
    assert mean == pytest.approx(100.0, abs=0.02)
    assert value == pytest.approx(0.25, abs=0.01)


def test_dragan_perturbs_as_in_the_authors_code():
    # Values 10 and 12 have standard deviation 1, so x' - x = α U/2 with both uniform on [0, 1).
    real = np.tile([[10.0], [12.0]], (20_000, 1))
    _, mean = mean_norm(dragan(), real, [0.0])
    assert mean == pytest.approx(11 + 1 / 8, abs=0.01)
    value, _ = mean_norm(dragan(1.0, target=0.0), real, [0.0])
    assert value == pytest.approx(122 + 2 * 11 / 8 + 1 / 36, abs=0.2)


# Lazy intervals.


def test_lazy_penalty_is_dense_on_average():
    batch = {"image": NOISE}
    params = (A.astype(np.float32), B.astype(np.float32))
    dense = penalised(r1(2.0), quadratic, params)
    sparse = penalised(lazy(r1(2.0), 4), quadratic, params)
    variables = dense.init(KEY, batch)

    @jax.jit
    def slopes(variables):
        def one(step, _):
            return step + 1, gradient(sparse, DISCRIMINATOR, variables, batch, KEY, step)[2]

        return jax.lax.scan(one, STEP, length=8)[1]

    found = slopes(variables)
    expected = gradient(dense, DISCRIMINATOR, variables, batch, KEY, STEP)[2]
    for each, mean in zip(found, expected, strict=True):
        np.testing.assert_allclose(each.mean(0), mean, rtol=1e-5)
        np.testing.assert_array_equal(
            np.abs(each).max(axis=tuple(range(1, each.ndim))) > 0, [1, 0, 0, 0] * 2
        )


def test_lazy_penalty_remembers_only_when_due():
    batch = {"image": points()["image"]}
    game = critic_game(linear, jnp.ones(2), theta=jnp.zeros(2)).add(lazy(lecam(1.0, decay=0.5), 2))
    variables = game.init(KEY, batch)
    kept = [
        value_of(game, batch, variables, step=step)[1].state["terms"]["lecam"] for step in (0, 1)
    ]
    np.testing.assert_allclose(kept[0]["real"], batch["image"].sum(1).mean() / 2, rtol=1e-6)
    assert float(kept[1]["real"]) == 0.0


def test_metrics_of_a_lazy_term_are_means_over_the_updates_that_play_it():
    batch = {"image": NOISE}
    params = (A.astype(np.float32), B.astype(np.float32))
    dense = penalised(wgan_gp(2.0), quadratic, params)
    sparse = penalised(lazy(wgan_gp(2.0), 4), quadratic, params)
    variables = dense.init(KEY, batch)
    wanted = value_of(dense, batch, variables)[1].metrics
    rows = [value_of(sparse, batch, variables, step=step)[1].metrics for step in range(6)]
    means = {name: np.mean([float(row[name]) for row in rows]) for name in rows[0]}
    found = over_due(means)
    for name in ("wgan_gp", "wgan_gp_norm"):
        assert found[name] == pytest.approx(float(wanted[name]), rel=1e-5)
    assert found.keys() == wanted.keys()
    assert "wgan_gp" not in over_due(rows[1])


def test_the_field_of_a_lazy_term_is_that_of_the_dense_one():
    batch = {"image": NOISE}
    params = (A.astype(np.float32), B.astype(np.float32))
    dense = penalised(r1(2.0), quadratic, params)
    sparse = penalised(lazy(r1(2.0), 4), quadratic, params)
    variables = dense.init(KEY, batch)
    wanted = vector_field(dense, variables, batch)
    for step in (0, 1):
        found = vector_field(sparse, variables, batch, step=step)
        for x, y in zip(jax.tree.leaves(found), jax.tree.leaves(wanted), strict=True):
            np.testing.assert_allclose(x, y, rtol=1e-6)


def test_lazy_interval_must_be_positive():
    with pytest.raises(ValueError, match="every is 0"):
        lazy(r1(1.0), 0)


# What a penalty may not do.


@pytest.mark.parametrize("penalty", [r1(1.0), r2(1.0), wgan_gp(), one_centred(), dragan()])
def test_batch_normalisation_is_refused(penalty):
    game = mlp_game(norm="batch").add(penalty)
    with pytest.raises(ValueError, match=r"norm='layer', 'spectral' or 'none'"):
        game.init(KEY, points())


def test_batch_normalisation_is_welcome_where_no_input_gradient_is_taken():
    assert mlp_game(norm="batch").add(lecam()).init(KEY, points())


def test_layer_normalisation_keeps_examples_apart():
    game = mlp_game(norm="layer").add(r1(1.0))
    batch = points(6)
    variables = game.init(KEY, batch)
    value = jax.jit(lambda batch: value_of(game, batch, variables)[1].metrics["r1"])
    single = [float(value({"image": batch["image"][i : i + 1]})) for i in range(6)]
    assert float(value(batch)) == pytest.approx(np.mean(single), rel=1e-5)
    assert min(single) > 0


@pytest.mark.parametrize("penalty", [r1(1.0), wgan_gp(), lecam()])
def test_penalties_leave_spectral_vectors_as_the_loss_leaves_them(penalty):
    bare = mlp_game(norm="spectral")
    game = bare.add(penalty)
    batch = points()
    variables = game.init(KEY, batch)
    state, expected = (
        jax.jit(g.losses)(variables, batch, KEY, STEP)[DISCRIMINATOR][1].state["spectral"]
        for g in (game, bare)
    )
    assert_same(state, expected)
    assert differ(state, variables[DISCRIMINATOR]["spectral"])


def test_penalties_see_the_fakes_of_the_loss():
    game = mlp_game().add(lecam(decay=0.0))
    _, aux = game.losses(game.init(KEY, points()), points(), KEY, STEP)[DISCRIMINATOR]
    for side in ("real", "fake"):
        np.testing.assert_allclose(
            aux.state["terms"]["lecam"][side], aux.metrics[f"{side}_logit"], rtol=1e-5
        )


def test_penalties_survive_the_donation_of_a_state():
    game = mlp_game().add(lecam())
    for _ in range(2):
        variables = game.init(KEY, points())
        spend = jax.jit(lambda tree: jax.tree.map(lambda leaf: leaf + 1, tree), donate_argnums=0)
        assert float(spend(variables)[DISCRIMINATOR]["terms"]["lecam"]["real"]) == 1.0


def test_a_penalty_needs_a_discriminator_to_ask():
    for penalty in (r1(1.0), wgan_gp(), lecam()):
        game = bilinear_game(np.eye(2)).add(penalty)
        with pytest.raises(ValueError, match="group is 'real', but this game has none"):
            value_of(game, {})


def test_a_penalty_on_an_unknown_group_names_the_known_ones():
    game = mlp_game().add(r1(1.0, group="reals"))
    with pytest.raises(ValueError, match="group is 'reals', but this game has only real, fake"):
        value_of(game, points())


# One forward pass.


@pytest.mark.parametrize(
    "kind", ["perceptron", pytest.param("convolutions", marks=pytest.mark.full)]
)
def test_a_penalty_shares_the_forward_pass_of_the_loss(kind):
    if kind == "perceptron":
        nets = mlp_generator((4,), (32,)), mlp_discriminator((32, 32))
        batch = points(16, 4)
    else:
        nets = dcgan_generator((8, 8, 1), width=4), dcgan_discriminator(width=4, norm="none")
        batch = images(16)
    bare, without_loss = (gan(*nets, loss, normal(3)) for loss in (get_loss("hinge"), NOTHING))
    variables = bare.init(KEY, batch)

    def cost(game):
        return flops(
            lambda variables, batch, key: gradient(
                game, DISCRIMINATOR, variables, batch, key, STEP
            )[2],
            variables,
            batch,
            KEY,
        )

    forward = flops(
        lambda own, x: nets[1].apply(own, x, train=True)[0],
        variables[DISCRIMINATOR],
        batch["image"],
    )
    together = cost(bare.add(r1(1.0)))
    # The penalty's own passes, without a generator, which r1 does not need.
    apart = cost(bare) + cost(without_loss.add(r1(1.0)))
    assert together < apart - 0.7 * forward
