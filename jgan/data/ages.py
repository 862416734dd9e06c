"""Persons at four ages, each of whom is drawn at one: ``load("persons:ages")``.

With age the hair becomes grey and thinner and leaves the forehead; everything else says who a person is.
"""

import numpy as np

from jgan.data.persons import Identity, Pose, draw_identities, draw_persons
from jgan.data.source import Source

AGES = ("20", "40", "60", "80")
"""Names of the classes of age, in years."""
COUNTS = {"train": 2000, "test": 200}
GREY = 0.85
"""Brightness of the hair of the oldest, nothing of whose own colour is left."""


def aged(identity: Identity, age: np.ndarray) -> Identity:
    """Persons at an age: a class of `AGES`, 0 to 3, ``(N,)``."""
    share = age / (len(AGES) - 1)
    hair = identity.hair + share[:, None] * (GREY - identity.hair)
    fringe = identity.fringe + share * (0.9 - identity.fringe)
    return identity._replace(hair=hair, fringe=fringe, volume=(1 - share) * identity.volume)


def at_age(identity: Identity, age: np.ndarray) -> np.ndarray:
    """Pictures of persons at an age who look straight ahead, uint8 ``(N, H, W, 3)``."""
    still = np.zeros(len(age))
    pose = Pose(still, still, still, still, still + 0.5)
    return draw_persons(aged(identity, age), pose)


def identities_with_ages(split: str) -> Identity:
    """The persons of the training set or of the test set."""
    return draw_identities(np.random.default_rng([COUNTS[split], 2]), COUNTS[split])


def ages(split: str = "train") -> Source:
    """Pictures of persons, each at one age, their class; ages take turns.

    Args:
      split: "train" or "test"; the persons of the test set are others.
    """
    label = np.arange(COUNTS[split], dtype=np.int32) % len(AGES)
    pictures = at_age(identities_with_ages(split), label)
    return Source({"image": pictures, "label": label}, "persons:ages", classes=AGES)
