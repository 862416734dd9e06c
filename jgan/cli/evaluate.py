"""``jgan evaluate RUN``: measure a trained generator, with the protocol beside every number."""

import json

from jgan.cli.command_flags import about, add_arguments, call
from jgan.cli.common import not_kept
from jgan.cli.evaluation_common import EXTRACTORS, METRIC_LIST, show
from jgan.cli.flags import Parser
from jgan.cli.run_flags import add_data, add_run
from jgan.commands.evaluate import evaluate
from jgan.commands.evaluation import keep_evaluation
from jgan.commands.load import load
from jgan.commands.saved_run import checkpoint_words
from jgan.errors import UserError
from jgan.runs.run import read_settings


def main(words: list[str]) -> int:
    """Run the command; returns the exit code."""
    parser = Parser(prog="jgan evaluate", description=about(evaluate))
    add_run(parser)
    out = {"out": "RUN/evaluations/STEP.json"}
    add_arguments(
        parser, evaluate, defaults=out, more={"metrics": METRIC_LIST, "extractor": EXTRACTORS}
    )
    parser.add_argument("--json", action="store_true", help="Print the numbers as JSON.")
    add_data(parser)
    options = parser.parse_args(words)
    if "sweep" in read_settings(options.run):
        rows = call(evaluate, options, options.run)
        print(json.dumps(rows, indent=2) if options.json else rows)
        return 0
    run = call(load, options, options.run)
    result = call(evaluate, options, run, out=None)
    lines = [checkpoint_words(run.step, run.averaged)]
    path = options.out or options.run / "evaluations" / f"{run.step}.json"
    try:
        lines += keep_evaluation(path, result)
    except UserError as error:
        if options.out:
            raise
        not_kept(error)
    show(result, options.json, lines)
    return 0
