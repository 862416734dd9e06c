"""``jgan neighbours RUN [IMAGES...]``: samples above the training examples that lie nearest to them."""

from jgan.cli.evaluation_common import EXTRACTORS
from jgan.cli.looking import keep, look, looking_parser
from jgan.commands.neighbours import neighbours


def main(words: list[str]) -> int:
    """Run the command; returns the exit code."""
    parser = looking_parser("neighbours", neighbours, "neighbours", more={"features": EXTRACTORS})
    options = parser.parse_intermixed_args(words)  # flags may stand between RUN and IMAGES
    findings = look(neighbours, options)
    lines = keep(findings, options)
    if not options.json:
        numbers = findings.numbers
        print(findings.words)
        print(f"  median distance {numbers['median_distance']:.4g} ({numbers['features']})")
        if numbers["ratio"] is not None:
            held_out = numbers["median_distance_of_test_examples"]
            print(
                f"  of test examples {held_out:.4g} (ratio {numbers['ratio']:.3g}; 1 is new, 0 a copy)"
            )
        print(f"  farther than the neighbour's own neighbour: {numbers['authenticity']:.0%}")
        print("\n".join(lines))
    return 0
