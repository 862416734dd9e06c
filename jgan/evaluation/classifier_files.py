"""Files of trained classifiers, as ``jgan classifier`` writes them and evaluation reads them."""

from pathlib import Path

from jgan.errors import UserError
from jgan.evaluation.array_archive import read_archive, write_archive
from jgan.evaluation.classifiers import Classifier, classifier_of


def save_classifier(path: str | Path, classifier: Classifier) -> None:
    """Write the arrays and everything about them into one .npz file.

    Raises:
      UserError: if the name does not end in .npz, or the file cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != ".npz":
        raise UserError(f"--out is {str(path)!r}, but must end in .npz.")
    write_archive(path, classifier.variables, classifier.about)


def load_classifier(path: str | Path) -> Classifier:
    """Read what `save_classifier` wrote.

    Raises:
      UserError: if the file is missing, is no classifier, or its arrays were altered.
    """
    path = Path(path)
    try:
        variables, about = read_archive(path)
        del about["sha256"]
        return classifier_of(variables, about)
    except OSError as error:
        raise UserError(f"weights {str(path)!r} cannot be read: {error.strerror}.") from error
    except Exception as error:  # arrays of another kind fail in as many ways as there are parts
        reason = str(error).rstrip(".")
        raise UserError(
            f"weights {str(path)!r} must be a file that jgan classifier wrote ({reason})."
        ) from error
