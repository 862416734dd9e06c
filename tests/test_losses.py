import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import KEY, central_differences, critic_game, linear
from scipy import optimize, special

from jgan.game import DISCRIMINATOR, GENERATOR
from jgan.losses import (
    LOSSES,
    get_loss,
    hinge,
    label_flips,
    label_smoothing,
    least_squares,
    minimax,
    non_saturating,
    relativistic,
    relativistic_average,
    wasserstein,
)

P = np.array([0.1, 0.2, 0.3, 0.4])
Q = np.array([0.4, 0.1, 0.25, 0.25])
U = P / Q
BOTH = pytest.mark.parametrize("player", ["discriminator", "generator"])
EVERY = pytest.mark.parametrize("name", LOSSES)
DIVERGENCES = {
    # name: D_f(p || q), T* = f'(p/q), both written down without the conjugate
    "kl": (special.rel_entr(P, Q).sum(), 1 + np.log(U)),
    "reverse_kl": (special.rel_entr(Q, P).sum(), -1 / U),
    "pearson": (((P - Q) ** 2 / Q).sum(), 2 * (U - 1)),
    "squared_hellinger": (((np.sqrt(P) - np.sqrt(Q)) ** 2).sum(), 1 - 1 / np.sqrt(U)),
    "jensen_shannon": (
        special.rel_entr(P, (P + Q) / 2).sum() + special.rel_entr(Q, (P + Q) / 2).sum(),
        np.log(2 * U / (1 + U)),
    ),
    "total_variation": (0.5 * np.abs(P - Q).sum(), 0.5 * np.sign(U - 1)),
}
JSD = DIVERGENCES["jensen_shannon"][0] / 2


@pytest.fixture
def logits():
    return jnp.array([-0.8, -0.1, 0.3, 0.7]), jnp.array([0.5, -0.6, 0.2, -0.3])


def on_the_law(per_example, values):
    """The expectation over independent pairs, real from P and fake from Q, of a loss on logits."""
    real, fake = (grid.ravel() for grid in jnp.meshgrid(values, values, indexing="ij"))
    return jnp.sum(per_example(real, fake) * np.outer(P, Q).ravel())


def best_logits(loss):
    """The discriminator's optimum on the law, one logit for each of the four points."""
    value = jax.jit(jax.value_and_grad(lambda v: on_the_law(loss.discriminator, v)))
    found = optimize.minimize(
        lambda v: [np.asarray(part, np.float64) for part in value(v)],
        np.zeros(4),
        jac=True,
        method="L-BFGS-B",
        bounds=[(-25, 25)] * 4,
        options={"ftol": 1e-15, "gtol": 1e-10, "maxiter": 10000},
    )
    return found.x, float(found.fun)


# One battery for every loss.


@EVERY
@BOTH
def test_one_finite_value_for_each_example(name, player, strict):
    loss = getattr(get_loss(name), player)
    extremes = jnp.array([-50.0, 0.0, 50.0])
    real, fake = (grid.ravel() for grid in jnp.meshgrid(extremes, extremes))
    value = loss(real, fake)
    assert value.shape == (9,)
    assert value.dtype == jnp.float32
    slopes = jax.grad(lambda r, f: loss(r, f).mean(), argnums=(0, 1))(real, fake)
    assert all(np.isfinite(array).all() for array in (value, *slopes))


@EVERY
@BOTH
def test_gradient_is_that_of_finite_differences(name, player, logits, double):
    real, fake = (np.asarray(side, np.float64) for side in logits)
    loss = getattr(get_loss(name), player)
    mean = jax.jit(lambda r, f: jnp.mean(loss(r, f)))
    for argument, x in enumerate((real, fake)):
        exact = jax.grad(mean, argnums=argument)(real, fake)
        along = lambda y, i=argument: mean(y, fake) if i == 0 else mean(real, y)
        np.testing.assert_allclose(exact, central_differences(along, x), atol=1e-8)


@EVERY
def test_the_players_push_in_their_directions(name):
    # Between the targets 0 and 1, beyond which least squares turns back.
    logits = jnp.array([0.2, 0.5, 0.3, 0.7]), jnp.array([0.5, 0.6, 0.1, 0.9])
    loss = get_loss(name)
    up, down = jax.grad(lambda r, f: loss.discriminator(r, f).sum(), argnums=(0, 1))(*logits)
    assert (up < 0).all(), "the discriminator must push real logits up"
    assert (down > 0).all(), "the discriminator must push fake logits down"
    fooled = jax.grad(lambda f: loss.generator(logits[0], f).sum())(logits[1])
    assert (fooled < 0).all(), "the generator must push fake logits up"


@EVERY
@BOTH
def test_jit_and_vmap_change_nothing(name, player, logits):
    loss = getattr(get_loss(name), player)
    real, fake = logits
    expected = loss(real, fake)
    np.testing.assert_allclose(jax.jit(loss)(real, fake), expected, rtol=1e-6, atol=1e-7)
    batches = jnp.stack([real, real[::-1]]), jnp.stack([fake, fake[::-1]])
    np.testing.assert_allclose(jax.vmap(loss)(*batches)[1], expected[::-1], rtol=1e-6, atol=1e-7)


@EVERY
def test_terms_add_up_to_the_discriminator_loss(name, logits):
    loss = get_loss(name)
    if loss.terms is None:
        # A loss on pairs couples the two sides, so its mixed second derivative is not zero.
        mixed = jax.jacfwd(jax.grad(lambda r, f: loss.discriminator(r, f).sum()), argnums=1)
        assert np.abs(mixed(*logits)).max() > 1e-3
    else:
        total = loss.terms[0](logits[0]) + loss.terms[1](logits[1])
        np.testing.assert_allclose(total, loss.discriminator(*logits), rtol=1e-6, atol=1e-7)


def test_unknown_names_are_told_with_the_known_ones():
    with pytest.raises(ValueError, match="loss is 'logistic', but must be one of minimax"):
        get_loss("logistic")


# Values of papers and closed forms.


def test_formulas_in_numpy(logits):
    r, f = (np.asarray(side, np.float64) for side in logits)
    sp = lambda t: np.logaddexp(0, t)
    table = {
        "minimax": (sp(-r) + sp(f), -sp(f)),
        "non_saturating": (sp(-r) + sp(f), sp(-f)),
        "least_squares": (0.5 * (r - 1) ** 2 + 0.5 * f**2, 0.5 * (f - 1) ** 2),
        "wasserstein": (f - r, -f),
        "hinge": (np.maximum(0, 1 - r) + np.maximum(0, 1 + f), -f),
        "relativistic": (sp(f - r), sp(r - f)),
        "relativistic_average": (
            sp(f.mean() - r) + sp(f - r.mean()),
            sp(r - f.mean()) + sp(r.mean() - f),
        ),
        "kl": (np.exp(f - 1) - r, -f),
        "reverse_kl": (f - 1 + np.exp(-r), np.exp(-f)),
        "pearson": (f**2 / 4 + f - r, -f),
        "squared_hellinger": (np.exp(f) - 1 - (1 - np.exp(-r)), np.exp(-f) - 1),
        "jensen_shannon": (sp(f) + sp(-r) - 2 * np.log(2), sp(-f) - np.log(2)),
        "total_variation": ((np.tanh(f) - np.tanh(r)) / 2, -np.tanh(f) / 2),
    }
    assert set(table) == set(LOSSES)
    for name, (discriminator, generator) in table.items():
        loss = get_loss(name)
        np.testing.assert_allclose(loss.discriminator(*logits), discriminator, atol=1e-6)
        np.testing.assert_allclose(loss.generator(*logits), generator, atol=1e-6)


def test_golden_numbers_of_the_first_gan():
    zero, lost = jnp.zeros(1), jnp.full(1, -10.0)
    for loss in (minimax(), non_saturating()):
        np.testing.assert_allclose(loss.discriminator(zero, zero), 1.3862944, rtol=1e-7)
    slope = lambda loss: float(jax.grad(lambda f: loss.generator(zero, f).sum())(lost)[0])
    np.testing.assert_allclose(slope(minimax()), -4.5398e-5, rtol=1e-4)
    np.testing.assert_allclose(slope(non_saturating()), -0.9999546, rtol=1e-6)


@pytest.mark.parametrize("name", ["minimax", "non_saturating"])
def test_optimal_discriminator_and_value(name, double):
    logits, value = best_logits(get_loss(name))
    np.testing.assert_allclose(special.expit(logits), P / (P + Q), atol=1e-6)
    np.testing.assert_allclose(-value, 2 * JSD - np.log(4), atol=1e-10)


def test_least_squares_optimum(double):
    a, b, c = -0.5, 1.5, 0.3
    logits, _ = best_logits(least_squares(a, b, c))
    np.testing.assert_allclose(logits, (b * P + a * Q) / (P + Q), atol=1e-7)


def test_least_squares_is_pearsons_chi_squared(double):
    loss = least_squares(a=-1.0, b=1.0, c=0.0)
    logits, _ = best_logits(loss)
    # Equation 7 of the paper adds the generator's (constant) term on the real examples.
    value = np.sum((P + Q) * loss.generator(logits, logits))
    assert 2 * value == pytest.approx(0.25249, abs=5e-6)
    assert 2 * value == pytest.approx(np.sum((2 * Q - (P + Q)) ** 2 / (P + Q)), abs=1e-9)


def test_least_squares_gradient_does_not_saturate():
    slopes = jax.vmap(jax.grad(lambda f: least_squares().generator(f, f)))(jnp.arange(-50.0, 50.0))
    np.testing.assert_allclose(np.diff(slopes), 1.0, rtol=1e-5)


def test_hinge_optimum_is_total_variation():
    best = jnp.sign(jnp.asarray(P - Q))
    value = lambda v: float(on_the_law(hinge().discriminator, v))
    assert value(best) == pytest.approx(2 - 2 * DIVERGENCES["total_variation"][0], abs=1e-6)
    others = jax.random.normal(KEY, (50, 4)) * 2
    assert min(value(v) for v in others) >= value(best) - 1e-6


@pytest.mark.parametrize("name", DIVERGENCES)
def test_f_divergence_is_reached_at_the_derivative(name, double):
    divergence, witness = DIVERGENCES[name]
    loss = get_loss(name)
    logits, value = best_logits(loss)
    assert -value == pytest.approx(divergence, abs=1e-7)
    np.testing.assert_allclose(-loss.terms[0](logits), witness, atol=1e-4)


@pytest.mark.parametrize("name", DIVERGENCES)
def test_saturating_form_is_zero_sum(name, logits):
    loss = LOSSES[name](saturating=True)
    both = lambda f: (loss.discriminator(logits[0], f) + loss.generator(logits[0], f)).sum()
    np.testing.assert_allclose(jax.grad(both)(logits[1]), 0, atol=1e-7)
    fooled = jax.grad(lambda f: loss.generator(logits[0], f).sum())(logits[1])
    assert (fooled < 0).all()


@pytest.mark.parametrize("loss", [relativistic(), relativistic_average(), wasserstein()])
def test_relativistic_losses_ignore_a_common_constant(loss, logits):
    for side in (loss.discriminator, *((loss.generator,) if loss.terms is None else ())):
        moved = side(logits[0] + 3.0, logits[1] + 3.0)
        np.testing.assert_allclose(moved, side(*logits), atol=1e-6)


def test_relativistic_swaps_the_pair(logits):
    real, fake = logits
    loss = relativistic()
    np.testing.assert_allclose(loss.generator(real, fake), loss.discriminator(fake, real))


# Labels.


def test_label_smoothing_moves_the_optimum_only_on_real(double, logits):
    amount = 0.25
    best, _ = best_logits(label_smoothing(non_saturating(), amount))
    # Minimising (1-a) p sp(-v) + (a p + q) sp(v) gives sigmoid(v) = (1-a) p / (p + q).
    np.testing.assert_allclose(special.expit(best), (1 - amount) * P / (P + Q), atol=1e-6)
    smooth = label_smoothing(non_saturating(), amount).generator(*logits)
    np.testing.assert_array_equal(smooth, non_saturating().generator(*logits))


def test_label_smoothing_refuses_losses_on_pairs():
    with pytest.raises(ValueError, match="loss on pairs"):
        label_smoothing(relativistic())


def test_label_flips_happen_at_their_rate():
    real, fake = jnp.ones(20_000), -jnp.ones(20_000)
    real_labels, fake_labels = label_flips(wasserstein(), 0.2).labels(KEY, real, fake)
    np.testing.assert_allclose(np.mean(real_labels == -1), 0.2, atol=0.01)
    np.testing.assert_array_equal(real_labels, -fake_labels)
    never, always = (label_flips(wasserstein(), p).labels(KEY, real, fake) for p in (0.0, 1.0))
    np.testing.assert_array_equal(never[0], real)
    np.testing.assert_array_equal(always[0], fake)


def test_label_flips_mislead_the_discriminator_alone():
    batch = {"image": jnp.array([[1.0], [2.0], [6.0]])}
    honest, flipped = (
        critic_game(linear, jnp.ones(1), label_flips(wasserstein(), rate), theta=-1.0)
        for rate in (0.0, 1.0)
    )
    variables = honest.init(KEY, batch)
    value = lambda game, player: float(game.losses(variables, batch, KEY, 0)[player][0])
    assert value(honest, DISCRIMINATOR) == pytest.approx(-1 - 3)
    assert value(flipped, DISCRIMINATOR) == pytest.approx(1 + 3)
    assert value(honest, GENERATOR) == value(flipped, GENERATOR) == 1.0
