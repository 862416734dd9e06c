"""Which settings end at a rung, against hand-made outcomes."""

import random

import pytest

from jgan.commands.sweep_settings import rungs_of, search_of
from jgan.errors import UserError
from jgan.sweeps.halving import Rungs, halved
from jgan.sweeps.parts import Part
from jgan.sweeps.plans import Batch, Member
from jgan.sweeps.records import Record

SCORES = {
    ("a", 1.0): [3.0, 1.0],
    ("a", 2.0): [1.5, 1.5],
    ("b", 1.0): [9.0, 7.0],
    ("b", 2.0): [0, 8],
}


def outcome(scores=SCORES, lost=(), step=5):
    """Batches and records of members: ``(loss, lr) -> score of each seed``, of which some diverged."""
    records, members = {}, []
    for (loss, lr), own in scores.items():
        for seed, score in enumerate(own):
            member = Member({"loss": loss, "lr": lr}, seed)
            gone = step if (loss, lr, seed) in lost else None
            members.append(member)
            measures = {} if gone else {"score": float(score)}
            records[member.key] = Record(member.setting, seed, gone, measures, {})
    return [Batch({}, members[:3], ["lr"]), Batch({}, members[3:], ["lr"])], records


def ended(rungs, **options):
    found = halved(*outcome(**options), rungs)
    return [(setting["loss"], setting["lr"]) for setting in found]


def test_the_better_half_goes_on():
    assert ended(Rungs((5,))) == [("b", 1.0), ("b", 2.0)]
    assert ended(Rungs((5,), higher=True)) == [("a", 1.0), ("a", 2.0)]
    assert ended(Rungs((5,), share=0.7)) == [("b", 1.0)]
    assert ended(Rungs((5,), share=0.01)) == [("a", 1.0), ("b", 1.0), ("b", 2.0)]


def test_of_each_value_the_same_share_goes_on():
    assert ended(Rungs((5,), within=("loss",))) == [("a", 1.0), ("b", 1.0)]
    assert ended(Rungs((5,), within=("loss", "lr"))) == []


def test_lost_seeds_make_a_setting_worse_than_any_score():
    assert ended(Rungs((5,), 0.25), lost={("a", 2.0, 1)}) == [("a", 2.0), ("b", 1.0), ("b", 2.0)]
    worst = {key: [float("nan"), 1.0] for key in [("a", 1.0)]}
    assert ("a", 1.0) in ended(Rungs((5,)), scores={**SCORES, **worst})
    everything = {(*key, seed) for key in SCORES for seed in (0, 1)}
    assert ended(Rungs((5,)), lost=everything) == [("b", 1.0), ("b", 2.0)]


def test_equal_settings_end_in_the_order_of_the_sweep():
    assert ended(Rungs((5,)), scores={key: [1, 1] for key in SCORES}) == [("b", 1.0), ("b", 2.0)]


def test_nothing_is_decided_before_all_have_come():
    batches, records = outcome()
    del records[batches[1].members[-1].key]
    assert halved(batches, records, Rungs((5,))) is None


def test_the_order_in_which_members_come_does_not_matter():
    batches, records = outcome()
    keys = list(records)
    random.Random(0).shuffle(keys)
    shuffled = {key: records[key] for key in keys}
    assert halved(batches, shuffled, Rungs((5,))) == halved(batches, records, Rungs((5,)))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (((9, 5), None, None, None), r"^--rungs has 9, but must be below .* which is 9\.$"),
        (((5, 5), None, None, None), "^--rungs has 5 5, but each may come once"),
        (((), None, 0.3, None), "^--share was given, but it needs --rungs"),
        (((), 2, None, None), "^--rung-seeds was given, but it needs --rungs"),
        (((5,), None, None, "loss,width"), "^--within names 'width', but must be of .*: loss, lr"),
    ],
)
def test_mistakes(words, message):
    with pytest.raises(UserError, match=message):
        rungs_of(*words, 9, {"loss", "lr"}, False)
    with pytest.raises(UserError, match=r"^--search is sobol, but without --trials the sweep is"):
        search_of("sobol", None, 0, None)


def test_parts_are_all_of_a_sweep_and_nothing_twice():
    batches, _ = outcome()
    batches = [batch._replace(traced=[str(n)]) for n in range(5) for batch in batches]
    parts = [Part(number, 3).own(batches) for number in (1, 2, 3)]
    assert [len(part) for part in parts] == [4, 3, 3]
    assert sorted(str(own) for part in parts for own in part) == sorted(map(str, batches))
    assert Part().own(batches) == batches
