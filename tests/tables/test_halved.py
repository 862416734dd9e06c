"""Tables of sweeps with rungs: what ended there counts as tried, is never chosen, has a budget of its own."""

import pytest
from made_sweeps import SCORE, made_sweep, wave

import jgan
from jgan.errors import UserError


def halving(folder, **options):
    """A sweep of two losses and four rates, of which half ended at step 4, decided by the seeds 0 and 1."""
    members = [
        ({"loss": loss, "lr": lr}, seed, 10 * lr + place + wave(place, seed) / 9, *end)
        for place, loss in enumerate(("hinge", "ns"))
        for lr, end in ((0.1, []), (0.2, []), (0.01, [4]), (0.02, [4]))
        for seed in range(2 if end else 5)
    ]
    sweep = {"over": [], "score": SCORE, "rungs": [4], "rung_seeds": [0, 2], **options}
    return made_sweep(folder, members, sweep=sweep)


def test_settings_that_ended_at_a_rung_count_as_tried_and_are_never_chosen(tmp_path):
    sweep = halving(tmp_path / "s")
    choice = {"by": "loss", "choose": "score@seeds=0:2"}
    found = jgan.table(sweep, **choice)
    assert found.column("chosen") == ["lr=0.1"] * 2  # though 0.01 was better when it ended
    assert found.column("settings tried") == ["4"] * 2
    assert found.column("seeds") == ["3"] * 2
    assert "budget" not in found.columns
    assert jgan.table(sweep, **choice, mark="none").column("chosen") == ["lr=0.1"] * 2
    assert not any("rung" in note for note in found.notes)
    for change, message in (
        ({"report": "seeds=1:5"}, "^seed 1 is one that choose and report have"),
        (
            {"best_of": [2]},
            "^best_of needs settings that were trained to the end, but some of the row",
        ),
        ({"choose": "score@seeds=3:5"}, "^seed 0 decided at the rungs of .*; report other seeds"),
    ):
        with pytest.raises(UserError, match=message):
            jgan.table(sweep, **{**choice, **change})
    plain = [({"loss": "ls", "lr": lr}, seed, lr) for lr in (0.1, 0.2) for seed in range(5)]
    found = jgan.table(sweep, made_sweep(tmp_path / "plain", plain), **choice)
    assert found.column("budget") == ["a", "a", "b"]
    assert "a: 4 settings tried, 2 of them to the end; b: 2 settings tried" in " ".join(found.notes)


def test_rows_that_ended_at_a_rung_have_a_budget_of_their_own(tmp_path):
    found = jgan.table(halving(tmp_path / "s"))
    assert found.column("budget") == ["a", "a", "b", "b"] * 2
    notes = " ".join(found.notes)
    assert "budget: a: steps 8; b: steps 4" in notes
    assert "8 of 28 trainings ended at a rung because others were better" in notes
    assert "Some of the seeds decided at rungs which settings went on" in notes
    with pytest.raises(UserError, match=r"^the numbers differ in budget: a: steps 8; b: steps 4"):
        jgan.table(halving(tmp_path / "again"), mark="none")
