"""Carries: what the first state of a stage takes over from the training before it.

A carry is a pure function ``(fresh, past, source) -> state``. It is traced, and in a population mapped over
the members, so it may compute with the arrays of both states but not decide by their values; the source is
that of the stage that begins, and at hand as it is.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jgan.data import Source
from jgan.game import GENERATOR, PLAYERS, Collections, PyTree, Variables
from jgan.rules import TrainState

Carry = Callable[[TrainState, TrainState, Source], TrainState]
"""``(fresh, past, source) -> state``; step, key and ``began`` of the result are set by the stage."""


def inherit(optimizers: bool = True) -> Carry:
    """The carry that takes over whatever has an equal path, shape and dtype in the past.

    These are arrays of all collections of both players' variables (parameters, statistics, memories of
    terms), of the averages and of the rule's memory; the others start as the rule makes them. The state of
    a player's optimizer is taken over only if all its leaves are found, for with an inherited count and new
    moments of zero Adam's first step would be ten times too long. An average that is new starts at the
    parameter that it averages. A parameter that was frozen is trained again.

    Args:
      optimizers: whether optimizer states are taken over; False starts them anew, as ProGAN does
        (Karras et al. 2018, appendix A.1).
    """

    def carry(fresh: TrainState, past: TrainState, source: Source) -> TrainState:
        variables = taken(fresh.variables, _with_frozen(past.variables))
        own = {
            player: taken(state, past.optimizers.get(player))
            if optimizers and player not in new_optimizers(fresh, past)
            else state
            for player, state in fresh.optimizers.items()
        }
        # Copies: a donated buffer must not appear in the state twice.
        started = taken(fresh.averages, jax.tree.map(jnp.copy, variables))
        return fresh.replace(
            variables=variables,
            optimizers=own,
            averages=taken(started, past.averages),
            memory=taken(fresh.memory, past.memory),
        )

    return carry


def freeze(paths: str | Sequence[str]) -> Carry:
    """The carry that moves parameters of the past into the collection ``"frozen"`` of their player.

    Networks read them there as if they were parameters, but they are neither trained nor averaged, and the
    optimizer has no state for them. Other collections of a frozen layer, such as the running statistics of
    batch normalisation, go on as they do in any training.

    Args:
      paths: ``PLAYER/NAME/...`` of a parameter or of a part of the parameters, such as
        ``"generator/Dense_0"``; a player's name alone is all its parameters. They are looked up among the
        past's parameters and those that were frozen there already.

    Raises:
      ValueError: from the carry, if a path names no player, there are no such parameters in the past, or the
        stage's networks have others there.
    """
    chosen = [paths] if isinstance(paths, str) else list(paths)

    def carry(fresh: TrainState, past: TrainState, source: Source) -> TrainState:
        state = fresh
        for path in chosen:
            player, *names = path.split("/")
            if player not in PLAYERS:
                raise ValueError(
                    f"freeze has the path {path!r}, but it must begin with one of {', '.join(PLAYERS)}."
                )
            state = _frozen(state, past, player, tuple(names))
        return state

    return carry


def as_part(name: str, carry: Carry) -> Carry:
    """The carry for a past whose generator was one network and is now one of several, the part ``name``.

    ``as_part("generator", compose(inherit(), freeze("generator/generator")))`` holds it beside new parts.

    Args:
      name: of the part.
      carry: is given a past in which the generator is that part, as its average has it if there is one, and in
        which there are no optimizers.
    """

    def moved(tree: dict[str, Collections]) -> dict[str, Collections]:
        own = {collection: {name: values} for collection, values in tree[GENERATOR].items()}
        return {**tree, GENERATOR: own}

    def part_of(fresh: TrainState, past: TrainState, source: Source) -> TrainState:
        variables = moved({**past.variables, GENERATOR: past.averaged_variables()[GENERATOR]})
        averages = moved(past.averages) if GENERATOR in past.averages else past.averages
        return carry(
            fresh, past.replace(variables=variables, averages=averages, optimizers={}), source
        )

    return part_of


def compose(*carries: Carry) -> Carry:
    """Carries one after the other: each is given as ``fresh`` what the one before it returned.

    ``compose(inherit(), freeze("generator/Dense_0"))`` takes over what fits and holds the first layer.
    """

    def carry(fresh: TrainState, past: TrainState, source: Source) -> TrainState:
        for one in carries:
            fresh = one(fresh, past, source)
        return fresh

    return carry


def describe_inheritance(fresh: TrainState, past: TrainState) -> str:
    """In a sentence, what `inherit` takes over and what it does not.

    Args:
      fresh: the state, or its shapes, that takes over.
      past: the state, or its shapes, from which.
    """
    names = list(leaves_by_path(fresh.variables))
    new = new_variables(fresh, past)
    anew = new_optimizers(fresh, past)
    if not new and not anew:
        return f"all {len(names)} arrays of its variables and its optimizers are taken over."
    words = f"{len(names) - len(new)} of {len(names)} arrays of its variables are taken over"
    if new:
        more = f" and {len(new) - 3} more" if len(new) > 3 else ""
        words += f", new are {', '.join(new[:3])}{more}"
    if anew:
        words += f", and the optimizer of the {' and of the '.join(anew)} starts anew"
    return f"{words}."


def new_variables(fresh: TrainState, past: TrainState) -> list[str]:
    """The arrays of the variables that the past does not have with equal path, shape and dtype."""
    found = leaves_by_path(_with_frozen(past.variables))
    leaves = leaves_by_path(fresh.variables)
    return [name for name, leaf in leaves.items() if not _fits(leaf, found.get(name))]


def new_optimizers(fresh: TrainState, past: TrainState) -> list[str]:
    """The players whose optimizer has leaves that the past's does not have."""

    def is_new(player: str) -> bool:
        found = leaves_by_path(past.optimizers.get(player))
        leaves = leaves_by_path(fresh.optimizers[player])
        return not all(_fits(leaf, found.get(name)) for name, leaf in leaves.items())

    return [player for player in fresh.optimizers if is_new(player)]


def taken(fresh: PyTree, past: PyTree) -> PyTree:
    """``fresh`` with the leaves of ``past`` wherever it has one of equal path, shape and dtype."""
    found = leaves_by_path(past)

    def take(path: Any, leaf: Any) -> Any:
        other = found.get(_name(path))
        return other if _fits(leaf, other) else leaf

    return jax.tree_util.tree_map_with_path(take, fresh)


def leaves_by_path(tree: PyTree) -> dict[str, Any]:
    """The leaves of a tree under names such as ``generator/params/Dense_0/kernel``."""
    return {_name(path): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(tree)}


def _name(path: Any) -> str:
    return jax.tree_util.keystr(path, simple=True, separator="/")


def _fits(leaf: Any, other: Any) -> bool:
    return other is not None and (leaf.shape, leaf.dtype) == (other.shape, other.dtype)


def _with_frozen(variables: Variables) -> Variables:
    """Variables in which all parameters are found both as trained and as frozen ones."""

    def known(own: Collections) -> Collections:
        both = merged(own.get("frozen", {}), own["params"])
        return {**own, "params": both, "frozen": both}

    return {player: known(own) for player, own in variables.items()}


def merged(frozen: PyTree, params: PyTree) -> PyTree:
    """Two nested dicts as one; a leaf of ``params`` goes before one of ``frozen``."""
    if not (isinstance(frozen, dict) and isinstance(params, dict)):
        return params
    both = {name: merged(frozen[name], params[name]) for name in frozen if name in params}
    return {**frozen, **params, **both}


def _frozen(state: TrainState, past: TrainState, player: str, names: tuple[str, ...]) -> TrainState:
    """The state with one part of a player's parameters taken from the past and frozen."""
    about = "/".join((player, *names))
    part = _part(_with_frozen(past.variables)[player]["params"], names)
    if part is None:
        raise ValueError(
            f"freeze has the path {about!r}, but there are no such parameters to freeze."
        )
    own = state.variables[player]
    here = _part(own["params"], names)
    if here is not None and not _equal_shapes(here, part):
        raise ValueError(
            f"freeze has the path {about!r}, but the stage's networks have parameters of other shapes there."
        )

    def pruned(tree: PyTree) -> PyTree:
        is_params = lambda node: _equal_shapes(node, own["params"])
        cut = lambda node: _without(node, names) if is_params(node) else node
        return jax.tree.map(cut, tree, is_leaf=is_params)

    held: Collections = {
        **own,
        "params": _without(own["params"], names),
        "frozen": merged(own.get("frozen", {}), _nested(part, names)),
    }
    # Rules keep copies of the parameters and of gradients in trees that are the players' somewhere inside.
    return state.replace(
        variables={**state.variables, player: held},
        optimizers={**state.optimizers, player: pruned(state.optimizers[player])},
        averages=_at_player(state.averages, player, pruned),
        memory=_at_player(state.memory, player, pruned),
    )


def _at_player(tree: PyTree, player: str, change: Callable[[PyTree], PyTree]) -> PyTree:
    """``change`` applied to whatever stands under the player's name, at any depth of nested dicts."""
    if not isinstance(tree, dict):
        return tree
    return {
        name: change(value) if name == player else _at_player(value, player, change)
        for name, value in tree.items()
    }


def _part(tree: PyTree, names: tuple[str, ...]) -> PyTree:
    """The subtree at a path of nested dicts, None if there is none."""
    for name in names:
        if not isinstance(tree, dict) or name not in tree:
            return None
        tree = tree[name]
    return tree


def _without(tree: PyTree, names: tuple[str, ...]) -> PyTree:
    """Nested dicts without what lies at a path, and without dicts that are empty thereby."""
    if not names:
        return {}
    if not isinstance(tree, dict) or names[0] not in tree:
        return tree
    rest = _without(tree[names[0]], names[1:])
    kept = {name: value for name, value in tree.items() if name != names[0]}
    return kept if isinstance(rest, dict) and not rest else {**kept, names[0]: rest}


def _nested(part: PyTree, names: tuple[str, ...]) -> PyTree:
    for name in reversed(names):
        part = {name: part}
    return part


def _equal_shapes(first: PyTree, second: PyTree) -> bool:
    shapes = lambda tree: {
        name: (leaf.shape, leaf.dtype) for name, leaf in leaves_by_path(tree).items()
    }
    return shapes(first) == shapes(second)
