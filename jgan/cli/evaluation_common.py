"""What ``jgan evaluate`` and ``jgan compare`` share: the help of the metrics, and the output."""

import json
from collections.abc import Sequence

from jgan.commands.evaluation import Evaluation
from jgan.evaluation.extractors import NAMES
from jgan.evaluation.metric_table import METRICS

METRIC_LIST = (
    "; ".join(f"{name}: {metric.summary.rstrip('.')}" for name, metric in METRICS.items()) + "."
)
"""What each metric is."""
EXTRACTORS = "; ".join(f"{name}: {text}" for name, text in NAMES.items()) + "."
"""What each extractor is."""


def show(result: Evaluation, as_json: bool, written: Sequence[str] = ()) -> None:
    """Print the table with its protocol and warnings, or everything as JSON."""
    if as_json:
        print(json.dumps(result.as_json(), indent=2, allow_nan=False))
        return
    print("\n".join([str(result), *written]))
