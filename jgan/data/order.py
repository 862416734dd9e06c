"""The order of the examples: a stateless shuffle, a pure function of key, step and position.

A run reads the concatenation of epochs. Position ``p = step * batch_size + i`` lies in epoch
``p // size``, and each epoch visits ``0 .. size - 1`` in its own keyed pseudo-random permutation.
The permutation is evaluated element by element, so a batch costs O(batch_size) whatever the size of
the data, no example is dropped at the end of an epoch, and a run resumes from the step alone.
Each table of a source is read so, with a key and epochs of its own.

The permutation is a generalised Feistel network over a grid of ``rows x columns >= size`` cells
with cycle walking (Black and Rogaway, "Ciphers with arbitrary finite domains", CT-RSA 2002,
sections 4 and 5). The grid is nearly square and holds fewer than ``rows`` superfluous cells, so
that cycle walking almost never takes a second turn. It is a shuffle, not a cipher.
"""

import functools
import math
import zlib
from collections.abc import Callable, Iterable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

# Eight rounds leave a visible bias over the 120 orders of five examples; sixteen leave none over 720.
_ROUNDS = 16


def check_batch_size(batch_size: int, size: int, name: str = "") -> None:
    """Refuse a batch that an epoch cannot fill.

    Args:
        batch_size: examples a step.
        size: examples in the source.
        name: the source's name, for the message.

    Raises:
        ValueError: if ``batch_size`` is not in ``1 .. size`` or ``size`` exceeds 2**31 - 1.
    """
    source = f"the source {name!r}" if name else "the source"
    if not 1 <= size < 2**31:
        raise ValueError(f"{source} has {size} examples; the shuffle handles 1 to 2147483647.")
    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}; it must be at least 1.")
    if batch_size > size:
        raise ValueError(
            f"batch_size is {batch_size}, but {source} has only {size} examples; "
            f"use at most {size}."
        )


def table_keys(key: jax.Array, names: Iterable[str]) -> dict[str, jax.Array]:
    """Return the key that orders each of a source's tables.

    A single table is ordered by the key itself. Several have each an order of their own: the key is
    folded with a table's name, so that neither their number nor their sequence matters.

    Args:
        key: a typed key.
        names: of the tables.

    Example:
        >>> key = jax.random.key(0)
        >>> table_keys(key, ["examples"])["examples"] == key
        Array(True, dtype=bool)
        >>> both = table_keys(key, ["photo", "drawing"])
        >>> both["photo"] == table_keys(key, ["drawing", "photo"])["photo"]
        Array(True, dtype=bool)
    """
    names = list(names)
    if len(names) == 1:
        return {names[0]: key}
    return {name: jax.random.fold_in(key, number_of(name)) for name in names}


def number_of(name: str) -> int:
    """Return a number for a name, 2**31 to 2**32 - 1, to fold a key with; no step is as large.

    Example:
        >>> number_of("photo") == 2**31 | zlib.crc32(b"photo")
        True
    """
    return zlib.crc32(name.encode()) | 2**31


def example_indices(
    key: jax.Array | np.ndarray, step: Any, batch_size: int, size: int, *, xp: Any = jnp
) -> jax.Array:
    """Return the examples that one step reads.

    The function may be jitted and vmapped over ``key`` and ``step``. With ``xp=numpy`` the same
    arithmetic runs on the host and gives the same numbers, for loaders that read ahead.

    Args:
        key: a typed key, ``jax.random.key(seed)``, or its words ``jax.random.key_data(key)``
            (uint32), which numpy workers can use without JAX.
        step: integer scalar, 0 <= step < 2**32, may be traced. ``step * batch_size`` may exceed
            any machine integer.
        batch_size: examples a step, static, at most ``size``.
        size: examples in the source, static, below 2**31.
        xp: ``jax.numpy`` or ``numpy``.

    Returns:
        Indices in ``0 .. size - 1``, int32 ``(batch_size,)``.

    Raises:
        ValueError: if ``batch_size`` or ``size`` is out of range.

    Example:
        >>> key = jax.random.key(0)
        >>> [example_indices(key, step, 4, 6).tolist() for step in range(3)]  # two epochs
        [[0, 4, 3, 5], [1, 2, 2, 4], [5, 3, 1, 0]]
    """
    check_batch_size(batch_size, size)
    words = _words(key, xp)
    epoch, start = _locate(step, batch_size, size, xp)
    # size + batch_size < 2**32 and batch_size <= size: a batch touches two epochs at most.
    offset = start + xp.arange(batch_size, dtype=np.uint32)
    wrapped = offset >= np.uint32(size)
    epoch = epoch + wrapped.astype(np.uint32)
    offset = offset - np.uint32(size) * wrapped.astype(np.uint32)
    return _permute(words, epoch, offset, size, xp).astype(np.int32)


def _words(key: jax.Array | np.ndarray, xp: Any) -> Any:
    if jnp.issubdtype(key.dtype, jax.dtypes.prng_key):
        key = jax.random.key_data(key)
    return xp.asarray(key, np.uint32)


def _locate(step: Any, batch_size: int, size: int, xp: Any) -> tuple[Any, Any]:
    """Return divmod(step * batch_size, size) as two uint32 ``(1,)`` without 64-bit integers.

    The contribution of each of the step's 32 bits is a constant (quotient, remainder); the pairs
    are added as a tree, carrying whenever the remainders reach ``size``.
    """
    table = [divmod(batch_size << bit, size) for bit in range(32)]
    bits = (xp.asarray(step).astype(np.uint32).reshape(1) >> xp.arange(32, dtype=np.uint32)) & 1
    # batch_size <= size, so no quotient exceeds the step and no remainders add beyond 2**32.
    quotients = bits * xp.asarray([quotient for quotient, _ in table], np.uint32)
    remainders = bits * xp.asarray([remainder for _, remainder in table], np.uint32)
    while quotients.shape[0] > 1:
        total = remainders[0::2] + remainders[1::2]
        carry = (total >= np.uint32(size)).astype(np.uint32)
        quotients = quotients[0::2] + quotients[1::2] + carry
        remainders = total - np.uint32(size) * carry
    return quotients, remainders


def _permute(words: Any, epoch: Any, offset: Any, size: int, xp: Any) -> Any:
    """Apply the permutation of each ``epoch`` to each ``offset``, both uint32 ``(B,)``."""
    height = math.isqrt(size - 1) + 1
    rows, columns = np.uint32(height), np.uint32(-(-size // height))
    # A round is traced once, and its equations repeated.
    inlined = functools.partial(jax.jit, inline=True) if xp is jnp else lambda function: function
    mix = inlined(_mix)
    seed = epoch
    for word in range(words.shape[0]):
        # Bijective in the epoch: no two epochs of a run share a seed.
        seed = mix(seed ^ words[word : word + 1]) + np.uint32(0x9E3779B9)
    turns = np.asarray([0x9E3779B9 * turn % 2**32 for turn in range(1, _ROUNDS + 1)], np.uint32)
    subkeys = mix(seed[None] + turns[:, None])

    @inlined
    def turn(cell: Any) -> Any:
        row, column = cell // columns, cell % columns
        for number in range(0, _ROUNDS, 2):
            row = (row + mix(column + subkeys[number]) % rows) % rows
            column = (column + mix(row + subkeys[number + 1]) % columns) % columns
        return row * columns + column

    walk: Callable[[Any], Any] = lambda cell: xp.where(cell < np.uint32(size), cell, turn(cell))
    outside: Callable[[Any], Any] = lambda cell: xp.any(cell >= np.uint32(size))
    cell = turn(offset)
    if xp is jnp:
        # Also where no cell is superfluous: without a loop that ends it, XLA fuses the rounds with all that
        # is gathered by them, writes them out once more for each use, and compiles without end.
        return jax.lax.while_loop(outside, walk, cell)
    while outside(cell):
        cell = walk(cell)
    return cell


def _mix(x: Any) -> Any:
    """Scramble uint32 words: the bijection "lowbias32" of C. Wellons' hash-prospector (2018)."""
    x = (x ^ (x >> np.uint32(16))) * np.uint32(0x7FEB352D)
    x = (x ^ (x >> np.uint32(15))) * np.uint32(0x846CA68B)
    return x ^ (x >> np.uint32(16))
