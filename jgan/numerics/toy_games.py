"""Games with a handful of parameters whose behaviour is known in closed form.

Each is an ordinary `Game`: penalties, rules and training apply to it as to a convolutional GAN. Their
precision is that of JAX's default floats: under ``jax.enable_x64`` everything is double.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jgan.arguments import check_count, check_number
from jgan.game import DISCRIMINATOR, GENERATOR, PLAYERS, Aux, Batch, Game, PyTree, Variables
from jgan.gans.versus import versus
from jgan.latents import Prior
from jgan.losses import Loss, separable
from jgan.networks.network import Network
from jgan.scene import Inputs, Meeting, Step
from jgan.terms.adversarial import adversarial

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
    params = {GENERATOR: generator, DISCRIMINATOR: discriminator}
    return {player: {"params": _as_arrays(params[player])} for player in PLAYERS}


def game_of_losses(
    generator_loss: Callable[[PyTree, PyTree], jax.Array],
    discriminator_loss: Callable[[PyTree, PyTree], jax.Array],
    x: object,
    y: object,
) -> Game:
    """The game in which each player minimises a function of the generator's x and the discriminator's y.

    Args:
      generator_loss: ``(x, y) -> number``, an array of shape ().
      discriminator_loss: likewise.
      x: where the generator begins, a pytree of numbers or arrays.
      y: where the discriminator begins.
    """

    def init(key: jax.Array, batch: Batch) -> Variables:
        return as_variables(x, y)

    def losses(
        variables: Variables,
        batch: Batch,
        key: jax.Array,
        step: Any,
        held: Variables | None = None,
    ) -> dict[str, tuple[jax.Array, Aux]]:
        players = variables[GENERATOR]["params"], variables[DISCRIMINATOR]["params"]
        return {
            GENERATOR: (generator_loss(*players), Aux()),
            DISCRIMINATOR: (discriminator_loss(*players), Aux()),
        }

    return Game(init, losses)


def dirac(loss: Loss, start: tuple[float, float] = (1.0, 1.0)) -> Game:
    """The Dirac-GAN (Mescheder et al. 2018, definition 2.1): G puts all mass at θ, D(x) = ψ x.

    Args:
      loss: of `jgan.losses`, or `concave`. It must be happy with D = 0 where the players meet: least
        squares needs the targets ``least_squares(-1.0, 1.0, 1.0)``.
      start: θ and ψ.

    The data are in the batch, `dirac_batch`; the paper's are one point at 0. With points at c ≠ 0 the
    equilibrium is θ = c, ψ = 0 and even the unregularised game converges wherever f''(0) < 0.

    Raises:
      ValueError: if ``start`` is not two finite numbers.
    """
    if not isinstance(start, tuple | list) or len(start) != 2:
        raise ValueError(f"start is {start!r}, but must be two numbers, theta and psi.")
    for name, value in zip(("theta", "psi"), start, strict=True):
        check_number(f"{name} of start", value)

    def meet(make: Any, batch: Batch, latent: PyTree, step: Step) -> Meeting:
        real = batch["image"]
        return Meeting(real=Inputs(real), fake=Inputs(jnp.broadcast_to(make(), real.shape)))

    return versus(
        _function(start[0], lambda theta: theta),
        _function(start[1], lambda psi, x: x[:, 0] * psi),
        adversarial(loss),
        meet=meet,
    )


def _function(start: object, function: Callable[..., Any]) -> Network:
    """The network with these first parameters that computes ``function(params, *inputs)``."""

    def apply(
        collections: Any, *inputs: Any, key: Any = None, train: bool = False
    ) -> tuple[Any, dict[str, Any]]:
        return function(collections["params"], *inputs), {}

    return Network(lambda key, *inputs: {"params": _as_arrays(start)}, apply)


def _as_arrays(params: object) -> PyTree:
    return jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.result_type(float)), params)


def dirac_batch(point: float = 0.0, count: int = 1) -> Batch:
    """``count`` data points at ``point``, ``{"image": (count, 1)}``.

    Raises:
      ValueError: if ``point`` is not a finite number, or ``count`` less than 1.
    """
    check_number("point", point)
    check_count("count", count)
    return {"image": jnp.full((count, 1), point, jnp.result_type(float))}


def bilinear(matrix: jax.Array | np.ndarray | float) -> Game:
    """min over x, max over y of xᵀ M y, from x = y = 1; a number s is the game s·xy of scalars.

    Raises:
      ValueError: if the matrix is not real and finite, or neither a matrix nor a number.
    """
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

    The field's Jacobian is [[-Q, Nᵀ], [-M, -P]] everywhere, in tree order: the discriminator's y first, as in
    all of `jgan.numerics`. All players start at 1.

    Raises:
      ValueError: if a matrix is not real and finite, not symmetric where it must be, or its shape does not
        fit.
    """
    coupling = _real_matrix("matrix", matrix)
    if coupling.ndim not in (0, 2):
        raise ValueError(f"matrix has the shape {coupling.shape}, but must be (m, n), or a number.")
    back = coupling if answer is None else _real_matrix("answer", answer)
    if back.shape != coupling.shape:
        raise ValueError(
            f"answer has the shape {back.shape}, but must have that of matrix, {coupling.shape}."
        )
    _check_symmetric("own", own, coupling.shape[:1])
    _check_symmetric("other", other, coupling.shape[1:])

    def half_square(weight: jax.Array | np.ndarray | float, x: jax.Array) -> jax.Array:
        form = weight * x if np.ndim(weight) == 0 else jnp.asarray(weight, x.dtype) @ x
        return 0.5 * jnp.sum(x * form)

    def meet(weight: np.ndarray, x: jax.Array, y: jax.Array) -> jax.Array:
        weight_here = jnp.asarray(weight, x.dtype)
        return jnp.sum(x * (weight_here @ y if weight.ndim else weight_here * y))

    return game_of_losses(
        lambda x, y: half_square(own, x) + meet(coupling, x, y),
        lambda x, y: half_square(other, y) - meet(back, x, y),
        np.ones(coupling.shape[:1]),
        np.ones(coupling.shape[1:]),
    )


def _real_matrix(name: str, value: Any) -> np.ndarray:
    found = np.asarray(value)
    if not (np.issubdtype(found.dtype, np.floating) or np.issubdtype(found.dtype, np.integer)):
        raise ValueError(f"{name} is of type {found.dtype}, but must be real.")
    if not np.isfinite(found).all():
        raise ValueError(f"{name} holds a number that is not finite, but all must be.")
    return found


def _check_symmetric(name: str, value: Any, size: tuple[int, ...]) -> None:
    """Raise ValueError unless ``value`` is a number or a symmetric matrix for players of this size."""
    if isinstance(value, jax.core.Tracer) and value.shape == ():
        return
    found, wanted = _real_matrix(name, value), size * 2
    if found.ndim == 0:
        return
    if found.shape != wanted:
        fitting = f"{wanted}, or a number" if wanted else "a number, as the players are"
        raise ValueError(f"{name} has the shape {found.shape}, but must be {fitting}.")
    rounding = 100 * np.finfo(np.result_type(found, np.float32)).eps * np.abs(found).max()
    if np.abs(found - found.T).max() > rounding:
        raise ValueError(
            f"{name} is not symmetric, but must be: a loss has the symmetric part of a matrix only."
        )


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

    Raises:
      ValueError: if ``dim`` or ``latent`` is less than 1.
    """
    check_count("dim", dim)
    if latent is not None:
        check_count("latent", latent)
    latent = dim if latent is None else latent

    def generate(own: PyTree, z: jax.Array) -> jax.Array:
        return z @ own["matrix"].T + own["shift"]

    def judge(params: PyTree, x: jax.Array) -> jax.Array:
        return 0.5 * jnp.sum((x @ params["matrix"]) * x, -1) + x @ params["vector"]

    return versus(
        _function({"matrix": np.eye(dim, latent), "shift": np.zeros(dim)}, generate),
        _function({"matrix": np.zeros((dim, dim)), "vector": np.zeros(dim)}, judge),
        adversarial(loss),
        latent=prior,
    )


def gaussian(loss: Loss, prior: Prior) -> Game:
    """The Gaussian GAN in one dimension: N(b, a²) against the data under D(x) = ½ W x² + w x."""
    return linear_quadratic(loss, 1, prior)
