"""Path-length regularisation: a step of a style moves the image by a fixed amount, in every direction."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jgan.arguments import check_count, check_number, check_weight
from jgan.batch_axis import normal_like, whole_mean
from jgan.players import GENERATOR
from jgan.scene import Result, Scene, Term, mean
from jgan.scene.constants import constant


def path_lengths(
    function: Callable[[jax.Array], jax.Array], styles: jax.Array, noise: jax.Array
) -> jax.Array:
    """‖Jᵀy‖ for each example, ``(B,)``, with the Jacobian J of the images in the styles.

    For a linear map A the mean of the squares over y ~ N(0, I) is ‖A‖²_F. Over several styles of an example
    the mean square is taken, as in the authors' code.

    Args:
      function: styles to images ``(B, ...)``; examples do not meet.
      styles: ``(B, d)``, or ``(B, inputs, d)``.
      noise: y, of the images' shape.
    """
    _, pullback = jax.vjp(function, styles)
    squares = jnp.sum(jnp.square(pullback(noise)[0]), axis=-1)
    squares = jnp.mean(squares.reshape(squares.shape[0], -1), axis=1)
    positive = squares > 0
    return jnp.where(positive, jnp.sqrt(jnp.where(positive, squares, 1.0)), 0.0)


def path_regularizer(
    weight: Any = 2.0,
    *,
    decay: float = 0.99,
    shrink: int = 2,
    parts: tuple[str, str] = ("mapping", "synthesis"),
    name: str = "path_regularizer",
) -> Term:
    """weight · E(‖Jᵀy‖ - a)² of the generator, a being the running mean of ‖Jᵀy‖ (Karras et al. 2020, eq. 4).

    y ~ N(0, I) is divided by the root of the number of pixels, as in the authors' code. a begins at 0, takes
    in each mean before it is used, is the term's memory ``{"mean": a}``, and a constant to every derivative, as
    in the paper; the authors' code for PyTorch differentiates the share of the present mean in it. The
    generator is asked again on a part of the batch. `jgan.terms.penalties.lazy` plays it at some
    updates only, every 4th in the paper.

    Args:
      weight: as for `jgan.scene.Term`.
      decay: of the running mean.
      shrink: every ``shrink``-th example is taken.
      parts: the generator's networks, to ``{"styles": ...}`` and from styles to images.
      name: of the term.

    Metrics: ``path_length``, the mean of ‖Jᵀy‖.

    Raises:
      ValueError: if a number is out of its range.
    """
    check_weight("weight", weight)
    check_number("decay", decay, least=0, below=1)
    check_count("shrink", shrink)

    def value(scene: Scene) -> Result:
        fake = scene.meeting["fake"]
        some = lambda tree: jax.tree.map(lambda leaf: leaf[::shrink], tree)
        given = (some(scene.latent), *jax.tree.leaves(some(fake.condition)))
        styles = scene.make[parts[0]](*given)["styles"]
        noise = normal_like(scene.key, some(fake.values))
        pixels = noise.shape[1] * noise.shape[2] if noise.ndim == 4 else 1
        found = path_lengths(scene.make[parts[1]], styles, noise / jnp.sqrt(pixels))
        present = whole_mean(mean(found, some(fake.weights)))
        anchor = decay * scene.memory["mean"] + (1 - decay) * present
        anchor = constant(name, anchor)
        penalty = mean(jnp.square(found - anchor), some(fake.weights))
        return penalty, {"mean": anchor}, {"path_length": present}

    memory = {"mean": jnp.zeros(())}
    return Term(name, value, GENERATOR, weight=weight, memory=memory)
