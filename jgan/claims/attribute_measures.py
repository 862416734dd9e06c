"""What claims about edited attributes measure, on garments whose truth is known."""

import itertools

import numpy as np

from jgan.data.fashion_mnist import embedded
from jgan.data.garment_attributes import ATTRIBUTES, RARE, attributed
from jgan.errors import UserError
from jgan.evaluation.beside import put_beside
from jgan.training.devices import on_host
from jgan.training.experiment import Trained

VECTORS = np.asarray([*itertools.product((0, 1), repeat=len(ATTRIBUTES))], np.int32)
"""All combinations of attributes, of which the first is none."""


def edited_errors(trained: Trained) -> np.ndarray:
    """Mean absolute differences of edited test bags from the same bags with attributes laid on by the rule.

    The bags have no attributes before, as those of the training.

    Returns:
      ``(wanted, true, count)``: of a bag for which the combination ``wanted`` is asked for, from the one that
      has ``true``, both in the order of `VECTORS`.

    Raises:
      UserError: if the data are not the embedded garments with attributes.
    """
    name = trained.experiment.source.name
    if name != "garments:attributes":
        raise UserError(f"data is {name!r}, but this claim is about 'garments:attributes'.")
    test = embedded("test").arrays
    brightness = test["image"][test["label"] == RARE][..., 0].astype(np.float32) / 255
    count = len(brightness)
    of = lambda vector: np.broadcast_to(vector, (count, len(vector)))
    true = [2 * attributed(brightness, of(vector)) - 1 for vector in VECTORS]
    sampler = trained.experiment.game.sampler
    assert sampler is not None
    variables = on_host(trained.state.averaged_variables())
    plain = true[0].astype(np.float32)
    in_order = np.arange(count)
    made = [
        np.asarray(sampler.generate(variables, {"image": plain, "label": of(vector)}, in_order))
        for vector in VECTORS
    ]
    return np.asarray([[np.abs(x - y).mean(axis=(1, 2, 3)) for y in true] for x in made])


def attributes_found(trained: Trained) -> float:
    """Share of edited bags that are nearest to the bag with the attributes that were wanted, of eight."""
    found = edited_errors(trained).argmin(axis=1)
    return float(np.mean(found == np.arange(len(VECTORS))[:, None]))


def edited_error(trained: Trained) -> float:
    """Mean absolute difference of edited bags from the bags that were wanted.

    Beside it stands that of bags which are left as they are.
    """
    found = edited_errors(trained)
    own = np.mean([found[wanted, wanted] for wanted in range(len(VECTORS))])
    put_beside(f"with no attribute asked for: {found[0, 0].mean():.3f}")
    return float(own)
