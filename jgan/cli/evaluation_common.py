"""What ``jgan evaluate`` and ``jgan compare`` share: flags, the table, progress, the picture of pairs."""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from jgan.cli.common import at_least
from jgan.commands.paths import named_path
from jgan.data import Source
from jgan.data.registry import LoadArguments
from jgan.evaluation.collect import Progress
from jgan.evaluation.evaluate import Result, default_metrics
from jgan.evaluation.extractors import get_extractor
from jgan.evaluation.judges import classifier_for
from jgan.evaluation.metric import Value
from jgan.evaluation.metric_table import METRICS, get_metrics
from jgan.features.extractor import Extractor
from jgan.features.judge_accuracy import JudgeAccuracy
from jgan.files import write_atomically
from jgan.runs.images import encode_png, grid

SIGNS = {"lower": "↓", "higher": "↑", "": " "}


def add_shared_flags(parser: argparse.ArgumentParser, samples: int) -> None:
    """Add --metrics, --samples, --extractor, --weights, --fetch, --seed and --json."""
    listed = "; ".join(f"{name}: {metric.summary.rstrip('.')}" for name, metric in METRICS.items())
    parser.add_argument(
        "--metrics",
        help="names with commas between (default: fd,kid,prdc for pictures, sw,w1,prdc for points). "
        + listed.replace("%", "%%"),
    )
    parser.add_argument(
        "--samples", type=at_least(1), default=samples, help=f"how many (default: {samples})"
    )
    parser.add_argument(
        "--extractor", default="auto", help="of features, for pictures (default: auto)"
    )
    parser.add_argument(
        "--weights", type=named_path, help="the extractor's weights, if it needs a file"
    )
    parser.add_argument(
        "--fetch", action="store_true", help="download Inception's weights if they are not at hand"
    )
    parser.add_argument(
        "--seed", type=at_least(0), default=0, help="of every random choice (default: 0)"
    )
    parser.add_argument("--json", action="store_true", help="print numbers for scripts")


def metric_names(given: str | None, source: Source) -> tuple[str, ...]:
    """The metrics asked for, or those usual for this kind of data.

    Raises:
      UserError: for an unknown name.
    """
    if given is None:
        return default_metrics(source)
    names = tuple(name.strip() for name in given.split(",") if name.strip())
    get_metrics(names)
    return names


def extractor_for(
    options: argparse.Namespace, source: Source, loaded: Mapping[LoadArguments, Source]
) -> Extractor | None:
    """The extractor that --extractor names, for a source of pictures; None for points.

    Args:
      options: of the command line.
      source: whose classes a classifier without --weights is trained on.
      loaded: what `jgan.data.load` returned on the way to it.
    """
    if not source.pictures:
        return None
    if options.extractor == "classifier" and options.weights is None:
        return classifier_for(
            source, loaded, say=lambda line: announce(f"the classifier of {source.name}, {line}")
        ).extractor
    return get_extractor(options.extractor, weights=options.weights, fetch=options.fetch)


def progress_line(total: int, what: str) -> Progress:
    """A line on the terminal's error stream that counts up; nothing where that is no terminal."""
    if not sys.stderr.isatty():
        return lambda count: None

    def tell(count: int) -> None:
        end = "\n" if count >= total else ""
        print(f"\r  {what} {count:,}/{total:,}", end=end, file=sys.stderr, flush=True)

    return tell


def announce(metric: str) -> None:
    """Say on the terminal's error stream which metric is computed; nothing where that is no terminal."""
    if sys.stderr.isatty():
        print(f"\r\033[K  computing {metric}", end="", file=sys.stderr, flush=True)


def announced() -> None:
    """Clear that line."""
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr, flush=True)


def show(result: Result, as_json: bool, written: Sequence[str] = ()) -> None:
    """Print the table with its protocol and warnings, or everything as JSON."""
    if as_json:
        print(json.dumps(result.as_json(), indent=2, allow_nan=False))
        return
    width = max(len(value.name) for value in result.values)
    for value in result.values:
        print(f"  {value.name:<{width}}  {SIGNS[value.better]} {number(value)}")
    for line in (*protocol_lines(result), *written):
        print(line)


def number(value: Value) -> str:
    """Value and uncertainty with the digits that mean something, what the latter is, and its judge's accuracy.

    >>> number(Value("x", 1.23456, 0.0123, settings={"spread": "standard error"}))
    '1.235 ± 0.012 (standard error)'
    >>> number(Value("x", 0.79, settings={"judge": "0.88 on 2,000 held-out images"}))
    '0.79 (judge: 0.88 on 2,000 held-out images)'
    """
    text = f"{value.value:.4g}"
    if value.uncertainty is not None:
        text += f" ± {value.uncertainty:.2g} ({value.settings['spread']})"
    judge = value.settings.get("judge")
    return text if judge is None else f"{text} (judge: {judge})"


def protocol_lines(result: Result) -> list[str]:
    """The protocol in words, and the warnings."""
    protocol = result.protocol
    split = f" ({protocol['reference_split']} set)" if "reference_split" in protocol else ""
    lines = [
        f"{protocol['samples']:,} {protocol['samples_of']} against {protocol['reference_count']:,} of "
        f"{protocol['reference']}{split}; seed {protocol['seed']}"
    ]
    if protocol["extractor_sha256"] is not None:
        lines.append(
            f"features {protocol['extractor']} (sha256 {protocol['extractor_sha256'][:12]}); "
            f"resize {protocol['resize']}"
            + (f"; {JudgeAccuracy(**protocol['judge'])}" if "judge" in protocol else "")
        )
    return lines + [f"warning: {sentence}" for sentence in result.warnings]


def write_pairs(path: Path, pairs: np.ndarray) -> Path:
    """A picture of pairs ``(n, 2, H, W, C)``: samples above, what they are nearest to below."""
    rows = np.concatenate([pairs[:, 0], pairs[:, 1]])
    write_atomically(path, encode_png(grid(rows, columns=len(pairs))))
    return path
