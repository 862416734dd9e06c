"""What a game is made of, and how its losses follow: terms, augmentations, transforms, foresight.

Losses are computed from these parts as data, never by wrapping one function in another, so that the order
in which the parts were added means nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jgan.arguments import check_weight
from jgan.batch_axis import whole_mean
from jgan.players import (
    DUE,
    GENERATOR,
    TERMS,
    Batch,
    Collections,
    Metrics,
    PyTree,
    Variables,
    check_player,
    named_key,
)
from jgan.scene.by_player import Aux, ByPlayer, Losses
from jgan.scene.constants import constant, taped
from jgan.scene.scene import GroupMaker, Meeting, Pull, Result, Scene, Schedule, Step, Term, as_step

Projection = Callable[[PyTree], PyTree]
Projections = Mapping[str, Projection]


class Foresight(NamedTuple):
    """How the generator's loss looks ahead (`jgan.gans.unrolled`).

    Attributes:
      follow: ``(losses, projections, variables, batch, key, step) -> Variables`` some steps later.
      first_order: whether the generator's own gradient ignores that the way ahead depends on it.
    """

    follow: Callable[[Losses, Projections, Variables, Batch, jax.Array, Step], Variables]
    first_order: bool = False


class Evaluated(NamedTuple):
    """What a game has before its terms.

    Attributes:
      scene: for the terms.
      states: the players' new collections, memories of group makers among them.
      losses: what the players pay beside the terms; empty for games made of terms alone.
    """

    scene: Scene
    states: Mapping[str, Collections] = {}
    losses: Mapping[str, tuple[jax.Array, Aux]] = {}


class Composition(NamedTuple):
    """What a game is made of.

    Attributes:
      first: ``(composition, key, batch) -> (variables, Scene)``; only shapes of the scene are sure.
      evaluate: ``(composition, variables, held, batch, key, step) -> Evaluated``.
      terms: what the players pay.
      makers: of groups that are not made by the meeting.
      arrangements: of the groups that meet: packing, weights of examples.
      examples_at_init: how many examples the networks are initialised with.
      augmentations: of all that the discriminator is shown.
      transforms: from the losses to others, such as those of `jgan.rules.with_consensus`.
      foresight: of the generator, applied last.
      opposed: whether there is a discriminator that groups of examples are shown to.
    """

    first: Callable[["Composition", jax.Array, Batch], tuple[Variables, Scene]]
    evaluate: Callable[["Composition", Variables, Variables, Batch, jax.Array, Step], Evaluated]
    terms: tuple[Term, ...] = ()
    makers: tuple[GroupMaker, ...] = ()
    arrangements: tuple[Callable[[Meeting], Meeting], ...] = ()
    examples_at_init: int = 2
    augmentations: tuple[Any, ...] = ()
    transforms: tuple[Callable[[Losses], Losses], ...] = ()
    foresight: Foresight | None = None
    opposed: bool = False

    @property
    def remembering(self) -> list[Term | GroupMaker]:
        """All parts that may have a memory."""
        return [*self.makers, *self.terms]

    def adding(self, parts: Sequence[Any]) -> "Composition":
        """The composition with more terms and group makers, or sequences of them.

        Raises:
          ValueError: if a player would have two of one name, something is neither, or a term's weight is
            not a finite number, a schedule or a function.
        """
        found = self
        for part in parts:
            if isinstance(part, Term):
                # A negative weight turns a term round, which its own function may refuse.
                check_weight(f"the weight of the term {part.name!r}", part.weight, least=None)
                found = found._replace(terms=(*found.terms, part))
            elif isinstance(part, GroupMaker):
                found = found._replace(makers=(*found.makers, part))
            elif isinstance(part, list | tuple):
                found = found.adding(part)
            else:
                raise ValueError(
                    f"a game was given {part!r} to add, but only terms and group makers can be added."
                )
        names = [(part.player, part.name) for part in found.remembering]
        for player, name in names:
            check_player(player)
            if names.count((player, name)) > 1:
                raise ValueError(
                    f"the {player} already has a term called {name!r}; "
                    "give the second one another name with _replace(name=...)."
                )
        return found


def given(init: Callable[[jax.Array, Batch], Variables], losses: Losses) -> Composition:
    """The composition of a game that is given by its losses, in which nobody meets."""

    def scene(
        variables: Variables, held: Variables, batch: Batch, key: jax.Array, step: Step
    ) -> Scene:
        return Scene(variables, held, batch, key, step, answers={})

    def first(_: Composition, key: jax.Array, batch: Batch) -> tuple[Variables, Scene]:
        variables = init(key, batch)
        return variables, scene(variables, variables, batch, key, as_step(0))

    def evaluate(
        _: Composition,
        variables: Variables,
        held: Variables,
        batch: Batch,
        key: jax.Array,
        step: Step,
    ) -> Evaluated:
        found = losses(variables, batch, key, step, held)
        states = {player: aux.state for player, (_, aux) in found.items()}
        return Evaluated(scene(variables, held, batch, key, step), states, found)

    return Composition(first, evaluate)


def init_of(composition: Composition) -> Callable[[jax.Array, Batch], Variables]:
    """``(key, batch) -> Variables`` of the game, memories included."""

    def init(key: jax.Array, batch: Batch) -> Variables:
        variables, scene = composition.first(composition, key, batch)
        scene = scene.replace(variables=variables, held=variables)
        for term in composition.terms:
            if term.differentiates_inputs and "batch_stats" in variables[term.player]:
                raise ValueError(
                    f"the discriminator has batch normalisation, under which the penalty {term.name!r} "
                    "mixes examples; use a discriminator with norm='layer', 'spectral' or 'none'."
                )
        for part in composition.remembering:
            if part.memory is None:
                continue
            own = variables[part.player]
            memories = {**own.get(TERMS, {}), part.name: begun(part, scene)}
            variables = {**variables, part.player: {**own, TERMS: memories}}
        return variables

    return init


def begun(part: Term | GroupMaker, scene: Scene) -> PyTree:
    """The first memory of a term or a group maker."""
    memory = part.memory(scene) if callable(part.memory) else part.memory
    # A copy: a run may donate its state, and the term serves other runs too.
    return jax.tree.map(jnp.copy, memory)


def scene_of(composition: Composition) -> Callable[[Variables, Batch, jax.Array, Any], Scene]:
    """``(variables, batch, key, step) -> Scene`` as the terms see it."""

    def scene(variables: Variables, batch: Batch, key: jax.Array, step: Any) -> Scene:
        return composition.evaluate(
            composition, variables, variables, batch, key, as_step(step)
        ).scene

    return scene


def losses_of(composition: Composition, projections: Projections) -> Losses:
    """The losses that follow from a composition."""
    losses = _of_terms(composition)
    for transform in composition.transforms:
        losses = transform(losses)
    foresight = composition.foresight
    return losses if foresight is None else _foreseeing(losses, foresight, projections)


def _of_terms(composition: Composition) -> Losses:
    # The order of a sum decides its rounding, so it is that of the names.
    ordered = sorted(composition.terms, key=lambda term: term.name)

    def losses(
        variables: Variables,
        batch: Batch,
        key: jax.Array,
        step: Any,
        held: Variables | None = None,
    ) -> ByPlayer[tuple[jax.Array, Aux]]:
        still = jax.lax.stop_gradient(variables) if held is None else held
        step = as_step(step)
        found = composition.evaluate(composition, variables, still, batch, key, step)

        def own_loss(player: str) -> tuple[jax.Array, Aux]:
            terms = [term for term in ordered if term.player == player]
            value, aux = found.losses.get(player, (None, Aux()))
            summands = {"loss": value} if value is not None and not aux.terms else dict(aux.terms)
            metrics, memories = dict(aux.metrics), dict(found.states[player].get(TERMS, {}))
            pull = _pull(composition, player, still, batch, key, step)
            for term in terms:
                scene = own_scene(found.scene, term)
                unweighted, memory, own_metrics, due = _played(term, scene)
                weight = _weight(term, scene, pull)
                paid = unweighted if weight is None else weight * unweighted
                value = paid if value is None else value + paid
                summands[term.name] = paid
                if callable(term.weight):
                    own_metrics = {**own_metrics, f"{term.name}_weight": weight}
                _check_metrics(player, term.name, metrics, own_metrics)
                metrics |= {term.name: paid / term.every if term.every > 1 else paid, **own_metrics}
                if due is not None:
                    metrics |= {f"{name}{DUE}": due for name in (term.name, *own_metrics)}
                if term.memory is not None:
                    memories[term.name] = memory
            state = {**found.states[player], **({TERMS: memories} if memories else {})}
            total = jnp.zeros(()) if value is None else value
            return total, Aux(state, metrics, summands)

        return ByPlayer(own_loss)

    return losses


def own_scene(scene: Scene, part: Term | GroupMaker) -> Scene:
    """The scene as one term sees it: with its own key and its own memory."""
    return scene.replace(
        key=named_key(scene.key, "term", part.player, part.name),
        memory=scene.memories[part.player].get(part.name),
    )


def _played(term: Term, scene: Scene) -> tuple[jax.Array, PyTree, Metrics, jax.Array | None]:
    """A term's result, and whether it is due, 1.0 or 0.0; None for a term of every update."""
    if term.every == 1:
        return *term.value(scene), None

    def due() -> Result:
        value, memory, metrics = term.value(scene)
        return term.every * value, memory, metrics

    def not_due(shapes: Result) -> Result:
        zero, _, metrics = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)
        return zero, None if term.memory is None else scene.memory, metrics

    now = scene.step.stage % term.every == 0
    if taped():  # constants cannot leave a compiled branch
        played = due()
        found = jax.tree.map(lambda x, y: jnp.where(now, x, y), played, not_due(played))
    else:
        # Traced once, for its shapes and for its branch.
        program, shapes = jax.make_jaxpr(due, return_shape=True)()
        structure = jax.tree.structure(shapes)
        traced = lambda: jax.tree.unflatten(
            structure, jax.core.eval_jaxpr(program.jaxpr, program.consts)
        )
        found = jax.lax.cond(now, traced, lambda: not_due(shapes))
    return *found, now.astype(found[0].dtype)


def _weight(term: Term, scene: Scene, pull: Pull) -> Any:
    if isinstance(term.weight, Schedule):
        return term.weight.function(scene.step.stage)
    if callable(term.weight):
        return constant(f"{term.player}/{term.name}", term.weight(scene, pull))
    return None if isinstance(term.weight, int | float) and term.weight == 1 else term.weight


def _pull(
    composition: Composition,
    player: str,
    held: Variables,
    batch: Batch,
    key: jax.Array,
    step: Step,
) -> Pull:
    """``(term, path) -> gradient`` of one unweighted term of a player, from one pass over all of them."""
    found: list[Any] = []
    terms = {term.name: term for term in composition.terms if term.player == player}

    def values(params: PyTree) -> dict[str, jax.Array]:
        moved = {**held, player: {**held[player], "params": params}}
        scene = composition.evaluate(composition, moved, held, batch, key, step).scene
        return {name: term.value(own_scene(scene, term))[0] for name, term in terms.items()}

    def pull(name: str, path: str) -> PyTree:
        if name not in terms:
            raise ValueError(
                f"term is {name!r}, but must be one of {', '.join(sorted(terms))} of the {player}."
            )
        if not found:
            found.extend(jax.vjp(values, held[player]["params"]))
        ones = {
            n: jnp.ones_like(v) if n == name else jnp.zeros_like(v) for n, v in found[0].items()
        }
        gradient = whole_mean(found[1](ones)[0])
        for part in path.split("/") if path else ():
            if not isinstance(gradient, Mapping) or part not in gradient:
                raise ValueError(f"path is {path!r}, but the {player} has no such parameters.")
            gradient = gradient[part]
        return gradient

    return pull


def _check_metrics(player: str, name: str, metrics: Metrics, own: Metrics) -> None:
    for metric in (name, *own):
        if metric in metrics:
            raise ValueError(
                f"the {player} already has a metric called {metric!r}; "
                f"give the term {name!r} another name with _replace(name=...)."
            )


def _foreseeing(losses: Losses, foresight: Foresight, projections: Projections) -> Losses:
    def foreseeing(
        variables: Variables,
        batch: Batch,
        key: jax.Array,
        step: Any,
        held: Variables | None = None,
    ) -> ByPlayer[tuple[jax.Array, Aux]]:
        still = jax.lax.stop_gradient(variables) if held is None else held
        step = as_step(step)

        def ahead(start: Variables) -> Variables:
            return foresight.follow(losses, projections, start, batch, key, step)

        def own_loss(player: str) -> tuple[jax.Array, Aux]:
            if player != GENERATOR:
                return losses(variables, batch, key, step, still)[player]
            still_ahead = ahead(still)
            moved = ahead(variables)
            if foresight.first_order:
                moved = {
                    player: own if player == GENERATOR else still_ahead[player]
                    for player, own in moved.items()
                }
            return losses(moved, batch, key, step, still_ahead)[player]

        return ByPlayer(own_loss)

    return foreseeing
