"""What claims about encoders measure: do codes keep the example, and do they keep its class?"""

from typing import Any

import jax
import numpy as np

from jgan.claims.class_measures import classes_of
from jgan.claims.held_out_measures import held_out_source
from jgan.data import Source
from jgan.data.conditions import conditions
from jgan.errors import UserError
from jgan.game import Sampler
from jgan.metrics.pairwise import nearest
from jgan.training.devices import on_host
from jgan.training.experiment import Trained


def reconstruction_ratio(trained: Trained, count: int = 1000) -> float:
    """Mean of ‖x - G(E(x))‖ over that of ‖x - G(E(x'))‖, x and x' being two different test examples.

    0 for a perfect inverse, 1 for reconstructions that have nothing to do with x. ‖x - x'‖ in the
    denominator would give 0.71 to a generator that always draws the mean example.

    Raises:
      UserError: if the game has no encoder, or the data no test set.
    """
    test = held_out_source(trained)
    batch, code = _coded(trained, test, count)
    generate = jax.jit(_encoding(trained).for_batch)
    made = np.asarray(generate(_variables(trained), batch, code))
    flat = lambda values: np.asarray(values).reshape(len(made), -1)
    real = flat(test.example_of(batch))
    gap = lambda other: np.linalg.norm(real - flat(other), axis=1).mean()
    return float(gap(made) / gap(np.roll(made, 1, axis=0)))


def neighbour_accuracy(trained: Trained, count: int = 10_000) -> float:
    """Share of test examples whose nearest training example, by the distance of codes, has their class.

    Raises:
      UserError: if the game has no encoder, or the data no labels or no test set.
    """
    source = trained.experiment.source
    classes_of(source)
    known, codes = _coded(trained, source, count)
    test, places = _coded(trained, held_out_source(trained), count)
    found = nearest(np.asarray(places, np.float64), np.asarray(codes, np.float64))[0][:, 0]
    return float(np.mean(known["label"][found] == test["label"]))


def _variables(trained: Trained) -> Any:
    return on_host(trained.state.averaged_variables())


def _encoding(trained: Trained) -> Sampler:
    sampler = trained.experiment.game.sampler
    if sampler is None or sampler.encode is None:
        raise UserError("codes were asked for, but this game has no encoder.")
    return sampler


def _coded(trained: Trained, source: Source, count: int) -> tuple[dict[str, Any], Any]:
    """Examples of a source, at most ``count``, and their codes."""
    encode = _encoding(trained).encode
    assert encode is not None
    batch = conditions(source, 0).at(np.arange(min(count, source.size)))
    return batch, jax.jit(encode)(_variables(trained), source.example_of(batch))
