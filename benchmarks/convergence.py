"""What the spectrum predicts and what training did: losses, penalties and rules on games with known equilibria.

    python -m benchmarks.convergence --out benchmarks/results/convergence-cpu2.json

A prediction is made from eigenvalues alone, before any step: those of one update of the rule at the
equilibrium. Then the rule is run, and what it did is read off its distances to the equilibrium alone. Each
case is one word beside the other; where they differ, further runs look for the reason.
"""

import argparse
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.flatten_util
import jax.numpy as jnp
import numpy as np

from benchmarks._coverage import tiny
from benchmarks._coverage.games import TOYS, Toy
from benchmarks._workers.report import commit, machine
from jgan.files import write_atomically
from jgan.numerics.eigen import spectral_radius
from jgan.numerics.field import operator, settled
from jgan.numerics.named_rules import RULES, Setting, named_rule
from jgan.numerics.orbit import positions
from jgan.rules.joint_move import params_of, with_params
from jgan.rules.rule import TrainState
from jgan.versions import versions

STEP = 0.2
UPDATES = 40_000
EVERY = 8
STRETCHES = 8
LEAST = 2 * EVERY * STRETCHES
CERTAIN = 1e-9
NEAR = 0.01
NETWORKS = "ring"
PREDICTIONS = ("converges", "does not converge", "no word")
"""Of a spectral radius below, above and within `CERTAIN` of 1; the last also where there is no derivative."""
DEEDS = ("converged", "approaches slowly", "cycled", "stands elsewhere", "diverged")
AGREE = {
    "converges": ("converged",),
    "does not converge": ("cycled", "stands elsewhere", "diverged"),
}


class Outcome(NamedTuple):
    """One game under one rule.

    Attributes:
      game: its family, loss and penalty, as ``family, loss, penalty``.
      rule: a name in `jgan.numerics.named_rules.RULES`.
      radius: of one update at the equilibrium; None where the game has no derivative there.
      predicted: a word of `PREDICTIONS`.
      did: a word of `DEEDS`.
      last: the largest distance to the equilibrium in the last eighth over that of the start; None if it is
        not finite.
      radius_at_end: of one update where training ended; None if that is not finite.
      agrees: whether the words fit; None where nothing was predicted.
      reason: of a disagreement, else "".
    """

    game: str
    rule: str
    radius: float | None
    predicted: str
    did: str
    last: float | None
    radius_at_end: float | None
    agrees: bool | None
    reason: str


def predict(radius: float | None) -> str:
    """The spectrum's word.

    >>> predict(0.99), predict(1.01), predict(1.0), predict(None)
    ('converges', 'does not converge', 'no word', 'no word')
    """
    if radius is None or abs(radius - 1) <= CERTAIN:
        return "no word"
    return "converges" if radius < 1 else "does not converge"


def describe(path: np.ndarray) -> tuple[str, float | None]:
    """What a path did, and how far from 0 it was in its last eighth, by its distances from 0 alone.

    Args:
      path: ``(steps + 1, n)``, the start first.

    >>> turn = np.exp(0.3j * np.arange(8001))
    >>> circle = np.stack([turn.real, turn.imag], axis=1)
    >>> root = np.sqrt(1 + np.arange(8001))[:, None]
    >>> factor = 0.99 ** np.arange(8001)[:, None]
    >>> [describe(p)[0] for p in (circle, circle * factor, circle / root, circle * root, circle * 0 + 1)]
    ['cycled', 'converged', 'approaches slowly', 'diverged', 'stands elsewhere']
    """
    with np.errstate(all="ignore"):
        distances = np.linalg.norm(path, axis=1)
    start = distances[0]
    stretches = np.array_split(distances[1:], STRETCHES)
    largest = np.array([stretch.max() for stretch in stretches])
    if not np.isfinite(largest).all():
        return "diverged", None
    last = float(largest[-1] / start)
    if last < 1e-3:
        return "converged", last
    before = largest[-2] / start
    moved = np.ptp(np.array_split(path[1:], STRETCHES)[-1], axis=0).max() / start
    if moved < 1e-3 * last:
        return "stands elsewhere", last
    if last < 0.98 * before:
        return "approaches slowly", last
    # Whoever circles comes back to the distance of before; whoever leaves never does.
    leaves = last > 1.02 * before or stretches[-1].min() > stretches[-2].max()
    return ("diverged" if leaves else "cycled"), last


class Trial:
    """A rule on a toy, ready to be asked and to be run from anywhere."""

    def __init__(self, toy: Toy, rule: str, step: float, updates: int) -> None:
        self.rule = named_rule(rule, toy.game, Setting(step))
        self.toy, self.updates, self.period = toy, updates, RULES[rule].period
        self.begin = jax.jit(self.rule.init)(jax.random.key(0), toy.batch)
        self.goal = jax.tree.map(jnp.asarray, toy.equilibrium)

        def radius(params: Any) -> jax.Array:
            there = self.begin.replace(variables=with_params(self.begin.variables, params))
            found = operator(
                self.rule, settled(self.rule, there, toy.batch), toy.batch, self.period
            )
            return spectral_radius(found)

        self._radius = jax.jit(radius)
        self._path = jax.jit(lambda state: positions(self.rule, state, toy.batch, updates, EVERY))

    def at(self, share: float, aside: float) -> TrainState:
        """The first state at ``share`` of the way from the equilibrium, one coordinate moved ``aside``."""
        start = params_of(self.begin.variables)
        there = jax.tree.map(lambda goal, own: goal + share * (own - goal), self.goal, start)
        there = self.unflat(self.flat(there).at[0].add(aside))
        return self.begin.replace(variables=with_params(self.begin.variables, there))

    def radius(self, params: Any) -> float | None:
        """The spectral radius of an update where the parameters are ``params``."""
        value = float(self._radius(params))
        return value ** (1 / self.period) if np.isfinite(value) else None

    def run(self, share: float = 1.0, aside: float = 0.0) -> np.ndarray:
        """Parameters minus the equilibrium's, every few updates."""
        return np.asarray(self._path(self.at(share, aside))) - np.asarray(self.flat(self.goal))

    @staticmethod
    def flat(params: Any) -> jax.Array:
        """As one vector, in tree order."""
        return jax.flatten_util.ravel_pytree(params)[0]

    def unflat(self, vector: np.ndarray | jax.Array) -> Any:
        """The parameters whose vector this is."""
        return jax.flatten_util.ravel_pytree(self.goal)[1](jnp.asarray(vector))


def outcome(toy: Toy, rule: str, step: float = STEP, updates: int = UPDATES) -> Outcome:
    """Predict, run, compare."""
    trial = Trial(toy, rule, step, updates)
    radius = trial.radius(trial.goal) if toy.smooth else None
    predicted = predict(radius)
    path = trial.run()
    did, last = describe(path)
    end = path[-1] + np.asarray(trial.flat(trial.goal))
    at_end = trial.radius(trial.unflat(end)) if np.isfinite(end).all() else None
    agrees = None if predicted == "no word" else did in AGREE[predicted]
    reason = "" if agrees is not False else why(trial, predicted, did, radius)
    return Outcome(toy.name, rule, radius, predicted, did, last, at_end, agrees, reason)


def why(trial: Trial, predicted: str, did: str, radius: float | None) -> str:
    """The reason of a disagreement, as far as runs from other starts show it."""
    assert radius is not None
    with np.errstate(over="ignore"):
        grows = float(np.float64(radius) ** trial.updates)
    if predicted == "converges" and did == "approaches slowly" and grows > 1e-4:
        return f"too few updates: the radius to their power is {grows:.2g}"
    if predicted == "does not converge" and grows < 10:
        return f"too few updates: the radius to their power is {grows:.2g}"
    if predicted == "does not converge":
        beside, _ = describe(trial.run(aside=NEAR))
        if beside != did:
            return f"the start lies on the way into a saddle: moved by {NEAR:g}, it {beside}"
    near, _ = describe(trial.run(NEAR))
    if predicted == "converges" and near == "converged":
        return f"the start is too far away: from {NEAR:g} of it, it converged"
    return f"not found: from {NEAR:g} of the start it {near}"


def table(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Counts of prediction against deed, then every disagreement, then what happened without a prediction."""
    counts = Counter((own.predicted, own.did) for own in outcomes)
    yield f"{'predicted':<20}" + "".join(f"{did:>20}" for did in DEEDS)
    for predicted in PREDICTIONS:
        yield f"{predicted:<20}" + "".join(f"{counts[predicted, did]:>20}" for did in DEEDS)
    judged = [own for own in outcomes if own.agrees is not None]
    yield f"\nagreements: {sum(bool(own.agrees) for own in judged)} of {len(judged)} predictions"
    for own in judged:
        if not own.agrees:
            yield f"  {own.game}; {own.rule}: radius {own.radius:.6f}, but it {own.did}: {own.reason}"
    ends = [own for own in outcomes if own.radius_at_end is not None]
    words = Counter((predict(own.radius_at_end), own.did) for own in ends)
    yield "\nthe same of the update where training ended, whether at an equilibrium or not"
    for predicted in PREDICTIONS:
        yield f"{predicted:<20}" + "".join(f"{words[predicted, did]:>20}" for did in DEEDS)


def matrix(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """One row for each game, one column for each rule: what it did and the radius, ``!`` at disagreements."""
    rules = list(dict.fromkeys(own.rule for own in outcomes))
    found = {(own.game, own.rule): own for own in outcomes}
    yield f"{'game':<44}" + "".join(f"{rule:<28}" for rule in rules)
    for game in dict.fromkeys(own.game for own in outcomes):
        cells = []
        for rule in rules:
            own = found.get((game, rule))
            radius = "" if own is None or own.radius is None else f" {own.radius:.5f}"
            mark = "!" if own is not None and own.agrees is False else ""
            cells.append(f"{own.did}{radius}{mark}" if own else "")
        yield f"{game:<44}" + "".join(f"{cell:<28}" for cell in cells)


def study(
    families: Sequence[str],
    rules: Sequence[str],
    updates: int = UPDATES,
    say: Callable[[str], None] = print,
) -> list[Outcome]:
    """All games of the families under all rules, in double precision."""
    outcomes: list[Outcome] = []
    with jax.enable_x64(True):
        for family in families:
            for toy in TOYS[family]():
                own = [outcome(toy, rule, updates=updates) for rule in rules]
                outcomes += own
                say(f"{toy.name}: " + ", ".join(f"{o.rule} {o.did}" for o in own))
            jax.clear_caches()
    return outcomes


def networks(rules: Sequence[str], updates: int) -> list[tiny.Ending]:
    """Networks on eight points under the simplest two of the rules."""
    with jax.enable_x64(True):
        return [
            tiny.ending(name, rule, updates)
            for name in tiny.PLAYERS
            for rule in rules
            if rule in tiny.RULES
        ]


def main(words: Sequence[str] | None = None) -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    games = [*TOYS, NETWORKS]
    parser.add_argument("--games", nargs="+", choices=games, default=games)
    parser.add_argument("--rules", nargs="+", choices=RULES, default=list(RULES)[:4])
    parser.add_argument("--updates", type=int, default=UPDATES)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args(words)
    if options.updates < LEAST:
        parser.error(f"--updates is {options.updates}, but must be at least {LEAST}.")
    begin = time.perf_counter()
    toys = [name for name in options.games if name != NETWORKS]
    outcomes = study(toys, options.rules, options.updates)
    lines = [*matrix(outcomes), "", *table(outcomes)] if outcomes else []
    endings = networks(options.rules, options.updates) if NETWORKS in options.games else []
    lines += ["", *tiny.lines(endings)] if endings else []
    print("\n".join(lines))
    facts = {
        "machine": machine(),
        "versions": versions(),
        "commit": commit(),
        "seconds": time.perf_counter() - begin,
        "step": STEP,
        "updates": options.updates,
        "outcomes": [own._asdict() for own in outcomes],
        "networks": [own._asdict() for own in endings],
        "table": lines,
    }
    if options.out:
        write_atomically(options.out, json.dumps(facts, indent=1) + "\n")


if __name__ == "__main__":
    main()
