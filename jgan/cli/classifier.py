"""``jgan classifier DATA --out FILE``: train a small classifier that evaluation can look through."""

from jgan.cli.common import at_least
from jgan.cli.flags import Parser
from jgan.commands.paths import output
from jgan.data import Source, load
from jgan.errors import UserError
from jgan.evaluation.classifier_files import save_classifier
from jgan.evaluation.classifiers import train_classifier


def main(words: list[str]) -> int:
    """Run the command; returns the exit code."""
    parser = Parser(prog="jgan classifier", description=__doc__)
    positive = at_least(1)
    add = parser.add_argument
    add(
        "data",
        help="labelled images, as for jgan train: fashion, mnist:FOLDER, cifar10:FOLDER, ...",
    )
    add("--out", type=output(".npz"), required=True, help="FILE.npz to write")
    add("--epochs", type=positive, default=5, help="passes over the training images (default: 5)")
    add("--batch-size", type=positive, default=128, help="images in a step (default: 128)")
    add("--width", type=positive, default=32, help="channels of the first layers (default: 32)")
    add("--seed", type=at_least(0), default=0, help="of weights and order (default: 0)")
    options = parser.parse_args(words)
    train, test = (_load(options.data, split) for split in ("train", "test"))
    classifier = train_classifier(
        train,
        test,
        epochs=options.epochs,
        batch_size=options.batch_size,
        width=options.width,
        seed=options.seed,
        say=lambda line: print(line, flush=True),
    )
    save_classifier(options.out, classifier)
    print(
        f"test accuracy {100 * classifier.accuracy:.2f} % on {test.size:,} images; "
        f"wrote {classifier.extractor.name} to {options.out}"
    )
    return 0


def _load(data: str, split: str) -> Source:
    try:
        return load(data, split=split)
    except (ValueError, FileNotFoundError) as error:
        raise UserError(str(error)) from error
