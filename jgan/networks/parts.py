"""Several networks owned by one player: their collections side by side."""

from collections.abc import Mapping

from jgan.players import Collections


def join(parts: Mapping[str, Collections]) -> Collections:
    """``{collection: {part: ...}}`` from the collections of each part.

    >>> join({"encoder": {"params": 1, "batch_stats": 2}, "decoder": {"params": 3}})
    {'params': {'encoder': 1, 'decoder': 3}, 'batch_stats': {'encoder': 2}}
    """
    joined: Collections = {}
    for part, own in parts.items():
        for collection, value in own.items():
            joined.setdefault(collection, {})[part] = value
    return joined


def part(collections: Collections, name: str) -> Collections:
    """The collections of the part called ``name``, which `join` put together.

    >>> part({"params": {"encoder": 1, "decoder": 3}, "batch_stats": {"encoder": 2}}, "decoder")
    {'params': 3}
    """
    return {collection: own[name] for collection, own in collections.items() if name in own}
