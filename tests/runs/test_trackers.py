"""Metrics and pictures reach the trackers that are installed, and nothing leaves the machine.

TensorBoard is the real one. The others, which need dozens of packages, are stand-ins with the functions that
their documentation gives.
"""

import argparse
import importlib.util
import sys
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import DEFAULT, MagicMock

import numpy as np
import pytest

import jgan
from jgan.cli.main import main
from jgan.errors import UserError
from jgan.runs import trackers
from jgan.runs.trackers import TRACKERS, TrackedRun, open_trackers, tracker_names

GREY = np.arange(24, dtype=np.uint8).reshape(4, 6, 1)
SETTINGS = {"experiment": "r1.py", "seed": 3, "steps": 9, "arguments": {"gamma": 1.0}}
CONFIG = {"experiment": "r1.py", "seed": 3, "steps": 9, "gamma": 1.0}


@pytest.fixture
def run(tmp_path):
    (tmp_path / "first").mkdir()
    return TrackedRun(tmp_path / "first", SETTINGS)


def write(log, first=1):
    for step in (first, first + 1):
        log.row({"step": step, "generator/loss": step / 4})
    log.picture("samples", first + 1, GREY)
    log.close()


def install(monkeypatch, name, module):
    """Let a stand-in be importable."""
    inner = importlib.util.find_spec
    found = lambda wanted, *rest: module if wanted == name else inner(wanted, *rest)
    monkeypatch.setattr(importlib.util, "find_spec", found)
    monkeypatch.setitem(sys.modules, name, module)


def test_names():
    assert tracker_names("wandb,mlflow, wandb") == ("wandb", "mlflow")
    with pytest.raises(argparse.ArgumentTypeError, match=r"is 'tb', but must be names of tensorb"):
        tracker_names("tb")


@pytest.mark.parametrize("name", TRACKERS)
def test_what_is_not_installed_is_named_before_anything_is_done(
    name, monkeypatch, tmp_path, capsys
):
    monkeypatch.setattr(importlib.util, "find_spec", lambda *_: None)
    words = ["train", "r1", "--data", "ring", "--out", str(tmp_path / "run"), "--track", name]
    assert main(words) == 2
    needs = (
        f"--track {name} needs the package {TRACKERS[name].module}; install it with: pip install "
    )
    assert capsys.readouterr().err.startswith(f"jgan: {needs}")
    assert not (tmp_path / "run").exists()


def test_tensorboard_by_its_old_flag_warns(tmp_path):
    arguments = {"data": "ring", "width": 2, "batch_size": 8, "steps": 1, "out": tmp_path / "run"}
    with pytest.warns(
        FutureWarning, match=r"--tensorboard is deprecated .* use --track tensorboard\."
    ):
        jgan.train("r1", tensorboard=True, **arguments)
    assert len(list((tmp_path / "run" / "tensorboard").iterdir())) == 1
    with pytest.raises(UserError, match="track is 'none', but must be names of"):
        jgan.train("r1", track="none", **arguments)


def test_trackio_stays_on_this_machine_and_goes_on_under_its_name(run, monkeypatch, capsys):
    trackio = MagicMock(spec=["init", "Image", "finish"])
    trackio.init.side_effect = lambda **asked: print("* Trackio project initialized") or DEFAULT
    install(monkeypatch, "trackio", trackio)
    write(*open_trackers(["trackio"], run))
    asked = trackio.init.call_args.kwargs
    assert asked["project"] == "jgan"
    assert asked["name"] == f"first-{run.identifier('trackio')}"
    assert (asked["config"], asked["resume"], asked["embed"]) == (CONFIG, "allow", False)
    assert not asked.keys() & {"space_id", "server_url", "dataset_id", "bucket_id"}
    logged = [
        (call.args[0], call.kwargs["step"]) for call in trackio.init.return_value.log.call_args_list
    ]
    assert logged == [
        ({"generator/loss": 0.25}, 1),
        ({"generator/loss": 0.5}, 2),
        ({"samples": trackio.Image.return_value}, 2),
    ]
    trackio.finish.assert_called_once_with()
    open_trackers(["trackio"], run._replace(until=2))
    assert trackio.init.call_args.kwargs["name"] == asked["name"]
    assert capsys.readouterr().out == ""


def test_wandb_is_offline_and_goes_on_under_its_identifier(run, monkeypatch):
    wandb = MagicMock(spec=["init", "Image"])
    install(monkeypatch, "wandb", wandb)
    monkeypatch.delenv("WANDB_MODE", raising=False)
    write(*open_trackers(["wandb"], run))
    asked = wandb.init.call_args.kwargs
    assert (asked["mode"], asked["project"], asked["name"]) == ("offline", "jgan", "first")
    assert (asked["config"], asked["dir"], asked["resume"]) == (CONFIG, str(run.path), "allow")
    logged = [(call.args[0], call.kwargs["step"]) for call in wandb.init().log.call_args_list]
    assert logged[:2] == [({"generator/loss": 0.25}, 1), ({"generator/loss": 0.5}, 2)]
    assert logged[2] == ({"samples": wandb.Image.return_value}, 2)
    assert wandb.Image.call_args.args[0].shape == (4, 6, 3)
    wandb.init().finish.assert_called_once()
    monkeypatch.setenv("WANDB_MODE", "online")
    open_trackers(["wandb"], run._replace(until=2))
    assert wandb.init.call_args.kwargs["id"] == asked["id"]
    assert wandb.init.call_args.kwargs["mode"] == "online"


def test_mlflow_keeps_a_database_in_the_run(run, monkeypatch):
    client = MagicMock()
    client.get_experiment_by_name.return_value = None
    client.create_experiment.return_value = "7"
    client.create_run.return_value.info.run_id = "made"
    tracking = SimpleNamespace(MlflowClient=MagicMock(return_value=client))
    install(monkeypatch, "mlflow", SimpleNamespace(tracking=tracking))
    monkeypatch.setitem(sys.modules, "mlflow.tracking", tracking)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    write(*open_trackers(["mlflow"], run))
    tracking.MlflowClient.assert_called_with(tracking_uri=f"sqlite:///{run.path}/mlflow.db")
    client.create_run.assert_called_once_with("7", run_name="first")
    logged = {call.args[1]: call.args[2] for call in client.log_param.call_args_list}
    assert logged == CONFIG
    metrics = [(*call.args, call.kwargs["step"]) for call in client.log_metric.call_args_list]
    assert metrics == [("made", "generator/loss", 0.25, 1), ("made", "generator/loss", 0.5, 2)]
    assert client.log_image.call_args.kwargs == {"artifact_file": "samples/000000002.png"}
    client.set_terminated.assert_called_once_with("made")
    client.get_experiment_by_name.return_value = SimpleNamespace(experiment_id="7")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://localhost:5000")
    write(*open_trackers(["mlflow"], run._replace(until=2)), first=3)
    tracking.MlflowClient.assert_called_with(tracking_uri="http://localhost:5000")
    client.create_run.assert_called_once()
    assert client.log_metric.call_args.args[0] == "made"


def test_identifiers_survive_a_file_that_is_no_longer_whole(run):
    first = run.keep_identifier("wandb")
    assert run.keep_identifier("mlflow", "made") == "made"
    assert (run.identifier("wandb"), run.identifier("mlflow")) == (first, "made")
    (run.path / "tracking.json").write_text("half of")
    assert run.identifier("wandb") is None
    run.keep_identifier("wandb", "new")
    assert run.identifier("wandb") == "new"


def test_every_tracker_has_a_file():
    files = {path.stem for path in Path(trackers.__file__).parent.glob("*.py")}
    assert files == {*TRACKERS, "__init__", "tracked"}
