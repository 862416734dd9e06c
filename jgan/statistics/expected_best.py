"""What a search of several settings may be expected to find."""

from collections.abc import Sequence

import numpy as np

from jgan.statistics.summaries import as_outcomes


def expected_best(
    choices: Sequence[float], count: int, outcomes: Sequence[float] | None = None
) -> float:
    """The expected outcome of the best of ``count`` settings that are drawn from those that were tried.

    The exact mean over all subsets of ``count`` settings without repetition, which is unbiased: with the
    choices sorted, x_(1) ≤ ... ≤ x_(N), it is the sum of x_(i) C(N - i, count - 1) / C(N, count). The estimate
    with replacement, 1 - (1 - i/N)^count, is biased (Tang et al. 2020).

    Args:
      choices: of each setting, the outcome that it is chosen by; infinity if it diverged.
      count: of settings that are tried, at most as many as there are.
      outcomes: of each setting, what is reported of it, such as its mean under other seeds; the choices
        themselves by default, which makes the best look better than it is.

    Returns:
      The expectation; infinite if ``count`` settings may all have diverged.

    >>> expected_best([3.0, 1.0, 2.0], 2)  # of (3, 1), (3, 2), (1, 2)
    1.3333333333333333
    """
    chosen = as_outcomes(choices)
    reported = chosen if outcomes is None else as_outcomes(outcomes)
    if len(reported) != len(chosen):
        raise ValueError(f"there are {len(reported)} outcomes, but {len(chosen)} choices.")
    if not 1 <= count <= len(chosen):
        raise ValueError(f"count is {count}, but must be at least 1 and at most {len(chosen)}.")
    shares = shares_of_best(chosen, count)
    known = shares > 0
    return float(np.sum(shares[known] * reported[known]))


def shares_of_best(choices: np.ndarray, count: int) -> np.ndarray:
    """For each setting, ``(N,)``, the share of the subsets of ``count`` in which it is the best.

    Settings with equal choices have equal shares.

    >>> shares_of_best(np.array([3.0, 1.0, 1.0]), 2).tolist()
    [0.0, 0.5, 0.5]
    """
    total = len(choices)
    shares = np.zeros(total)
    share = count / total
    for place in range(total - count + 1):
        shares[place] = share
        share *= (total - place - count) / (total - place - 1) if place + 1 < total else 0.0
    _, group, sizes = np.unique(choices, return_inverse=True, return_counts=True)
    ordered = np.sort(group)
    means = np.bincount(ordered, shares) / sizes
    return means[group]
