"""``jgan compare A B``: measure one set of examples against another, without a run.

A and B are folders of pictures (class subfolders become labels), .npz files, or any other source by name,
such as fashion or folder:photos@64. A is measured against B, the reference. If A holds more than --samples
examples, so many are drawn by the seed, each class by its share.
"""

from jgan.cli.command_flags import about, add_arguments, call
from jgan.cli.evaluation_common import EXTRACTORS, METRIC_LIST, show
from jgan.cli.flags import Parser
from jgan.commands.compare import compare


def main(words: list[str]) -> int:
    """Run the command; returns the exit code."""
    parser = Parser(prog="jgan compare", description=about(compare))
    add = parser.add_argument
    add("first", metavar="A", help="What is measured: a folder, an .npz file or a source.")
    add("second", metavar="B", help="The reference, likewise.")
    add_arguments(parser, compare, more={"metrics": METRIC_LIST, "extractor": EXTRACTORS})
    add("--json", action="store_true", help="Print the numbers as JSON.")
    options = parser.parse_args(words)
    result = call(compare, options, options.first, options.second)
    wrote = options.pairs and result.pairs is not None
    show(result, options.json, [f"wrote {options.pairs}"] if wrote else [])
    return 0
