"""A comparison as rows of words, one for each row of the table, and as lines of numbers for spreadsheets."""

import math
from typing import Any, NamedTuple

from jgan.statistics.summaries import Interval
from jgan.tables.comparison import Comparison, protocols_of
from jgan.tables.estimates import Entry, Estimate
from jgan.tables.rows import chosen_words

ARROWS = {True: "↑", False: "↓"}
_SUMMARIES = {
    "mean": "mean of the trainings that did not diverge ± standard deviation over seeds (divisor n - 1)",
    "iqm": "interquartile mean over seeds, diverged trainings being the worst",
}
_INTERVALS = {
    ("mean", "t"): "Student's t interval",
    ("iqm", "t"): "t interval of the trimmed mean",
    ("mean", "bootstrap"): "percentile bootstrap",
    ("iqm", "bootstrap"): "percentile bootstrap",
}


class Words(NamedTuple):
    """A table as text.

    Attributes:
      columns: their heads.
      cells: a list for each row.
      notes: sentences below it.
    """

    columns: list[str]
    cells: list[list[str]]
    notes: list[str]


def as_words(found: Comparison) -> Words:
    """The table as text: names, choice, counts, numbers, ranks, comparisons, marks."""
    table: dict[str, list[str]] = {}
    add = lambda head, texts: table.__setitem__(head, list(texts))
    every = [[row.cells[task] for task in found.tasks] for row in found.rows]
    for name in list({name: None for row in found.rows for name in row.names}):
        add(name, (plain(row.names.get(name)) for row in found.rows))
    if found.request.choose is not None:
        add("chosen", (_joined(chosen_words(cell.setting) for cell in own) for own in every))
        add("settings tried", (_joined(str(len(cell.search)) for cell in own) for own in every))
    add("seeds", (_joined(str(len(cell.outcomes)) for cell in own) for own in every))
    lost = [[sum(o.diverged for o in cell.outcomes) for cell in own] for own in every]
    if any(map(any, lost)):
        add("diverged", (_joined(map(str, own)) for own in lost))
    for metric in found.metrics:
        for task in found.tasks:
            own = [found.entry(metric, row, task) for row in found.rows]
            add(head_of(own[0]), (estimate_words(one.estimate) for one in own))
            for count in found.request.best_of:
                add(
                    f"{head_of(own[0])} best of {count}",
                    (plain(one.expected[count]) for one in own),
                )
        ranks = found.rankings[metric]
        if len(found.rows) > 1:
            head = "rank" if len(found.metrics) == 1 else f"rank by {metric}"
            pairs = zip(ranks.ranks, ranks.intervals, strict=True)
            add(head, (f"{rank:.3g}{interval_words(interval)}" for rank, interval in pairs))
        if found.baseline is not None:
            _add_comparisons(found, metric, add)
    for unlike in found.unlike:
        add(unlike.kind, unlike.marks)
    columns = list(table)
    cells = [[table[name][place] for name in columns] for place in range(len(found.rows))]
    return Words(columns, cells, [*_legend(found), *found.notes])


def _add_comparisons(found: Comparison, metric: str, add: Any) -> None:
    more = "" if len(found.metrics) == 1 else f" by {metric}"
    for task in found.tasks:
        own = [found.entry(metric, row, task) for row in found.rows]
        where = f" in {task}" if task else ""
        add(f"P(better){more}{where}", (_improvement_words(one) for one in own))
        add(f"p by Holm{more}{where}", (plain(one.adjusted) for one in own))
        if any(one.paired for one in own):
            add(f"paired difference{more}{where}", (_paired_words(one) for one in own))


def head_of(entry: Entry) -> str:
    """The head of a metric's column, with an arrow that points to where better is."""
    name = f"{entry.metric} {ARROWS[entry.higher]}"
    return f"{entry.task}: {name}" if entry.task else name


def estimate_words(estimate: Estimate) -> str:
    """An estimate with its deviation and its interval, as far as they are known.

    >>> estimate_words(Estimate(1.23456, 0.2, Interval(1.0, 1.5), 3, 0))
    '1.235 ± 0.2 [1, 1.5]'
    """
    if math.isnan(estimate.value):
        return "diverged"
    spread = "" if math.isnan(estimate.deviation) else f" ± {estimate.deviation:.2g}"
    return f"{estimate.value:.4g}{spread}{interval_words(estimate.interval)}"


def interval_words(interval: Interval) -> str:
    """An interval in brackets behind a blank; nothing if it is not known."""
    if math.isnan(interval.low):
        return ""
    return f" [{interval.low:.3g}, {interval.high:.3g}]"


def _improvement_words(entry: Entry) -> str:
    if entry.improvement is None:
        return "-"
    return f"{entry.improvement.probability:.2g}{interval_words(entry.improvement.interval)}"


def _paired_words(entry: Entry) -> str:
    if entry.paired is None:
        return "-"
    sign = -1 if entry.higher else 1
    own = entry.paired
    if math.isnan(own.mean):
        return f"-, better in {own.wins:g} of {own.pairs}"
    ends = Interval(*sorted(sign * end for end in own.interval))
    return f"{sign * own.mean:+.3g}{interval_words(ends)}, better in {own.wins:g} of {own.pairs}"


def plain(value: Any) -> str:
    """A value of a cell; "-" for none."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _joined(texts: Any) -> str:
    """Texts of several tasks, once if they are the same."""
    own = list(texts)
    return own[0] if len(set(own)) == 1 else "; ".join(own)


def _legend(found: Comparison) -> list[str]:
    """What the columns are, in sentences."""
    method, request = found.request.method, found.request
    percent = f"{100 * method.level:g} %"
    lines = [
        f"Numbers: {_SUMMARIES[method.summary]} [{percent} {_INTERVALS[method.summary, method.interval]}]."
    ]
    lines += [
        f"{metric}: {protocol['distance']} of {protocol.get('samples', 'some')} samples."
        for metric, protocol in protocols_of(found).items()
        if "distance" in protocol
    ]
    if len(found.rows) > 1:
        lines.append(
            f"Ranks [{percent} bootstrap over seeds]: 1 is the best; trainings that diverged count."
        )
    if request.choose is not None and request.choose.seeds and request.report.seeds:
        lines.append(
            f"Each row's setting was chosen on the seeds {_ends(request.choose.seeds)} and is reported on the "
            f"seeds {_ends(request.report.seeds)}."
        )
    if found.baseline is not None:
        lines.append(
            f"P(better): probability that a training is better than one of {found.baseline.name!r}, ties "
            "counting one half [bootstrap]; p: Mann and Whitney's test, by Holm over all rows; paired "
            "difference: to the "
            "baseline under the same seeds [Student]."
        )
    lines += [f"The rows differ in {unlike.sentence}." for unlike in found.unlike]
    return lines


def _ends(seeds: range) -> str:
    return str(seeds.start) if len(seeds) == 1 else f"{seeds.start} to {seeds.stop - 1}"


def as_lines(found: Comparison) -> list[dict[str, Any]]:
    """A line for each row, task and metric with plain numbers; None for what is not known."""
    return [_line(found, one) for metric in found.metrics for one in found.entries[metric]]


def _line(found: Comparison, one: Entry) -> dict[str, Any]:
    place = found.rows.index(one.row)
    ranks = found.rankings[one.metric]
    estimate = one.estimate
    line: dict[str, Any] = {**one.row.names}
    line |= {"task": one.task} if one.task else {}
    line |= {f"chosen {name}": value for name, value in one.cell.setting.items()}
    line |= {"metric": one.metric, "better": "higher" if one.higher else "lower"}
    line |= {found.request.method.summary: estimate.value, "std": estimate.deviation}
    line |= {"low": estimate.interval.low, "high": estimate.interval.high}
    line |= {"seeds": estimate.total, "diverged": estimate.diverged, "rank": ranks.ranks[place]}
    line |= {"rank low": ranks.intervals[place].low, "rank high": ranks.intervals[place].high}
    if one.improvement is not None:
        ends = one.improvement.interval
        line |= {"P(better)": one.improvement.probability, "P(better) low": ends.low}
        line |= {"P(better) high": ends.high, "p by Holm": one.adjusted}
    line |= {f"best of {count}": value for count, value in one.expected.items()}
    line |= {unlike.kind: unlike.marks[place] for unlike in found.unlike}
    return {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in line.items()}
