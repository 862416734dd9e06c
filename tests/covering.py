"""Which systems are put to which laws in every run, when all of them to all laws would take too long."""

from collections.abc import Iterable, Sequence

import pytest


def covering(
    laws: Sequence[str], systems: Sequence[str], laws_per_system: int, least: int = 3
) -> set[tuple[str, str]]:
    """Pairs of a law and a system such that each of both occurs several times.

    The laws are dealt out to the systems in turn, so neighbours in the table, which are often relatives, get
    different laws. It depends on nothing but the two lists.

    Args:
      laws: names.
      systems: names.
      laws_per_system: how many laws each system is put to; all of them if there are fewer.
      least: how many systems each law is put to at least; all of them if there are fewer.

    Returns:
      The pairs, at most all.

    >>> sorted(covering(["moves", "parity"], ["cgan", "vae", "began"], 1, least=1))
    [('moves', 'began'), ('moves', 'cgan'), ('parity', 'vae')]
    """
    count = min(laws_per_system, len(laws))
    pairs = {
        (laws[(count * number + turn) % len(laws)], system)
        for number, system in enumerate(systems)
        for turn in range(count)
    }
    for number, law in enumerate(laws):
        # Laws that came short take the systems that follow those they have.
        turned = [*systems[number % len(systems) :], *systems[: number % len(systems)]]
        missing = [system for system in turned if (law, system) not in pairs]
        have = len(systems) - len(missing)
        pairs |= {(law, system) for system in missing[: max(0, least - have)]}
    return pairs


def parameters(law: str, systems: Iterable[str], pairs: set[tuple[str, str]]) -> list:
    """A law's systems for `pytest.mark.parametrize`: those outside of ``pairs`` for the full product only."""
    return [
        pytest.param(system, marks=[] if (law, system) in pairs else [pytest.mark.full])
        for system in systems
    ]
