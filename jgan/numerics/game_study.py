"""A game under a rule, studied: equilibria, eigenvalues, step limit, orbit, exponent and verdict."""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from jgan.arguments import check_count
from jgan.game import DISCRIMINATOR
from jgan.numerics.curvature import point_kind
from jgan.numerics.dense import DENSE, exact_jacobian
from jgan.numerics.dirac_study import observed_rate
from jgan.numerics.equilibrium import (
    Equilibrium,
    find_equilibria,
    find_equilibrium,
    has_kink,
    starts_around,
)
from jgan.numerics.game_case import GameCase
from jgan.numerics.lyapunov import Exponent, largest_exponent
from jgan.numerics.named_rules import RULES, Setting
from jgan.numerics.orbit import extents, iterate, positions
from jgan.numerics.point_kind import Kind
from jgan.numerics.selfmap import SelfMap, flat
from jgan.numerics.step_limit import StepLimit, step_limit
from jgan.numerics.time_scales import critical_tau, scaled_rows
from jgan.numerics.transient import Transient, transient
from jgan.numerics.verdict import Verdict, at_rest_elsewhere, judge
from jgan.rules.joint_move import params_of
from jgan.rules.rule import TrainState

FEW = 10
"""Parameters up to which long orbits take seconds."""
NEUTRAL = 1e-9
"""How far from 1 a spectral radius may lie by rounding and the equilibrium's own error."""


class Local(NamedTuple):
    """A game near an equilibrium.

    Attributes:
      equilibrium: the point, with its residual.
      jacobian: ``(n, n)`` of the field, the discriminator's rows times tau; under constraints, of
        `jgan.numerics.equilibrium.natural_map`.
      field: ``(n,)`` eigenvalues of it.
      matrix: ``(m, m)``, the operator of ``period`` updates.
      operator: ``(m,)`` eigenvalues of it.
      spectral_radius: the factor of a single update.
    """

    equilibrium: Equilibrium
    jacobian: np.ndarray
    field: np.ndarray
    matrix: np.ndarray
    operator: np.ndarray
    spectral_radius: float


class GameStudy(NamedTuple):
    """What was found. Vectors are in tree order, the discriminator's parameters first.

    Attributes:
      case: what was studied.
      labels: ``n`` names of the parameters.
      split: how many of them are the discriminator's.
      start: ``(n,)``, where the orbit begins; beside the equilibrium, if the game begins at it.
      equilibria: those that were found, the nearest to the start first.
      nearest: where Newton's method led from the start, be it an equilibrium or not.
      local: the game near the first of the equilibria; None where there is none, or no derivative at it.
      free: dimension of the set of equilibria through the first one, which is then the one that the players
        come to.
      held: whether a constraint holds the players at the first equilibrium, where the field is not 0.
      kink: whether there is an equilibrium at which the field has no derivative.
      limit: the largest stable step; None with ``local``.
      kind: what kind of point the first equilibrium is; None with ``local``.
      critical_tau: the time scale beyond which the flow is stable there; None where it never is, or with
        ``local``.
      transient: what its eigenvalues do not tell; None with ``local``.
      path: ``(steps + 1, n)``.
      observed_rate: factor an update by which the distance to the equilibrium changed, fitted to the second
        half of the path; None if that is not finite.
      exponent: the largest Lyapunov exponent of the orbit.
      verdict: what happens in the long run.
    """

    case: GameCase
    labels: list[str]
    split: int
    start: np.ndarray
    equilibria: list[Equilibrium]
    nearest: Equilibrium
    local: Local | None
    free: int
    held: bool
    kink: bool
    limit: StepLimit | None
    kind: Kind | None
    critical_tau: float | None
    transient: Transient | None
    path: np.ndarray
    observed_rate: float | None
    exponent: Exponent
    verdict: Verdict

    @property
    def centre(self) -> np.ndarray:
        """``(n,)``, the first equilibrium; where none was found, the mean position in the end."""
        if self.equilibria:
            return np.asarray(self.equilibria[0].point)
        return np.asarray(self.verdict.centre)


def study_game(
    case: GameCase,
    *,
    steps: int = 500,
    long: int | None = None,
    guess: np.ndarray | None = None,
) -> GameStudy:
    """Study a game; call it under ``jax.enable_x64`` for eigenvalues to 1e-12.

    Args:
      case: what to study.
      steps: length of the path.
      long: updates that the verdict looks ahead; None for 131,072 of two parameters, 32,768 up to ten, else
        8,192.
      guess: ``(n,)``, where Newton's method begins, in tree order; None for the start.

    Raises:
      ValueError: for settings that do not fit, for more parameters than an exact Jacobian is formed for, or
        where the field is not finite at the start.
    """
    check_count("steps", steps, 2)
    start = np.asarray(case.start(), float)
    _check_size(start)
    if long is None:
        long = 1 << (17 if len(start) <= 2 else 15 if len(start) <= FEW else 13)
    natural = case.natural()
    begin = start if guess is None else np.asarray(guess, float)
    if begin.shape != start.shape:
        raise ValueError(
            f"guess has {begin.size} numbers, but the game has {start.size} parameters."
        )
    equilibria, nearest = find_equilibria(
        natural, starts_around(begin, 4 if len(start) > FEW else 24)
    )
    rule, (_, batch) = case.moving(), case.played()
    names, split = labels(case.first())
    free, held, kink = 0, False, False
    local = limit = kind = fast = unseen = None
    if equilibria:
        free = dimension_of_set(natural, np.asarray(equilibria[0].point))
    if free:  # of the set's points, the one that the players come to
        there = jax.jit(lambda state: iterate(rule, state, batch, long))(case.first())
        last = jax.jit(lambda at: find_equilibrium(natural, at))(
            ravel_pytree(params_of(there.variables))[0]
        )
        if bool(last.found):
            equilibria = [jax.tree.map(np.asarray, last), *equilibria]
    if equilibria:
        point = np.asarray(equilibria[0].point)
        held = _speed(case, point) > 1e-6 * (1 + float(np.linalg.norm(point)))
        kink = has_kink(natural, point)
        if np.linalg.norm(start - point) <= 1e-6 * (1 + np.linalg.norm(point)):
            start = point + 0.1 / np.sqrt(len(point))
        if not kink:
            local = near(case, equilibria[0], free)
            norm = float(np.linalg.norm(local.jacobian, 2))
            limit = step_limit(
                lambda step: case.changed(step=step).radius_at(jnp.asarray(point)),
                1 / norm if norm > 0 else 1.0,
            )
            kind = point_kind(case.played()[0], case.state_at(jnp.asarray(point)).variables, batch)
            tau = float(case.setting.tau)
            fast = (
                None if held else critical_tau(scaled_rows(local.jacobian, split, 1 / tau), split)
            )
            unseen = transient(local.jacobian, local.matrix)
    begun = case.state_at(jnp.asarray(start))
    path = np.asarray(jax.jit(lambda state: positions(rule, state, batch, steps))(begun))
    verdict = _verdict(
        case, start, equilibria, None if local is None else local.spectral_radius, long
    )
    stretch = max(long // 64, 16)
    exponent = jax.jit(
        lambda state: largest_exponent(rule, state, batch, settle=16 * stretch, stretch=stretch)
    )(begun)
    centre = np.asarray(equilibria[0].point) if equilibria else np.asarray(verdict.centre)
    return GameStudy(
        case=case,
        labels=names,
        split=split,
        start=start,
        equilibria=equilibria,
        nearest=nearest,
        local=local,
        free=free,
        held=held,
        kink=kink,
        limit=limit,
        kind=kind,
        critical_tau=fast,
        transient=unseen,
        path=path,
        observed_rate=observed_rate(path - centre),
        exponent=exponent,
        verdict=verdict,
    )


def near(case: GameCase, equilibrium: Equilibrium, free: int = 0) -> Local:
    """Eigenvalues of the field and of the rule's operator at an equilibrium.

    Args:
      case: what is studied.
      equilibrium: the point.
      free: dimension of the set of equilibria that it belongs to. As many eigenvalues 1 of the operator, along
        which nothing moves, do not count for the spectral radius.
    """
    point = jnp.asarray(equilibrium.point)
    jacobian = exact_jacobian(case.natural(point))
    moved = exact_jacobian(case.operator_at(point))
    values = np.linalg.eigvals(moved)
    across = np.delete(values, np.argsort(np.abs(values - 1))[:free])
    radius = float(np.abs(across).max(initial=0.0)) ** (1 / case.period)
    if abs(radius - 1) <= NEUTRAL:
        radius = 1.0
    order = np.argsort(-np.abs(values), kind="stable")
    own = np.linalg.eigvals(jacobian)
    own = own[np.argsort(-own.real, kind="stable")]
    return Local(equilibrium, jacobian, own, moved, values[order], radius)


def limits_of_every_rule(found: GameStudy) -> dict[str, StepLimit]:
    """The largest stable step of every rule at the first equilibrium, with the time scale of the case.

    Momenta, several steps and weights are those of `jgan.numerics.named_rules.Setting` by default. Empty where
    nothing can be linearised.
    """
    if found.local is None:
        return {}
    point = jnp.asarray(found.local.equilibrium.point)
    norm = max(float(np.linalg.norm(found.local.jacobian, 2)), 1e-12)
    plain = replace(found.case, setting=Setting(1.0, tau=found.case.setting.tau))
    limits = {}
    for rule in RULES:
        case = replace(plain, rule=rule)
        radius = lambda step, case=case: case.changed(step=step).radius_at(point)
        limits[rule] = step_limit(radius, 1 / norm)
    return limits


def dimension_of_set(natural: SelfMap, point: np.ndarray, reach: float = 0.02) -> int:
    """The dimension of the set of equilibria through an equilibrium, 0 where it stands by itself.

    In each direction in which the field does not change to first order, another equilibrium is looked for.

    Args:
      natural: `jgan.numerics.equilibrium.natural_map`.
      point: ``(n,)``.
      reach: how far the other one may be.
    """
    unravel = ravel_pytree(natural.point)[1]
    matrix = exact_jacobian(SelfMap(natural.function, unravel(jnp.asarray(point))))
    _, sizes, rows = np.linalg.svd(matrix)
    null = rows[sizes <= 1e-9 * max(float(sizes[0]), 1e-300)]
    if not len(null):
        return 0
    trials = point + reach * null
    ends = jax.jit(jax.vmap(lambda start: find_equilibrium(natural, start)))(jnp.asarray(trials))
    stays = np.linalg.norm(np.asarray(ends.point) - trials, axis=1) < reach / 4
    return int((stays & np.asarray(ends.found)).sum())


def _speed(case: GameCase, point: np.ndarray) -> float:
    """The length of the field at a point."""

    def length(at: jax.Array) -> jax.Array:
        function, here = flat(case.field_at(at))
        return jnp.linalg.norm(function(here))

    return float(jax.jit(length)(jnp.asarray(point)))


def labels(state: TrainState) -> tuple[list[str], int]:
    """The names of all parameters in tree order, and how many of them are the discriminator's."""
    params = params_of(state.variables)
    names = []
    for path, leaf in jax.tree_util.tree_leaves_with_path(params):
        whole = "/".join(str(getattr(part, "key", getattr(part, "idx", part))) for part in path)
        numbers = [""] if leaf.ndim == 0 else [f"[{number}]" for number in range(leaf.size)]
        names += [whole + number for number in numbers]
    return names, ravel_pytree(params[DISCRIMINATOR])[0].size


def _check_size(start: np.ndarray) -> None:
    if start.size > DENSE:
        raise ValueError(
            f"the game has {start.size} parameters, but exact Jacobians are formed of at most {DENSE}; `jgan "
            "spectrum` looks at larger games."
        )


def _verdict(
    case: GameCase,
    start: np.ndarray,
    equilibria: list[Equilibrium],
    radius: float | None,
    long: int,
) -> Verdict:
    rule, (_, batch) = case.moving(), case.played()
    if equilibria:
        about = np.asarray(equilibria[0].point)
    else:
        first = jax.jit(lambda state: extents(rule, state, batch, max(long // 8, 1), 8)[1])
        orbit = first(case.state_at(jnp.asarray(start)))
        centre = np.asarray(orbit.centre[-1])
        if at_rest_elsewhere(orbit, start):
            place = tuple(float(value) for value in centre)
            return Verdict("other-point", float(orbit.largest[-1]), place, 0.0, 1.0, long)
        about = centre if np.isfinite(centre).all() else np.zeros_like(start)

    begin_at: Callable[[float], TrainState] = lambda scale: case.state_at(
        jnp.asarray(about + scale * (start - about))
    )
    return judge(rule, batch, begin_at, radius, steps=long, about=about)
