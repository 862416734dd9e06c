"""The estimate as Markdown tables, as docs/scaling.md shows them."""

from collections.abc import Callable, Iterator, Sequence

from benchmarks._scaling.estimate import EACH, SHARE, Work, efficiency, link_bytes, messages, works
from benchmarks._scaling.links import MACHINES, Machine

DEVICES = (8, 64, 256)
WHOLE = 1024
"""Examples of a whole batch that is split."""


def row(cells: Sequence[object]) -> str:
    """A line of a table.

    >>> row(["a", 1])
    '| a | 1 |'
    """
    return f"| {' | '.join(map(str, cells))} |"


def moved() -> Iterator[str]:
    """What one step computes and sends."""
    most = DEVICES[-1]
    yield row(
        [
            "training",
            "parameters G + D",
            "GFLOP a step and example",
            f"MB a device sends, {most} devices: jit",
            "fsdp",
            "collective operations: jit",
            "fsdp",
        ]
    )
    yield row(["---"] * 7)
    for work in works():
        sizes = " + ".join(f"{side.parameters / 1e6:.1f} M" for side in work.sides.values())
        sizes_sent = [f"{link_bytes(work, most, mode) / 1e6:.0f}" for mode in ("jit", "fsdp")]
        counts = [messages(work, mode) for mode in ("jit", "fsdp")]
        yield row([work.name, sizes, f"{work.flops / 1e9:.3g}", *sizes_sent, *counts])


def efficiencies(share: float) -> Iterator[str]:
    """Expected efficiency by machine and training."""
    head = [f"{count} devices" for count in DEVICES]
    jit, split = f"{EACH} examples a device", f"{WHOLE:,} examples in all"
    fsdp = f"fsdp, {EACH} a device"
    titles = [f"{title}: {head[0]}" for title in (jit, split, fsdp)]
    yield row(["machine", "training", *(cell for title in titles for cell in (title, *head[1:]))])
    yield row(["---"] * (2 + 3 * len(DEVICES)))
    for machine in MACHINES:
        for work in works():
            yield row([machine.name, work.name, *_percentages(work, machine, share)])


def _percentages(work: Work, machine: Machine, share: float) -> Iterator[str]:
    ways: tuple[tuple[Callable[[int], float], str], ...] = (
        (lambda devices: EACH, "jit"),
        (lambda devices: WHOLE / devices, "jit"),
        (lambda devices: EACH, "fsdp"),
    )
    for each, mode in ways:
        for devices in DEVICES:
            value = efficiency(work, each(devices), devices, machine, mode=mode, share=share)
            yield f"{value:.0%}"


def tables(share: float = SHARE) -> list[str]:
    """Both tables, a line each; an empty line between them."""
    return [*moved(), "", *efficiencies(share)]
