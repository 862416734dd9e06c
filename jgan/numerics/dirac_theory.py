"""Closed forms for the Dirac-GAN at its equilibrium, to hold against automatic differentiation.

With a = f'(0) and b = f''(0) the field's Jacobian on (θ, ψ) is [[0, a], [-a, d]] in jgan's sign of ψ; every
regulariser but consensus only changes d.
"""

import cmath

import numpy as np

from jgan.numerics.dirac import SLOPES
from jgan.numerics.dirac_rules import EVERY


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


def field_eigenvalues(loss: str, penalty: str, strength: float) -> list[complex]:
    """Both eigenvalues of the field, or nothing where it is not differentiable (one-centred penalties).

    -γ/2 ± sqrt(γ²/4 - a²) for R1 (the square on a is missing in one article, on γ in a lecture).

    >>> [complex(round(z.real, 5), round(z.imag, 5)) for z in field_eigenvalues("minimax", "r1", 0.3)]
    [(-0.15+0.47697j), (-0.15-0.47697j)]
    """
    a = SLOPES[loss][0]
    if penalty == "consensus":
        return [complex(-strength * a * a, a), complex(-strength * a * a, -a)]
    own = damping(loss, penalty, strength)
    if own is None:
        return []
    root = cmath.sqrt(own * own / 4 - a * a)
    return [own / 2 + root, own / 2 - root]


def operator_eigenvalues(
    rule: str, step: float, loss: str, penalty: str, strength: float
) -> list[complex]:
    """Eigenvalues of an update without momentum, or nothing where no simple form is known.

    For a rule with a period they are those of its `jgan.numerics.dirac_rules.Named.period` updates together.
    Rules that are polynomials in the field act on its eigenvalues one by one; alternating descent needs
    the entries of the Jacobian, which consensus changes throughout.
    """
    values = [step * value for value in field_eigenvalues(loss, penalty, strength)]
    if rule == "alternating":
        own = damping(loss, penalty, strength)
        if own is None:
            return []
        c = step * SLOPES[loss][0]
        half, square = 1 + (step * own - c * c) / 2, 1 + step * own
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
