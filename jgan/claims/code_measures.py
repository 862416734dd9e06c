"""What claims about continuous codes measure: which shape of a picture a code changes."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from jgan.claims.measures import AT_ONCE, Measure, conditions_of
from jgan.evaluation.beside import put_beside
from jgan.gans.infogan import Codes
from jgan.training.devices import on_host
from jgan.training.experiment import Trained


def slant(images: np.ndarray) -> np.ndarray:
    """How far each picture leans, as the shift in columns of its brightness for each row upwards.

    The slope of the regression of columns on rows, weighted by brightness: that of the second moments, as in
    the deslanting of digits.

    Args:
      images: ``(N, H, W, C)`` in [-1, 1], bright on black.
    """
    weights = (images.astype(np.float64) + 1).sum(axis=3) + 1e-9
    weights /= weights.sum(axis=(1, 2), keepdims=True)
    rows, columns = (np.arange(size, dtype=np.float64) for size in images.shape[1:3])
    by_row, by_column = weights.sum(axis=2), weights.sum(axis=1)
    row, column = by_row @ rows, by_column @ columns
    spread = by_row @ np.square(rows) - np.square(row)
    together = np.einsum("nrc,r,c->n", weights, rows, columns) - row * column
    lean: np.ndarray = -together / spread
    return lean


def brightness(images: np.ndarray) -> np.ndarray:
    """Mean of each picture ``(N, H, W, C)``, which for digits is the width of their strokes."""
    mean: np.ndarray = images.mean(axis=(1, 2, 3), dtype=np.float64)
    return mean


SHAPES: dict[str, Callable[[np.ndarray], np.ndarray]] = {"slant": slant, "brightness": brightness}


def explained_within(values: np.ndarray, code: np.ndarray, categories: np.ndarray) -> float:
    """R² of the regression of ``values`` on ``code`` with a mean for each category but one slope, all ``(N,)``.

    >>> explained_within(np.array([1.0, 2.0, 7.0, 8.0]), np.array([0, 1, 0, 1]), np.array([0, 0, 1, 1]))
    1.0
    """
    centred = []
    for own in (values.astype(np.float64), code.astype(np.float64)):
        means = np.bincount(categories, own) / np.maximum(np.bincount(categories), 1)
        centred.append(own - means[categories])
    y, x = centred
    total = (y @ y) * (x @ x)
    return float((x @ y) ** 2 / total) if total > 0 else 0.0


def code_changes(codes: Codes, count: int = 2000) -> Measure:
    """Largest R² with which a continuous code tells slant or brightness of samples of one category.

    Which code and which of the two it is, is put beside the number.

    Args:
      codes: of the generator's latent.
      count: of samples, from the latent's own distribution.
    """

    def measure(trained: Trained) -> float:
        sampler = trained.experiment.game.sampler
        assert sampler is not None
        batch = conditions_of(trained.experiment.source).at(np.arange(AT_ONCE))
        keys = jax.random.split(jax.random.key(0), -(-count // AT_ONCE))
        latents = [sampler.latent(key, batch) for key in keys]
        variables = on_host(trained.state.averaged_variables())
        draw = jax.jit(lambda latent: sampler.for_batch(variables, batch, latent))
        images = np.concatenate([draw(latent) for latent in latents])
        one_hot, continuous = map(np.asarray, codes.split(jnp.concatenate(latents)))
        categories = np.argmax(one_hot, axis=1)
        shapes = {name: shape(images) for name, shape in SHAPES.items()}
        found = {
            f"code {place + 1} tells {name}": explained_within(values, code, categories)
            for name, values in shapes.items()
            for place, code in enumerate(continuous.T)
        }
        best = max(found, key=lambda name: found[name])
        put_beside(best)
        return found[best]

    return measure
