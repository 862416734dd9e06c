"""Train a small classifier that evaluation can look through."""

from pathlib import Path
from typing import Annotated

from jgan.commands.command import command
from jgan.commands.kinds import Count, NotNegative
from jgan.commands.paths import output
from jgan.data import Source, load
from jgan.errors import UserError
from jgan.evaluation.classifier_files import save_classifier
from jgan.evaluation.classifiers import Classifier, train_classifier

NpzFile = Annotated[str | Path, output(".npz")]


@command
def classifier(
    data: str,
    *,
    out: NpzFile | None = None,
    epochs: Count = 5,
    batch_size: Count = 128,
    width: Count = 32,
    seed: NotNegative = 0,
    quiet: bool = False,
) -> Classifier:
    """Train a small classifier of images, by which metrics find class accuracies and count modes.

    Args:
      data: Labelled images, as for jgan train: fashion, mnist:FOLDER, cifar10:FOLDER, ...
      out: FILE.npz to write.
      epochs: Number of passes over the training images.
      batch_size: Number of images in a step.
      width: Number of channels of the first layers.
      seed: Seed of the weights and of the order of the images.
      quiet: Print only warnings and results, without progress.

    Returns:
      The classifier as an extractor of features, with its accuracy on the test set.

    Raises:
      UserError: If the data cannot be read, or are not images with one label each.
    """
    train, test = (_load(data, split) for split in ("train", "test"))
    found = train_classifier(
        train, test, epochs=epochs, batch_size=batch_size, width=width, seed=seed
    )
    if out is not None:
        save_classifier(Path(out), found)
    return found


def _load(data: str, split: str) -> Source:
    try:
        return load(data, split=split)
    except (ValueError, FileNotFoundError) as error:
        raise UserError(str(error)) from error
