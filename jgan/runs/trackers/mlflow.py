"""MLflow: a database RUN/mlflow.db, unless MLFLOW_TRACKING_URI names another place.

``mlflow ui --backend-store-uri sqlite:///RUN/mlflow.db`` shows it.
"""

import os
from typing import Any

import numpy as np

from jgan.runs.logs import Log, Row
from jgan.runs.trackers.tracked import PROJECT, TrackedRun


def open_log(run: TrackedRun) -> Log:
    """The log of a run in the experiment ``jgan``; a run that goes on is found by its identifier."""
    return MLflow(run)


class MLflow:
    """Scalars and pictures for MLflow."""

    def __init__(self, run: TrackedRun) -> None:
        from mlflow.tracking import MlflowClient  # the user installs it

        place = os.environ.get("MLFLOW_TRACKING_URI")
        path = run.path.resolve()
        self._client: Any = MlflowClient(tracking_uri=place or f"sqlite:///{path / 'mlflow.db'}")
        found = self._client.get_experiment_by_name(PROJECT)
        artifacts = {} if place else {"artifact_location": (path / "mlflow").as_uri()}
        experiment = (
            self._client.create_experiment(PROJECT, **artifacts)
            if found is None
            else found.experiment_id
        )
        known = run.identifier("mlflow")
        if known is None:
            made = self._client.create_run(experiment, run_name=run.name)
            self._id: str = run.keep_identifier("mlflow", made.info.run_id)
            for name, value in run.config.items():
                self._client.log_param(self._id, name, value)
        else:
            self._id = known
            self._client.update_run(self._id, status="RUNNING")

    def row(self, row: Row) -> None:
        """Add the metrics of a step."""
        for name, value in row.items():
            if name != "step":
                self._client.log_metric(self._id, name, value, step=int(row["step"]))

    def picture(self, name: str, step: int, pixels: np.ndarray) -> None:
        """Add the picture as an artifact of this name and step."""
        colour = np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels
        self._client.log_image(self._id, colour, artifact_file=f"{name}/{step:09d}.png")

    def close(self) -> None:
        """Say that the run has ended."""
        self._client.set_terminated(self._id)
