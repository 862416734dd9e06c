"""Which leaves of an example are pictures, for augmentations that transform nothing else."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from jgan.players import PyTree


def on_pictures(
    name: str, transform: Callable[[jax.Array], jax.Array], values: PyTree, channels: bool = False
) -> PyTree:
    """``transform`` of every picture ``(B, H, W, C)`` of floats in a pytree; other leaves stay as they are.

    The pictures of one example are transformed alike if ``transform`` draws from the same key each time.

    Args:
      name: of the augmentation, for the messages.
      transform: of a batch of pictures.
      values: a pytree whose leaves have the examples on their leading axis.
      channels: whether a picture must be grey or red, green and blue.

    Raises:
      ValueError: if no leaf is a picture, or one has other channels than 1 or 3 and ``channels`` is set.
    """
    leaves, structure = jax.tree.flatten(values)
    pictures = [leaf.ndim == 4 and jnp.issubdtype(leaf.dtype, jnp.floating) for leaf in leaves]
    if not any(pictures):
        found = ", ".join(f"{leaf.dtype} {leaf.shape[1:]}" for leaf in leaves)
        raise ValueError(f"{name} is for pictures of floats (H, W, C), but examples are {found}.")
    for leaf, picture in zip(leaves, pictures, strict=True):
        if channels and picture and leaf.shape[3] not in (1, 3):
            raise ValueError(
                f"{name} is for pictures of 1 or 3 channels, but these have {leaf.shape[3]}."
            )
    moved = [
        transform(leaf) if picture else leaf for leaf, picture in zip(leaves, pictures, strict=True)
    ]
    return jax.tree.unflatten(structure, moved)
