"""What is measured and drawn of the members of a sweep."""

from collections.abc import Mapping
from pathlib import Path

from jgan.claims.measures import coverage
from jgan.data.densities import Mixture
from jgan.evaluation.metric_score import ScoreMetric, metric_scorer
from jgan.evaluation.score import Scorer, scorer
from jgan.files import make_folder, write_atomically
from jgan.runs.images import encode_png
from jgan.runs.views import View, view_pictures, viewers
from jgan.sweeps.plans import Member, member_folder
from jgan.training.experiment import Experiment, Trained


def scorer_of(experiment: Experiment, samples: int, metric: ScoreMetric | None) -> Scorer:
    """What scores a game's samples: by a metric, or by the usual distance for None."""
    if metric is None:
        return scorer(experiment, count=samples)
    return metric_scorer(experiment, metric, count=samples)


class MemberMeasures:
    """Measures of a member: its score, and on mixtures the modes; programs are compiled once a game.

    Args:
      samples: of each score.
      metric: that the score is by; the usual distance by default.
    """

    def __init__(self, samples: int, metric: ScoreMetric | None = None) -> None:
        self._samples, self._metric = samples, metric
        self._experiment: Experiment | None = None
        self._score: Scorer | None = None

    def __call__(self, trained: Trained) -> Mapping[str, float]:
        """The measures of one member by name."""
        experiment = trained.experiment
        if self._score is None or experiment is not self._experiment:
            self._experiment = experiment
            self._score = scorer_of(experiment, self._samples, self._metric)
        state = trained.state
        found = {"score": self._score.measure(state.averaged_variables(), state.clock.stage)}
        if isinstance(experiment.source.density, Mixture):
            covered = coverage(trained)
            found |= {name: float(value) for name, value in covered._asdict().items()}
        return found


class Pictures:
    """Draws the members of the first seed, each in a folder of its own; programs are compiled once a game."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder, self._seed = folder, seed
        self._experiment: Experiment | None = None
        self._views: Mapping[str, View] = {}

    def __call__(self, member: Member, trained: Trained) -> None:
        """Draw this one, if it is to be drawn."""
        if member.seed != self._seed:
            return
        if trained.experiment is not self._experiment:
            self._experiment, self._views = trained.experiment, viewers(trained.experiment)
        folder = make_folder(member_folder(self._folder, member.setting, member.seed))
        step = int(trained.state.step)
        for name, pixels in view_pictures(trained, self._views).items():
            write_atomically(folder / f"{name}-{step:06d}.png", encode_png(pixels))
