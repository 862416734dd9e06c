"""The critical-difference diagram: mean ranks on a line, and what a test does not tell apart joined by bars."""

from typing import Any

import numpy as np

from jgan.errors import UserError
from jgan.statistics.ranks import cliques, critical_difference, friedman, mean_ranks
from jgan.tables.comparison import Comparison


def critical_differences(found: Comparison, figure: Any) -> None:
    """Mean ranks over tasks and seeds; what Nemenyi's test does not tell apart is joined (Demšar 2006).

    Raises:
      UserError: if there are fewer than three rows, or seeds that not all rows have.
    """
    if len(found.rows) < 3:
        raise UserError(f"--plot ranks needs at least 3 rows, and there are {len(found.rows)}.")
    axes = figure.subplots(len(found.metrics), 1, squeeze=False)[:, 0]
    for ax, metric in zip(axes, found.metrics, strict=True):
        blocks = _blocks(found, metric)
        ranks, ways = mean_ranks(blocks), len(found.rows)
        gap = critical_difference(ways, len(blocks), found.request.method.level)
        order = np.argsort(ranks)
        for line, place in enumerate(order):
            left = line < (ways + 1) // 2
            y = -(line if left else ways - 1 - line) - 1.6
            end = 0.7 if left else ways + 0.3
            ax.plot([ranks[place], ranks[place], end], [0, y, y], color="black", lw=0.8)
            text = f"{found.rows[place].name} ({ranks[place]:.2f})"
            ax.text(
                end,
                y,
                f"{text} " if left else f" {text}",
                ha="right" if left else "left",
                va="center",
            )
        for level, group in enumerate(cliques(ranks.tolist(), gap)):
            y = -0.35 - 0.3 * level
            ends = [min(ranks[group]) - 0.03, max(ranks[group]) + 0.03]
            ax.plot(ends, [y, y], color="black", lw=3.5, solid_capstyle="butt")
        ax.plot([1, 1 + gap], [1.3, 1.3], color="black", lw=1.2, marker="|")
        ax.text(
            1 + gap / 2, 1.5, f"critical difference {gap:.2f}", ha="center", va="bottom", fontsize=8
        )
        ax.plot([1, ways], [0, 0], color="black", lw=1)
        for rank in range(1, ways + 1):
            ax.plot([rank, rank], [0, 0.2], color="black", lw=1)
            ax.text(rank, 0.3, rank, ha="center", va="bottom")
        ax.set(xlim=(0.7, ways + 0.3), ylim=(-(ways + 1) // 2 - 1.8, 2.6))
        title = f"{metric}: mean rank over {len(blocks)} blocks; Friedman's test p = {friedman(blocks):.2g}"
        ax.set_title(title, fontsize=9)
        ax.axis("off")


def _blocks(found: Comparison, metric: str) -> np.ndarray:
    """Outcomes ``(b, k)`` of all rows in blocks of one task and one seed."""
    blocks = []
    for task in found.tasks:
        own = [found.entry(metric, row, task).losses for row in found.rows]
        seeds = [set(losses) for losses in own]
        if any(other != seeds[0] for other in seeds):
            raise UserError(
                "--plot ranks needs the same seeds for all rows, since a block is one seed; choose them by "
                "--report seeds=A:B."
            )
        blocks += [[losses[seed] for losses in own] for seed in sorted(seeds[0])]
    if len(blocks) < 2:
        raise UserError("--plot ranks needs at least 2 seeds or tasks, and there is 1.")
    return np.array(blocks)
