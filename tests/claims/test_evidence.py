import math
from pathlib import Path

import pytest

from jgan.claims.evidence import EvidenceRow, change_evidence, merge_evidence, read_evidence, row_of
from jgan.claims.results import Result
from jgan.errors import UserError
from jgan.training.experiment import Claim

CLAIM = Claim('is large, or "so"', lambda trained: 0.0, {}, at_least=7)
UPDATES = [[{"generator/loss": 0.693147, "generator/gradient_norm": math.inf}]]


def row(experiment: str, variant: str, seed: int, value: float) -> EvidenceRow:
    versions = {"jax": "0.12", "python": "3.13"}
    found = Result(
        "finished", 12.04, 600.2, "abc", "2026-01-31", versions, "", UPDATES, {CLAIM.name: value}
    )
    return row_of(experiment, CLAIM, variant, seed, 100, found)


def test_rows_are_merged_by_key_and_in_order(tmp_path: Path) -> None:
    path = tmp_path / "results" / "kept.csv"
    merge_evidence(path, [row("b", "wider", 0, 9), row("b", "control", 0, 6.5)])
    merge_evidence(path, [row("b", "system", seed, 8) for seed in (1, 0)])
    merge_evidence(path, [row("a", "system", 0, math.nan), row("b", "control", 0, -math.inf)])
    table = read_evidence(path)
    assert [(key[0], *key[2:]) for key in table] == [
        ("a", "system", 0),
        ("b", "system", 0),
        ("b", "system", 1),
        ("b", "control", 0),
        ("b", "wider", 0),
    ]
    assert table["b", CLAIM.name, "system", 1] == row("b", "system", 1, 8)._replace(
        seconds=12.0, peak_memory=600
    )
    first, *_, control, wider = table.values()
    assert math.isnan(first.value)
    assert (first.holds, control.holds, wider.holds) == (False, False, True)
    assert control.value == -math.inf
    assert "\r" not in path.read_bytes().decode()


def test_a_table_that_does_not_change_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "kept.csv"
    merge_evidence(path, [row("a", "system", 0, 8)])
    before = path.stat().st_mtime_ns
    change_evidence(path, lambda table: table)
    assert path.stat().st_mtime_ns == before
    change_evidence(path, lambda table: {})
    assert read_evidence(path) == {}
    assert read_evidence(tmp_path / "absent.csv") == {}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("experiment,claim", "claim,experiment", "its columns are not experiment, claim, "),
        (",yes,", ",true,", "holds is 'true', but must be yes or no"),
        (",100,", ",many,", "invalid literal"),
    ],
)
def test_another_table_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "kept.csv"
    merge_evidence(path, [row("a", "system", 0, 8)])
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(UserError, match=f"is no table of evidence: {message}"):
        read_evidence(path)
