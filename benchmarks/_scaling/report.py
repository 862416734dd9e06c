"""The measurements as text."""

from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks._scaling.cells import STRONG, WEAK
from benchmarks._scaling.measure import TOLERANCE
from benchmarks._workers.report import duration


def megabytes(count: float) -> str:
    """Three significant figures.

    >>> megabytes(15_820_704), megabytes(320)
    ('15.8 MB', '0.00032 MB')
    """
    return f"{count / 1e6:.3g} MB"


def axis_table(title: str, result: Mapping[str, Any]) -> Iterator[str]:
    """One axis: a line a cell, then how cost grows."""
    along, rows = result["along"], result["rows"]
    exchange = title in (STRONG, WEAK)
    fixed = [name for name in ("batch", "resolution", "width") if name != along]
    words = [f"{name} {rows[0][name]}" for name in fixed]
    if title == WEAK:
        words[0] += " a device"
    yield f"{title} ({', '.join(words)})"
    head = (along, "step", "spread", "images/s", "GFLOP", "argument", "temporary", "over first")
    yield "  {:>10}{:>10}{:>8}{:>10}{:>9}{:>12}{:>12}{:>12}".format(*head)
    for row in rows:
        known = "temporary_bytes" in row
        argument = megabytes(row["argument_bytes"]) if known else "-"
        temporary = megabytes(row["temporary_bytes"]) if known else "-"
        ratio = row["seconds_median"] / rows[0]["seconds_median"]
        yield (
            f"  {row[along]:>10}{duration(row['seconds_median']):>10}{row['spread']:>8.0%}"
            f"{row['images_per_second']:>10.0f}{row['flops'] / 1e9:>9.3g}"
            f"{argument:>12}{temporary:>12}{ratio:>12.2f}"
        )
    yield from _verdict(result, exchange)


def _verdict(result: Mapping[str, Any], exchange: bool) -> Iterator[str]:
    along, rows = result["along"], result["rows"]
    words = f"no superlinear surprise: at most {TOLERANCE} above"
    if result["superlinear"]:
        words = f"SUPERLINEAR: more than {TOLERANCE} above"
    if result["disturbed"]:
        words = "not judged"
    memory = ""
    if "temporary_exponent" in result:
        memory = f", temporary memory as {along}^{result['temporary_exponent']:z.2f}"
    yield (
        f"  time grows as {along}^{result['seconds_exponent']:z.2f}, operations as "
        f"{along}^{result['flops_exponent']:z.2f}{memory}; {words}"
    )
    if exchange:
        most = rows[-1]["devices"]
        yield (
            f"  work of {most} devices over that of one for the same batch, by the compiler: "
            f"{result['work_growth']:.2f} (1: shared; {most}: each does all of it)"
        )
    warning = "; DISTURBED by other processes, not fit to be quoted" if result["disturbed"] else ""
    yield f"  {result['rounds']} rounds kept, {result['rounds_thrown_away']} thrown away{warning}"


def layouts_table(result: Mapping[str, Any]) -> Iterator[str]:
    """Memory and exchange of each device by layout."""
    rows = result["rows"]
    first = rows[0]
    yield (
        f"memory of a device (batch {first['batch']}, resolution {first['resolution']}, "
        f"width {first['width']}; compiled, not run)"
    )
    yield "  {:>8}{:>6}{:>12}{:>12}{:>8}  exchanged in a step".format(
        "devices", "mode", "argument", "temporary", "GFLOP"
    )
    for row in rows:
        parts = [
            f"{own['count']} {kind} {megabytes(own['bytes'])}"
            for kind, own in sorted(row["exchanged"].items())
        ]
        yield (
            f"  {row['devices']:>8}{row['mode']:>6}{megabytes(row['argument_bytes']):>12}"
            f"{megabytes(row['temporary_bytes']):>12}{row['compiler_flops'] / 1e9:>8.3g}"
            f"  {', '.join(parts) or 'nothing'}"
        )
