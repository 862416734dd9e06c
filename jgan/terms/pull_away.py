"""The pull-away term: codes of a batch of fakes are to point in different directions."""

from typing import Any

import jax
import jax.numpy as jnp

from jgan.arguments import check_weight
from jgan.batch_axis import whole_batch
from jgan.players import GENERATOR
from jgan.scene import Result, Scene, Term
from jgan.terms.penalties import norms


def mean_squared_cosine(codes: jax.Array, batch: jax.Array) -> jax.Array:
    """PT = mean over pairs i ≠ j of cos²(S_i, S_j) (Zhao et al. 2017, section 2.4), squared as in the paper.

    A code of zeros points nowhere, and its cosine with any other is 0. Of a single code the term is 0.

    Args:
      codes: ``(b, d)``, the rows of ``batch`` on this device.
      batch: ``(B, d)``.

    >>> codes = jnp.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    >>> round(float(mean_squared_cosine(codes, codes)), 5)
    0.33333
    """

    def unit(rows: jax.Array) -> jax.Array:
        lengths = norms(rows)[:, None]
        return rows / jnp.where(lengths > 0, lengths, 1)

    directions = unit(codes)
    squares = jnp.sum(jnp.square(directions @ unit(batch).T), axis=1)
    # Each code meets itself once.
    own_squares = jnp.square(jnp.sum(jnp.square(directions), axis=1))
    return jnp.mean((squares - own_squares) / max(batch.shape[0] - 1, 1))


def pull_away(weight: Any = 0.1, *, group: str = "fake", answer: str = "features") -> Term:
    """weight · PT of the codes of a group, paid by the generator (EBGAN-PT).

    Metrics: ``pull_away``, the weighted term, and ``cosine_squared``, without weight.

    Raises:
      ValueError: if ``weight`` is not a finite number of at least 0; when it is played, if the examples
        have weights.
    """
    check_weight("weight", weight)

    def value(scene: Scene) -> Result:
        codes = scene.answer(group, answer)
        if scene.meeting[group].weights is not None:
            raise ValueError(
                "the examples have weights, but the pull-away term averages over pairs of them."
            )
        term = mean_squared_cosine(codes, whole_batch(codes))
        return term, None, {"cosine_squared": term}

    return Term("pull_away", value, GENERATOR, (group,), weight)
