"""The stochastic bilinear game of lookahead-minimax (Chavdarova et al. 2021, section 5.1).

min over x, max over y of the mean of n = 100 components x_i y_i + a_i · x + b_i · y in d = 100 dimensions; an
update sees the sum of B of them, drawn without replacement. The five games are those of the authors' notebook,
number by number; the draws of components are jgan's own.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from benchmarks._yardsticks.kept import Cell, Measures, Options
from benchmarks._yardsticks.tables import Published, table
from jgan.game import (
    DISCRIMINATOR,
    GENERATOR,
    PLAYERS,
    Aux,
    Batch,
    Game,
    Metrics,
    Variables,
)
from jgan.numerics.toy_games import as_variables
from jgan.rules import Rule, TrainState, extragradient, lookahead_minimax, simultaneous

SIZE = 100
PASSES = 20_000
GAMES = 5
SHARE = 0.3


class Problem(NamedTuple):
    """One of the authors' games.

    Attributes:
      a: linear terms of x, ``(n, d)``.
      b: of y.
      start: first x and y, ``(2, d)``.
      rest: x and y at the equilibrium.
    """

    a: Any
    b: Any
    start: Any
    rest: Any


def problem(number: int) -> Problem:
    """The game that the notebook draws under this seed of NumPy's legacy generator."""
    numbers = np.random.RandomState(number).randn(2 + 2 * SIZE, SIZE) / np.sqrt(SIZE)
    a, b = numbers[2::2], numbers[3::2]
    return Problem(a, b, numbers[:2], np.stack([-b.sum(axis=0), -a.sum(axis=0)]))


def game_of(given: Problem) -> Game:
    """Its losses on ``batch["component"]``, the indices of the components of an update."""
    a, b = jnp.asarray(given.a, jnp.float32), jnp.asarray(given.b, jnp.float32)

    def init(key: jax.Array, batch: Batch) -> Variables:
        return as_variables(given.start[0], given.start[1])

    def losses(
        variables: Variables, batch: Batch, key: jax.Array, step: Any, held: Any = None
    ) -> dict[str, tuple[jax.Array, Aux]]:
        x, y = variables[GENERATOR]["params"], variables[DISCRIMINATOR]["params"]
        chosen = batch["component"]
        value = jnp.sum(x[chosen] * y[chosen]) + jnp.sum(a[chosen] @ x) + jnp.sum(b[chosen] @ y)
        return {GENERATOR: (value, Aux()), DISCRIMINATOR: (-value, Aux())}

    return Game(init, losses)


def half_corrected_adam(rate: float, beta: float) -> optax.GradientTransformation:
    """The notebook's Adam, whose second moment is not corrected for its start at zero."""
    second, tiny = 0.999, 1e-8

    def init(params: Any) -> Any:
        zeros = jax.tree.map(jnp.zeros_like, params)
        return zeros, zeros, jnp.zeros((), jnp.int32)

    def update(grads: Any, state: Any, params: Any = None) -> Any:
        mean, square, count = state
        mean = jax.tree.map(lambda m, g: beta * m + (1 - beta) * g, mean, grads)
        square = jax.tree.map(lambda v, g: second * v + (1 - second) * g**2, square, grads)
        # A negative beta to the power of a count that is traced.
        power = jnp.abs(beta) ** (count + 1) * jnp.sign(beta) ** (count + 1)
        step = jax.tree.map(
            lambda m, v: -rate * m / (1 - power) / (jnp.sqrt(v) + tiny), mean, square
        )
        return step, (mean, square, count + 1)

    return optax.GradientTransformation(init, update)


def _lookahead(rate: float, every: int) -> Callable[[Game], Rule]:
    both = dict.fromkeys(PLAYERS, optax.sgd(rate))
    return lambda game: lookahead_minimax(simultaneous(game, both), every, SHARE)


def _extragradient(rate: float) -> Callable[[Game], Rule]:
    return lambda game: extragradient(game, dict.fromkeys(PLAYERS, optax.sgd(rate)))


def _adam(rate: float, beta: float) -> Callable[[Game], Rule]:
    return lambda game: simultaneous(game, dict.fromkeys(PLAYERS, half_corrected_adam(rate, beta)))


def _three_draws(rate: float) -> Callable[[Game], Rule]:
    """Extragradient as the notebook has it: each of its gradients sees components of its own."""

    def made(game: Game) -> Rule:
        still = extragradient(game, dict.fromkeys(PLAYERS, optax.sgd(rate)))

        def descent(player: str, variables: Variables, components: jax.Array) -> jax.Array:
            def loss(params: jax.Array) -> jax.Array:
                own = {**variables, player: {"params": params}}
                batch = {"component": components}
                return game.losses(own, batch, jax.random.key(0), 0)[player][0]

            return -rate * jax.grad(loss)(variables[player]["params"])

        def update(state: TrainState, batch: Batch) -> tuple[TrainState, Metrics]:
            here, (first, *others) = state.variables, jnp.split(batch["component"], 3)
            ahead = {p: {"params": here[p]["params"] + descent(p, here, first)} for p in PLAYERS}
            moved = {}
            for player, other, own in zip(PLAYERS, reversed(PLAYERS), others, strict=True):
                step = descent(player, {player: here[player], other: ahead[other]}, own)
                moved[player] = {"params": here[player]["params"] + step}
            return state.replace(step=state.step + 1, variables=moved), {}

        return Rule(still.init, update)

    return made


class Method(NamedTuple):
    """A rule with the authors' settings for one size of batch.

    Attributes:
      name: of the method.
      batch: B; 100 is the whole game.
      settings: as JSON.
      rule: of the game.
      passes: gradients of the game that an update costs, as the authors count them.
      draws: sets of components that an update is given, one after the other.
    """

    name: str
    batch: int
    settings: Mapping[str, float]
    rule: Callable[[Game], Rule]
    passes: int = 1
    draws: int = 1

    @property
    def row(self) -> str:
        """Name of the row."""
        return f"{self.name}, B = {'all' if self.batch == SIZE else self.batch}"


EXTRAGRADIENT = ((1, 0.005), (4, 0.04), (16, 0.005), (64, 0.005), (100, 0.8))
"""Sizes of batches and step sizes."""


def _methods() -> Iterator[Method]:
    for batch, rate, every in (
        (1, 0.05, 2450),
        (4, 0.03, 2350),
        (16, 0.01, 1500),
        (64, 0.005, 450),
        (100, 0.2, 15),
    ):
        settings = {"rate": rate, "every": every, "alpha": SHARE}
        yield Method("lookahead-minimax", batch, settings, _lookahead(rate, every))
    for batch, rate in EXTRAGRADIENT:
        yield Method("extragradient", batch, {"rate": rate}, _extragradient(rate), 3)
    for batch, rate in EXTRAGRADIENT:
        name = "extragradient, three draws"
        yield Method(name, batch, {"rate": rate}, _three_draws(rate), 3, 3)
    for batch, beta in ((1, 0.0), (4, -0.1), (16, -0.3), (64, -0.6), (100, -0.9)):
        yield Method("Adam", batch, {"rate": 0.005, "beta": beta}, _adam(0.005, beta))


METHODS = tuple(_methods())


def distances(method: Method, first_seed: int, passes: int = PASSES) -> np.ndarray:
    """‖x - x*‖ + ‖y - y*‖ after every update on the five games, ``(games, updates)``.

    Args:
      method: rule and settings.
      first_seed: of the draws of components on the first game; each later game has the next one.
      passes: gradients of the game in all.
    """

    def batch_of(key: jax.Array) -> Batch:
        keys = jax.random.split(key, method.draws)
        choose = lambda own: jax.random.choice(own, SIZE, (method.batch,), replace=False)
        return {"component": jax.vmap(choose)(keys).ravel()}

    def run(given: Problem, key: jax.Array) -> jax.Array:
        rule = method.rule(game_of(given))

        def one(state: TrainState, key: jax.Array) -> tuple[TrainState, jax.Array]:
            state, _ = rule.update(state, batch_of(key))
            gaps = [
                jnp.linalg.norm(state.variables[player]["params"] - given.rest[place])
                for place, player in enumerate((GENERATOR, DISCRIMINATOR))
            ]
            return state, gaps[0] + gaps[1]

        keys = jax.random.split(key, passes // method.passes)
        return jax.lax.scan(one, rule.init(key, batch_of(key)), keys)[1]

    single = [jax.tree.map(jnp.float32, problem(number)) for number in range(GAMES)]
    games = jax.tree.map(lambda *leaves: jnp.stack(leaves), *single)
    keys = jax.vmap(jax.random.key)(jnp.arange(GAMES) + first_seed)
    return np.asarray(jax.jit(jax.vmap(run))(games, keys))


def cells(options: Options) -> Iterator[Cell]:
    """Every method on the five games; the seed of the draws is the game's number beside the first seed."""
    first = options.seeds[0]
    for method in METHODS:
        for number in range(GAMES):
            settings = {**method.settings, "batch": method.batch, "passes": PASSES}
            own = {**settings, "game": number}
            yield Cell(method.row, first + number, own, partial(_cell, method, number, first))


@cache
def _distances(row: str, first: int) -> np.ndarray:
    (method,) = (own for own in METHODS if own.row == row)
    return distances(method, first)


def _cell(method: Method, number: int, first: int) -> Measures:
    found = _distances(method.row, first)[number]
    finite = np.isfinite(found).all()
    return {
        "distance at the end": float(found[-1]) if finite else None,
        "mean of the last quarter": float(found[-len(found) // 4 :].mean()) if finite else None,
        "smallest": float(np.nanmin(found)),
    }


FIGURE = "Chavdarova et al. 2021, figure"
READ: dict[str, tuple[float, ...]] = {
    "lookahead-minimax": (7.7, 6.2, 2.7, 1.2, 0.0),
    "extragradient, three draws": (20.2, 33, 20.7, 20.7, 0.0),
    "Adam": (35.2, 25.5, 18.2, 10.8, 1.8),
}
"""Distances at the end for B = 1, 4, 16, 64 and all, read off the curves of the notebook to about 0.3."""
COLUMNS = ("distance at the end", "mean of the last quarter", "smallest")


def text(facts: dict[str, Any]) -> str:
    """One table."""
    sizes = [method.row for method in METHODS]
    published = [
        Published(method.row, FIGURE, {COLUMNS[0]: f"{value:g}", "seeds": "5"})
        for name, values in READ.items()
        for method, value in zip([m for m in METHODS if m.name == name], values, strict=True)
    ]
    return table(facts, COLUMNS, published, digits=2, rows=sizes)
