"""A number at several batches of examples, and whether the players move where they are."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import scipy.stats
from jax.flatten_util import ravel_pytree

from jgan.game import PyTree

REST = 1e-6
"""Length of a field that counts as 0, as in `jgan.numerics.curvature.point_kind`."""


class Sampled(NamedTuple):
    """One number at several batches.

    Attributes:
      values: one for each batch, the first being that of the spectrum itself.
    """

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Over the batches."""
        return float(np.mean(self.values))

    @property
    def deviation(self) -> float:
        """Standard deviation of one batch; NaN for a single one."""
        return float(np.std(self.values, ddof=1)) if len(self.values) > 1 else float("nan")

    @property
    def half_width(self) -> float:
        """Half the length of the 95 % confidence interval of the mean (Student's t); NaN for one batch.

        >>> round(Sampled((0.147, 0.062, 0.164)).half_width, 3)
        0.136
        """
        count = len(self.values)
        if count < 2:
            return float("nan")
        quantile = float(scipy.stats.t.ppf(0.975, count - 1))
        return quantile * self.deviation / float(np.sqrt(count))


NOWHERE = Sampled(())


class Motion(NamedTuple):
    """The field at several batches, as far as it says whether the players are at rest.

    Attributes:
      squares: ``(b,)``, squared lengths of the fields of b batches, each from other examples and latents.
      along: ``(b,)``, their inner products with the mean of the b fields.
    """

    squares: np.ndarray
    along: np.ndarray

    @property
    def lengths(self) -> Sampled:
        """The field's length at each batch: that of the field of all examples, and noise."""
        return Sampled(tuple(float(x) for x in np.sqrt(self.squares)))

    @property
    def common(self) -> Sampled:
        """For each batch the mean inner product of its field with the others.

        Its expectation is the squared length of the field of all examples, without the noise of batches.
        """
        count = len(self.squares)
        if count < 2:
            return NOWHERE
        return Sampled(tuple(float(x) for x in self._beside / (count - 1)))

    @property
    def _beside(self) -> np.ndarray:
        """For each batch the sum of the inner products of its field with the others."""
        return len(self.squares) * self.along - self.squares

    @property
    def at_rest(self) -> bool:
        """Whether the field of all examples may be 0: it is as good as that, or its 95 % interval holds 0."""
        if max(self.lengths.values) <= REST:
            return True
        common = self.common
        return len(common.values) > 1 and not common.mean > common.half_width

    @property
    def squared_length(self) -> float:
        """Of the field of all examples, without bias; NaN for one batch, below 0 where only noise is seen."""
        return self.common.mean if len(self.squares) > 1 else float("nan")

    @property
    def standard_error(self) -> float:
        """Of the squared length, by the jackknife over batches; NaN for fewer than three."""
        count = len(self.squares)
        if count < 3:
            return float("nan")
        beside = self._beside
        # What is left of the mean over all pairs where one batch is left out.
        left = (beside.sum() - 2 * beside) / ((count - 1) * (count - 2))
        deviations = float(np.sum((left - left.mean()) ** 2))
        return float(np.sqrt((count - 1) / count * deviations))

    @property
    def noise(self) -> float:
        """Trace of the covariance of one batch's field; NaN for a single batch."""
        count = len(self.squares)
        if count < 2:
            return float("nan")
        return max(float(np.sum(self.squares - self.along)) / (count - 1), 0.0)

    @property
    def signal_to_noise(self) -> float:
        """Squared length over the covariance's trace, for one batch.

        Its inverse times the examples of a batch is the noise scale of McCandlish et al. 2018, section 2.2.
        """
        return self.squared_length / self.noise if self.noise > 0 else float("inf")


def motion_of(fields: list[PyTree]) -> Motion:
    """The motion that the fields of several batches, pytrees alike, tell of.

    >>> found = motion_of([jnp.array([3.0, 4.0]), jnp.array([3.0, -4.0])])
    >>> found.lengths.values, found.common.values, round(found.noise, 6), found.at_rest
    ((5.0, 5.0), (-7.0, -7.0), 32.0, True)
    """
    rows = jnp.stack([ravel_pytree(one)[0] for one in fields])
    with jax.default_matmul_precision("highest"):
        along = rows @ rows.mean(axis=0)
    return Motion(np.asarray(jnp.sum(rows**2, axis=1), float), np.asarray(along, float))
