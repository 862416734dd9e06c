"""Small networks on eight points: the spectrum where training ended, beside whether the players still moved."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import jax.flatten_util
import jax.numpy as jnp
import numpy as np

from jgan.game import Batch, Game
from jgan.gans.gan import gan
from jgan.losses import Loss, non_saturating, relativistic, wasserstein
from jgan.networks.mlp import mlp_discriminator, mlp_generator
from jgan.numerics.eigen import eigenvalues
from jgan.numerics.field import operator
from jgan.numerics.named_rules import Setting, named_rule
from jgan.numerics.orbit import positions
from jgan.scene import Term
from jgan.terms.penalties import r1, r1_r2, wgan_gp

RULES = ("simultaneous", "alternating")
STEP = 0.1
EVERY = 20
STRETCHES = 16
NEUTRAL = 1e-5
FAR = 1.0
MANY = 100.0
PLAYERS: dict[str, tuple[Callable[[], Loss], Callable[[], tuple[Term, ...]]]] = {
    "non-saturating, none": (non_saturating, tuple),
    "non-saturating, r1": (non_saturating, lambda: (r1(0.3),)),
    "non-saturating, r1+r2": (non_saturating, lambda: r1_r2(0.3)),
    "relativistic, none": (relativistic, tuple),
    "relativistic, r1": (relativistic, lambda: (r1(0.3),)),
    "relativistic, r1+r2": (relativistic, lambda: r1_r2(0.3)),
    "wasserstein, wgan-gp": (wasserstein, lambda: (wgan_gp(1.0),)),
}


class Ending(NamedTuple):
    """Where a training of small networks ended.

    Attributes:
      game: loss and penalty.
      rule: a name in `jgan.numerics.named_rules.RULES`.
      radius: the largest modulus of an eigenvalue of an update there; None if it is not finite.
      neutral: how many eigenvalues have a modulus within `NEUTRAL` of 1: directions along which players at
        an equilibrium are free, of which networks have many.
      next: the largest modulus below those. It and what follows is None where it is not finite.
      predicted: "converges" if no modulus exceeds 1 by more than `NEUTRAL`, else "does not converge".
      speed: the change of the parameters by an update, averaged over the last sixteenth.
      slowing: that over the same at half of the training.
      did: "settles" if it slowed to less than half or stands still, "diverged" if it is not finite, else
        "moves on".
      distance: the largest distance of a generated point from its nearest mode.
      modes: how many of the eight are the nearest to a generated point.
      agrees: whether the words fit.
      reason: of a disagreement, else "".
    """

    game: str
    rule: str
    radius: float | None
    neutral: int
    next: float | None
    predicted: str
    speed: float | None
    slowing: float | None
    did: str
    distance: float | None
    modes: int
    agrees: bool
    reason: str


def small(name: str) -> tuple[Game, Batch]:
    """One hidden layer of 16 for each player, eight latents and eight points: 147 parameters, no chance."""
    angles = 2 * np.pi * np.arange(8) / 8
    modes = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    latents = np.asarray(jax.random.normal(jax.random.key(1), (8, 2), float))
    loss, penalties = PLAYERS[name]
    options: dict[str, Any] = {"activation": "tanh", "dtype": jnp.float64}
    game = gan(
        mlp_generator((2,), (16,), **options),
        mlp_discriminator((16,), **options),
        loss(),
        lambda key, count: jnp.asarray(latents[:count]),
    )
    return game.add(penalties()), {"image": jnp.asarray(modes)}


def ending(name: str, rule: str, updates: int) -> Ending:
    """Train in double precision and look where it ended; call it under ``jax.enable_x64``."""
    game, batch = small(name)
    moving = named_rule(rule, game, Setting(STEP))
    wide = lambda leaf: leaf.astype(float) if jnp.issubdtype(leaf.dtype, jnp.floating) else leaf
    state = jax.tree.map(wide, jax.jit(moving.init)(jax.random.key(0), batch))
    path = np.asarray(jax.jit(lambda s: positions(moving, s, batch, updates, EVERY))(state))
    stretches = np.array_split(np.linalg.norm(np.diff(path, axis=0), axis=1) / EVERY, STRETCHES)
    speeds = [float(stretch.mean()) for stretch in stretches]
    _, unravel = jax.flatten_util.ravel_pytree(
        {player: state.variables[player]["params"] for player in state.variables}
    )
    params = unravel(jnp.asarray(path[-1]))
    variables = {p: {**state.variables[p], "params": params[p]} for p in state.variables}
    there = state.replace(variables=variables, step=state.step + updates)
    found = np.abs(np.asarray(jax.jit(lambda s: eigenvalues(operator(moving, s, batch)))(there)))
    finite = bool(np.isfinite(path).all() and np.isfinite(found).all())
    radius = float(found.max()) if finite else None
    below = found[found < 1 - NEUTRAL]
    points = np.asarray(game.views["samples"](variables, batch, jax.random.key(0)))
    gaps = np.linalg.norm(points[:, None] - np.asarray(batch["image"])[None], axis=-1)
    slowing = speeds[-1] / speeds[STRETCHES // 2 - 1]
    settles = slowing < 0.5 or speeds[-1] < 1e-12
    did = "diverged" if not finite else "settles" if settles else "moves on"
    predicted = "converges" if finite and found.max() <= 1 + NEUTRAL else "does not converge"
    agrees = (predicted == "converges") == (did == "settles")
    away = float(gaps.min(axis=1).max())
    return Ending(
        name,
        rule,
        radius,
        int(np.sum(np.abs(found - 1) <= NEUTRAL)),
        _finite(below.max(initial=0.0)),
        predicted,
        _finite(speeds[-1]),
        _finite(slowing),
        did,
        _finite(away),
        len(set(gaps.argmin(axis=1).tolist())),
        agrees,
        "" if agrees else _why(did, away, radius, updates),
    )


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _said(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _why(did: str, away: float, radius: float | None, updates: int) -> str:
    if did == "settles" and away > FAR:
        return f"it slows down {away:.2g} away from the data, where the loss has no slope: no equilibrium"
    grows = (radius or np.inf) ** updates
    if did == "settles" and grows < MANY:
        return f"too slow to be seen: the radius to the power of the updates is {grows:.2g}"
    return "not found"


def lines(endings: list[Ending]) -> Iterator[str]:
    """A row for each, and the count of agreements."""
    yield (
        f"{'networks on eight points':<26}{'rule':<15}{'radius':>10}{'neutral':>9}{'next':>10}"
        f"{'speed':>10}{'slowing':>9}  {'predicted':<19}{'did':<10}{'distance':>9}{'modes':>7}"
    )
    for own in endings:
        mark = "" if own.agrees else f"  {own.reason}"
        yield (
            f"{own.game:<26}{own.rule:<15}{_said(own.radius, '.6f'):>10}{own.neutral:>9}"
            f"{_said(own.next, '.6f'):>10}{_said(own.speed, '.1e'):>10}{_said(own.slowing, '.2g'):>9}"
            f"  {own.predicted:<19}{own.did:<10}{_said(own.distance, '.3f'):>9}{own.modes:>7}{mark}"
        )
    yield f"agreements: {sum(own.agrees for own in endings)} of {len(endings)} endings"
