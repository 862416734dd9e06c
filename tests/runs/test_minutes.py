"""`--minutes`: as many steps as the time allows, kept by a run that is gone on with."""

import json

import pytest
from helpers import Heard, assert_same

from jgan.cli.main import main
from jgan.display.current import shown_on
from jgan.runs import minutes
from jgan.runs.saved import load_run
from jgan.training import rate
from jgan.training.experiment import load_experiment

FILE = '''
"""A small game whose learning rate falls until it ends."""
import jgan
import optax
from jgan.data import load
from jgan.networks import mlp_discriminator, mlp_generator


def experiment(*, horizon: int = 100, lr: float = 1e-2) -> jgan.Experiment:
    game = jgan.gan(mlp_generator((2,), (4,)), mlp_discriminator((4,)), jgan.non_saturating(), jgan.normal(2))
    rate = optax.cosine_decay_schedule(lr, horizon) if horizon else lr
    rule = jgan.alternating(game, {player: optax.adam(rate) for player in jgan.PLAYERS})
    return jgan.Experiment(game, rule, load("ring", size=64), 200, 8)
'''
CADENCE = ["--log-every", "4", "--save-every", "4", "--sample-every", "1000"]


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("minutes") / "falling.py"
    path.write_text(FILE)
    return path


@pytest.fixture
def slow(monkeypatch):
    """A machine that trains half a step in a second; the calls of its measurement."""
    calls = []

    def measured(experiment, seed, **options):
        calls.append(options["seconds"])
        return 0.5

    monkeypatch.setattr(minutes, "steps_per_second", measured)
    return calls


def train(file, out, *flags):
    return main(["train", str(file), "--out", str(out), *CADENCE, *flags])


def settings(run):
    return json.loads((run / "settings.json").read_text())


def test_the_steps_fit_the_time_and_the_schedule_ends_with_them(file, slow, tmp_path, capsys):
    assert train(file, tmp_path / "run", "--minutes", "0.5") == 0
    said = capsys.readouterr().out
    found = settings(tmp_path / "run")
    # Half a minute less the seconds of loading and of the end: 12 steps and a few seconds, or 8 on a slow day.
    assert found["steps"] in (8, 12)
    assert found["minutes"] == 0.5
    assert found["arguments"]["horizon"] == found["steps"] // 2
    assert slow == [pytest.approx(0.9)]
    assert f"steps: {found['steps']} in 0.5 min, because 2 s per step were measured" in said
    whole = tmp_path / "whole"
    horizon = ["--horizon", str(found["arguments"]["horizon"])]
    assert train(file, whole, "--steps", str(found["steps"]), *horizon) == 0
    assert_same(load_run(tmp_path / "run").state, load_run(whole).state)


@pytest.mark.full
def test_a_stopped_run_keeps_its_steps(file, slow, tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert train(file, whole, "--minutes", "0.5") == 0

    class Killed(Exception):
        pass

    class Killing(Heard):
        def noted(self, fields):
            if fields[0].startswith("8/"):
                raise Killed

    with shown_on(Killing()), pytest.raises(Killed):
        train(file, parts, "--minutes", "0.5")
    slow.clear()
    assert train(file, parts, "--minutes", "0.5") == 0
    assert slow == []
    steps = settings(parts)["steps"]
    assert train(file, whole, "--minutes", "0.5") == 0
    if (
        steps == settings(whole)["steps"]
    ):  # as on any machine that is not much slower for one of them
        assert_same(load_run(parts).state, load_run(whole).state)
        assert (parts / "metrics.csv").read_bytes() == (whole / "metrics.csv").read_bytes()


@pytest.mark.full
def test_a_schedule_that_is_given_or_not_there_stays(file, slow, tmp_path):
    for horizon in ("7", "0"):
        out = tmp_path / horizon
        assert train(file, out, "--minutes", "0.5", "--horizon", horizon) == 0
        assert settings(out)["arguments"]["horizon"] == int(horizon)


@pytest.mark.full
def test_a_fork_has_the_time_besides_what_it_starts_from(file, slow, tmp_path):
    assert train(file, tmp_path / "run", "--steps", "4") == 0
    words = ["--minutes", "0.5", "--fork", str(tmp_path / "run"), "--horizon", "100"]
    assert train(file, tmp_path / "fork", *words) == 0
    assert settings(tmp_path / "fork")["steps"] in (12, 16)


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--minutes", "0"], "argument --minutes: is 0, but must be positive"),
        (["--minutes", "1", "--steps", "3"], "not allowed with argument"),
        (["--minutes", "1", "--dry-run"], "--minutes and --dry-run were both given"),
        (["--minutes", "2"], "was begun with --minutes 0.5; go on with it by --minutes 0.5"),
    ],
)
def test_mistakes(flags, sentence, file, slow, tmp_path, capsys):
    if "2" in flags:
        assert train(file, tmp_path, "--minutes", "0.5") == 0
    assert train(file, tmp_path, *flags) == 2
    assert sentence in capsys.readouterr().err


@pytest.mark.full
def test_a_run_of_so_many_steps_is_not_gone_on_with(file, slow, tmp_path, capsys):
    assert train(file, tmp_path, "--steps", "4") == 0
    assert train(file, tmp_path, "--minutes", "0.5") == 2
    assert "was begun without --minutes; go on with it by --steps" in capsys.readouterr().err


@pytest.mark.parametrize("loader", ["device", "stream"])
def test_the_speed_is_that_of_steps_that_are_thrown_away(loader, file, monkeypatch):
    experiment = load_experiment(file).build()
    counts, now = [], [0.0]
    make = rate.make_feed

    def feed(*words):
        inner = make(*words)

        def steps(state, count):
            counts.append(count)
            now[0] += count / 8
            return inner(state, count)

        return steps

    monkeypatch.setattr(rate, "make_feed", feed)
    found = rate.steps_per_second(experiment, 0, loader=loader, seconds=4.0, clock=lambda: now[0])
    assert found == 8.0
    assert counts == [1, 1, 4, 16, 32]
