"""What ``jgan spectrum`` finds at one checkpoint: parts that succeed or fail by themselves."""

from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import Any, NamedTuple

import jax
import numpy as np
import optax

from jgan.display import task
from jgan.errors import UserError
from jgan.game import PLAYERS, Batch, Game, Variables
from jgan.numerics.by_term import eigenvalue_shares, fields_by_term
from jgan.numerics.dense import Decomposition, decompose, jacobian_function, leading_of
from jgan.numerics.diagnosis import Diagnosis, Sampled, of_field, of_hessian, of_operator
from jgan.numerics.field import field, operator, player_field
from jgan.numerics.selfmap import (
    SelfMap,
    Share,
    estimated_rotation_share,
    exact_rotation_share,
    flat,
)
from jgan.numerics.spectrum import Spectrum, leading_eigenvalues, order_by
from jgan.rules import TrainState
from jgan.scene import Step
from jgan.training.experiment import Experiment

USUAL = 10
SEVERAL = 6
"""Rightmost eigenvalues of the field, and eigenvalues of the operator, that are looked for at most."""
ENDS = 3
"""Eigenvalues at each end of a Hessian."""


class Settings(NamedTuple):
    """How eigenvalues are looked for.

    Attributes:
      eigenvalues: how many of the field; None for `USUAL`, or all where there are fewer.
      tolerance: of the matrix-free solver.
      restarts: of it.
      basis: vectors that it keeps; None for what converges.
      dense: parameters up to which the exact Jacobian is formed.
      seed: of latents and examples.
      by_term: whether terms are told apart.
    """

    eigenvalues: int | None
    tolerance: float
    restarts: int
    basis: int | None
    dense: int
    seed: int
    by_term: bool = False


class Solvable:
    """A map at several batches, whose eigenvalues are looked for: from the exact Jacobian, if that is small.

    Args:
      make: ``argument -> map``.
      arguments: one for each batch; the first is the one that everything is found for.
      settings: of the solvers.
      symmetric: whether the Jacobian is symmetric.
    """

    def __init__(
        self,
        make: Callable[[Any], SelfMap],
        arguments: Sequence[Any],
        settings: Settings,
        *,
        symmetric: bool = False,
    ) -> None:
        self.make, self.arguments = make, arguments
        self.settings, self.symmetric = settings, symmetric
        self.map = make(arguments[0])
        point = flat(self.map)[1]
        self.size, self.precision = point.size, float(np.finfo(point.dtype).eps)
        self.dense = self.size <= settings.dense
        self.jacobian = jacobian_function(make)

    @cached_property
    def matrix(self) -> np.ndarray:
        """The exact Jacobian at the first batch."""
        return self.jacobian(self.arguments[0])

    @cached_property
    def decomposition(self) -> Decomposition:
        """All its eigenvalues and eigenvectors."""
        return decompose(self.matrix, symmetric=self.symmetric, precision=self.precision)

    def leading(self, count: int, which: str) -> Spectrum:
        """Leading eigenvalues with residuals and condition numbers, by LAPACK or by ARPACK."""
        if self.dense:
            return leading_of(self.decomposition, min(count, self.size), which)
        return self._arnoldi(self.map, count, which, conditions=True)

    def foremost(self, number: int, which: str) -> complex:
        """The first of the leading eigenvalues at the batch of this number."""
        argument = self.arguments[number]
        if self.dense:
            matrix = self.jacobian(argument)
            values = np.linalg.eigvalsh(matrix) if self.symmetric else np.linalg.eigvals(matrix)
        else:  # two, lest a pair be broken
            values = self._arnoldi(self.make(argument), 2, which, conditions=False).values
        return complex(values[order_by(which, values)[0]])

    def _arnoldi(self, self_map: SelfMap, count: int, which: str, *, conditions: bool) -> Spectrum:
        return leading_eigenvalues(
            self_map,
            count,
            which=which,
            symmetric=self.symmetric,
            tolerance=self.settings.tolerance,
            basis=self.settings.basis,
            restarts=self.settings.restarts,
            conditions=conditions,
        )


Try = Callable[[str, Callable[[], Any]], Any]
"""Runs a part under its name; None if it failed."""


def analyse(
    experiment: Experiment,
    state: TrainState,
    batches: Sequence[Batch],
    settings: Settings,
) -> dict[str, Any]:
    """Field, both Hessians and the update operator at one checkpoint, as numbers and words.

    A part that cannot be solved is left out, with a sentence in the report's ``"failed"``. Everything is found
    on the first batch; on the others, with other latents, only the eigenvalues that verdicts rest on.

    Args:
      experiment: up to the stage of the state.
      state: of the checkpoint.
      batches: of as many examples as an update takes.
      settings: of the solvers.

    Raises:
      UserError: if more eigenvalues are asked for than there are.
    """
    count = _count(state, settings)
    failed: dict[str, str] = {}

    def attempt(name: str, make: Callable[[], Any]) -> Any:
        try:
            with task(name, announced=True):
                return make()
        except ValueError as error:
            failed[name] = str(error)
            return None

    keys = [jax.random.key(settings.seed)]
    keys += [jax.random.fold_in(keys[0], number) for number in range(1, len(batches))]
    points = list(zip(batches, keys, strict=True))
    report: dict[str, Any] = {"step": int(state.step)}
    report |= _field(experiment.game, state, points, count, settings, attempt)
    hessians = {
        player: found
        for player in PLAYERS
        if (found := _hessian(experiment.game, player, state, points, settings, attempt))
    }
    report |= {"hessians": hessians} if hessians else {}
    report |= _operator(experiment, state, batches, count, settings, attempt)
    return {**report, "failed": failed}


def _count(state: TrainState, settings: Settings) -> int:
    """How many eigenvalues are looked for."""
    params = [state.variables[player]["params"] for player in PLAYERS]
    size = sum(leaf.size for leaf in jax.tree.leaves(params))
    most = size if size <= settings.dense else size - 2
    if settings.eigenvalues is None:
        return min(USUAL, most)
    if settings.eigenvalues > most:
        raise UserError(
            f"field, largest modulus: count is {settings.eigenvalues}, but must lie in [1, {most}] for {size} "
            "parameters."
        )
    return settings.eigenvalues


def _over(
    name: str,
    own: Solvable,
    first: float,
    value: Callable[[int], float],
    attempt: Try,
) -> Sampled:
    """A number at all batches, of which that of the first is known."""
    values = [first]
    for number in range(1, len(own.arguments)):
        found = attempt(f"{name}, batch {number + 1}", partial(value, number))
        values += [] if found is None else [found]
    return Sampled(tuple(values))


def _field(
    game: Game,
    state: TrainState,
    points: Sequence[tuple[Batch, jax.Array]],
    count: int,
    settings: Settings,
    attempt: Try,
) -> dict[str, Any]:
    variables = state.variables
    make = lambda point: field(game, variables, point[0], point[1], state.clock)
    here = Solvable(make, points, settings)
    batch, key = points[0]
    found: dict[str, Any] = {}
    largest = attempt("field, largest modulus", lambda: here.leading(count, "modulus"))
    if largest is not None:
        found["field"] = _numbers(largest)
    name = "field, largest real part"
    right = attempt(name, lambda: here.leading(min(count, SEVERAL), "right"))
    if right is not None:
        rightmost = lambda number: here.foremost(number, "right").real
        sampled = _over(name, here, float(right.values.real.max()), rightmost, attempt)
        found["field_right"] = _numbers(right) | _judged(of_field(right, sampled), sampled)
    share: Share | None = attempt("rotation share", lambda: _rotation(here, key))
    if share is not None:
        found["rotation_share"] = float(share.value)
        found["rotation_share_standard_error"] = float(share.standard_error)
    if settings.by_term and right is not None:
        terms = attempt("terms", lambda: terms_of(game, variables, batch, key, state.clock, right))
        found |= {} if terms is None else {"by_term": terms}
    return found


def _rotation(here: Solvable, key: jax.Array) -> Share:
    if here.dense:
        return exact_rotation_share(here.matrix)
    return jax.jit(lambda: estimated_rotation_share(here.map, key))()


def _hessian(
    game: Game,
    player: str,
    state: TrainState,
    points: Sequence[tuple[Batch, jax.Array]],
    settings: Settings,
    attempt: Try,
) -> dict[str, Any]:
    # The player's field is minus its gradient: right of the field is low of the Hessian.
    make = lambda point: player_field(
        game, player, state.variables, point[0], point[1], state.clock
    )
    own = Solvable(make, points, settings, symmetric=True)
    name = f"{player}'s Hessian"

    def end(which: str) -> Spectrum:
        found = own.leading(ENDS, which)
        return found._replace(values=-found.values)

    low = attempt(f"{name}, lowest", lambda: end("right"))
    high = attempt(f"{name}, highest", lambda: end("left"))
    found = {
        where: _numbers(values)
        for where, values in (("lowest", low), ("highest", high))
        if values is not None
    }
    if low is None or high is None:
        return found
    lowest = lambda number: -own.foremost(number, "right").real
    sampled = _over(name, own, float(low.values.min()), lowest, attempt)
    return found | _judged(of_hessian(low, high, sampled), sampled)


def _operator(
    experiment: Experiment,
    state: TrainState,
    batches: Sequence[Batch],
    count: int,
    settings: Settings,
    attempt: Try,
) -> dict[str, Any]:
    name = "update operator"
    # The latents of an update follow from the state's key: another one for every batch.
    keys = [state.key, *(jax.random.fold_in(state.key, n) for n in range(1, len(batches)))]

    def make(point: tuple[Batch, jax.Array]) -> SelfMap:
        batch, key = point
        return operator(experiment.rule, state.replace(key=key), batch)

    points = list(zip(batches, keys, strict=True))
    made: list[Solvable] = []

    def solve() -> Spectrum:
        made.append(Solvable(make, points, settings))
        return made[0].leading(min(count, SEVERAL), "modulus")

    moved = attempt(name, solve)
    if moved is None:
        return {}
    first = float(np.abs(moved.values).max())
    radius = lambda number: abs(made[0].foremost(number, "modulus"))
    sampled = _over(name, made[0], first, radius, attempt)
    judged = _judged(of_operator(moved, sampled), sampled)
    return {"operator": _numbers(moved) | judged, "spectral_radius": first}


def terms_of(
    game: Game, variables: Variables, batch: Batch, key: jax.Array, step: Step, right: Spectrum
) -> dict[str, Any]:
    """The length of each term's part of the field, and its share of the rightmost eigenvalues."""
    fields = fields_by_term(game, variables, batch, key, step)
    shares = eigenvalue_shares(fields, right.vectors)
    return {
        name: {
            "norm": float(jax.jit(lambda part=part: optax.tree.norm(part.function(part.point)))()),
            "shares": [[float(z.real), float(z.imag)] for z in shares[name]],
        }
        for name, part in fields.items()
    }


def _numbers(found: Spectrum) -> dict[str, Any]:
    values = np.asarray(found.values, complex)
    conditions = np.full(len(values), np.nan) if found.conditions is None else found.conditions
    return {
        "eigenvalues": [[float(z.real), float(z.imag)] for z in values],
        "residuals": [float(r) for r in found.residuals],
        "conditions": [float(c) if np.isfinite(c) else None for c in conditions],
        "products": found.products,
        "basis": found.basis,
    }


def _judged(found: Diagnosis, sampled: Sampled) -> dict[str, Any]:
    judged: dict[str, Any] = {"verdict": found.word, "meaning": found.sentence}
    if len(sampled.values) > 1:
        judged["over_batches"] = {
            "values": list(sampled.values),
            "mean": sampled.mean,
            "standard_deviation": sampled.deviation,
            "half_width_95": sampled.half_width,
        }
    return judged


def as_text(report: dict[str, Any]) -> str:
    """A report in lines; parts that failed are left out."""
    lines = []
    if "field" in report:
        found = report["field"]
        lines.append("field: leading eigenvalues, residuals (relative) and condition numbers")
        for (real, imaginary), residual, condition in zip(
            found["eigenvalues"], found["residuals"], found["conditions"], strict=True
        ):
            shown = "-" if condition is None else f"{condition:.2g}"
            lines.append(f"  {real:+.5g} {imaginary:+.5g}i   {residual:.1e}   {shown}")
    if "field_right" in report:
        lines.append(_said("field", report["field_right"]))
    if "rotation_share" in report:
        error = report["rotation_share_standard_error"]
        known = "exactly" if error == 0 else f"± {error:.1%} (standard error of probes)"
        lines.append(
            f"rotation: {report['rotation_share']:.1%} {known} of the Jacobian's square is antisymmetric"
        )
    for player, found in report.get("hessians", {}).items():
        lines += [_said(player, found)] if "verdict" in found else []
    for name, found in report.get("by_term", {}).items():
        (real, imaginary), *_ = found["shares"]
        lines.append(
            f"{name}: {real:+.5g} {imaginary:+.5g}i of the rightmost eigenvalue, field of length "
            f"{found['norm']:.3g}"
        )
    if "operator" in report:
        lines.append(_said("update", report["operator"]))
    return "\n".join(lines)


def _said(name: str, found: dict[str, Any]) -> str:
    return f"{name}: {found['verdict']} - {found['meaning']}"
