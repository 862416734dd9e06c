"""What claims about persons that a training has not met measure, on persons of whom every picture is known."""

import numpy as np

from jgan.claims.measures import Measure
from jgan.claims.translation_measures import shown_by
from jgan.data.persons import in_poses_of, persons
from jgan.data.source import Source, scaled
from jgan.errors import UserError
from jgan.evaluation.beside import put_beside
from jgan.training.experiment import Trained


def persons_found(trained: Trained, count: int = 100) -> float:
    """Share of clips of test persons whose frame, as it is made, is nearer to theirs than to any other's.

    All test persons are drawn in the pose that was asked for, and differences are mean absolute ones.

    Args:
      trained: on the data ``persons``.
      count: of clips.

    Raises:
      UserError: if the data are others.
    """
    test, rows = _test_set(trained), np.arange(count)
    made = shown_by(trained, "samples", test.at(rows))
    truth = scaled(in_poses_of("test", rows))
    gaps = np.abs(made[:, None] - truth).mean(axis=(2, 3, 4))
    put_beside(f"mean absolute difference from the truth: {gaps[rows, rows].mean():.3f}")
    return float(np.mean(gaps.argmin(axis=1) == test.arrays["person"][rows]))


def error_of_person(person: int = 0, count: int = 100) -> Measure:
    """Mean absolute difference of pictures of one test person from the truth, in [0, 2].

    They are made from the landmarks of others' frames. Networks that are not fine-tuned to the person are given
    the frames that fine-tuned ones learn from.

    Args:
      person: its number in the test set.
      count: of pictures.
    """

    def measure(trained: Trained) -> float:
        test, rows = _test_set(trained), np.arange(count)
        batch, own = test.at(rows), test.at(np.full(count, person))
        batch |= {name: own[name] for name in ("shots", "shot_poses", "person")}
        truth = scaled(in_poses_of("test", rows, [person])[:, 0])
        return float(np.abs(shown_by(trained, "samples", batch) - truth).mean())

    return measure


def _test_set(trained: Trained) -> Source:
    name = trained.experiment.source.name
    if name != "persons":
        raise UserError(f"data is {name!r}, but this claim is about 'persons'.")
    return persons("test")
