import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks import speed  # noqa: E402
from benchmarks._workers import client, rounds, timing, works  # noqa: E402


def scripted(script):
    """A `measure` that plays back (seconds, share of others) for each contender."""
    left = {name: iter(values) for name, values in script.items()}

    def measure(name):
        seconds, others = next(left[name])
        return {"seconds_per_step": seconds, "others": others}

    return measure


def test_quiet_rounds_are_all_kept_and_their_order_alternates():
    order = []

    def measure(name):
        order.append(name)
        return {"seconds_per_step": 1.0, "others": 0.01}

    found = rounds.take_turns(["a", "b"], measure, rounds=3, limit=0.05)
    assert (len(found.kept), found.discarded, found.disturbed) == (3, 0, False)
    assert order == ["a", "b", "b", "a", "a", "b"]


def test_a_round_with_one_disturbed_measurement_is_thrown_away_for_all():
    said = []
    measure = scripted({"a": [(1, 0.0), (9, 0.0), (3, 0.0)], "b": [(2, 0.0), (9, 0.5), (4, 0.0)]})
    found = rounds.take_turns(["a", "b"], measure, 2, 0.05, said.append)
    assert rounds.seconds(found, "a") == [1, 3]
    assert rounds.seconds(found, "b") == [2, 4]
    assert (found.discarded, found.disturbed) == (1, False)
    assert said == [
        "round thrown away: other processes used 50% of the machine during b, more than 5%"
    ]


def test_without_enough_quiet_rounds_the_least_disturbed_are_kept_and_it_says_so():
    shares = [0.5, 0.9, 0.0, 0.2, 0.8, 0.7]
    measure = scripted({"a": [(share, share) for share in shares]})
    found = rounds.take_turns(["a"], measure, rounds=2, limit=0.05)
    assert rounds.seconds(found, "a") == [0.0, 0.2]
    assert (found.discarded, found.disturbed) == (4, True)


def test_an_unknown_disturbance_counts_as_quiet():
    found = rounds.take_turns(["a"], scripted({"a": [(1, None)] * 2}), rounds=2, limit=0.05)
    assert not found.disturbed


def test_summary_and_ratio():
    assert rounds.summary([3.0, 1.0, 2.0]) == {
        "median": 2.0,
        "least": 1.0,
        "greatest": 3.0,
        "spread": 1.0,
    }
    measure = scripted(
        {
            "us": [(1, 0), (2, 0), (3, 0)],
            "slow": [(9, 0), (9, 0), (9, 0)],
            "best": [(4, 0), (4, 0), (5, 0)],
        }
    )
    found = rounds.take_turns(["us", "slow", "best"], measure, 3, 0.05)
    against = rounds.ratio(found, "us", ["slow", "best"])
    assert against == {"opponent": "best", "ratio": 0.5, "least": 0.25, "greatest": 0.6}
    assert rounds.ratio(found, "us", []) is None


def test_networks_of_different_sizes_are_refused():
    small, large = {"generator": 1, "discriminator": 2}, {"generator": 1, "discriminator": 3}
    assert rounds.check_same_parameters({"a": small, "b": dict(small)}) is None
    sentence = rounds.check_same_parameters({"a": small, "b": small, "c": large})
    assert sentence is not None
    assert sentence.startswith("a has the parameters")
    assert "but c has" in sentence


def test_busy_seconds_counts_all_but_idle_and_waiting(tmp_path):
    stat = tmp_path / "stat"
    stat.write_text("cpu  100 20 30 9999 888 4 5 6 0 0\ncpu0 1 1 1\n")
    ticks = os.sysconf("SC_CLK_TCK")
    assert math.isclose(client.busy_seconds(stat), (100 + 20 + 30 + 4 + 5 + 6) / ticks)
    assert client.busy_seconds(tmp_path / "none") is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--work", "dcgan33"], ["'dcgan33'", "dcgan32", "mlp_ring"]),
        (["--variants", "fast"], ["'fast'", "channels_last"]),
        (["--rounds", "0"], ["--rounds is 0"]),
    ],
)
def test_mistakes_are_one_sentence(arguments, words, capsys):
    assert speed.main(arguments) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert all(word in said for word in words)


def test_a_torch_interpreter_that_does_not_exist_is_one_sentence():
    with pytest.raises(client.BenchmarkError, match=r"'/no/python' cannot be run .*with torch"):
        client.Worker("/no/python", "torch")


def test_every_work_has_variants_that_apply_to_it():
    for work in works.WORKS.values():
        for side in ("jgan", "torch"):
            names = works.variants(side, work)
            assert set(names) <= set(works.VARIANTS[side])
            assert all(works.applies(name, work) for name in names)


def test_a_measurement_has_every_term_as_often_as_a_training():
    periods = {name: work.period for name, work in works.WORKS.items() if work.period > 1}
    assert periods == {"stylegan2": 16}

    class Worker:
        def measure(self, count):
            assert count % 16 == 0
            return {"wall_seconds": count / 100}

    assert timing._steps(Worker(), 1.0, 16) == 96
    assert timing._steps(Worker(), 0.001, 16) == 16


def test_the_torch_side_never_imports_jgan():
    workers = ROOT / "benchmarks" / "_workers"
    for file in (*workers.glob("torch_*.py"), workers / "works.py"):
        text = file.read_text()
        assert "import jgan" not in text
        assert "from jgan" not in text


@pytest.mark.full
def test_jgan_alone_on_a_tiny_work(tmp_path, monkeypatch, capsys):
    worker = client.Worker(sys.executable, "jgan")
    close = worker.close
    # One process for all that the driver asks, since each one imports JAX for seconds.
    monkeypatch.setattr(worker, "close", lambda: None)
    monkeypatch.setattr(timing, "Worker", lambda *arguments: worker)
    file = tmp_path / "speed.json"
    options = ["--work", "tiny_mlp", "--variants", "loop", "--rounds", "2"]
    options += ["--seconds", "0.01", "--disturbance", "1", "--json", str(file)]
    try:
        assert speed.main(options) == 0
    finally:
        close()
    facts = json.loads(file.read_text())
    assert set(facts) >= {"machine", "commit", "environment", "sides", "works"}
    (result,) = facts["works"]
    # 3*4+4 + 4*4+4 + 4*2+2 and 2*4+4 + 4*4+4 + 4*1+1
    assert result["parameters"] == {"generator": 46, "discriminator": 37}
    assert result["rounds"] == 2
    assert result["against"] is None
    (row,) = result["contenders"].values()
    assert row["seconds_median"] > 0
    assert row["flops"] > 0
    assert "2 rounds kept, 0 thrown away" in capsys.readouterr().out


def test_it_runs_as_a_file():
    command = [sys.executable, "benchmarks/speed.py", "--work", "none"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("speed: --work has 'none', but must be of ")


def test_a_dead_worker_is_one_sentence_with_its_last_words():
    worker = client.Worker(sys.executable, "no_such")
    try:
        with pytest.raises(
            client.BenchmarkError, match=r"no_such worker ended with code 1.*No module"
        ):
            worker.ask("facts")
    finally:
        worker.close()
