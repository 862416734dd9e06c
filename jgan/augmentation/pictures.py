"""Which leaves of an example are pictures, for augmentations that transform nothing else."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from jgan.players import PyTree


def on_pictures(transform: Callable[[jax.Array], jax.Array], values: PyTree) -> PyTree:
    """``transform`` of every picture ``(B, H, W, C)`` of floats in a pytree; other leaves stay as they are.

    The pictures of one example are transformed alike if ``transform`` draws from the same key each time.
    """
    return jax.tree.map(lambda leaf: transform(leaf) if _is_picture(leaf) else leaf, values)


def check_pictures(name: str, values: PyTree, channels: bool = False) -> None:
    """Raise ValueError unless a pytree, whose leaves have examples on their leading axis, has pictures.

    Args:
      name: of the augmentation, with which the sentence begins.
      values: the pytree.
      channels: whether pictures must be grey or red, green and blue.
    """
    leaves = jax.tree.leaves(values)
    pictures = [leaf for leaf in leaves if _is_picture(leaf)]
    if not pictures:
        found = ", ".join(f"{leaf.dtype} {leaf.shape[1:]}" for leaf in leaves)
        raise ValueError(f"{name} is for pictures of floats (H, W, C), but examples are {found}.")
    for picture in pictures:
        if channels and picture.shape[3] not in (1, 3):
            raise ValueError(
                f"{name} is for pictures of 1 or 3 channels, but these have {picture.shape[3]}."
            )


def _is_picture(leaf: jax.Array) -> bool:
    return leaf.ndim == 4 and jnp.issubdtype(leaf.dtype, jnp.floating)
