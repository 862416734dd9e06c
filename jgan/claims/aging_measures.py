"""What claims about aged persons measure, on persons whose looks at every age are known."""

from collections.abc import Mapping

import jax
import numpy as np

from jgan.data.ages import AGES, COUNTS, ages, at_age, identities_with_ages
from jgan.data.source import scaled
from jgan.errors import UserError
from jgan.evaluation.beside import put_beside
from jgan.training.devices import on_host
from jgan.training.experiment import Trained


def at_all_ages(trained: Trained, batch: Mapping[str, np.ndarray]) -> np.ndarray:
    """The persons of a batch at all ages, ``(n, ages, H, W, C)``."""
    view = jax.jit(trained.experiment.game.views["ages"])
    variables = on_host(trained.state.averaged_variables())
    return np.asarray(view(variables, batch, jax.random.key(0)))


def distances(trained: Trained) -> np.ndarray:
    """Mean absolute differences of aged test persons from all test persons at all ages.

    The youngest of the test set are aged.

    Returns:
      ``(n, wanted age, true age, true person)``; the i-th is the person of the number ``4 i``.

    Raises:
      UserError: if the data are not persons with ages.
    """
    name = trained.experiment.source.name
    if name != "persons:ages":
        raise UserError(f"data is {name!r}, but this claim is about 'persons:ages'.")
    count, kinds = COUNTS["test"], len(AGES)
    made = at_all_ages(trained, ages("test").at(np.arange(0, count, kinds)))
    who = identities_with_ages("test")
    truth = [scaled(at_age(who, np.full(count, age))) for age in range(kinds)]
    gap = lambda one, all_of_them: np.abs(one - all_of_them).mean(axis=(1, 2, 3))
    return np.asarray([[[gap(one, true) for true in truth] for one in person] for person in made])


def identity_kept(trained: Trained) -> float:
    """Share of aged persons who are nearer to their own picture at the age wanted than to any other's.

    They are aged from the youngest to each other age. Beside it stands the mean absolute difference.
    """
    found, own = distances(trained), np.arange(0, COUNTS["test"], len(AGES))
    older = range(1, len(AGES))
    at_wanted = np.asarray([found[:, age, age] for age in older])
    right = at_wanted[:, np.arange(len(own)), own]
    put_beside(f"mean absolute difference from the truth: {right.mean():.3f}")
    return float(np.mean(at_wanted.argmin(axis=2) == own))


def age_taken(trained: Trained) -> float:
    """Share of aged persons who are nearest to themselves at the age wanted, of the four ages."""
    found, own = distances(trained), np.arange(0, COUNTS["test"], len(AGES))
    of_person = found[np.arange(len(own)), :, :, own]
    return float(np.mean(of_person.argmin(axis=2) == np.arange(len(AGES))))
