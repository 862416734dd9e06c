"""Claims over seeds: trainings in folders, kept, gone on with, judged; on games whose values are known."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import optax
import pytest
from helpers import as_file, assert_same

from jgan.claims import training_runs
from jgan.claims.results import read_result
from jgan.claims.trainings import plan
from jgan.claims.verdicts import ClaimVerdict
from jgan.claims.verify import verify
from jgan.data import from_arrays
from jgan.errors import UserError
from jgan.game import GENERATOR, PLAYERS, Aux
from jgan.gans.single_player import single_player
from jgan.rules import simultaneous
from jgan.runs.logs import Row
from jgan.runs.train import train
from jgan.training.experiment import Claim, Experiment, Trained
from jgan.training.fit import fit

STEPS = 300
Build = Callable[..., Experiment]


def last_loss(trained: Trained) -> float:
    return trained.history[-1]["generator/loss"]


def falling(lr: float, claims: tuple[Claim, ...] = (), steps: int = STEPS) -> Experiment:
    """A number that falls by ``lr`` a step from a start that the seed decides."""
    where = lambda variables: variables[GENERATOR]["params"]
    game = single_player(
        lambda key, batch: {"params": jax.random.uniform(key)},
        lambda variables, *rest: (where(variables), Aux()),
        views={"samples": lambda variables, batch, key: where(variables) + 0 * batch["image"]},
    )
    rule = simultaneous(game, dict.fromkeys(PLAYERS, optax.sgd(lr)))
    source = from_arrays(np.zeros((6, 2), np.float32), name="points")
    return Experiment(game, rule, source, steps, 2, claims)


def start(seed: int) -> float:
    """Where the number of a seed starts."""
    return fit(falling(0.0, steps=1), seed).history[0]["generator/loss"]


FALLS = Claim("falls", last_loss, {"lr": 0.0}, at_most=-1.0)


def claiming(*claims: Claim, steps: int = STEPS) -> Build:
    def claimed(*, lr: float = 1.0) -> Experiment:
        return falling(lr, claims, steps)

    return claimed


build = claiming(FALLS)


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, int]]:
    """The learning rates and seeds of all trainings that `verify` begins or goes on with."""
    found = []

    def counted(
        experiment: Experiment, file: Path, arguments: dict[str, Any], **options: Any
    ) -> bool:
        found.append((arguments["lr"], options["seed"]))
        return train(experiment, file, arguments, **options)

    monkeypatch.setattr(training_runs, "train", counted)
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("whole")


@pytest.fixture(scope="module")
def whole(folder: Path) -> ClaimVerdict:
    """What an uninterrupted call finds under two seeds, and its control under one."""
    (verdict,) = verify(as_file(build), {}, out=folder, seeds=range(2), control_seeds=1)
    return verdict


def test_values_are_those_of_every_seed_by_closed_form(whole: ClaimVerdict) -> None:
    # The last row of metrics is the mean over the steps 200 to 299, before each of which lr was taken off.
    assert whole.system == pytest.approx({seed: start(seed) - 249.5 for seed in (0, 1)}, rel=1e-5)
    assert whole.control == pytest.approx({0: start(0)}, rel=1e-5)
    assert whole.word == "holds"


def test_the_history_is_that_of_fit(whole: ClaimVerdict, folder: Path) -> None:
    runs = training_runs.TrainingRuns(as_file(build), folder)
    trained = runs.trained(plan(as_file(build), {}).trainings["falls", "system"], 1)
    expected = fit(build(), 1)
    assert trained is not None
    assert trained.history == expected.history
    assert_same(trained.state, expected.state)


def test_what_is_finished_is_neither_trained_nor_measured_again(
    whole: ClaimVerdict, folder: Path, trainings: list
) -> None:
    measured: list[Trained] = []
    file = as_file(claiming(FALLS._replace(measure=measured.append)))
    (again,) = verify(file, {}, out=folder, seeds=range(2), control_seeds=1)
    assert (again.system, again.control) == (whole.system, whole.control)
    assert measured == trainings == []


class Killed(BaseException):
    """As sudden as a kill, for nothing handles it."""


def test_a_killed_call_is_gone_on_with_to_the_same_values(
    whole: ClaimVerdict, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, begun = as_file(build), []
    call = lambda: list(verify(file, {}, out=tmp_path, seeds=range(2), control_seeds=1))

    def killed(*words: Any, after_row: Callable[[Row], None], **options: Any) -> bool:
        begun.append(options["out"])

        def die(row: Row) -> None:
            after_row(row)
            if len(begun) == 2 and row["step"] == 200:
                raise Killed

        return train(*words, after_row=die, **options)

    monkeypatch.setattr(training_runs, "train", killed)
    with pytest.raises(Killed):
        call()
    kept = read_result(begun[1])
    assert kept is not None
    assert (kept.state, kept.values) == ("training", {})
    assert sorted(int(p.name) for p in (begun[1] / "checkpoints").iterdir()) == [0, 100]
    assert call() == [whole]
    assert begun[1:3] == [begun[1]] * 2
    both = [training_runs.TrainingRuns(file, out) for out in (folder, tmp_path)]
    training = plan(file, {}).trainings["falls", "system"]
    first, second = (runs.trained(training, 1) for runs in both)
    assert first is not None
    assert second is not None
    assert first.history == second.history
    assert_same(first.state, second.state)


def test_a_stopped_training_ends_the_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_runs, "train", lambda *words, **options: False)
    with pytest.raises(KeyboardInterrupt):
        list(verify(as_file(build), {}, out=tmp_path))


@pytest.mark.full
def test_other_code_measures_again_and_trains_again_what_it_trains_otherwise(
    tmp_path: Path, trainings: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: list[float] = []

    def measure(trained: Trained) -> float:
        measured.append(last_loss(trained))
        return measured[-1]

    file = as_file(claiming(FALLS._replace(measure=measure), steps=1))
    call = lambda: list(verify(file, {}, out=tmp_path))
    call()
    assert (len(trainings), len(measured)) == (2, 2)
    monkeypatch.setattr(training_runs, "code_hash", lambda: "other")
    call()
    assert (len(trainings), len(measured)) == (2, 4)
    for kept in tmp_path.glob("*/*/verify.json"):
        content = json.loads(kept.read_text())
        content["first_updates"][0][0]["generator/loss"] += 0.01
        kept.write_text(json.dumps(content))
    call()
    assert (len(trainings), len(measured)) == (2, 4)
    monkeypatch.setattr(training_runs, "code_hash", lambda: "another")
    call()
    assert (len(trainings), len(measured)) == (4, 6)
    assert measured[:2] == measured[2:4] == measured[4:]


def test_equal_trainings_are_one_and_what_diverges_is_no_number(
    tmp_path: Path, trainings: list
) -> None:
    rivals = {"faster": {"lr": 2.0}, "ill": {"lr": np.inf}}
    claims = FALLS._replace(rivals=rivals), FALLS._replace(name="b", control={"lr": 2.0})
    first, second = verify(as_file(claiming(*claims)), {}, out=tmp_path, steps=2)
    assert first.system == second.system
    assert first.rivals["faster"] == second.control == pytest.approx({0: start(0) - 1})
    assert trainings == [(1.0, 0), (0.0, 0), (2.0, 0), (np.inf, 0)]
    assert np.isnan(first.rivals["ill"][0])


HOLD = Claim("a", len, {}, at_least=7)


@pytest.mark.parametrize(
    ("system", "control", "word"),
    [
        ([8, 7], [6, 5], "holds"),
        ([8, 6.9], [6, 5], "FAILS"),
        ([8, float("nan")], [6, 5], "FAILS"),
        ([8, 7], [6, 7], "CONTROL PASSES"),
        ([8, 7], [6, float("nan")], "CONTROL DIVERGED"),
        ([8, 7], [-float("inf"), 5], "CONTROL DIVERGED"),
        ([8, 6], [float("nan"), 9], "FAILS"),
    ],
)
def test_verdicts(system: list[float], control: list[float], word: str) -> None:
    assert ClaimVerdict(HOLD, dict(enumerate(system)), dict(enumerate(control))).word == word


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ([], "makes no claims"),
        ([HOLD, HOLD], "two claims are called 'a'"),
        (
            [HOLD._replace(control={"rate": 1})],
            "claim 'a' sets 'rate', but the experiment has only lr",
        ),
        ([HOLD._replace(rivals={"b": {"rate": 1}})], "claim 'a' sets 'rate', but"),
        ([HOLD._replace(rivals={"control": {}})], "a rival of claim 'a' is called 'control'"),
    ],
)
def test_wrong_claims(claims: list[Claim], message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        list(verify(as_file(claiming(*claims)), {}, out=tmp_path))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"experiment": "other.py"}', r"holds the trainings of 'other.py', not of 'helpers.py'"),
        ("[]", "is damaged; remove it, or choose another --out"),
    ],
)
def test_a_folder_of_something_else(content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "verified.json").write_text(content)
    with pytest.raises(UserError, match=message):
        list(verify(as_file(build), {}, out=tmp_path))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"format": 2}', "has the format 2 of another version of jgan, not 1"),
        ("{", "is damaged; remove the folder it is in, which is then trained again"),
        ('{"state": "finished"}', "is damaged"),
    ],
)
def test_a_result_that_cannot_be_read(content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "verify.json").write_text(content)
    with pytest.raises(UserError, match=message):
        read_result(tmp_path)


def test_no_seeds(tmp_path: Path) -> None:
    for wrong in ({"seeds": ()}, {"control_seeds": 0}):
        with pytest.raises(UserError, match=r"0.*but must"):
            list(verify(as_file(build), {}, out=tmp_path, **wrong))
