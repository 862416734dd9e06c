"""``jgan classifier DATA --out FILE``: train a small classifier that evaluation can look through."""

from jgan.cli.command_flags import about, add_arguments, call
from jgan.cli.flags import Parser
from jgan.commands.classifier import classifier


def main(words: list[str]) -> int:
    """Run the command; returns the exit code."""
    parser = Parser(prog="jgan classifier", description=about(classifier))
    parser.add_argument(
        "data",
        help="Labelled images, as for jgan train: fashion, mnist:FOLDER, cifar10:FOLDER, ...",
    )
    add_arguments(parser, classifier)
    options = parser.parse_args(words)
    if options.out is None:
        parser.error("the following arguments are required: --out")
    found = call(classifier, options, options.data)
    print(
        f"test accuracy {100 * found.accuracy:.2f} % on {found.about['test_size']:,} images; "
        f"wrote {found.extractor.name} to {options.out}"
    )
    return 0
