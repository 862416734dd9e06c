"""Pictures that were made elsewhere, as outcomes in a table of sweeps: measured as the sweeps' members are."""

from collections.abc import Sequence
from pathlib import Path

from jgan.commands.compare import AT_ONCE, read
from jgan.commands.sweep_members import scorer_of
from jgan.errors import UserError
from jgan.evaluation.metric_score import ScoreMetric
from jgan.evaluation.reference import measurable
from jgan.evaluation.score import Scorer
from jgan.metrics.subsets import draw_rows, stream
from jgan.runs.run import read_settings
from jgan.runs.saved import whole_experiment_of_run
from jgan.sweeps.records import better_of
from jgan.tables.outcomes import Outcome
from jgan.tables.selections import SCORE


def picture_outcomes(given: Sequence[str], sweep: Path) -> list[Outcome]:
    """Sets of pictures by the score of a sweep.

    Args:
      given: ``NAME=SET`` of each, a folder, an .npz file or a source by name; sets of one name are seeds of one
        row.
      sweep: whose data and protocol they are measured by.

    Raises:
      UserError: if the words are not of this form, a set cannot be read or holds too few pictures, or the
        sweep's score cannot be computed here by the same protocol.
    """
    score = _scorer_of(sweep)
    found: list[Outcome] = []
    for text in given:
        name, equals, place = text.partition("=")
        if not (name.strip() and equals and place.strip()):
            raise UserError(f"--pictures has {text!r}, but must have NAME=FOLDER.")
        value = _score_of(score, place.strip())
        seed = -1 - sum(own.name == name for own in found)
        protocols = {SCORE: score.protocol}
        better = {SCORE: better_of(SCORE, score.protocol)}
        found.append(
            Outcome(sweep, {}, seed, False, {SCORE: value}, protocols, better, None, name.strip())
        )
    return found


def _scorer_of(sweep: Path) -> Scorer:
    kept = read_settings(sweep).get("sweep", {}).get("score")
    if not isinstance(kept, dict):
        raise UserError(f"--pictures needs a sweep with a score, and {str(sweep)!r} has none.")
    experiment, _ = whole_experiment_of_run(sweep)
    by = (
        [str(kept[name]) for name in ("metric", "distance", "better")] if "metric" in kept else None
    )
    score = scorer_of(experiment, kept["samples"], ScoreMetric(*by) if by else None)
    if score.protocol != kept:
        differing = next(
            n for n in {**kept, **score.protocol} if kept.get(n) != score.protocol.get(n)
        )
        raise UserError(
            f"--pictures would be measured with {differing} = {score.protocol.get(differing)!r}, but the "
            f"members of {str(sweep)!r} were with {kept.get(differing)!r}."
        )
    return score


def _score_of(score: Scorer, place: str) -> float:
    source = read(place, "train")
    if source.size < score.samples:
        raise UserError(
            f"{place!r} holds {source.size} examples, but the sweep's score is of {score.samples:,}; make as "
            "many, since a distance depends on the number."
        )
    examples = measurable(source)
    rows = draw_rows(source.size, score.samples, stream(0, "compared"), source.class_labels)
    starts = range(0, len(rows), AT_ONCE)
    return score.of_samples(examples[rows[start : start + AT_ONCE]] for start in starts)
