"""The two players of a game, and what each of them owns."""

import zlib
from collections.abc import Callable, Mapping
from typing import Any

import jax

GENERATOR = "generator"
DISCRIMINATOR = "discriminator"
PLAYERS = (GENERATOR, DISCRIMINATOR)

TERMS = "terms"
"""The collection of a player's memories: ``{name of a term: its memory}``."""
FROZEN = "frozen"
"""The collection of parameters that are used but not trained: parts of an earlier stage."""

PyTree = Any
Batch = Mapping[str, jax.Array]
Collections = dict[str, PyTree]
"""What one player owns: ``{"params": ..., other collections: ...}``."""
Variables = dict[str, Collections]
"""``{player: Collections}``; only ``"params"`` is trained."""
Metrics = dict[str, jax.Array]
DUE = "/due"
"""``"x/due"`` is the share of the updates at which metric ``"x"`` was measured; at the others it is 0."""


def check_player(player: str) -> None:
    """Raise ValueError unless ``player`` is one of `PLAYERS`."""
    if player not in PLAYERS:
        raise ValueError(f"player is {player!r}, but must be one of {', '.join(PLAYERS)}.")


def state_of(collections: Collections) -> Collections:
    """Collections without the parameters: running statistics, spectral vectors, ..."""
    return {name: value for name, value in collections.items() if name != "params"}


def of_networks(collections: Collections) -> Collections:
    """What a player's networks are applied to: frozen parameters in their places, and no memories."""
    frozen = collections.get(FROZEN, {})
    params = _merged(collections["params"], frozen) if frozen else collections["params"]
    others = {k: v for k, v in collections.items() if k not in ("params", TERMS, FROZEN)}
    return {"params": params, **others}


def _merged(params: PyTree, frozen: PyTree) -> PyTree:
    if not (isinstance(params, Mapping) and isinstance(frozen, Mapping)):
        return frozen
    shared = {k: _merged(params[k], frozen[k]) for k in frozen if k in params}
    return {**params, **frozen, **shared}


def count_of(batch: Batch) -> int:
    """Number of examples in a batch."""
    return jax.tree.leaves(batch)[0].shape[0]


def named_key(key: jax.Array, *names: str) -> jax.Array:
    """The key that belongs to a path of names, whatever else is asked of ``key``."""
    return jax.random.fold_in(key, zlib.crc32("/".join(names).encode()))


def map_with_keys(
    function: Callable[[jax.Array, jax.Array], jax.Array], values: PyTree, key: jax.Array
) -> PyTree:
    """``function(leaf, key)`` over the leaves of ``values``, each leaf with a key of its own."""
    leaves, structure = jax.tree.flatten(values)
    keys = jax.random.split(key, len(leaves))
    return jax.tree.unflatten(structure, map(function, leaves, keys))
