"""What `evaluate` and `compare` share: metrics and extractors by name, and the result in words and files."""

import contextlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np

from jgan.commands.notebook import Table, embedded
from jgan.commands.paths import output
from jgan.data import Source
from jgan.data.registry import LoadArguments
from jgan.evaluation.evaluate import Result, default_metrics
from jgan.evaluation.extractors import get_extractor
from jgan.evaluation.judges import classifier_for
from jgan.evaluation.metric import Value
from jgan.evaluation.metric_table import get_metrics
from jgan.features.extractor import Extractor
from jgan.features.judge_accuracy import JudgeAccuracy
from jgan.files import make_folder, parse_json, write_atomically
from jgan.reports.html import tag
from jgan.runs.images import encode_png, grid

SIGNS = {"lower": "↓", "higher": "↑", "": " "}
JsonFile = Annotated[str | Path, output(".json")]


class Evaluation(Result):
    """Numbers with the protocol that they hold for, which print as a table.

    Attributes:
      values: One for each number, with its name, uncertainty and which direction is better.
      protocol: Extractor, counts, data, seed, versions and whatever else the numbers depend on, as JSON.
      warnings: Sentences to be read with the numbers.
      pairs: Samples beside the training images that they are nearest to, ``(n, 2, H, W, C)`` in [-1, 1], where
        metric nn was computed.
    """

    @property
    def numbers(self) -> dict[str, float]:
        """The numbers by name."""
        return {value.name: value.value for value in self.values}

    @property
    def table(self) -> Table:
        """A row for each number."""
        return Table(
            {"metric": value.name, "value": number(value), "better": value.better}
            for value in self.values
        )

    def __str__(self) -> str:
        width = max(len(value.name) for value in self.values)
        rows = [
            f"  {value.name:<{width}}  {SIGNS[value.better]} {number(value)}"
            for value in self.values
        ]
        return "\n".join([*rows, *protocol_lines(self)])

    def _repr_html_(self) -> str:
        lines = [tag("p", line) for line in protocol_lines(self)]
        pairs = [] if self.pairs is None else [embedded(pairs_png(self.pairs))]
        return tag("div", self.table.as_html(), lines, pairs)


def metric_names(given: str | Sequence[str] | None, source: Source) -> tuple[str, ...]:
    """The metrics that are named, or those usual for this kind of data.

    Args:
      given: names, or a text with commas between them.
      source: of the reference.

    Raises:
      UserError: for an unknown name.
    """
    if given is None:
        return default_metrics(source)
    words = given.split(",") if isinstance(given, str) else given
    names = tuple(name.strip() for name in words if name.strip())
    get_metrics(names)
    return names


def extractor_for(
    name: str,
    weights: str | Path | None,
    fetch: bool,
    source: Source,
    loaded: Mapping[LoadArguments, Source],
) -> Extractor | None:
    """The extractor of this name, for a source of pictures; None for points.

    Args:
      name: of the extractor.
      weights: its file, if it needs one.
      fetch: whether weights that are missing are downloaded.
      source: whose classes a classifier without a file is trained on.
      loaded: what `jgan.data.load` returned on the way to it.
    """
    if not source.pictures:
        return None
    if name == "classifier" and weights is None:
        return classifier_for(source, loaded).extractor
    return get_extractor(name, weights=weights, fetch=fetch)


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


def pairs_png(pairs: np.ndarray) -> bytes:
    """A picture of pairs ``(n, 2, H, W, C)``: samples above, what they are nearest to below."""
    rows = np.concatenate([pairs[:, 0], pairs[:, 1]])
    return encode_png(grid(rows, columns=len(pairs)))


def write_pairs(path: Path, pairs: np.ndarray) -> Path:
    """Write `pairs_png` into a file."""
    write_atomically(path, pairs_png(pairs))
    return path


def keep_evaluation(path: Path, result: Result) -> list[str]:
    """Write a result, and its pairs into a picture beside it; returns what was written, in lines.

    Raises:
      UserError: if something cannot be written.
    """
    make_folder(path.parent)
    lines = [f"wrote {write_result(path, result)}"]
    if result.pairs is not None:
        pairs = path.with_name(f"{path.stem}-nn.png")
        lines.append(f"wrote {write_pairs(pairs, result.pairs)}")
    return lines


def write_result(path: Path, result: Result) -> Path:
    """Add a result to a checkpoint's evaluations, in place of an earlier one by the same protocol."""
    new = result.as_json()
    same = lambda entry: {
        name: value
        for name, value in entry["protocol"].items()
        if name not in ("seconds", "versions")
    }
    entries = []
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        stored = parse_json(path.read_text())["evaluations"]
        entries = [entry for entry in stored if same(entry) != same(new)]
    write_atomically(path, json.dumps({"evaluations": [*entries, new]}, indent=2) + "\n")
    return path
