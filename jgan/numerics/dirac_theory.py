"""Closed forms for the Dirac-GAN at its equilibrium, to hold against automatic differentiation.

With a = f'(0) and b = f''(0) the field's Jacobian on (θ, ψ) is [[0, a], [-a, d]] in jgan's sign of ψ; every
regulariser but consensus only changes d.
"""

import cmath

import numpy as np

from jgan.numerics.dirac import SLOPES
from jgan.numerics.named_rules import EVERY


def damping(loss: str, penalty: str, strength: float) -> float | None:
    """d, the discriminator's own entry; None where it has no such form."""
    forms = {
        "none": 0.0,
        "clip": 0.0,
        "r1": -strength,
        "r2": -strength,
        "r1+r2": -2 * strength,
        "instance-noise": 2 * SLOPES[loss][1] * strength**2,
    }
    return forms.get(penalty)


def field_eigenvalues(loss: str, penalty: str, strength: float, tau: float = 1.0) -> list[complex]:
    """Both eigenvalues of the field, or nothing where it is not differentiable (one-centred penalties).

    -τγ/2 ± sqrt(τ²γ²/4 - τa²) for R1 under a discriminator that is τ times as fast (for τ = 1 the square on a
    is missing in one article, on γ in a lecture).

    >>> [complex(round(z.real, 5), round(z.imag, 5)) for z in field_eigenvalues("minimax", "r1", 0.3)]
    [(-0.15+0.47697j), (-0.15-0.47697j)]
    """
    a = SLOPES[loss][0]
    own = damping(loss, penalty, strength)
    if penalty == "consensus":
        both = -strength * a * a
        half, product = both * (1 + tau) / 2, tau * (both * both + a * a)
    elif own is None:
        return []
    else:
        half, product = tau * own / 2, tau * a * a
    root = cmath.sqrt(half * half - product)
    return [half + root, half - root]


def step_limit(
    rule: str, loss: str, penalty: str, strength: float, tau: float = 1.0
) -> float | None:
    """The largest stable step of simultaneous and of alternating descent; None where no form is known.

    It is 0 where no step is stable. Simultaneous descent allows -2 Re λ/|λ|² (Mescheder et al. 2017),
    alternating descent 4/(τγ + sqrt(τ²γ² + 4τa²)) for R1.
    """
    values = field_eigenvalues(loss, penalty, strength, tau)
    own = damping(loss, penalty, strength)
    if rule == "simultaneous" and values:
        return max(min(-2 * value.real / abs(value) ** 2 for value in values), 0.0)
    if rule == "alternating" and own is not None:
        # An eigenvalue is -1 where 1 + trace + determinant = 4 + 2hτd - h²τa² is 0.
        a, damped = SLOPES[loss][0], -tau * own
        return 4 / (damped + (damped * damped + 4 * tau * a * a) ** 0.5)
    return None


def critical_gamma(loss: str, penalty: str, tau: float = 1.0) -> float | None:
    """The strength at which the field's eigenvalues become real, 2a/√τ for R1; None where they never do."""
    unit = damping(loss, penalty, 1.0)
    if not unit:
        return None
    bound = 2 * SLOPES[loss][0] / (-unit * tau**0.5)
    return bound**0.5 if penalty == "instance-noise" else bound


def operator_eigenvalues(
    rule: str, step: float, loss: str, penalty: str, strength: float, tau: float = 1.0
) -> list[complex]:
    """Eigenvalues of an update without momentum, or nothing where no simple form is known.

    For a rule with a period they are those of its `jgan.numerics.named_rules.Named.period` updates together.
    Rules that are polynomials in the field act on its eigenvalues one by one; alternating descent needs
    the entries of the Jacobian, which consensus changes throughout.
    """
    values = [step * value for value in field_eigenvalues(loss, penalty, strength, tau)]
    if rule == "alternating":
        own = damping(loss, penalty, strength)
        if own is None:
            return []
        square = step * tau * own + 1
        half = (1 + square - tau * (step * SLOPES[loss][0]) ** 2) / 2
        root = cmath.sqrt(half * half - square)
        return [half + root, half - root]
    if rule in ("optimistic", "past-extragradient"):
        return [complex(z) for value in values for z in np.roots([1.0, -1 - 2 * value, value])]
    degree = {"simultaneous": 1, "runge-kutta-2": 2, "runge-kutta-4": 4}.get(rule)
    if rule == "extragradient":
        return [1 + value + value * value for value in values]
    if rule == "lookahead-minimax":
        return [0.5 + 0.5 * (1 + value) ** EVERY for value in values]
    if degree is None:
        return []
    factorials = [1, 1, 2, 6, 24]
    return [sum(value**k / factorials[k] for k in range(degree + 1)) for value in values]
