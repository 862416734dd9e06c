"""BEGAN's balance: the discriminator pays -k L(x̂), and a controller moves k."""

import jax
import jax.numpy as jnp

from jgan.arguments import check_number
from jgan.batch_axis import whole_mean
from jgan.scene import Result, Scene, Term, mean
from jgan.scene.constants import constant


def controlled(
    k: jax.Array, real: jax.Array, fake: jax.Array, gamma: float, rate: float
) -> tuple[jax.Array, jax.Array]:
    """The next k and the convergence measure M (Berthelot, Schumm & Metz 2017, section 3.4).

    k' = clip(k + λ_k (γ L(x) - L(x̂)), 0, 1) and M = L(x) + abs(γ L(x) - L(x̂)).

    Args:
      k: so far.
      real: L(x), the mean over the batch.
      fake: L(x̂).
      gamma: γ, the diversity ratio.
      rate: λ_k.

    >>> k, measure = controlled(jnp.array(0.5), jnp.array(0.2), jnp.array(0.1), 0.5, 1e-3)
    >>> round(float(k), 4), round(float(measure), 4)
    (0.5, 0.2)
    """
    gap = gamma * real - fake
    return jnp.clip(k + rate * gap, 0.0, 1.0), real + jnp.abs(gap)


def balance(
    gamma: float = 0.5, rate: float = 1e-3, start: float = 0.0, *, name: str = "balance"
) -> Term:
    """-k L(x̂) for the discriminator, whose logits are minus the losses L of an autoencoder.

    k is the term's memory, ``{"k": k}``. Metrics: ``k``, ``measure`` (M) and ``ratio``
    (L(x̂)/L(x)).

    Args:
      gamma: γ, where the ratio L(x̂)/L(x) is held.
      rate: λ_k, the controller's. With 0, k stays as it starts.
      start: k before the first step, 0 in the paper.
      name: of the term.

    Raises:
      ValueError: if ``gamma`` or ``rate`` is not a finite number of at least 0, or ``start`` not one of 0 to 1.
    """
    check_number("gamma", gamma, least=0)
    check_number("rate", rate, least=0)
    check_number("start", start, least=0, most=1)

    def value(scene: Scene) -> Result:
        groups = ("real", "fake")
        real, fake = (
            -mean(scene.answer(group, "logit"), scene.meeting[group].weights) for group in groups
        )
        # k and M are not linear in the means, so they need those of the whole batch.
        now, made = constant(name, whole_mean((real, fake)))
        k = scene.memory["k"]
        renewed, measure = controlled(k, now, made, gamma, rate)
        return (
            -k * fake,
            {"k": renewed},
            {
                "k": renewed,
                "measure": measure,
                "ratio": made / now,
            },
        )

    return Term(name, value, groups=("real", "fake"), memory={"k": jnp.full((), start)})
