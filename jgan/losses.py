r"""Losses of the two players, written on logits, one value for each example.

A larger logit means "more real". ``r`` and ``f`` below are logits of real and fake examples;
:math:`\mathrm{sp}(t) = \log(1 + e^t)`. Every loss is minimised by its player. `LOSSES` is the table.

| name | discriminator | generator | source |
|---|---|---|---|
| minimax | sp(-r) + sp(f) | -sp(f) | Goodfellow et al. 2014, eq. 1 |
| non_saturating | sp(-r) + sp(f) | sp(-f) | Goodfellow et al. 2014, section 3 |
| least_squares | (r-b)²/2 + (f-a)²/2 | (f-c)²/2 | Mao et al. 2017, eq. 2 |
| wasserstein | f - r | -f | Arjovsky et al. 2017, eq. 2 |
| hinge | max(0, 1-r) + max(0, 1+f) | -f | Lim & Ye 2017; Miyato et al. 2018, eq. 16 |
| relativistic | sp(f - r) | sp(r - f) | Jolicoeur-Martineau 2019; Huang et al. 2024 (code) |
| relativistic_average | sp(f̄ - r) + sp(f - r̄) | sp(r - f̄) + sp(r̄ - f) | Jolicoeur-Martineau 2019, eq. 7-8 |
| kl, reverse_kl, pearson, squared_hellinger, jensen_shannon, total_variation |
  f*(g(f)) - g(r) | -g(f) | Nowozin et al. 2016 |
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from jgan.batch_axis import draw_rows, whole_mean

PerExample = Callable[[jax.Array, jax.Array], jax.Array]
softplus = jax.nn.softplus


def _as_they_are(key: jax.Array, real: jax.Array, fake: jax.Array) -> tuple[jax.Array, jax.Array]:
    return real, fake


class Loss(NamedTuple):
    """The two players' losses on logits.

    Attributes:
      discriminator: ``(real_logits (B,), fake_logits (B,)) -> (B,)``, minimised by the discriminator.
      generator: the same, minimised by the generator.
      terms: for a discriminator loss that is ``on_real(r) + on_fake(f)``, the two terms; None for
        losses on pairs. Label smoothing needs them.
      labels: ``(key, real_logits, fake_logits) -> (real_logits, fake_logits)``, how the discriminator's
        labels are drawn; the truth, unless `label_flips` says otherwise.
    """

    discriminator: PerExample
    generator: PerExample
    terms: tuple[Callable[[jax.Array], jax.Array], Callable[[jax.Array], jax.Array]] | None = None
    labels: Callable[[jax.Array, jax.Array, jax.Array], tuple[jax.Array, jax.Array]] = _as_they_are


def separable(
    on_real: Callable[[jax.Array], jax.Array],
    on_fake: Callable[[jax.Array], jax.Array],
    generator: Callable[[jax.Array], jax.Array],
) -> Loss:
    """A loss that treats real and fake logits apart: ``on_real(r) + on_fake(f)`` and ``generator(f)``."""
    return Loss(
        discriminator=lambda real, fake: on_real(real) + on_fake(fake),
        generator=lambda real, fake: generator(fake),
        terms=(on_real, on_fake),
    )


def minimax() -> Loss:
    """The zero-sum game of Goodfellow et al. 2014 (eq. 1); the generator's gradient saturates.

    >>> loss = minimax()
    >>> float(loss.discriminator(jnp.zeros(1), jnp.zeros(1))[0])  # 2 log 2
    1.3862943649291992
    """
    return separable(lambda r: softplus(-r), softplus, lambda f: -softplus(f))


def non_saturating() -> Loss:
    """Goodfellow et al. 2014, section 3: the generator maximises log D(G(z)).

    >>> round(float(jax.grad(lambda f: non_saturating().generator(f, f))(-10.0)), 5)  # -sigmoid(10)
    -0.99995
    """
    return separable(lambda r: softplus(-r), softplus, lambda f: softplus(-f))


def least_squares(a: float = 0.0, b: float = 1.0, c: float = 1.0) -> Loss:
    """Mao et al. 2017 (eq. 2): targets ``a`` for fakes, ``b`` for reals, ``c`` for the generator.

    The paper's factors 1/2 are kept. With ``b - c = 1`` and ``b - a = 2`` the generator minimises
    half of Pearson's chi-squared between p + q and 2 q (eq. 7). Acts on logits; compare_gan's v1 code
    applies it to sigmoid(logit).

    >>> float(least_squares().discriminator(jnp.array(0.5), jnp.array(0.5)))
    0.25
    """
    return separable(
        lambda r: 0.5 * (r - b) ** 2, lambda f: 0.5 * (f - a) ** 2, lambda f: 0.5 * (f - c) ** 2
    )


def wasserstein() -> Loss:
    """Arjovsky et al. 2017 (eq. 2): the critic's gap; no logarithm, no sigmoid.

    It bounds a distance only while the critic is kept Lipschitz: `jgan.game.with_weight_clipping` or
    `jgan.terms.penalties.wgan_gp`.
    """
    return separable(lambda r: -r, lambda f: f, lambda f: -f)


def hinge() -> Loss:
    """Lim & Ye 2017; Miyato et al. 2018 (eq. 16-17). At the optimum -V_D = 2 - 2 TV(p, q)."""
    return separable(lambda r: jax.nn.relu(1 - r), lambda f: jax.nn.relu(1 + f), lambda f: -f)


def relativistic() -> Loss:
    """Relativistic pairing (Jolicoeur-Martineau 2019, RpGAN; R3GAN, Huang et al. 2024).

    Invariant to adding a constant to all logits. Equation 2 of R3GAN is zero-sum; its code trains the
    generator with the swapped pair, which is followed here.

    >>> loss = relativistic()
    >>> float(loss.discriminator(jnp.array(5.0), jnp.array(5.0)))
    0.6931471824645996
    """
    return Loss(
        discriminator=lambda real, fake: softplus(fake - real),
        generator=lambda real, fake: softplus(real - fake),
    )


def relativistic_average() -> Loss:
    """Relativistic average GAN, RaSGAN (Jolicoeur-Martineau 2019, eq. 7 and 8).

    Each logit is compared with the batch mean of the other side. The author's code halves both
    losses; the paper's sums are followed here.
    """

    def compare(higher: jax.Array, lower: jax.Array) -> jax.Array:
        low, high = whole_mean((jnp.mean(lower), jnp.mean(higher)))
        return softplus(low - higher) + softplus(lower - high)

    return Loss(
        discriminator=lambda real, fake: compare(real, fake),
        generator=lambda real, fake: compare(fake, real),
    )


def f_divergence(
    activation: Callable[[jax.Array], jax.Array],
    conjugate: Callable[[jax.Array], jax.Array],
    *,
    saturating: bool = False,
) -> Loss:
    """Variational f-divergence minimisation (Nowozin et al. 2016, eq. 6 to 8).

    Args:
      activation: g(v), increasing, from logits to the domain of the conjugate f*.
      conjugate: v -> f*(g(v)), given in one piece because the composition is often simpler and safe
        from overflow where its parts are not.
      saturating: the generator minimises the same value (the saddle of eq. 6); otherwise it maximises
        g(v) on its samples (the paper's section 3.2), which does not vanish when it loses.

    The discriminator's value, negated and at its optimum, is the divergence D_f(p || q).
    """
    generator = (lambda f: -conjugate(f)) if saturating else (lambda f: -activation(f))
    return separable(lambda r: -activation(r), conjugate, generator)


def kl(*, saturating: bool = False) -> Loss:
    """KL(p || q): g = v, f*(t) = exp(t - 1), which leaves float32's range for logits above 89."""
    return f_divergence(lambda v: v, lambda v: jnp.exp(v - 1), saturating=saturating)


def reverse_kl(*, saturating: bool = False) -> Loss:
    """KL(q || p): g = -exp(-v), f*(t) = -1 - log(-t), so f*(g(v)) = v - 1.

    The sign of v is the one that makes g increasing, so that a larger logit means "more real"; some
    printings of the paper's table have -exp(v). g leaves float32's range for logits below -88.
    """
    return f_divergence(lambda v: -jnp.exp(-v), lambda v: v - 1, saturating=saturating)


def pearson(*, saturating: bool = False) -> Loss:
    """Pearson's chi-squared, sum (p - q)²/q: g = v, f*(t) = t²/4 + t."""
    return f_divergence(lambda v: v, lambda v: 0.25 * v**2 + v, saturating=saturating)


def squared_hellinger(*, saturating: bool = False) -> Loss:
    """sum (√p - √q)²: g = 1 - exp(-v), f*(t) = t/(1 - t), so f*(g(v)) = exp(v) - 1.

    Both leave float32's range for logits beyond ±88.
    """
    return f_divergence(lambda v: -jnp.expm1(-v), jnp.expm1, saturating=saturating)


def jensen_shannon(*, saturating: bool = False) -> Loss:
    """2 JSD(p, q): g = log 2 - sp(-v), f*(t) = -log(2 - exp(t)), so f*(g(v)) = sp(v) - log 2."""
    log_two = jnp.log(2.0)
    return f_divergence(
        lambda v: log_two - softplus(-v), lambda v: softplus(v) - log_two, saturating=saturating
    )


def total_variation(*, saturating: bool = False) -> Loss:
    """Total variation, half of sum |p - q|: g = tanh(v)/2, f*(t) = t."""
    half_tanh: Callable[[jax.Array], jax.Array] = lambda v: 0.5 * jnp.tanh(v)
    return f_divergence(half_tanh, half_tanh, saturating=saturating)


LOSSES: dict[str, Callable[[], Loss]] = {
    "minimax": minimax,
    "non_saturating": non_saturating,
    "least_squares": least_squares,
    "wasserstein": wasserstein,
    "hinge": hinge,
    "relativistic": relativistic,
    "relativistic_average": relativistic_average,
    "kl": kl,
    "reverse_kl": reverse_kl,
    "pearson": pearson,
    "squared_hellinger": squared_hellinger,
    "jensen_shannon": jensen_shannon,
    "total_variation": total_variation,
}
"""Every loss by name, each a function without required arguments."""


def get_loss(name: str) -> Loss:
    """The loss called ``name`` in `LOSSES`, with its default settings.

    Raises:
      ValueError: if there is none of that name.
    """
    if name not in LOSSES:
        raise ValueError(f"loss is {name!r}, but must be one of {', '.join(LOSSES)}.")
    return LOSSES[name]()


def label_smoothing(loss: Loss, amount: float = 0.1) -> Loss:
    """One-sided label smoothing (Salimans et al. 2016, section 3.4).

    A real example counts as real with weight ``1 - amount`` and as fake with weight ``amount``; fakes
    and the generator's loss stay as they are. ``amount = 0.1`` is the paper's target of 0.9.

    Raises:
      ValueError: for losses on pairs, which have no label to smooth.

    >>> smooth = label_smoothing(non_saturating(), 0.1)
    >>> best = jnp.log(0.9 / 0.1)  # sigmoid(best) = 0.9 where only real examples are
    >>> abs(float(jax.grad(smooth.terms[0])(best))) < 1e-6
    True
    """
    if loss.terms is None:
        raise ValueError(
            "label_smoothing was given a loss on pairs, which has no labels; "
            "use a loss with separate terms for real and fake, such as non_saturating."
        )
    on_real, on_fake = loss.terms
    smoothed: Callable[[jax.Array], jax.Array] = lambda r: (
        (1 - amount) * on_real(r) + amount * on_fake(r)
    )
    return loss._replace(
        discriminator=lambda real, fake: smoothed(real) + on_fake(fake), terms=(smoothed, on_fake)
    )


def label_flips(loss: Loss, probability: float) -> Loss:
    """Exchange the labels of a real and a fake example with the given probability.

    Only the discriminator is misled. Pairs are flipped together, so the number of examples called
    real stays B; the expected loss is that of independent flips.
    """

    def flipped(key: jax.Array, real: jax.Array, fake: jax.Array) -> tuple[jax.Array, jax.Array]:
        inner_key, flip_key = jax.random.split(key)
        real, fake = loss.labels(inner_key, real, fake)
        flip = draw_rows(
            lambda rows: jax.random.bernoulli(flip_key, probability, (rows,)), real.shape[0]
        )
        return jnp.where(flip, fake, real), jnp.where(flip, real, fake)

    return loss._replace(labels=flipped)
