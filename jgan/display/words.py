"""Times and fields in words, as many as a line has room for."""

from collections.abc import Sequence

GAP = "  "


def clock(seconds: float) -> str:
    """A time as a stop watch shows it.

    >>> clock(7.4), clock(134), clock(7384)
    ('0:07', '2:14', '2:03:04')
    """
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def duration(seconds: float) -> str:
    """A time in words, in its two largest units.

    >>> duration(8.23), duration(48.3), duration(134), duration(7384), duration(200_000)
    ('8.2 s', '48 s', '2 min 14 s', '2 h 3 min', '2 d 7 h')
    """
    if seconds < 59.5:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min"
    return f"{hours // 24} d {hours % 24} h"


def speed(rate: float, unit: str) -> str:
    """How many of a unit are done in a second, or how long each of them takes.

    >>> speed(1234.5, "pictures"), speed(12.34, "steps"), speed(0.25, "steps")
    ('1,234 pictures/s', '12.3 steps/s', '4 s per step')
    """
    if rate >= 1:
        return f"{rate:,.0f} {unit}/s" if rate >= 99.95 else f"{rate:.3g} {unit}/s"
    return f"{1 / rate:.3g} s per {unit.removesuffix('s')}"


def fitted(fields: Sequence[str], width: int) -> list[str]:
    """The first of these fields that a line of ``width`` characters has room for, with gaps between them.

    The first field is cut where it is longer than the line.

    >>> fitted(["350/2,000 steps", "2:14 left", "G 0.693"], 26)
    ['350/2,000 steps', '2:14 left']
    """
    kept = [fields[0][: max(width, 0)]]
    for field in fields[1:]:
        if len(GAP.join([*kept, field])) > width:
            break
        kept.append(field)
    return kept
