"""What claims about anonymised pictures measure, by classifiers that are trained on such pictures afresh."""

from dataclasses import replace

from jgan.claims.held_out_measures import both_splits
from jgan.claims.translation_measures import shown_by
from jgan.data import Source
from jgan.evaluation.beside import put_beside
from jgan.evaluation.judges import domain_classifier, train_judge
from jgan.runs.images import to_uint8
from jgan.training.experiment import Trained


def named_by(source: Source, field: str) -> Source:
    """The pictures of a source with another field in the place of the label."""
    label = source.arrays[field]
    classes = source.classes if field == "label" else ()
    return Source({"image": source.arrays["image"], "label": label}, source.name, classes=classes)


def modified_splits(trained: Trained) -> tuple[Source, Source]:
    """The training and the test set as the averaged generator modifies them, in 8 bits as pictures are kept.

    Raises:
      UserError: if there is no test set.
    """
    return tuple(_modified(trained, source) for source in both_splits(trained))  # type: ignore[return-value]


def _modified(trained: Trained, source: Source) -> Source:
    made = shown_by(trained, "samples", source.first(source.size))
    return replace(source, arrays={**source.arrays, "image": to_uint8(made)})


def relearnt_accuracy(trained: Trained, field: str) -> float:
    """Share of modified test pictures whose ``field`` is named by a classifier trained on modified ones.

    It is trained as a judge of the data is (`jgan.evaluation.judges`), on all modified pictures of the
    training set, after the game; the modifier has never met it.

    Args:
      trained: of a game whose samples are modified pictures.
      field: of the data, classes int32 ``(N,)``.

    Raises:
      UserError: if the data have no test set.
    """
    train, test = (named_by(source, field) for source in modified_splits(trained))
    return train_judge(train, test).accuracy


def original_accuracy(trained: Trained, field: str) -> float:
    """The same share of original pictures, by a classifier trained on originals."""
    train, test = (named_by(source, field) for source in both_splits(trained))
    return domain_classifier(train, test).accuracy


def identity_to_chance(trained: Trained) -> float:
    """`relearnt_accuracy` of identities, as a multiple of the share that guesses would have.

    The accuracy itself, and that on original pictures, are put beside the number.
    """
    accuracy = relearnt_accuracy(trained, "identity")
    identities = 1 + int(trained.experiment.source.arrays["identity"].max())
    originals = original_accuracy(trained, "identity")
    put_beside(f"identities: {accuracy:.3f} of modified pictures, {originals:.3f} of originals")
    return accuracy * identities


def action_kept(trained: Trained) -> float:
    """`relearnt_accuracy` of labels, as a share of that on original pictures, which is put beside it."""
    accuracy = relearnt_accuracy(trained, "label")
    originals = original_accuracy(trained, "label")
    put_beside(f"actions: {accuracy:.3f} of modified pictures, {originals:.3f} of originals")
    return accuracy / originals
