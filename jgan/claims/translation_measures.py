"""What claims about translated pictures measure, on pairs that the training did not have."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jgan.claims.held_out_measures import both_splits, held_out_source
from jgan.claims.measures import AT_ONCE
from jgan.training.devices import on_host
from jgan.training.experiment import Trained


def shown_by(trained: Trained, view: str, batch: dict[str, Any], seed: int = 0) -> np.ndarray:
    """What a view of the averaged generator shows of a batch, `AT_ONCE` examples at a time."""
    game = trained.experiment.game.at(on_host(trained.state.clock.stage))
    show = jax.jit(game.views[view])
    variables = on_host(trained.state.averaged_variables())
    count = len(next(iter(batch.values())))
    found = []
    for number, start in enumerate(range(0, count, AT_ONCE)):
        rows = (start + np.arange(AT_ONCE)) % count
        part = {name: values[rows] for name, values in batch.items()}
        key = jax.random.fold_in(jax.random.key(seed), number)
        found.append(np.asarray(show(variables, part, key)))
    return np.concatenate(found)[:count]


def error_to_baselines(trained: Trained, count: int = 500) -> float:
    """Mean absolute error of translated test pictures, as a share of the better of two baselines' error.

    The first baseline is the counterpart of the nearest training picture, by the Euclidean distance; the second
    the training pictures' mean.
    """
    train, test = both_splits(trained)
    batch = test.first(min(count, test.size))
    known = train.first(train.size)
    flat = lambda images: jnp.asarray(images).reshape(len(images), -1)
    a, b = flat(batch["a"]), flat(known["a"])
    gaps = jnp.sum(b**2, axis=1) - 2 * jnp.matmul(a, b.T, precision="highest")
    nearest = known["b"][np.asarray(jnp.argmin(gaps, axis=1))]
    error = lambda guess: float(np.mean(np.abs(guess - batch["b"])))
    baselines = error(nearest), error(known["b"].mean(axis=0))
    return error(shown_by(trained, "samples", batch)) / min(baselines)


def high_band(images: np.ndarray) -> float:
    """Mean power of a channel of pictures ``(N, H, W, C)`` at frequencies above a quarter of a cycle per pixel.

    >>> stripes = np.tile(np.asarray([1.0, -1.0]), (1, 4, 2))[..., None]
    >>> high_band(stripes), high_band(np.ones((1, 4, 4, 1)))
    (1.0, 0.0)
    """
    height, width = images.shape[1:3]
    power = np.abs(np.fft.fft2(images, axes=(1, 2)) / (height * width)) ** 2
    radius = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width))
    return float(power[:, radius > 0.25].sum(axis=1).mean())


def sharpness(trained: Trained, count: int = 500) -> float:
    """Power of translated test pictures in the high band of the spectrum, as a share of their counterparts'.

    Regression answers what is uncertain by a blur, which has little of it.
    """
    test = held_out_source(trained)
    batch = test.first(min(count, test.size))
    return high_band(shown_by(trained, "samples", batch)) / high_band(batch["b"])
