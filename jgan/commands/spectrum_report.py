"""What ``jgan spectrum`` finds at one checkpoint: parts that succeed or fail by themselves."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any

import jax
import numpy as np
import optax
from jax.flatten_util import ravel_pytree

from jgan.commands.attempt import Attempt
from jgan.commands.solvable import Settings, Solvable, in_precision, is_dense
from jgan.commands.spectrum_kind import kind_numbers, tau_numbers
from jgan.commands.spectrum_numbers import density_numbers, judged, motion_numbers, numbers
from jgan.commands.spectrum_whole import FIELD, Makes, end_of, hessian_ends, of_all_examples
from jgan.errors import UserError
from jgan.game import DISCRIMINATOR, PLAYERS, Batch, Game
from jgan.numerics.by_term import eigenvalue_shares, fields_by_term
from jgan.numerics.density import PARTS
from jgan.numerics.diagnosis import of_field, of_hessian, of_operator
from jgan.numerics.double import in_double
from jgan.numerics.field import field, operator, player_field
from jgan.numerics.gradient_noise import alignment
from jgan.numerics.sampled import Motion, Sampled, motion_of
from jgan.numerics.selfmap import SelfMap, Share
from jgan.numerics.spectrum import Spectrum
from jgan.rules import TrainState
from jgan.training.experiment import Experiment

USUAL = 10
SEVERAL = 6
"""Rightmost eigenvalues of the field, and eigenvalues of the operator, that are looked for at most."""
NAMES = {
    "modulus": "largest modulus",
    "right": "largest real part",
    "left": "smallest real part",
    "imaginary": "largest imaginary part",
}

Point = tuple[Batch, jax.Array]
"""A batch, and the key of its latents."""


def analyse(
    experiment: Experiment,
    state: TrainState,
    batches: Sequence[Batch],
    settings: Settings,
    whole: Batch | None = None,
) -> dict[str, Any]:
    """Field, both Hessians and the update operator at one checkpoint, as numbers and words.

    A part that cannot be solved is left out, with a sentence in the report's ``"failed"``. Its ``"spectra"``
    have the eigenvectors of the field and of both Hessians. Everything is found on the first batch; on the
    others, with other latents, only the numbers that verdicts rest on.

    Args:
      experiment: up to the stage of the state.
      state: of the checkpoint.
      batches: of as many examples as an update takes.
      settings: of the solvers.
      whole: all examples in chunks, ``(chunks, examples, ...)``, for the field of the whole data set.

    Raises:
      UserError: if more eigenvalues are asked for than there are.
    """
    count = _count(state, settings)
    attempt = Attempt()
    with jax.enable_x64(True) if settings.float64 else nullcontext():
        keys = [jax.random.key(settings.seed)]
        keys += [jax.random.fold_in(keys[0], number) for number in range(1, len(batches))]
        points = list(zip(batches, keys, strict=True))
        report: dict[str, Any] = {"step": int(state.step)}
        players = Players(experiment.game, state, points, settings, attempt)
        report |= players.motion()
        report |= players.field(count)
        hessians = {name: found for name in PLAYERS if (found := players.hessian(name))}
        report |= {"hessians": hessians} if hessians else {}
        if settings.kind_of_point:
            report |= players.kind()
        report |= _operator(experiment, state, batches, count, settings, attempt, players.both)
        if whole is not None:
            some, latents = min(count, SEVERAL), players.keys_of(whole)
            found = of_all_examples(
                players.makes, (whole, latents), some, settings, attempt, players.over
            )
            report |= {"whole": found} if found else {}
    return {**report, "failed": attempt.failed, "spectra": players.spectra}


def _count(state: TrainState, settings: Settings) -> int:
    """How many eigenvalues are looked for."""
    params = [state.variables[player]["params"] for player in PLAYERS]
    size = sum(leaf.size for leaf in jax.tree.leaves(params))
    most = size if is_dense(size, settings) else size - 2
    if settings.eigenvalues is None:
        return min(USUAL, most)
    if settings.eigenvalues > most:
        raise UserError(
            f"field, {NAMES[settings.which]}: count is {settings.eigenvalues}, but must lie in [1, {most}] for "
            f"{size} parameters."
        )
    return settings.eigenvalues


def _over(
    name: str,
    own: Solvable,
    first: float,
    value: Callable[[int], float],
    attempt: Attempt,
) -> Sampled:
    """A number at all batches, of which that of the first is known."""
    values = [first]
    for number in range(1, len(own.arguments)):
        found = attempt(f"{name}, batch {number + 1}", partial(value, number), own)
        values += [] if found is None else [found]
    return Sampled(tuple(values))


class Players:
    """What is found of both players at a checkpoint, batch by batch.

    Args:
      game: what is played.
      state: of the checkpoint.
      points: batches and the keys of their latents.
      settings: of the solvers.
      attempt: by which parts are run.

    Attributes:
      both: the field at the batches; None before it is known.
      own: likewise, by player.
      makes: the maps.
      over: numbers at the batches, by name.
      spectra: eigenvalues with their eigenvectors, by part.
    """

    def __init__(
        self,
        game: Game,
        state: TrainState,
        points: Sequence[Point],
        settings: Settings,
        attempt: Attempt,
    ) -> None:
        self._game, self._state, self._points = game, state, points
        self._settings, self._attempt = settings, attempt
        self.both: Motion | None = None
        self.own: dict[str, Motion] = {}
        self._first: np.ndarray | None = None
        self.over: dict[str, Sampled] = {}
        self.spectra: dict[str, Spectrum] = {}
        at = state.variables
        both = lambda point: field(game, at, point[0], point[1], state.clock)
        standing = {
            player: lambda point, player=player: player_field(
                game, player, at, point[0], point[1], state.clock
            )
            for player in PLAYERS
        }
        split = sum(leaf.size for leaf in jax.tree.leaves(at[DISCRIMINATOR]["params"]))
        own = {player: in_precision(make, settings) for player, make in standing.items()}
        self.makes = Makes(in_precision(both, settings), own, split)
        self._here = Solvable(self.makes.field, points, settings)

    def motion(self) -> dict[str, Any]:
        """The field's length at the batches, which stands beside every verdict."""
        values = self._attempt("field", self._here.values)
        if values is None:
            return {}
        self._first = np.asarray(ravel_pytree(values[0])[0], float)
        self.both = motion_of(values)
        self.own = {player: motion_of([value[player] for value in values]) for player in PLAYERS}
        both = {"both": self.both, **self.own}
        return {"motion": {name: motion_numbers(found) for name, found in both.items()}}

    def field(self, count: int) -> dict[str, Any]:
        """Leading and rightmost eigenvalues of the field, its rotation, its densities, its terms."""
        here, attempt, settings = self._here, self._attempt, self._settings
        found: dict[str, Any] = {}
        name = f"field, {NAMES[settings.which]}"
        leading = attempt(name, lambda: here.leading(count, settings.which), here)
        if leading is not None:
            self.spectra["field"] = leading
            found["field"] = {"which": settings.which, **numbers(leading, self.makes.split)}
        name = f"field, {NAMES['right']}"
        right = attempt(name, lambda: here.leading(min(count, SEVERAL), "right"), here)
        if right is not None:
            self.spectra["field_right"] = right
            rightmost = lambda number: here.foremost(number, "right").real
            sampled = _over(name, here, float(right.values.real.max()), rightmost, attempt)
            self.over[FIELD] = sampled
            diagnosis = of_field(right, sampled, self.both)
            found["field_right"] = numbers(right, self.makes.split) | judged(diagnosis, sampled)
            if self._first is not None:
                shares = alignment(self._first, right.vectors).tolist()
                found["field_right"]["gradient_shares"] = shares
        key = self._points[0][1]
        share: Share | None = attempt("rotation share", lambda: here.rotation(key))
        if share is not None:
            found["rotation_share"] = float(share.value)
            found["rotation_share_standard_error"] = float(share.standard_error)
        if settings.densities:
            densities = {
                part: density
                for part in PARTS
                if (density := self._density(here, f"field, {part} part", part)) is not None
            }
            found |= {"densities": densities} if densities else {}
        if settings.by_term and right is not None:
            terms = attempt("terms", lambda: self._terms(right))
            found |= {} if terms is None else {"by_term": terms}
        return found

    def kind(self) -> dict[str, Any]:
        """The kind of point, and the time scale beyond which the flow is stable."""
        settings, attempt = self._settings, self._attempt
        kind = kind_numbers(self._game, self._state, self._points, settings, attempt, self.both)
        find = lambda: tau_numbers(self._here, self.makes.split)
        tau = attempt("critical tau", find, self._here)
        found = {"kind_of_point": kind, "critical_tau": tau}
        return {name: one for name, one in found.items() if one}

    def keys_of(self, chunks: Batch) -> jax.Array:
        """A key for the latents of each of the chunks of all examples."""
        number = jax.tree.leaves(chunks)[0].shape[0]
        return jax.random.split(jax.random.fold_in(self._points[0][1], len(self._points)), number)

    def _density(self, own: Solvable, name: str, part: str, sign: float = 1.0) -> Any:
        key = self._points[0][1]
        find = lambda: density_numbers(own.density(part, key), sign)
        return self._attempt(f"{name}, density", find)

    def _terms(self, right: Spectrum) -> dict[str, Any]:
        """The length of each term's part of the field, and its share of the rightmost eigenvalues."""
        batch, key = self._points[0]
        fields = fields_by_term(self._game, self._state.variables, batch, key, self._state.clock)
        if self._settings.float64:
            fields = {name: in_double(part) for name, part in fields.items()}
        shares = eigenvalue_shares(fields, right.vectors)
        length = lambda part: float(jax.jit(lambda: optax.tree.norm(part.function(part.point)))())
        return {
            name: {
                "norm": length(part),
                "shares": [[float(z.real), float(z.imag)] for z in shares[name]],
            }
            for name, part in fields.items()
        }

    def hessian(self, player: str) -> dict[str, Any]:
        """Both ends of a player's own Hessian, and its density."""
        # The player's field is minus its gradient: right of the field is low of the Hessian.
        make = self.makes.players[player]
        own = Solvable(make, self._points, self._settings, symmetric=True)
        name, attempt = f"{player}'s Hessian", self._attempt
        low, high = hessian_ends(own, name, attempt)
        ends = {"lowest": low, "highest": high}
        self.spectra |= {f"{player}_{end}": one for end, one in ends.items() if one is not None}
        found = {end: numbers(one) for end, one in ends.items() if one is not None}
        if self._settings.densities:
            density = self._density(own, name, "symmetric", -1.0)
            found |= {} if density is None else {"density": density}
        if low is None or high is None:
            return found
        lowest = lambda number: -own.foremost(number, "right").real
        sampled = _over(name, own, float(low.values.min()), lowest, attempt)
        self.over[end_of(player, "lowest")] = sampled
        if self._settings.whole:
            highest = lambda number: -own.foremost(number, "left").real
            top = _over(f"{name}, highest", own, float(high.values.max()), highest, attempt)
            self.over[end_of(player, "highest")] = top
        return found | judged(of_hessian(low, high, sampled, self.own.get(player)), sampled)


def _operator(
    experiment: Experiment,
    state: TrainState,
    batches: Sequence[Batch],
    count: int,
    settings: Settings,
    attempt: Attempt,
    motion: Motion | None,
) -> dict[str, Any]:
    name = "update operator"
    # The latents of an update follow from the state's key: another one for every batch.
    keys = [state.key, *(jax.random.fold_in(state.key, n) for n in range(1, len(batches)))]

    def make(point: Point) -> SelfMap:
        batch, key = point
        return operator(experiment.rule, state.replace(key=key), batch)

    points = list(zip(batches, keys, strict=True))
    own = attempt(name, lambda: Solvable(in_precision(make, settings), points, settings))
    if own is None:
        return {}
    moved = attempt(name, lambda: own.leading(min(count, SEVERAL), "modulus"), own)
    if moved is None:
        return {}
    first = float(np.abs(moved.values).max())
    radius = lambda number: abs(own.foremost(number, "modulus"))
    sampled = _over(name, own, first, radius, attempt)
    diagnosis = of_operator(moved, sampled, motion)
    return {"operator": numbers(moved) | judged(diagnosis, sampled), "spectral_radius": first}
