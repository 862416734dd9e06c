"""What is measured on persons, on pictures that are the truth, another's, or everyone's mean."""

from types import SimpleNamespace

import numpy as np
import pytest

from jgan.claims import person_measures
from jgan.claims.person_measures import error_of_person, persons_found
from jgan.data.persons import in_poses_of, persons
from jgan.errors import UserError

COUNT = 5
TRAINED = SimpleNamespace(experiment=SimpleNamespace(source=SimpleNamespace(name="persons")))


@pytest.fixture(scope="module")
def truth():
    return in_poses_of("test", np.arange(COUNT)) / 127.5 - 1


@pytest.fixture
def shown(monkeypatch):
    """Sets what the generator makes of a batch."""
    return lambda make: monkeypatch.setattr(
        person_measures, "shown_by", lambda trained, view, batch: make(batch)
    )


def test_persons_are_found(truth, shown):
    own = np.arange(COUNT)
    shown(lambda batch: truth[own, batch["person"]])
    assert persons_found(TRAINED, COUNT) == 1
    shown(lambda batch: truth[own, batch["person"] + 1])
    assert persons_found(TRAINED, COUNT) == 0
    shown(lambda batch: truth.mean(axis=1))
    assert persons_found(TRAINED, COUNT) <= 2 / COUNT


def test_one_person_is_asked_for_in_the_poses_of_others(truth, shown):
    asked = []
    shown(lambda batch: asked.append(batch) or truth[:, 3] + 0.25)
    assert error_of_person(3, COUNT)(TRAINED) == pytest.approx(0.25, abs=1e-5)
    (batch,) = asked
    test = persons("test")
    np.testing.assert_array_equal(batch["pose"], test.first(COUNT)["pose"])
    np.testing.assert_array_equal(batch["shots"], np.repeat(test.at([3])["shots"], COUNT, axis=0))


def test_other_data_are_refused():
    other = SimpleNamespace(experiment=SimpleNamespace(source=SimpleNamespace(name="ring")))
    with pytest.raises(UserError, match=r"^data is 'ring', but this claim is about 'persons'\.$"):
        persons_found(other)
