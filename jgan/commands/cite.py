"""The papers behind a run, as BibTeX."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from jgan.commands.calls import recorded_calls
from jgan.commands.command import command
from jgan.commands.paths import output
from jgan.commands.saved_run import RunLike, opened_run
from jgan.files import make_folder, parse_json, write_atomically
from jgan.references import (
    PAPERS_OF,
    PAPERS_OF_DATA,
    PAPERS_OF_EXTRACTORS,
    PAPERS_OF_METRICS,
    Reference,
    of_arxiv,
    references,
)

BibFile = Annotated[str | Path, output(".bib")]


@command
def cite(run: RunLike | None = None, /, *, out: BibFile | None = None) -> str:
    """List the BibTeX entries of jgan and of the papers behind a run.

    These are the papers that the run's experiment names by their arXiv numbers, and those of its losses,
    terms, systems, rules and networks, of its data, and of the metrics that were evaluated. To find these
    parts, the experiment is built again.

    Args:
      run: A run, or its directory (default: only jgan).
      out: FILE.bib to write.

    Returns:
      The entries, each below a comment that says what rests on it, without repetition.

    Raises:
      UserError: If it is not a run directory or has no checkpoint, or the file cannot be written.
    """
    reasons: dict[Reference, list[str]] = {references()["jgan"]: ["jgan"]}
    if run is not None:
        for reference, reason in _of_run(run):
            known = reasons.setdefault(reference, [])
            if reason not in known:
                known.append(reason)
    text = "\n\n".join(f"% {', '.join(why)}\n{one.text}" for one, why in reasons.items()) + "\n"
    if out is not None:
        make_folder(Path(out).parent)
        write_atomically(out, text)
    return text


def _of_run(run: RunLike) -> Iterator[tuple[Reference, str]]:
    known = references()
    fresh = opened_run(run).reopened()
    with recorded_calls(PAPERS_OF) as called:
        fresh.check(lambda experiment: None)
    settings = fresh.settings
    name = f"experiment {settings['experiment']}"
    kept = fresh.path / "experiment.py"
    if kept.is_file():
        for number in re.findall(r"\b\d{4}\.\d{4,5}\b", kept.read_text(errors="replace")):
            yield of_arxiv(number), name
    for part, keys in PAPERS_OF.items():
        if part in called:
            yield from ((known[key], part) for key in keys)
    for data, keys in PAPERS_OF_DATA.items():
        if settings["arguments"].get("data") == data:
            yield from ((known[key], f"data {data}") for key in keys)
    for metric, extractor in _evaluated(fresh.path):
        yield from ((known[key], f"metric {metric}") for key in PAPERS_OF_METRICS.get(metric, ()))
        for word, keys in PAPERS_OF_EXTRACTORS.items():
            if word in extractor.lower():
                yield from ((known[key], f"features {extractor}") for key in keys)


def _evaluated(path: Path) -> Iterator[tuple[str, str]]:
    """The metrics that were evaluated of a run, and the extractor of each."""
    for file in sorted((path / "evaluations").glob("*.json")):
        try:
            entries: list[dict[str, Any]] = parse_json(file.read_text())["evaluations"]
            for entry in entries:
                protocol = entry["protocol"]
                for metric in protocol["metrics"]:
                    yield metric, str(protocol.get("extractor"))
        except (ValueError, TypeError, KeyError):  # another's file, or a half of one
            continue
