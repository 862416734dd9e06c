"""Games with a handful of parameters whose behaviour is known in closed form.

Each is an ordinary `Game`: penalties, rules and training apply to it as to a convolutional GAN. Their
precision is that of JAX's default floats: under ``jax.enable_x64`` everything is double.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from jgan.game import (
    DISCRIMINATOR,
    GENERATOR,
    PLAYERS,
    Aux,
    Batch,
    Collections,
    Critic,
    Game,
    Inputs,
    Variables,
    adversarial,
)
from jgan.latents import Prior
from jgan.losses import Loss, separable

Scalar = Callable[[jax.Array], jax.Array]

CONCAVE: dict[str, Scalar] = {
    "logistic": lambda t: -jax.nn.softplus(-t),
    "wasserstein": lambda t: t,
    "hinge": lambda t: jnp.minimum(t - 1, 0),
    "least_squares": lambda t: -0.5 * (1 - t) ** 2,
    "exponential": lambda t: -jnp.exp(-t),
}
"""The functions f of Mescheder et al. 2018, eq. 1; least squares has the targets -1 and 1."""


def concave(f: Scalar, *, saturating: bool = True) -> Loss:
    """The loss of Mescheder et al. 2018 (eq. 1 and section 2.3) for an increasing f, on jgan's logits.

    The discriminator maximises f(t) on fakes and on reals, where t is how far a logit lies on its own
    side. The paper's logits grow with "fake", jgan's with "real", so the paper's ψ is -ψ here; spectra
    are the same. The generator minimises the same value, or unless ``saturating`` maximises f of its
    logits as if they were real.
    """
    generator: Scalar = (lambda logit: f(-logit)) if saturating else (lambda logit: -f(logit))
    return separable(lambda r: -f(r), lambda logit: -f(-logit), generator)


def as_variables(generator: object, discriminator: object) -> Variables:
    """Variables of two players without any state; numbers become arrays of the default float type."""
    as_array: Callable[[object], jax.Array] = lambda leaf: jnp.asarray(leaf, jnp.result_type(float))
    params = {GENERATOR: generator, DISCRIMINATOR: discriminator}
    return {player: {"params": jax.tree.map(as_array, params[player])} for player in PLAYERS}


def dirac(loss: Loss, start: tuple[float, float] = (1.0, 1.0)) -> Game:
    """The Dirac-GAN (Mescheder et al. 2018, definition 2.1): G puts all mass at θ, D(x) = ψ x.

    Args:
      loss: of `jgan.losses`, or `concave`. It must be happy with D = 0 where the players meet: least
        squares needs the targets ``least_squares(-1.0, 1.0, 1.0)``.
      start: θ and ψ.

    The data are in the batch, `dirac_batch`; the paper's are one point at 0. With points at c ≠ 0 the
    equilibrium is θ = c, ψ = 0 and even the unregularised game converges wherever f''(0) < 0.
    """

    def init(key: jax.Array, batch: Batch) -> Variables:
        return as_variables(*start)

    def critic(variables: Variables, batch: Batch, key: jax.Array, step: jax.Array) -> Critic:
        theta, psi = variables[GENERATOR]["params"], variables[DISCRIMINATOR]["params"]
        real = batch["image"]

        def score(
            inputs: Inputs, state: Collections, key: jax.Array
        ) -> tuple[jax.Array, Collections]:
            return inputs.values[:, 0] * psi, state

        return Critic(Inputs(real), Inputs(jnp.broadcast_to(theta, real.shape)), score)

    return adversarial(init, critic, loss)


def dirac_batch(point: float = 0.0, count: int = 1) -> Batch:
    """``count`` data points at ``point``, ``{"image": (count, 1)}``."""
    return {"image": jnp.full((count, 1), point, jnp.result_type(float))}


def bilinear(matrix: jax.Array | np.ndarray | float) -> Game:
    """min over x, max over y of xᵀ M y, from x = y = 1; a number s is the game s·xy of scalars."""
    return quadratic(0.0, matrix, 0.0)


def quadratic(
    own: jax.Array | np.ndarray | float,
    matrix: jax.Array | np.ndarray | float,
    other: jax.Array | np.ndarray | float,
    answer: jax.Array | np.ndarray | float | None = None,
) -> Game:
    """Losses ½ xᵀPx + xᵀMy for the generator's x, ½ yᵀQy - xᵀNy for the discriminator's y.

    Args:
      own: P, symmetric ``(m, m)``, or a number that multiplies the identity.
      matrix: M, ``(m, n)``, or a number for scalar players.
      other: Q, symmetric ``(n, n)``, or a number that multiplies the identity.
      answer: N, like M; None for M itself. With N = M and P = Q = 0 the game is zero-sum.

    The field's Jacobian is [[-P, -M], [Nᵀ, -Q]] everywhere; all players start at 1.
    """
    coupling = np.asarray(matrix)
    back = coupling if answer is None else np.asarray(answer)

    def half_square(weight: jax.Array | np.ndarray | float, x: jax.Array) -> jax.Array:
        form = weight * x if np.ndim(weight) == 0 else jnp.asarray(weight, x.dtype) @ x
        return 0.5 * jnp.sum(x * form)

    def meet(weight: np.ndarray, x: jax.Array, y: jax.Array) -> jax.Array:
        weight_here = jnp.asarray(weight, x.dtype)
        return jnp.sum(x * (weight_here @ y if weight.ndim else weight_here * y))

    def init(key: jax.Array, batch: Batch) -> Variables:
        return as_variables(np.ones(coupling.shape[:1]), np.ones(coupling.shape[1:]))

    def generator(
        variables: Variables, batch: Batch, key: jax.Array, step: jax.Array
    ) -> tuple[jax.Array, Aux]:
        x, y = variables[GENERATOR]["params"], variables[DISCRIMINATOR]["params"]
        return half_square(own, x) + meet(coupling, x, y), Aux()

    def discriminator(
        variables: Variables, batch: Batch, key: jax.Array, step: jax.Array
    ) -> tuple[jax.Array, Aux]:
        x, y = variables[GENERATOR]["params"], variables[DISCRIMINATOR]["params"]
        return half_square(other, y) - meet(back, x, y), Aux()

    return Game(init, {GENERATOR: generator, DISCRIMINATOR: discriminator})


def linear_quadratic(loss: Loss, dim: int, prior: Prior, latent: int | None = None) -> Game:
    """A linear generator G(z) = A z + b against a quadratic discriminator D(x) = ½ xᵀWx + wᵀx.

    Under the Wasserstein loss the players meet in the first two moments of the data (Feizi et al. 2017):
    with z ~ N(0, I), the field is that of b and A Aᵀ against the data's mean and second moment.

    Args:
      loss: of `jgan.losses`.
      dim: of the data, ``batch["image"]`` being ``(B, dim)``.
      prior: of z; `jgan.numerics.quadrature.fixed_latents` makes one dimension exact.
      latent: dimension of z, ``dim`` if None.

    The generator starts as the identity (as much of it as there is), the discriminator at 0.
    """
    latent = dim if latent is None else latent

    def init(key: jax.Array, batch: Batch) -> Variables:
        generator = {"matrix": np.eye(dim, latent), "shift": np.zeros(dim)}
        return as_variables(generator, {"matrix": np.zeros((dim, dim)), "vector": np.zeros(dim)})

    def critic(variables: Variables, batch: Batch, key: jax.Array, step: jax.Array) -> Critic:
        own, params = variables[GENERATOR]["params"], variables[DISCRIMINATOR]["params"]
        real = batch["image"]

        def generate(z: jax.Array) -> Inputs:
            return Inputs(z @ own["matrix"].T + own["shift"])

        def score(
            inputs: Inputs, state: Collections, key: jax.Array
        ) -> tuple[jax.Array, Collections]:
            x = inputs.values
            return 0.5 * jnp.sum((x @ params["matrix"]) * x, -1) + x @ params["vector"], state

        z = prior(key, real.shape[0])
        return Critic(Inputs(real), generate(z), score, latent=z, generate=generate)

    return adversarial(init, critic, loss)


def gaussian(loss: Loss, prior: Prior) -> Game:
    """The Gaussian GAN in one dimension: N(b, a²) against the data under D(x) = ½ W x² + w x."""
    return linear_quadratic(loss, 1, prior)
