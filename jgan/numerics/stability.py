"""How large a step is stable: bounds from theory, bisection on the operator, maps over settings."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp

from jgan.numerics.dirac import REGULARISERS, regularised
from jgan.numerics.eigen import eigenvalues_2x2, spectral_radius, spectral_radius_2x2
from jgan.numerics.field import aged, field, operator, settled
from jgan.numerics.named_rules import Setting, named_rule, period_of
from jgan.numerics.selfmap import SelfMap, jacobian
from jgan.numerics.time_scales import with_time_scale
from jgan.numerics.toy_games import as_variables

Real = float | jax.Array
PLAIN = Setting(0.0)


def largest_step(eigenvalues: jax.Array) -> jax.Array:
    """The largest stable step of simultaneous descent for a field with these eigenvalues ``(..., n)``.

    min over λ of -2 Re λ/|λ|² (Mescheder et al. 2017, lemma 4, which writes it as
    (1/|Re λ|) · 2/(1 + (Im λ/Re λ)²)); 0 where an eigenvalue does not lie in the left half plane.

    >>> round(float(largest_step(jnp.array([-0.15 + 0.47697j, -0.15 - 0.47697j]))), 3)  # R1: h < γ/a²
    1.2
    """
    size = jnp.square(jnp.abs(eigenvalues))
    bound = -2 * eigenvalues.real / jnp.where(size == 0, 1.0, size)
    return jnp.maximum(jnp.min(bound, axis=-1), 0.0)


def simultaneous_r1_step(gamma: Real, slope: Real) -> jax.Array:
    """The largest stable simultaneous step of the Dirac-GAN with R1, where ``slope`` is f'(0).

    γ/a² for γ ≤ 2a, and (γ - sqrt(γ² - 4a²))/a² beyond, where the eigenvalues are real.
    """
    gamma, square = jnp.asarray(gamma), jnp.square(jnp.asarray(slope))
    root = jnp.sqrt(jnp.maximum(gamma * gamma - 4 * square, 0.0))
    return (gamma - root) / square


def alternating_r1_step(gamma: Real, slope: Real) -> jax.Array:
    """The largest stable alternating step of the Dirac-GAN with R1: 4/(γ + sqrt(γ² + 4a²)).

    At γ = 0 it is 2/a, below which the unregularised game is neutral, not convergent.
    """
    gamma = jnp.asarray(gamma)
    return 4 / (gamma + jnp.sqrt(gamma * gamma + 4 * jnp.square(jnp.asarray(slope))))


def bisect(
    stable: Callable[[jax.Array], jax.Array], low: Real, high: Real, rounds: int = 60
) -> jax.Array:
    """Where a truth value turns from True at ``low`` to False at ``high``, to 2^-rounds of the interval.

    Pure, jit- and vmap-able. If it is False at ``low`` the result is ``low``, if True at ``high`` nearly
    ``high``.
    """
    ends = jnp.asarray(low, jnp.result_type(float)), jnp.asarray(high, jnp.result_type(float))

    def halve(_: jax.Array, ends: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        low, high = ends
        middle = 0.5 * (low + high)
        good = stable(middle)
        return jnp.where(good, middle, low), jnp.where(good, high, middle)

    return jax.lax.fori_loop(0, rounds, halve, ends)[0]


def largest_stable_step(
    operator_at: Callable[[jax.Array], SelfMap], highest: Real, rounds: int = 50
) -> jax.Array:
    """The step at which the spectral radius of a rule's operator passes 1, by bisection on (0, highest].

    Args:
      operator_at: ``step -> operator`` at the equilibrium; the step is traced.
      highest: a step that is unstable; every step below the answer must be stable.
      rounds: halvings of the interval.

    The result is 0 where no step is stable; a radius of 1 itself counts as stable up to rounding (1e-12).
    """
    return bisect(
        lambda step: spectral_radius(operator_at(step)) <= 1 + 1e-12, 0.0, highest, rounds
    )


def critical_gamma(field_at: Callable[[jax.Array], SelfMap], highest: Real) -> jax.Array:
    """The strength at which the eigenvalues of a field of two parameters become real, on (0, highest].

    Below it the players spiral in, beyond it the slower eigenvalue returns towards 0: for R1 on the
    Dirac-GAN it is 2|f'(0)|.
    """

    def spirals(gamma: jax.Array) -> jax.Array:
        values = eigenvalues_2x2(jacobian(field_at(gamma)))
        return jnp.max(jnp.abs(values.imag)) > 0

    return bisect(spirals, 0.0, highest)


def dirac_field(loss: str, penalty: str, strength: Real | None = None, tau: Real = 1.0) -> SelfMap:
    """The field of a Dirac-GAN of `jgan.numerics.dirac` at its equilibrium; the numbers may be traced.

    The discriminator is ``tau`` times as fast.

    Raises:
      ValueError: for unknown names and bad strengths, and for penalties under which the field jumps there.
    """
    check_smooth(penalty)
    toy = regularised(loss, penalty, strength)
    return field(with_time_scale(toy.game, tau), as_variables(0.0, 0.0), toy.batch)


def dirac_operator(
    rule: str, setting: Setting, loss: str, penalty: str, strength: Real | None = None
) -> SelfMap:
    """The operator of a named rule on a Dirac-GAN at its equilibrium; all numbers may be traced.

    For a rule with a period it is that of `jgan.numerics.named_rules.period_of` updates together, whose
    eigenvalues are not those of one update: `radius_an_update`.

    Raises:
      ValueError: for unknown names and bad numbers, and for penalties under which the field jumps there.
    """
    check_smooth(penalty)
    toy = regularised(loss, penalty, strength, start=(0.0, 0.0))
    moving = named_rule(rule, toy.game, setting)
    state = settled(moving, moving.init(jax.random.key(0), toy.batch), toy.batch)
    return operator(moving, aged(state), toy.batch, period_of(rule, setting))


def check_smooth(penalty: str) -> None:
    """Raise ValueError for a penalty under which the Dirac-GAN cannot be linearised at its equilibrium."""
    if penalty in REGULARISERS and not REGULARISERS[penalty].smooth:
        smooth = ", ".join(name for name, kind in REGULARISERS.items() if kind.smooth)
        raise ValueError(
            f"penalty is {penalty!r}, whose field jumps at the equilibrium (0, 0), so that there is nothing to "
            f"linearise; use one of {smooth}."
        )


def radius_an_update(rule: str, radius: Real, setting: Setting = PLAIN) -> jax.Array:
    """The factor of a single update, from the spectral radius of the operator of a named rule's period.

    Only weights of the setting that change the period matter.

    >>> round(float(radius_an_update("lookahead-minimax", 0.911859)), 5)  # of five updates
    0.98172
    """
    return jnp.asarray(radius) ** (1 / period_of(rule, setting))


def radius_map(
    steps: jax.Array,
    strengths: jax.Array,
    *,
    rule: str = "simultaneous",
    loss: str = "non-saturating",
    penalty: str = "r1",
    momentum: Real = 0.0,
    discriminator_steps: int = 1,
    setting: Setting = PLAIN,
) -> jax.Array:
    """Spectral radii of the Dirac-GAN's operator over steps and strengths, one vmapped program.

    Args:
      steps: ``(n,)`` learning rates.
      strengths: ``(m,)`` strengths of the penalty.
      rule: a name in `jgan.numerics.named_rules.RULES`.
      loss: a name in `jgan.numerics.dirac.LOSSES`.
      penalty: a name in `jgan.numerics.dirac.REGULARISERS`.
      momentum: of both players; may be traced and mapped over.
      discriminator_steps: n_d of alternating descent.
      setting: everything else that the rule is set by.

    Returns:
      ``(m, n)``, the factor of a single update, also for rules with a longer period. Operators on two numbers
      have theirs in closed form, larger ones by LAPACK.

    Raises:
      ValueError: as `dirac_operator`.
    """
    plain = isinstance(momentum, int | float) and momentum == 0
    return _radius_map(
        jnp.asarray(steps),
        jnp.asarray(strengths),
        None if plain else momentum,
        setting.tau,
        setting.beta2,
        tuple((name, value) for name, value in setting.weights.items() if name == "every"),
        {name: value for name, value in setting.weights.items() if name != "every"},
        rule=rule,
        loss=loss,
        penalty=penalty,
        steps_of=(discriminator_steps, setting.generator_steps),
        optimizer=setting.optimizer,
    )


@partial(jax.jit, static_argnames=("rule", "loss", "penalty", "steps_of", "optimizer", "counts"))
def _radius_map(
    steps: jax.Array,
    strengths: jax.Array,
    momentum: Real | None,
    tau: Real,
    beta2: Real,
    counts: tuple[tuple[str, Real], ...],
    weights: dict[str, Real],
    *,
    rule: str,
    loss: str,
    penalty: str,
    steps_of: tuple[int, int],
    optimizer: str,
) -> jax.Array:
    def radius(step: jax.Array, strength: jax.Array) -> jax.Array:
        own = 0.0 if momentum is None else momentum
        all_weights = {**dict(counts), **weights}
        setting = Setting(step, own, *steps_of, tau, optimizer, beta2, all_weights)
        matrix = jacobian(dirac_operator(rule, setting, loss, penalty, strength))
        if matrix.shape == (2, 2):
            return radius_an_update(rule, spectral_radius_2x2(matrix), setting)
        return radius_an_update(rule, jnp.max(jnp.abs(jnp.linalg.eigvals(matrix))), setting)

    over_steps = jax.vmap(radius, in_axes=(0, None))
    return jax.vmap(over_steps, in_axes=(None, 0))(steps, strengths)
