"""What ``jgan evaluate`` and ``jgan compare`` share: the help of the metrics, and the output."""

import json
from collections.abc import Sequence

from jgan.commands.evaluation import Evaluation
from jgan.evaluation.metric_table import METRICS

LISTED = "; ".join(f"{name}: {metric.summary.rstrip('.')}" for name, metric in METRICS.items())
"""What each metric is."""


def show(result: Evaluation, as_json: bool, written: Sequence[str] = ()) -> None:
    """Print the table with its protocol and warnings, or everything as JSON."""
    if as_json:
        print(json.dumps(result.as_json(), indent=2, allow_nan=False))
        return
    print("\n".join([str(result), *written]))
