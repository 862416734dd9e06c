"""What claims about labels measure, by judges that the game never met."""

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.special import entr

from jgan.claims.measures import AT_ONCE, Measure, conditions_of, samples
from jgan.data import Source
from jgan.data.densities import Mixture
from jgan.errors import UserError
from jgan.evaluation.beside import put_beside
from jgan.evaluation.extraction import extract
from jgan.evaluation.judges import Judge, classifier_for, judge_for
from jgan.features.extractor import Extractor
from jgan.metrics.modes import quality_radius
from jgan.training.experiment import Experiment, Trained


def classes_of(source: Source) -> int:
    """The number of classes.

    Raises:
      UserError: if the data have no labels, or vectors of attributes.
    """
    if source.num_classes == 0:
        found = "no labels"
        if "label" in source.arrays:
            found = f"labels of {source.arrays['label'].shape[1]} attributes"
        raise UserError(
            f"data is {source.name!r}, which has {found}, but this experiment needs one class for each "
            "example."
        )
    return source.num_classes


def judge_of(experiment: Experiment) -> Judge:
    """Who names the class of an example of the experiment's data, knowing nothing of the game.

    Raises:
      UserError: if the data have no labels.
    """
    classes_of(experiment.source)
    return judge_for(experiment.source, experiment.loaded)


def domain_extractor(experiment: Experiment) -> Extractor:
    """The classifier of the experiment's data as an extractor, whose accuracy is put beside the number.

    Raises:
      UserError: if the data are no labelled pictures.
    """
    extractor = classifier_for(experiment.source, experiment.loaded).extractor
    put_beside(extractor.accuracy)
    return extractor


def class_accuracy(trained: Trained, count: int = 2000) -> float:
    """Share of samples that an independent judge gives the class they were made for."""
    made = np.asarray(samples(trained, count))
    judge = judge_of(trained.experiment)
    return float(np.mean(judge(made) == _conditioned(trained.experiment.source, count)))


def relative_class_accuracy(trained: Trained, count: int = 2000) -> float:
    """`class_accuracy` over the judge's accuracy on held-out examples.

    It is 1 where the judge names the class of samples as often as that of real examples.
    """
    return class_accuracy(trained, count) / judge_of(trained.experiment).accuracy.share


def share_at_mode(trained: Trained, count: int = 2500) -> float:
    """Share of samples that are of high quality at the very mode that they were made for.

    Within 3 standard deviations of it (`jgan.metrics.modes.quality_radius`): to be nearest to a mode is easy.

    Raises:
      UserError: if the data are not a mixture whose labels are its modes.
    """
    source = trained.experiment.source
    density = source.density
    if not isinstance(density, Mixture) or classes_of(source) != len(density.modes):
        raise UserError(
            f"samples at modes were asked of the source {source.name!r}, which has no mode for each class; use "
            "ring or grid."
        )
    modes = _conditioned(source, count)
    gaps = np.asarray(samples(trained, count)) - np.asarray(density.modes)[modes]
    radius = quality_radius(gaps.shape[1]) * np.asarray(density.stds)[modes]
    return float(np.mean(np.linalg.norm(gaps, axis=1) <= radius))


def _conditioned(source: Source, count: int) -> np.ndarray:
    """The classes that `samples` are made for."""
    places = np.arange(count) % AT_ONCE
    label: np.ndarray = conditions_of(source).at(places, read=("label",))["label"]
    return label


def matching_error(codes: np.ndarray, classes: np.ndarray) -> float:
    """Share of examples wrongly named by their codes, under the best assignment of codes to classes.

    A class is given to at most one code, and a code to at most one class (InfoGAN's protocol); the
    assignment is scipy's.

    Args:
      codes: what each example was made for, integers from 0, ``(N,)``.
      classes: what each example shows, likewise.

    >>> matching_error(np.array([0, 0, 1, 1]), np.array([2, 2, 0, 1]))
    0.25
    """
    counts = np.zeros((codes.max() + 1, classes.max() + 1))
    np.add.at(counts, (codes, classes), 1)
    return 1 - float(counts[linear_sum_assignment(-counts)].sum() / len(codes))


def code_error(categories: int, batches: int = 8) -> Measure:
    """`matching_error` of the categories that the view ``"codes"`` shows in ascending order.

    Args:
      categories: of the categorical code (`jgan.gans.infogan`).
      batches: of 250 examples each.
    """

    def measure(trained: Trained) -> float:
        made = np.asarray(samples(trained, AT_ONCE * batches, view="codes"))
        codes = np.tile(np.arange(AT_ONCE) * categories // AT_ONCE, batches)
        return matching_error(codes, judge_of(trained.experiment)(made))

    return measure


def recognised(most: float, count: int = 2000) -> Measure:
    """Share of samples whose classes have, by a classifier of the data, an entropy below ``most`` nats.

    Args:
      most: the entropy; log K is that of a classifier which knows nothing.
      count: of samples.

    The classifier's accuracy, and the share of as many training pictures, are put beside the number.
    """

    def measure(trained: Trained) -> float:
        source = trained.experiment.source
        classes_of(source)
        probabilities = domain_extractor(trained.experiment).probabilities
        assert probabilities is not None
        real = source.example_of(conditions_of(source).at(np.arange(count)))
        shares = []
        for images in (real, samples(trained, count)):
            named = np.concatenate(list(extract(probabilities, [np.asarray(images)])))
            shares.append(float(np.mean(entr(named).sum(axis=1) < most)))
        put_beside(f"training pictures: {shares[0]:.2f}")
        return shares[1]

    return measure


def variance_within_classes(trained: Trained, count: int = 2000) -> float:
    """Variance of the samples within their classes, as a share of the data's.

    Both are traces of the covariance about the mean of the condition's class, averaged over classes.
    """
    source = trained.experiment.source
    classes_of(source)
    classes = _conditioned(source, count)
    real = conditions_of(source).at(np.arange(count))
    return _within(np.asarray(samples(trained, count)), classes) / _within(
        np.asarray(source.example_of(real)), np.asarray(real["label"])
    )


def _within(values: np.ndarray, label: np.ndarray) -> float:
    flat = values.reshape(len(values), -1).astype(np.float64)
    parts = [flat[label == one].var(axis=0).sum() for one in np.unique(label)]
    return float(np.mean(parts))
