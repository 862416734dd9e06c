"""What is measured on aged persons, on pictures that are the truth, the youngest, or another person's."""

from types import SimpleNamespace

import numpy as np
import pytest

from jgan.claims import aging_measures
from jgan.claims.aging_measures import age_taken, identity_kept
from jgan.data.ages import at_age, identities_with_ages
from jgan.errors import UserError

TRAINED = SimpleNamespace(experiment=SimpleNamespace(source=SimpleNamespace(name="persons:ages")))


@pytest.fixture(scope="module")
def truth():
    who = identities_with_ages("test")
    pictures = [at_age(who, np.full(len(who.width), age)) / 127.5 - 1 for age in range(4)]
    return np.stack(pictures, axis=1).astype(np.float32)


@pytest.mark.parametrize(
    ("made", "kept", "taken"),
    [
        (lambda true: true[::4], 1.0, 1.0),
        (lambda true: np.repeat(true[::4, :1], 4, axis=1), None, 0.25),
        (lambda true: true[1::4], 0.0, None),
    ],
)
def test_persons_and_ages_are_told(monkeypatch, truth, made, kept, taken):
    monkeypatch.setattr(aging_measures, "at_all_ages", lambda trained, batch: made(truth))
    if kept is not None:
        assert identity_kept(TRAINED) == kept
    if taken is not None:
        assert age_taken(TRAINED) == taken


def test_other_data_are_refused():
    other = SimpleNamespace(experiment=SimpleNamespace(source=SimpleNamespace(name="ring")))
    with pytest.raises(UserError, match=r"^data is 'ring', but this claim is about 'persons:ages'"):
        age_taken(other)
