"""Augmentation of data: a source's own, drawn anew whenever an example is met.

An `Augment` is pure and runs on the device, after either loader, so both give the same pictures. All
pictures of an example (an image and its mask, a pair) are moved alike.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax

from jgan import augmentation
from jgan.data.order import number_of
from jgan.data.values import is_mask

Augment = Callable[[jax.Array, dict[str, Any]], dict[str, Any]]
"""``(key, batch) -> batch``."""


def _on_pictures(move: Callable[[jax.Array, jax.Array], jax.Array]) -> Augment:
    def augment(key: jax.Array, batch: Mapping[str, Any]) -> dict[str, Any]:
        return {field: _moved(move, key, field, values) for field, values in batch.items()}

    return augment


def _moved(
    move: Callable[[jax.Array, jax.Array], jax.Array], key: jax.Array, field: str, values: Any
) -> Any:
    if values.ndim == 3 and is_mask(field):
        return move(key, values[..., None])[..., 0]
    return move(key, values) if values.ndim == 4 else values


def flip() -> Augment:
    """Mirror an example from left to right with probability one half."""
    return _on_pictures(augmentation.flip)


def shift(pixels: int) -> Augment:
    """Shift an example by up to ``pixels`` each way, its borders filled by reflection.

    Raises:
        ValueError: if ``pixels`` is not positive.
    """
    if pixels < 1:
        raise ValueError(f"shift is by {pixels} pixels; it must be at least 1.")
    return _on_pictures(lambda key, images: augmentation.shift(key, images, pixels))


def jitter() -> Augment:
    """Enlarge an example by 286/256, and cut a place out of it at random, of the size that it had."""
    return _on_pictures(augmentation.jitter)


def by_table(move: Augment, tables: Mapping[str, Sequence[str]]) -> Augment:
    """The augmentation of a source of several tables, whose rows are moved independently of each other."""

    def augment(key: jax.Array, batch: dict[str, Any]) -> dict[str, Any]:
        moved = dict(batch)
        for table, fields in tables.items():
            own_key = jax.random.fold_in(key, number_of(table))
            moved |= move(own_key, {field: batch[field] for field in fields})
        return moved

    return augment


def chain(first: Augment | None, second: Augment) -> Augment:
    """The augmentation that does ``first``, if there is one, and then ``second``."""
    if first is None:
        return second

    def augment(key: jax.Array, batch: dict[str, Any]) -> dict[str, Any]:
        first_key, second_key = jax.random.split(key)
        return second(second_key, first(first_key, batch))

    return augment
