"""What an experiment's earlier stages train can be taken from another run, and is trained once by verify."""

import json
import shutil
from dataclasses import replace

import jax
import jax.numpy as jnp
import pytest
from helpers import assert_same
from staged import STAGED

from jgan.claims import training_runs
from jgan.claims.verify import verify
from jgan.errors import UserError
from jgan.runs.fork import of_other_run
from jgan.runs.saved import load_state
from jgan.runs.train import Options, train
from jgan.training.experiment import Experiment, load_experiment
from jgan.training.fit import all_chunks, fit, follow

CADENCE = {"log_every": 1, "sample_every": 9, "save_every": 2, "keep": 9}


@pytest.fixture(scope="module")
def file(staged):
    return staged / "growing.py"


@pytest.fixture(scope="module")
def build(file):
    return load_experiment(file).build


def run(file, build, out, *, seed=0, steps=None, arguments=None, **options):
    arguments = arguments or {}
    experiment = build(**arguments).resized(steps)
    own = Options(**CADENCE, **options)
    train(experiment, file, arguments, seed=seed, out=out, options=own)
    return out


@pytest.fixture(scope="module")
def whole(staged):
    """The training in one piece."""
    return staged / "whole"


@pytest.fixture(scope="module")
def small(staged):
    """A run of what the earlier stage trains."""
    return staged / "small"


@pytest.fixture(scope="module")
def taken(file, build, small, tmp_path_factory):
    return run(file, build, tmp_path_factory.mktemp("taken") / "run", from_run=small)


def rows(out):
    return [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]


@pytest.mark.full
def test_from_a_run_of_the_same_training_it_is_the_training_in_one_piece(build, whole, taken):
    for step in (4, 6, 8):
        experiment = build().until(step)
        assert_same(load_state(experiment, taken, step), load_state(experiment, whole, step))
    assert rows(taken) == rows(whole)[4:]


def test_the_settings_tell_the_run(small, taken):
    assert json.loads((taken / "settings.json").read_text())["from"] == str(small.resolve())


def test_the_key_is_that_of_the_own_seed(build, small):
    state, summary = of_other_run(build(), small, 1)
    past = load_state(build(growing=False), small)
    assert_same((state.variables, state.averages), (past.variables, past.averages))
    own = fit(build().until(4), seed=1).state
    assert_same(jax.random.key_data(state.key), jax.random.key_data(own.key))
    assert (int(state.step), int(state.began)) == (4, 0)
    assert summary == "all 8 arrays of its variables and its optimizers are taken over."


@pytest.mark.full
def test_a_run_of_another_length_and_rule_stands_at_the_boundary(file, build, tmp_path):
    other = {"growing": False, "optimizer": "sgd"}
    longer = run(file, build, tmp_path / "run", steps=6, arguments=other)
    experiment = build()
    state, summary = of_other_run(experiment, longer, 0)
    assert summary.endswith("the optimizer of the discriminator and of the generator starts anew.")
    past = load_state(build(**other).resized(6), longer)
    kept = jax.tree.map(jnp.copy, past.variables["generator"]["params"]["layer_3"])
    began = follow(experiment.stages[1], state)
    assert (int(began.step), int(began.began)) == (4, 4)
    assert_same(began.variables["generator"]["params"]["layer_3"], kept)


@pytest.mark.parametrize("steps", [pytest.param(5, marks=pytest.mark.full), 6])
def test_it_is_resumed_bitwise_without_the_other_run(file, build, small, taken, tmp_path, steps):
    out, copy = tmp_path / "parts", shutil.copytree(small, tmp_path / "copy")
    run(file, build, out, steps=steps, from_run=copy)
    shutil.rmtree(copy)
    run(file, build, out)
    assert_same(load_state(build(), out), load_state(build(), taken))
    # Pictures, and what is measured of them, are also made where a run is to end.
    parts = [
        {name: row[name] for name in own} for row, own in zip(rows(out), rows(taken), strict=True)
    ]
    assert parts == rows(taken)


@pytest.mark.full
def test_one_that_was_killed_at_its_first_step_begins_again_bitwise(
    file, build, small, taken, tmp_path
):
    class Killed(Exception):
        pass

    def die(row):
        if row["step"] == 5:
            raise Killed

    out = tmp_path / "killed"
    options = Options(**CADENCE, from_run=small)
    with pytest.raises(Killed):
        train(build(), file, {}, seed=0, out=out, options=options, after_row=die)
    run(file, build, out, from_run=small)
    assert_same(load_state(build(), out), load_state(build(), taken))
    assert rows(out) == rows(taken)


@pytest.mark.full
def test_it_cannot_go_on_from_another_run(file, build, small, taken, tmp_path):
    with pytest.raises(UserError, match=r"was made with from = '.*', not '.*/other'"):
        run(file, build, taken, from_run=tmp_path / "other")
    own = run(file, build, tmp_path / "own", steps=5)
    with pytest.raises(UserError, match=r"was made with from = None, not '"):
        run(file, build, own, from_run=small)
    with pytest.raises(UserError, match=r"^--from is '.*', the run directory itself"):
        run(file, build, taken, from_run=taken)


@pytest.mark.full
def test_what_does_not_fit_is_refused(file, build, small, whole, tmp_path):
    with pytest.raises(UserError, match=r"but the experiment has one stage only"):
        of_other_run(build(growing=False), small, 0)
    with pytest.raises(
        UserError,
        match=r"what it trained does not fit the earlier stages \(a ring\): it has no "
        r"discriminator/params/out_3/bias and 3 more of their shapes\.$",
    ):
        of_other_run(replace(build(), needs="a ring"), whole, 0)

    def broken(fresh, past, source):
        raise ValueError("the carry cannot be.")

    experiment = replace(build(), carry=broken)
    options = Options(from_run=small)
    with pytest.raises(UserError, match=r"^the carry cannot be\.$"):
        train(experiment, file, {}, seed=0, out=tmp_path / "run", options=options)


def test_a_state_to_go_on_from_is_not_consumed(build):
    past = fit(build().until(4)).state
    first, second = (fit(build(), every=3, begun=past) for _ in range(2))
    assert_same(first.state, second.state)
    assert_same(first.state, fit(build(), every=3).state)
    assert [row["step"] for row in first.history] == [6, 8]


def test_names_stay_with_the_experiment(build):
    experiment = Experiment.of_stages(*build().stages, needs="a ring")
    assert experiment.resized(6, 5).until(5).needs == "a ring"


CLAIMS = """
LOSS = "generator/loss"
CLAIMS = (
    Claim("first row", lambda trained: trained.history[0][LOSS], {"lr": 0.02}, at_least=-9),
    Claim("last row", lambda trained: trained.history[-1][LOSS], {"wide": 6}, at_least=-9, steps=6),
)
"""
CLAIMING = STAGED.replace("\n\ndef network", f"{CLAIMS}\n\ndef network")
NEEDING = CLAIMING.replace("claims=CLAIMS)", 'claims=CLAIMS, needs=f"a ring lr={lr}")')
ONE = NEEDING.replace('    Claim("first', '    # Claim("first')


@pytest.fixture
def trainings(monkeypatch):
    """The lengths of the trainings of verify, and whether they take earlier stages from another run."""
    found = []

    def counted(experiment, *words, options, **others):
        found.append((experiment.steps, options.from_run is not None))
        return train(experiment, *words, options=options, **others)

    monkeypatch.setattr(training_runs, "train", counted)
    return found


def named(build, needs):
    def named_build(*, lr=0.01, wide=5):
        name = needs and f"{needs} lr={lr}"
        return replace(build(lr=lr, wide=wide), claims=CLAIMS, needs=name)

    return named_build


@pytest.fixture
def verified(tmp_path):
    """Values of the claims and of their controls of an experiment file with this text."""

    def values(text=NEEDING, arguments=(), **options):
        (tmp_path / "growing.py").write_text(text)
        file, out = load_experiment(tmp_path / "growing.py"), tmp_path / "verified"
        found = verify(file, dict(arguments), out=out, **options)
        return [(one.system, one.control) for one in found]

    return values


@pytest.mark.full
def test_verify_trains_what_is_needed_once(verified, trainings):
    ((system, control),) = verified(ONE)
    assert trainings == [(4, False), (6, True), (6, True)]
    assert system != control


@pytest.mark.full
def test_what_is_needed_is_bitwise_that_of_one_piece(verified, small, trainings):
    apart = verified(CLAIMING)
    del trainings[:]
    assert verified() == apart
    assert trainings == [
        (4, False),
        (8, True),
        (4, False),  # another learning rate is another training
        (8, True),
        (6, True),
        (6, True),
    ]
    # The first row of metrics is one that only the other run has.
    assert verified(from_run=small)[1:] == apart[1:]


@pytest.mark.full
def test_verify_takes_what_is_needed_from_a_run(verified, small, trainings):
    assert len(verified(ONE, from_run=small)) == 1
    assert trainings == [(6, True)] * 2


@pytest.mark.full
def test_verify_of_few_steps_trains_what_is_left(verified, trainings):
    assert len(verified(ONE, steps=3)) == 1
    assert trainings == [(3, False)] * 2


@pytest.mark.full
def test_what_diverges_is_no_value_for_all_that_need_it(verified, trainings):
    ((system, control),) = verified(ONE, {"lr": float("nan")})
    assert system[0] != system[0]
    assert control[0] != control[0]
    assert trainings == [(4, False)]


def test_verify_refuses_a_run_where_nothing_is_needed(verified, small):
    with pytest.raises(UserError, match=r"but the experiment's needs is '', so no training is"):
        verified(CLAIMING, from_run=small)


@pytest.mark.full
def test_the_state_of_another_run_may_lie_on_several_devices(eight_devices, build):
    sizes = [stage._replace(batch_size=16) for stage in build(optimizer="sgd").stages]
    experiment = Experiment.of_stages(*sizes)
    past = fit(experiment.until(4)).state
    assert past.step.sharding.num_devices == 8
    assert_same(fit(experiment, begun=past).state, fit(experiment).state)
    ((state, _),) = list(all_chunks(experiment, past, 100))
    assert int(state.step) == 8
