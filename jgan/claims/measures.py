"""What claims measure: each is a function ``Trained -> float``, or makes one."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jgan.data import Source
from jgan.data.conditions import Conditions, conditions
from jgan.data.densities import Mixture
from jgan.errors import UserError
from jgan.evaluation.beside import put_beside
from jgan.metrics.modes import ModeCoverage, mode_coverage
from jgan.metrics.random_features import random_feature_distance
from jgan.metrics.subsets import draw_rows, stream
from jgan.training.devices import on_host
from jgan.training.experiment import Trained

Measure = Callable[[Trained], float]
AT_ONCE = 250


class CoveredModes(NamedTuple):
    """Modes covered, as they stand beside a number.

    Examples:
      >>> str(CoveredModes(8, 8, 0.094, 0.084))
      '8 of 8 modes, high-quality share 0.094, reverse KL 0.084'
    """

    modes: int
    of: int
    high_quality: float
    reverse_kl: float

    def __str__(self) -> str:
        return (
            f"{self.modes} of {self.of} modes, high-quality share {self.high_quality:.3f}, "
            f"reverse KL {self.reverse_kl:.3f}"
        )


def samples(trained: Trained, count: int, seed: int = 0, view: str = "samples") -> jax.Array:
    """``count`` examples of a view of the averaged generator, or of the generator where nothing is averaged.

    They are drawn `AT_ONCE` at a time.
    """
    game = trained.experiment.game.at(on_host(trained.state.clock.stage))
    draw = jax.jit(game.views[view])
    source = trained.experiment.source
    batch = conditions_of(source).at(np.arange(AT_ONCE))
    variables = on_host(trained.state.averaged_variables())
    keys = jax.random.split(jax.random.key(seed), -(-count // AT_ONCE))
    return jnp.concatenate([draw(variables, batch, key) for key in keys])[:count]


def conditions_of(source: Source) -> Conditions:
    """The examples that `samples` are made for: sample i for the one at place i modulo `AT_ONCE`."""
    return conditions(source, 0)


def coverage(trained: Trained, count: int = 2500) -> ModeCoverage:
    """Mode coverage of 2,500 samples (VEEGAN's protocol), high quality within 3 standard deviations.

    All of it is put beside the number that is being computed: a count of modes says little without the share
    of samples of high quality, nor does their reverse KL.

    Raises:
      UserError: if the data are not a mixture with known modes.
    """
    density = trained.experiment.source.density
    if not isinstance(density, Mixture):
        name = trained.experiment.source.name
        raise UserError(
            f"mode coverage was asked of the source {name!r}, which is no mixture; use ring or grid."
        )
    found = mode_coverage(samples(trained, count), density.modes, density.stds)
    put_beside(CoveredModes(int(found.modes), len(density.modes), *map(float, found[2:])))
    return found


def modes(trained: Trained) -> float:
    """Modes captured."""
    return float(coverage(trained).modes)


def high_quality(trained: Trained) -> float:
    """Share of high-quality samples."""
    return float(coverage(trained).high_quality)


def reverse_kl(trained: Trained) -> float:
    """Reverse KL of the modes' shares from uniform, in nats."""
    return float(coverage(trained).reverse_kl)


def image_distance(trained: Trained, count: int = 2000) -> float:
    """Fréchet distance in random features between samples and as many training images."""
    source = trained.experiment.source
    if not source.pictures:
        raise UserError(
            f"image distance was asked of the source {source.name!r}, which has no images."
        )
    real = jnp.asarray(reference_examples(source, count))
    return float(random_feature_distance(samples(trained, count), real))


def reference_examples(source: Source, count: int) -> np.ndarray:
    """``count`` examples that samples are compared with, every class by its share."""
    chosen = draw_rows(source.size, count, stream(0, "reference"), source.class_labels)
    return np.asarray(source.example_of(source.at(chosen)))


def metric(name: str, last: int = 1) -> Measure:
    """The logged metric ``name``, averaged over the last ``last`` rows of the history."""
    return lambda trained: float(np.mean([row[name] for row in trained.history[-last:]]))
